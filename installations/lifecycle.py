"""The life of an installation: installed, configured, suspended, resumed, removed.

Each verb is one transaction with its audit entry, locks the installation first, and is safe to repeat. What a number
may use of an installation lies above, in grants.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from installations.installable import require_installable
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.accounts.models import Organization, User
from kasilabs.configuration import values as configuration
from kasilabs.configuration import vault
from kasilabs.configuration.schema import ConfigSchema
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from plugins import signing_secrets
from plugins.models import SigningSecret, Version

State = Installation.State


@dataclass(frozen=True)
class InstallResult:
    """The installation that is there now. `new_secrets` are those this call made, for their owner to see once."""

    installation: Installation
    is_new: bool
    new_secrets: list[SigningSecret]


def install(
    *, organization: Organization, version: Version, mode: Mode, user: User | None, actor: audit.Actor
) -> InstallResult:
    """Installs a version for an organization, or returns the installation that is there.

    The database decides between two at once (unique organization, plugin and mode among what is not removed).
    Raises Refused: see `require_installable`, and `other_version_installed`.
    """
    require_installable(organization, version, mode)
    with audit.act(actor=actor, action="installation.installed", organization=organization) as act:
        schema = version.manifest.configuration
        candidate = Installation(
            organization=organization,
            plugin=version.plugin,
            version=version,
            mode=mode,
            schema_digest=schema.digest,
            state=_state_of(schema, {}, {}),
            created_by=user,
        )
        Installation.objects.bulk_create([candidate], ignore_conflicts=True)
        installed = organization.installations.not_removed().with_version()
        installation = installed.get(plugin_id=version.plugin_id, mode=mode)
        if installation.version_id != version.pk:
            words = _("Version %(version)s is installed. There are no upgrades yet: remove it to install another one.")
            raise Refused("other_version_installed", words % {"version": installation.version.semver})
        secrets = signing_secrets.create_missing(plugin=version.plugin, mode=mode, actor=actor)
        act.on(installation.public_id, version.plugin.slug)
        act.change(after={"version": version.semver, "mode": mode.value, "state": installation.state})
        is_new = installation.pk == candidate.pk
        if not is_new:
            act.nothing()
    return InstallResult(installation, is_new, secrets)


def configure(
    *,
    installation: Installation,
    values: Mapping[str, Any],
    secret_changes: Iterable[SecretChange] = (),
    actor: audit.Actor,
    expected_version: int | None = None,
) -> Installation:
    """Stores plain values and changes secrets; the state follows from whether anything required is still missing.

    `values` are all plain values that shall hold, not only those that change. Raises Refused: `removed`,
    `changed_meanwhile` when somebody saved since `expected_version`, and see `values.check_change` and `vault.put`.
    """
    changes = [change for change in secret_changes if change.action is not Action.KEEP]
    with audit.act(actor=actor, action="installation.configured", organization=installation.organization) as act:
        row = _lock(installation)
        if expected_version is not None and row.config_version != expected_version:
            raise Refused("changed_meanwhile", _("Somebody saved this configuration meanwhile. Nothing was changed."))
        schema = row.version.manifest.configuration
        before, after = row.values, configuration.sparse(schema, values)
        configuration.check_change(schema, before, after, vault.states(row), changes)
        vault.apply(row, changes, actor_name=actor.name)
        state = State.SUSPENDED if row.state == State.SUSPENDED else _state_of(schema, after, vault.states(row))
        act.on(row.public_id, row.plugin.slug)
        act.change(before=_differing(before, after), after=_differing(after, before) | _secret_notes(changes))
        if not changes and (before, row.state) == (after, state):
            act.nothing()
        else:
            row.values, row.state, row.config_version = after, state, row.config_version + 1
            row.save(update_fields=["values", "state", "config_version"])
    return row


def suspend(*, installation: Installation, actor: audit.Actor, reason: str = "") -> Installation:
    """Stops every call to this installation until it is resumed. Raises Refused (`removed`)."""
    return _change_state(installation, State.SUSPENDED, actor=actor, action="installation.suspended", reason=reason)


def resume(*, installation: Installation, actor: audit.Actor, reason: str = "") -> Installation:
    """Lets calls through again, as far as the configuration is complete. Raises Refused (`removed`)."""
    return _change_state(installation, State.ACTIVE, actor=actor, action="installation.resumed", reason=reason)


def remove(*, installation: Installation, actor: audit.Actor, reason: str = "") -> Installation:
    """Removes an installation for good and deletes its secrets; the row stays, for the log.

    The grants over it are deleted by the caller, in the same transaction: they belong to the layer above.
    Raises Refused (`removed`).
    """
    return _change_state(installation, State.REMOVED, actor=actor, action="installation.removed", reason=reason)


def _change_state(
    installation: Installation, state: State, *, actor: audit.Actor, action: str, reason: str
) -> Installation:
    with audit.act(actor=actor, action=action, organization=installation.organization, reason=reason) as act:
        row = _lock(installation)
        if state is State.ACTIVE:
            state = _state_of(row.version.manifest.configuration, row.values, vault.states(row))
        act.on(row.public_id, row.plugin.slug)
        act.change(before={"state": row.state}, after={"state": state.value})
        if row.state == state:
            act.nothing()
        if state is State.REMOVED:
            row.secrets.all().delete()
            row.removed = timezone.now()
        row.state = state
        row.save(update_fields=["state", "removed"])
    return row


def _lock(installation: Installation) -> Installation:
    rows = Installation.objects.with_version().select_related("organization").select_for_update(of=("self",))
    row = rows.get(pk=installation.pk)
    if row.is_removed:
        raise Refused("removed", _("This plugin was removed. Nothing was changed."))
    return row


def _state_of(schema: ConfigSchema, values: configuration.Values, states: configuration.States) -> State:
    """Returns what an installation is when nobody suspended it: active, or in need of configuration."""
    return State.ACTIVE if configuration.is_complete(schema, values, states) else State.NEEDS_CONFIGURATION


def _differing(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in others or others[name] != value}


def _secret_notes(changes: Iterable[SecretChange]) -> dict[str, Any]:
    """Says for the audit trail which secrets changed and how, and not a letter more."""
    words = {Action.REPLACE: "replaced", Action.CLEAR: "cleared"}
    return {change.pointer[1:]: words[change.action] for change in changes}
