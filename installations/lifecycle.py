"""The life of an installation: installed, configured, suspended, resumed, removed.

Each verb is one transaction with its audit entry, locks the installation first, and is safe to repeat. What a number
may use of an installation lies above, in grants.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from installations import installable
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
class Installed:
    """What installing found or made; `new_secrets` are those this very call made, for their owner to see once."""

    installation: Installation
    is_new: bool
    new_secrets: list[SigningSecret]


def install(
    *, organization: Organization, version: Version, mode: Mode, user: User | None, actor: audit.Actor
) -> Installed:
    """Install a version for an organization, or return the installation that is there.

    The database decides between two at once (unique organization, plugin and mode among what is not removed).
    Raises Refused: see `installable.check`, and `other_version_installed`.
    """
    installable.check(organization, version, mode)
    with audit.act(actor=actor, action="installation.installed", organization=organization) as act:
        made = _new(organization, version, mode, user)
        Installation.objects.bulk_create([made], ignore_conflicts=True)
        found = _present(organization, version, mode)
        is_new = found.pk == made.pk
        if found.version_id != version.pk:
            raise _other_version(found)
        secrets = signing_secrets.ensure(plugin=version.plugin, mode=mode, actor=actor)
        act.on(found.public_id, version.plugin.slug)
        act.change(after={"version": version.semver, "mode": mode.value, "state": found.state})
        if not is_new:
            act.nothing()
    return Installed(found, is_new, secrets)


def configure(
    *,
    installation: Installation,
    values: Mapping[str, Any],
    secret_changes: Iterable[SecretChange] = (),
    actor: audit.Actor,
    expected_version: int | None = None,
) -> Installation:
    """Store plain values and change secrets; the state follows from whether anything required is still missing.

    `values` are all plain values that shall hold, not only those that change. Raises Refused: `removed`,
    `changed_meanwhile` when somebody saved since `expected_version`, and see `configuration.check` and `vault.put`.
    """
    changes = [change for change in secret_changes if change.action is not Action.KEEP]
    with audit.act(actor=actor, action="installation.configured", organization=installation.organization) as act:
        row = _locked(installation)
        _check_meanwhile(row, expected_version)
        schema = row.version.manifest.configuration
        after = configuration.sparse(schema, values)
        configuration.check(schema, row.values, after, vault.states(row), changes)
        vault.apply(row, changes, actor_name=actor.name)
        state = State.SUSPENDED if row.state == State.SUSPENDED else _state(schema, after, vault.states(row))
        act.on(row.public_id, row.plugin.slug)
        act.change(before=_only(row.values, unlike=after), after=_only(after, unlike=row.values) | _notes(changes))
        if not changes and (row.values, row.state) == (after, state):
            act.nothing()
        else:
            row.values, row.state, row.config_version = after, state, row.config_version + 1
            row.save(update_fields=["values", "state", "config_version"])
    return row


def suspend(*, installation: Installation, actor: audit.Actor, reason: str = "") -> Installation:
    """Stop every call to this installation until it is resumed. Raises Refused (`removed`)."""
    return _move(installation, State.SUSPENDED, actor=actor, action="installation.suspended", reason=reason)


def resume(*, installation: Installation, actor: audit.Actor, reason: str = "") -> Installation:
    """Let calls through again, as far as the configuration is complete. Raises Refused (`removed`)."""
    return _move(installation, State.ACTIVE, actor=actor, action="installation.resumed", reason=reason)


def remove(*, installation: Installation, actor: audit.Actor, reason: str = "") -> Installation:
    """Remove an installation for good and delete its secrets; the row stays, for the log.

    The grants over it are deleted by the caller, in the same transaction: they belong to the layer above.
    """
    return _move(installation, State.REMOVED, actor=actor, action="installation.removed", reason=reason)


def _move(installation: Installation, to: State, *, actor: audit.Actor, action: str, reason: str) -> Installation:
    with audit.act(actor=actor, action=action, organization=installation.organization, reason=reason) as act:
        row = _locked(installation)
        state = _state(row.version.manifest.configuration, row.values, vault.states(row)) if to is State.ACTIVE else to
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


def _state(schema: ConfigSchema, values: configuration.Values, states: configuration.States) -> State:
    """Return what an installation is when nobody suspended it: active, or in need of configuration."""
    return State.ACTIVE if configuration.is_complete(schema, values, states) else State.NEEDS_CONFIGURATION


def _new(organization: Organization, version: Version, mode: Mode, user: User | None) -> Installation:
    schema = version.manifest.configuration
    made = Installation(organization=organization, plugin=version.plugin, version=version, mode=mode, created_by=user)
    made.schema_digest = schema.digest
    made.state = _state(schema, {}, {})
    return made


def _present(organization: Organization, version: Version, mode: Mode) -> Installation:
    rows = organization.installations.present().select_related("organization", "plugin", "version")
    found: Installation = rows.get(plugin_id=version.plugin_id, mode=mode)
    return found


def _other_version(found: Installation) -> Refused:
    words = _("Version %(version)s is installed already. Upgrading to another one is not possible yet.")
    return Refused("other_version_installed", words % {"version": found.version.semver})


def _locked(installation: Installation) -> Installation:
    rows = Installation.objects.select_related("organization", "plugin", "version").select_for_update(of=("self",))
    row: Installation = rows.get(pk=installation.pk)
    if row.state == State.REMOVED:
        raise Refused("removed", _("This plugin was removed. Nothing was changed."))
    return row


def _check_meanwhile(row: Installation, expected_version: int | None) -> None:
    if expected_version is not None and row.config_version != expected_version:
        raise Refused("changed_meanwhile", _("Somebody saved this configuration meanwhile. Nothing was changed."))


def _only(values: Mapping[str, Any], *, unlike: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in unlike or unlike[name] != value}


def _notes(changes: Iterable[SecretChange]) -> dict[str, Any]:
    """Say for the audit trail which secrets changed and how, and not a letter more."""
    words = {Action.REPLACE: "replaced", Action.CLEAR: "cleared"}
    return {change.pointer[1:]: words[change.action] for change in changes}
