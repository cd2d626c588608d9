"""Where a plugin is installed, for one that is never called itself."""

from typing import Any

from bridges.actions.action import Action
from grants.decision.context import DecisionContext
from grants.decision.gates import decide_permission
from grants.models import PluginGrant
from installations.models import Installation
from plugins.models import SigningSecret

LIST = Action(name="installations")


def list_installations(secret: SigningSecret) -> list[dict[str, Any]]:
    """Returns the active installations of a plugin in the mode of a secret, each with the numbers it may use.

    The permissions of a number are those in force there. An organization takes the three queries of a decision.
    """
    rows = Installation.objects.with_version().select_related("organization")
    active = rows.filter(plugin=secret.plugin, mode=secret.mode, state=Installation.State.ACTIVE).order_by("id")
    return [_describe(installation) for installation in active]


def _describe(installation: Installation) -> dict[str, Any]:
    organization, slug = installation.organization, installation.plugin.slug
    grants = PluginGrant.objects.filter(installation=installation).select_related("instance").order_by("instance_id")
    instances = [grant.instance for grant in grants if grant.instance.is_active]
    for instance in instances:
        instance.organization = organization
    contexts = DecisionContext.load_many(organization, instances, slug=slug) if instances else {}
    described = []
    for instance in instances:
        grant = contexts[instance.id].grants.get(slug)
        if grant is None or grant.plugin.installation.id != installation.id:
            continue
        in_force = [
            key for key in grant.permissions if decide_permission(contexts[instance.id], grant.plugin, key).allowed
        ]
        described.append({"id": instance.public_id, "name": instance.name, "permissions": sorted(in_force)})
    return {"id": installation.public_id, "organization": organization.public_id, "instances": described}
