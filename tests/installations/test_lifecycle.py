from functools import partial
from typing import Any

import pytest

from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts.models import AuditEntry, Organization
from kasilabs.configuration import vault
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from plugins.models import SigningSecret, Version
from tests.support import factories
from tests.support.concurrency import at_once
from tests.support.factories import Cast

CANARY = "sk-canary-4417-zulu-9Q2X"
NOTHING_REQUIRED = {"type": "object", "properties": {"region": {"type": "string", "default": "nairobi"}}}
State = Installation.State


@pytest.fixture
def installation(cast: Cast) -> Installation:
    return factories.installation(cast.organization, configurationSchema=factories.EVERY_KIND)


def install(of: Organization, version: Version, mode: Mode = Mode.SANDBOX) -> lifecycle.InstallResult:
    return lifecycle.install(organization=of, version=version, mode=mode, user=None, actor=factories.ACTOR)


def configure(installation: Installation, values: dict[str, Any], *changes: SecretChange, **more: Any) -> Installation:
    return lifecycle.configure(
        installation=installation, values=values, secret_changes=changes, actor=factories.ACTOR, **more
    )


def key(text: str = CANARY) -> SecretChange:
    return SecretChange("/apiKey", Action.REPLACE, text)


def refusal(act: Any) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_installing_makes_signing_secrets_and_waits_for_configuration(cast: Cast) -> None:
    installed = install(cast.organization, factories.version(cast.organization))
    assert (installed.is_new, installed.installation.state) == (True, State.NEEDS_CONFIGURATION)
    assert {secret.purpose for secret in installed.new_secrets} == {"tool", "bridge"}
    entry = AuditEntry.objects.get(action="installation.installed")
    assert (entry.target, entry.after["version"]) == (installed.installation.public_id, "1.0.0")


def test_a_plugin_that_requires_nothing_is_active_at_once(cast: Cast) -> None:
    installation = factories.installation(cast.organization, configurationSchema=NOTHING_REQUIRED)
    assert installation.state == State.ACTIVE


def test_installing_again_finds_the_same_installation_and_makes_nothing(cast: Cast) -> None:
    version = factories.version(cast.organization)
    first, again = install(cast.organization, version), install(cast.organization, version)
    assert again.installation.pk == first.installation.pk
    assert (again.is_new, again.new_secrets) == (False, [])
    assert AuditEntry.objects.filter(action="installation.installed").count() == 1


def test_another_version_is_refused_and_the_first_one_stays(cast: Cast) -> None:
    first = factories.installation(cast.organization)
    other = factories.version(cast.organization, version="1.1.0")
    assert refusal(lambda: install(cast.organization, other)) == "other_version_installed"
    assert Installation.objects.get().version_id == first.version_id


def test_a_sandbox_stands_in_the_owner_organization_only(cast: Cast) -> None:
    version = factories.version(cast.organization)
    assert refusal(lambda: install(cast.rival, version)) == "sandbox_elsewhere"
    assert refusal(lambda: install(cast.rival, version, Mode.LIVE)) == "not_published"
    assert (Installation.objects.count(), SigningSecret.objects.count()) == (0, 0)


def test_others_may_install_live_what_is_published(cast: Cast) -> None:
    version = factories.version(cast.organization)
    version.state = Version.State.PUBLISHED
    assert install(cast.rival, version, Mode.LIVE).installation.organization == cast.rival


def test_a_quarantined_version_is_refused_to_its_owner_too(cast: Cast) -> None:
    version = factories.version(cast.organization)
    version.state = Version.State.QUARANTINED
    assert refusal(lambda: install(cast.organization, version)) == "quarantined"


def test_a_plugin_without_authentication_runs_in_the_sandbox_only(cast: Cast) -> None:
    version = factories.version(cast.organization, auth={"type": "none"})
    assert refusal(lambda: install(cast.organization, version, Mode.LIVE)) == "auth_sandbox_only"
    assert install(cast.organization, version).is_new


def test_a_plugin_with_delegated_accounts_waits(cast: Cast) -> None:
    auth = {
        "type": "oauth2",
        "authorizationUrl": "https://a.example/authorize",
        "tokenUrl": "https://a.example/token",
        "scopes": ["read"],
        "subject": "customer",
    }
    version = factories.version(cast.organization, auth=auth)
    assert refusal(lambda: install(cast.organization, version)) == "auth_not_available"


@pytest.mark.django_db(transaction=True)
def test_of_four_who_install_at_once_one_makes_it() -> None:
    organization = factories.organization("kasi-legal")
    version = factories.version(organization)
    results = at_once(*[partial(install, organization, version)] * 4)
    assert sorted(result.is_new for result in results) == [False, False, False, True]
    assert sum(len(result.new_secrets) for result in results) == 2
    assert Installation.objects.count() == 1


def test_a_complete_configuration_makes_it_active(installation: Installation) -> None:
    row = configure(installation, {"label": "Desk", "retries": 2, "region": "nakuru"}, key())
    assert (row.state, row.values) == (State.ACTIVE, {"label": "Desk", "region": "nakuru"})
    assert vault.open_rows(row.secrets.all()).values == {"/apiKey": CANARY}


def test_a_partial_configuration_is_stored_and_waits(installation: Installation) -> None:
    assert configure(installation, {"label": "Desk"}).state == State.NEEDS_CONFIGURATION
    assert configure(installation, {"label": "Desk"}, key()).state == State.ACTIVE


def test_the_audit_trail_names_secrets_but_never_holds_one(installation: Installation) -> None:
    configure(installation, {"label": "Desk"}, key())
    entry = AuditEntry.objects.get(action="installation.configured")
    assert (entry.before, entry.after) == ({}, {"label": "Desk", "apiKey": "replaced"})
    assert not AuditEntry.objects.filter(after__icontains=CANARY).exists()


def test_configuring_the_same_again_leaves_no_entry_and_no_new_version(installation: Installation) -> None:
    first = configure(installation, {"label": "Desk"}, key())
    again = configure(installation, {"label": "Desk"})
    assert again.config_version == first.config_version
    assert AuditEntry.objects.filter(action="installation.configured").count() == 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"label": "desk"}, "pattern"),
        ({"label": "Desk", "retries": "3"}, "type"),
        ({"label": "Desk", "retries": 3.0}, "type"),
        ({"label": "Desk", "atNight": 1}, "type"),
        ({"label": "Desk", "nope": 1}, "unknown_key"),
        ({"label": "Desk", "host": "http://a.example"}, "pattern"),
        ({"label": "De\0sk"}, "pattern"),
        ({"label": "Desk", "fee": 2**53}, "maximum"),
    ],
)
def test_values_that_break_the_schema_change_nothing(
    installation: Installation, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        configure(installation, values, key())
    assert refused.value.code == "invalid_configuration"
    assert [error["code"] for error in refused.value.errors or ()] == [code]
    assert (Installation.objects.get().values, vault.states(installation)) == ({}, {})


def test_a_stale_version_is_refused_and_changes_nothing(installation: Installation) -> None:
    configure(installation, {"label": "Desk"}, expected_version=1)
    act = partial(configure, installation, {"label": "Other"}, key(), expected_version=1)
    assert refusal(act) == "changed_meanwhile"
    assert (Installation.objects.get().values, vault.states(installation)) == ({"label": "Desk"}, {})


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told() -> None:
    installation = factories.installation(
        factories.organization("kasi-legal"), configurationSchema=factories.EVERY_KIND
    )

    def save(label: str) -> str:
        try:
            return str(configure(installation, {"label": label}, expected_version=1).values["label"])
        except Refused as refused:
            return refused.code

    results = at_once(partial(save, "First"), partial(save, "Second"))
    assert results.count("changed_meanwhile") == 1
    assert Installation.objects.get().values["label"] in results


def test_a_changed_address_needs_its_secrets_again(installation: Installation) -> None:
    configure(installation, {"label": "Desk", "host": "https://a.example"}, key())
    moved = {"label": "Desk", "host": "https://b.example"}
    assert refusal(partial(configure, installation, moved)) == "secret_needs_entry"
    assert Installation.objects.get().values["host"] == "https://a.example"
    assert configure(installation, moved, key("another long key")).values == moved


def test_a_secret_the_plugin_does_not_have_is_refused(installation: Installation) -> None:
    strange = SecretChange("/label", Action.REPLACE, CANARY)
    assert refusal(partial(configure, installation, {}, strange)) == "unknown_key"


def test_clearing_a_required_secret_stops_calls(installation: Installation) -> None:
    configure(installation, {"label": "Desk"}, key())
    row = configure(installation, {"label": "Desk"}, SecretChange("/apiKey", Action.CLEAR))
    assert (row.state, vault.states(row)) == (State.NEEDS_CONFIGURATION, {})


def test_suspending_and_resuming_come_back_to_what_was(installation: Installation) -> None:
    suspend = partial(lifecycle.suspend, installation=installation, actor=factories.ACTOR)
    resume = partial(lifecycle.resume, installation=installation, actor=factories.ACTOR)
    assert suspend().state == State.SUSPENDED
    assert configure(installation, {"label": "Desk"}, key()).state == State.SUSPENDED
    assert resume().state == State.ACTIVE
    configure(installation, {"label": "Desk"}, SecretChange("/apiKey", Action.CLEAR))
    suspend()
    assert resume().state == State.NEEDS_CONFIGURATION


def test_suspending_twice_leaves_one_entry(installation: Installation) -> None:
    for _again in range(2):
        lifecycle.suspend(installation=installation, actor=factories.ACTOR)
    assert AuditEntry.objects.filter(action="installation.suspended").count() == 1


def test_removing_deletes_the_secrets_and_makes_room_for_a_new_installation(installation: Installation) -> None:
    configure(installation, {"label": "Desk"}, key())
    removed = lifecycle.remove(installation=installation, actor=factories.ACTOR)
    assert (removed.state, vault.states(removed)) == (State.REMOVED, {})
    assert install(installation.organization, installation.version).is_new
    for verb in (lifecycle.suspend, lifecycle.resume, lifecycle.remove):
        assert refusal(partial(verb, installation=installation, actor=factories.ACTOR)) == "removed"
    assert refusal(partial(configure, installation, {})) == "removed"
