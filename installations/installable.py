"""Who may install what: the owner any version of theirs, others only what was published; sandboxes at home only."""

from django.utils.translation import gettext as _

from kasilabs.accounts.models import Organization
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from plugins.manifest.document import AuthType
from plugins.models import Version


def require_installable(organization: Organization, version: Version, mode: Mode) -> None:
    """Raises Refused with the first reason why this organization cannot install this version in this mode."""
    is_owner = version.plugin.is_owned_by(organization)
    if version.is_quarantined:
        raise Refused("quarantined", _("This version is quarantined. Nobody can install it."))
    if mode is Mode.SANDBOX and not is_owner:
        raise Refused("sandbox_elsewhere", _("Only the organization that owns a plugin can install it in the sandbox."))
    if not is_owner and not version.is_published:
        raise Refused("not_published", _("This version is not published. Only its owner can install it."))
    auth = version.manifest.auth.type
    if auth is AuthType.OAUTH2:
        raise Refused("auth_not_available", _("Plugins that need delegated accounts cannot be installed yet."))
    if auth is AuthType.NONE and mode is not Mode.SANDBOX:
        raise Refused("auth_sandbox_only", _("A plugin without authentication runs in the sandbox only."))
