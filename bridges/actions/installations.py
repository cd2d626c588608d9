"""Where a plugin is installed, for one that is never called itself."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from bridges.actions.action import Action
from grants.decision.context import DecisionContext
from grants.decision.gates import permissions_in_force
from grants.models import PluginGrant
from installations.models import Installation
from kasilabs.whatsapp.models import Instance
from plugins.models import SigningSecret

LIST = Action(name="installations")


def list_installations(secret: SigningSecret) -> list[dict[str, Any]]:
    """Returns the active installations of a plugin in the mode of a secret, each with the numbers it may use.

    The permissions of a number are those in force there. Each organization takes one query more.
    """
    rows = Installation.objects.with_version().select_related("organization")
    active = list(rows.filter(plugin=secret.plugin, mode=secret.mode, state=Installation.State.ACTIVE).order_by("id"))
    grants = PluginGrant.objects.filter(installation__in=active).select_related("instance").order_by("instance_id")
    numbers: dict[UUID, list[Instance]] = defaultdict(list)
    for grant in grants:
        if grant.instance.is_active:
            numbers[grant.installation_id].append(grant.instance)
    return [_describe(installation, numbers[installation.id]) for installation in active]


def _describe(installation: Installation, instances: Sequence[Instance]) -> dict[str, Any]:
    organization, slug = installation.organization, installation.plugin.slug
    for instance in instances:
        instance.organization = organization
    contexts = (
        DecisionContext.load_many(organization, instances, slug=slug, installations=[installation]) if instances else {}
    )
    described = [
        {
            "id": instance.public_id,
            "name": instance.name,
            "permissions": sorted(permissions_in_force(contexts[instance.id], grant.plugin)),
        }
        for instance in instances
        if (grant := contexts[instance.id].grants.get(slug))
    ]
    return {"id": installation.public_id, "organization": organization.public_id, "instances": described}
