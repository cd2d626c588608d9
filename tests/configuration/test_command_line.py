from pathlib import Path

import pytest

from kasilabs.configuration.command_line import ParsedSettings, read_settings
from kasilabs.configuration.schema import ConfigSchema
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.refusal import Refused
from tests.support import factories

SCHEMA = ConfigSchema.compile(factories.EVERY_KIND)
CANARY = "sk-canary-4417-zulu-9Q2X"


def read(*pairs: str, secrets: tuple[str, ...] = ()) -> ParsedSettings:
    return read_settings(SCHEMA, pairs, secrets)


def codes(*pairs: str, secrets: tuple[str, ...] = ()) -> list[tuple[object, object]]:
    with pytest.raises(Refused) as refused:
        read(*pairs, secrets=secrets)
    assert refused.value.code == "bad_settings"
    return [(error["pointer"], error["code"]) for error in refused.value.errors or ()]


def test_text_is_read_as_the_form_would_read_it() -> None:
    found = read("label= Desk ", "retries=3", "fee=12.50", "atNight=true", "host=a.example")
    assert found.values == {
        "label": "Desk",
        "retries": 3,
        "fee": 12.5,
        "atNight": True,
        "host": "https://a.example",
    }


def test_json_stands_behind_a_colon() -> None:
    assert read("retries:=3", 'label:="A=b"', "atNight:=false").values == {
        "retries": 3,
        "label": "A=b",
        "atNight": False,
    }


def test_settings_go_over_what_is_stored_and_an_empty_one_takes_it_back() -> None:
    found = read("retries=3", "contact=")
    assert found.over({"label": "Desk", "retries": 1, "contact": "a@b.example"}) == {"label": "Desk", "retries": 3}


def test_a_secret_comes_from_a_value_a_file_or_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(f"{CANARY}\n")
    monkeypatch.setenv("DESK_KEY", CANARY)
    expected = [SecretChange("/apiKey", Action.REPLACE, CANARY)]
    for source in (CANARY, f"@{tmp_path / 'key'}", "env:DESK_KEY"):
        found = read(secrets=(f"apiKey={source}",))
        assert found.secret_changes == expected
        assert CANARY not in repr(found)


def test_every_fault_is_named_at_once() -> None:
    pairs = ("retries=two", "nope=1", "atNight=maybe", "label:=[", "apiKey=oops", "fee", "region=mombasa")
    secrets = ("label=x", "apiKey=@/nowhere/at/all", "webhookKey=short", "webhookKey=env:NOT_SET_ANYWHERE")
    assert codes(*pairs, secrets=secrets) == [
        ("/retries", "bad_format"),
        ("/nope", "unknown_key"),
        ("/atNight", "wrong_type"),
        ("/label", "not_json"),
        ("/apiKey", "is_secret"),
        ("/fee", "bad_format"),
        ("/region", "bad_format"),
        ("/label", "not_secret"),
        ("/apiKey", "unreadable_file"),
        ("/webhookKey", "too_short"),
        ("/webhookKey", "no_such_variable"),
    ]


def test_a_setting_named_twice_is_refused() -> None:
    assert codes("retries=1", "retries=2") == [("/retries", "duplicate")]


def test_an_empty_secret_is_refused_instead_of_ignored() -> None:
    assert codes(secrets=("apiKey=",)) == [("/apiKey", "required")]


@pytest.mark.parametrize("text", ['1, "other": 2', "NaN", '{"a": 1, "a": 2}', "[" * 5000, ""])
def test_what_is_not_one_json_value_is_refused(text: str) -> None:
    assert codes(f"retries:={text}") == [("/retries", "not_json")]


def test_a_refused_secret_is_not_repeated_in_the_answer() -> None:
    with pytest.raises(Refused) as refused:
        read(secrets=("apiKey=s3cr3t!",))
    assert "s3cr3t!" not in f"{refused.value} {refused.value.errors}"


@pytest.mark.parametrize("typed", [CANARY, f"{CANARY}==", f"apikey-{CANARY}=x"])
def test_a_secret_that_was_typed_without_its_name_is_not_repeated(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        read(secrets=(typed,))
    assert [(error["pointer"], error["code"]) for error in refused.value.errors or ()] == [("", "unknown_key")]
    assert CANARY not in str(refused.value.errors)
