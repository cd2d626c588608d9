"""An installation by the public id that a URL or a command names."""

from django.http import Http404

from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.lib import ids
from kasilabs.lib.refusal import Refused


def installation_or_404(organization: Organization, public_id: str) -> Installation:
    """Returns what this organization installed and did not remove. Raises Http404."""
    pk = ids.decode(ids.Prefix.INSTALLATION, public_id)
    rows = organization.installations.not_removed().with_version()
    installation = rows.filter(pk=pk).first() if pk else None
    if installation is None:
        raise Http404
    installation.organization = organization
    return installation


def installation_or_refuse(public_id: str) -> Installation:
    """Returns an installation of any organization, removed or not, for a command.

    Raises Refused (`unknown_installation`).
    """
    pk = ids.decode(ids.Prefix.INSTALLATION, public_id)
    installation = Installation.objects.select_related("organization").filter(pk=pk).first() if pk else None
    if installation is None:
        raise Refused("unknown_installation", "There is no installation with this id.")
    return installation
