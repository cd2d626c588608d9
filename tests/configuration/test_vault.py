import pytest
from django.test import override_settings

from installations.models import Installation, InstallationSecret
from kasilabs.configuration import vault
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.crypto import aes
from kasilabs.lib.refusal import Refused
from tests.support import factories
from tests.support.factories import Cast

CANARY = "sk-canary-4417-zulu-9Q2X"


@pytest.fixture
def installation(cast: Cast) -> Installation:
    return factories.installation(cast.organization, configurationSchema=factories.EVERY_KIND)


def test_a_secret_comes_back_for_a_call_and_only_then(installation: Installation) -> None:
    vault.put(installation, "/apiKey", CANARY, actor_name="ana@example.com")
    row = InstallationSecret.objects.get()
    assert vault.open_rows([row]).values == {"/apiKey": CANARY}
    assert CANARY not in row.value
    assert CANARY not in repr(vault.open_rows([row]))


def test_the_state_tells_who_and_the_last_four_letters(installation: Installation) -> None:
    vault.put(installation, "/apiKey", CANARY, actor_name="ana@example.com")
    state = vault.states(installation)["/apiKey"]
    assert (state.is_set, state.is_readable, state.hint, state.set_by) == (True, True, "9Q2X", "ana@example.com")
    assert CANARY not in repr(state)


def test_a_secret_under_twenty_characters_has_no_hint(installation: Installation) -> None:
    vault.put(installation, "/apiKey", "x" * 19, actor_name="ana")
    vault.put(installation, "/webhookKey", "y" * 16 + "last", actor_name="ana")
    assert {pointer: state.hint for pointer, state in vault.states(installation).items()} == {
        "/apiKey": "",
        "/webhookKey": "last",
    }


def test_a_secret_of_seven_characters_is_refused_and_the_old_one_stays(installation: Installation) -> None:
    vault.put(installation, "/apiKey", "old secret", actor_name="ana")
    with pytest.raises(Refused) as refused:
        vault.put(installation, "/apiKey", "1234567", actor_name="eve")
    assert refused.value.code == "too_short"
    assert vault.open_rows(installation.secrets.all()).values == {"/apiKey": "old secret"}


def test_replacing_keeps_one_row_per_field(installation: Installation) -> None:
    vault.put(installation, "/apiKey", "old secret", actor_name="ana")
    vault.put(installation, "/apiKey", "new secret", actor_name="wanjiru")
    assert vault.open_rows(installation.secrets.all()).values == {"/apiKey": "new secret"}
    assert [row.set_by for row in installation.secrets.all()] == ["wanjiru"]


def test_a_value_copied_to_another_field_or_organization_does_not_open(cast: Cast) -> None:
    ours = factories.installation(cast.organization)
    theirs = factories.installation(cast.rival, slug="RIVAL_DESK")
    vault.put(ours, "/apiKey", CANARY, actor_name="ana")
    vault.put(ours, "/other", "another one", actor_name="ana")
    vault.put(theirs, "/apiKey", "their secret", actor_name="eve")
    stolen = ours.secrets.get(pointer="/apiKey").value
    InstallationSecret.objects.exclude(owner=ours, pointer="/apiKey").update(value=stolen)
    assert vault.open_rows(ours.secrets.all()).unreadable == ("/other",)
    assert vault.open_rows(theirs.secrets.all()).values == {}


def test_a_secret_whose_key_is_gone_is_a_state_and_not_a_value(installation: Installation) -> None:
    vault.put(installation, "/apiKey", CANARY, actor_name="ana")
    with override_settings(ENCRYPTION_KEYS=aes.make_key("other")):
        state = vault.states(installation)["/apiKey"]
        opened = vault.open_rows(installation.secrets.all())
    assert (state.is_set, state.is_readable) == (True, False)
    assert (opened.values, opened.unreadable) == ({}, ("/apiKey",))


def test_clearing_deletes_the_row_and_may_be_repeated(installation: Installation) -> None:
    vault.put(installation, "/apiKey", CANARY, actor_name="ana")
    for _time in range(2):
        vault.apply(installation, [SecretChange("/apiKey", Action.CLEAR)], actor_name="ana")
    assert vault.states(installation) == {}


def test_a_change_never_shows_its_text() -> None:
    change = SecretChange("/apiKey", Action.REPLACE, CANARY)
    assert CANARY not in f"{change} {change!r}"
