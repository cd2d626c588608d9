"""Permissions a manifest asks for: its own keys, and those of the platform's bridges."""

from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents.access import objects
from kasilabs.lib.documents.errors import ErrorList
from kasilabs.lib.documents.json_schema import Validator
from kasilabs.lib.text import suggestions
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS
from plugins.manifest.checks.manifest_schema import PERMISSION_KEY

PLATFORM_SEGMENTS = ("toolkit", "platform", "kasilabs", "whatsapp", "org")
"""First segments no plugin may claim, in any case: they would read as the platform's own permissions."""

_OWN_KEY = Validator({"type": "string", "pattern": PERMISSION_KEY})


def check_permissions(document: dict[str, Any], errors: ErrorList) -> None:
    """Adds what is wrong with the keys of the permissions."""
    seen: set[str] = set()
    for at, permission in objects(document, "permissions"):
        key, pointer = permission.get("key"), f"{at}/key"
        if not isinstance(key, str) or not errors.none_at(pointer):
            continue
        _check_key(key, pointer, errors)
        if key in seen:
            errors.add(pointer, "duplicate", _("This key is declared already."))
        seen.add(key)


def _check_key(key: str, pointer: str, errors: ErrorList) -> None:
    first = key.partition(":")[0].strip().casefold()
    if first in PLATFORM_SEGMENTS:
        hint = _("Name your own system, such as delivery:jobs:create. Toolkits stand under requires.")
        errors.add(pointer, "platform_permission", _("A plugin cannot claim a permission of the platform."), hint)
    elif first == "bridge":
        if key not in BRIDGE_ACTIONS:
            message = _("There is no such bridge permission.")
            errors.add(pointer, "unknown_bridge", message, suggestions.did_you_mean(key, BRIDGE_ACTIONS))
    elif not _OWN_KEY.accepts(key):
        hint = _("Use a form such as delivery:jobs:create.")
        errors.add(pointer, "bad_format", _("This is not a permission key."), hint)
