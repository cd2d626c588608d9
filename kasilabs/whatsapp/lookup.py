"""A WhatsApp number by the public id that a URL or a command names."""

from django.shortcuts import get_object_or_404

from kasilabs.accounts.models import Organization
from kasilabs.lib import ids
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp.models import Instance


def number_or_404(organization: Organization, public_id: str) -> Instance:
    """Returns a number of this organization. Raises Http404."""
    return get_object_or_404(organization.instances, pk=ids.decode(ids.Prefix.INSTANCE, public_id))


def number_or_refuse(public_id: str) -> Instance:
    """Returns a number of any organization, for a command. Raises Refused (`unknown_number`)."""
    pk = ids.decode(ids.Prefix.INSTANCE, public_id)
    instance = Instance.objects.select_related("organization").filter(pk=pk).first() if pk else None
    if instance is None:
        raise Refused("unknown_number", "There is no number with this id.")
    return instance
