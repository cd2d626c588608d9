from typing import Any

import pytest
from django.test import override_settings

from installations import lifecycle
from installations.models import Installation
from kasilabs.configuration import vault
from kasilabs.configuration.form import ConfigurationForm
from kasilabs.configuration.schema import ConfigSchema
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.crypto import aes
from tests.support import factories
from tests.support.factories import Cast
from tests.support.markup import one_line

CANARY = "sk-canary-4417-zulu-9Q2X"
SCHEMA = ConfigSchema.compile(factories.EVERY_KIND)
SOUND = {"label": "Desk", "region": "nairobi", "retries": "2", "apiKey__action": "replace", "apiKey": CANARY}


def form(**typed: str) -> ConfigurationForm:
    return ConfigurationForm(SCHEMA, None, {**SOUND, **typed})


def codes(found: ConfigurationForm) -> dict[str, list[str]]:
    return {name: [error.code or "" for error in errors.as_data()] for name, errors in found.errors.items()}


@pytest.fixture
def configured(cast: Cast) -> Installation:
    """An installation with a host and one secret that goes there."""
    return lifecycle.configure(
        installation=factories.installation(cast.organization, configurationSchema=factories.EVERY_KIND),
        values={"label": "Desk", "host": "https://a.example"},
        secret_changes=[SecretChange("/apiKey", Action.REPLACE, CANARY)],
        actor=factories.ACTOR,
    )


def changed(installation: Installation, **typed: str) -> ConfigurationForm:
    sound = {"label": "Desk", "host": "https://a.example", "region": "nairobi", "retries": "2"}
    sound["config__version"] = str(installation.config_version)
    return ConfigurationForm(SCHEMA, installation.configuration, {**sound, "apiKey__action": "keep", **typed})


def test_only_what_differs_from_a_default_is_kept() -> None:
    found = form(retries="3", fee="12", contact="")
    assert found.is_valid()
    assert found.values == {"label": "Desk", "retries": 3, "fee": 12}
    assert type(found.values["fee"]) is int


def test_a_switch_turned_on_and_another_choice_are_stored() -> None:
    found = form(atNight="on", region="nakuru")
    assert found.is_valid()
    assert found.values == {"label": "Desk", "atNight": True, "region": "nakuru"}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("label", "", "required"),
        ("label", "desk", "pattern"),
        ("label", "D", "minLength"),
        ("label", "D" * 13, "maxLength"),
        ("label", "De\0sk", "null_characters_not_allowed"),
        ("contact", "ana@", "invalid"),
        ("host", "http://a.example", "invalid"),
        ("host", "ftp://a.example", "invalid"),
        ("host", "javascript:alert(1)", "invalid"),
        ("region", "mombasa", "invalid_choice"),
        ("retries", "6", "maximum"),
        ("retries", "-1", "minimum"),
        ("retries", "two", "invalid"),
        ("retries", "9" * 5000, "invalid"),
        ("retries", "1_0", "invalid"),
        ("retries", "\u0663", "invalid"),
        ("retries", "+3", "invalid"),
        ("retries", "3.0", "invalid"),
        ("fee", "1_0", "invalid"),
        ("fee", "\u0661\u0662.5", "invalid"),
        ("fee", "1,5", "invalid"),
        ("fee", "0", "exclusiveMinimum"),
        ("fee", "nan", "invalid"),
        ("fee", "1e999", "invalid"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field(name: str, text: str, code: str) -> None:
    assert codes(form(**{name: text}))[name] == [code]


def test_errors_say_the_rule_in_plain_words() -> None:
    found = form(retries="6", host="http://a.example")
    assert found.errors["retries"] == ["This must be at most 5."]
    assert found.errors["host"] == ["Use an address that begins with https://, such as https://example.com."]


def test_values_that_cost_too_much_to_check_are_refused_as_a_whole() -> None:
    code = {"type": "string", "pattern": "1[01]{3000}[2-9]", "maxLength": 4_000}
    text = {"type": "string", "maxLength": 16_384}
    rules = {"type": "object", "properties": {"code": code, "first": text, "second": text}}
    found = ConfigurationForm(ConfigSchema.compile(rules), None, {"first": "a" * 16_000})
    assert codes(found) == {"__all__": ["too_costly"]}
    assert ConfigurationForm(ConfigSchema.compile(rules), None, {"first": "a" * 4_000}).is_valid()


def test_an_author_may_allow_http() -> None:
    schema = ConfigSchema.compile(
        {"type": "object", "properties": {"host": {"type": "string", "format": "uri", "x-allow-http": True}}}
    )
    assert ConfigurationForm(schema, None, {"host": "http://printer.local:8080/"}).is_valid()


def test_a_required_switch_may_be_off() -> None:
    schema = ConfigSchema.compile({"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]})
    found = ConfigurationForm(schema, None, {})
    assert found.is_valid()
    assert found.values == {"on": False}


def test_a_typed_secret_is_a_change_and_stands_nowhere_on_the_page() -> None:
    found = form()
    assert found.is_valid()
    assert found.secret_changes == [SecretChange("/apiKey", Action.REPLACE, CANARY)]
    assert CANARY not in str(found) + repr(found.secret_changes)


def test_after_any_error_typed_secrets_have_to_be_entered_again() -> None:
    found = form(retries="6")
    assert codes(found) == {"retries": ["maximum"], "apiKey": ["enter_again"]}
    assert CANARY not in str(found)
    assert 'value="Desk"' in str(found)


def test_spaces_around_a_secret_are_left_out_and_told() -> None:
    found = form(apiKey=f"  {CANARY}\t")
    assert found.is_valid()
    assert [change.text for change in found.secret_changes] == [CANARY]
    assert found.trimmed_labels == ["API key"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"apiKey": "", "apiKey__action": "replace"}, "required"),
        ({"apiKey": "   ", "apiKey__action": "replace"}, "required"),
        ({"apiKey": CANARY, "apiKey__action": "keep"}, "contradiction"),
        ({"apiKey": CANARY, "apiKey__action": "clear"}, "contradiction"),
        ({"apiKey__action": "clear"}, "required"),
        ({"apiKey__action": "steal"}, "contradiction"),
        ({"apiKey": "1234567", "apiKey__action": "replace"}, "too_short"),
        ({"webhookKey": "w" * 41, "webhookKey__action": "replace"}, "too_long"),
    ],
)
def test_a_contradiction_about_a_secret_is_refused(configured: Installation, typed: dict[str, str], code: str) -> None:
    found = changed(configured, **typed)
    assert code in codes(found)[next(iter(typed)).removesuffix("__action")]
    assert not found.is_valid()


def test_keeping_changes_nothing(configured: Installation) -> None:
    found = changed(configured)
    assert found.is_valid()
    assert found.secret_changes == []


def test_the_mask_of_other_systems_is_a_value_like_any_other(configured: Installation) -> None:
    found = changed(configured, apiKey="**********", apiKey__action="replace")
    assert found.is_valid()
    assert [change.text for change in found.secret_changes] == ["**********"]


def test_an_optional_secret_may_be_cleared_and_left_empty(configured: Installation) -> None:
    vault.put(configured, "/webhookKey", "webhook key", actor_name="ana")
    found = changed(configured, webhookKey__action="clear")
    assert found.is_valid()
    assert found.secret_changes == [SecretChange("/webhookKey", Action.CLEAR)]
    configured.secrets.filter(pointer="/webhookKey").delete()
    assert changed(configured, webhookKey="", webhookKey__action="replace").is_valid()


def test_a_kept_secret_does_not_follow_a_changed_address(configured: Installation) -> None:
    found = changed(configured, host="https://evil.example")
    assert codes(found) == {"apiKey": ["destination_changed"]}
    assert 'value="replace" checked' in one_line(found["apiKey"].as_field_group())
    assert changed(configured, host="https://b.example", apiKey=CANARY, apiKey__action="replace").is_valid()


def test_a_secret_that_cannot_be_opened_has_to_be_entered_again(configured: Installation) -> None:
    with override_settings(ENCRYPTION_KEYS=aes.make_key("other")):
        kept, entered = changed(configured), changed(configured, apiKey=CANARY, apiKey__action="replace")
        assert codes(kept) == {"apiKey": ["required"]}
        assert entered.is_valid()
        assert "Cannot be opened" in str(kept)


def test_without_the_right_a_secret_is_kept_whatever_is_posted(configured: Installation) -> None:
    typed = {"label": "Desk", "host": "https://a.example", "region": "nairobi", "retries": "2", "apiKey": CANARY}
    typed["config__version"] = str(configured.config_version)
    found = ConfigurationForm(
        SCHEMA, configured.configuration, {**typed, "apiKey__action": "replace"}, may_set_secrets=False
    )
    assert found.is_valid()
    assert found.secret_changes == []
    assert "You may not change secrets here." in str(found)


def test_a_deprecated_field_is_offered_only_where_it_holds_something(configured: Installation) -> None:
    rules: dict[str, Any] = {"type": "object", "properties": {"old": {"type": "string", "deprecated": True}}}
    schema = ConfigSchema.compile(rules)
    assert "old" not in ConfigurationForm(schema).fields
    configured.values = {"old": "x"}
    assert "old" in ConfigurationForm(schema, configured.configuration).fields


def test_the_pattern_of_a_stranger_does_not_reach_the_browser() -> None:
    assert "pattern=" not in str(form(label="x"))


def test_words_of_a_stranger_are_escaped() -> None:
    title = '"><script>alert(1)</script>'
    rules = {"type": "string", "title": title, "description": title, "x-help-url": 'https://a.example/"onx="'}
    page = str(ConfigurationForm(ConfigSchema.compile({"type": "object", "properties": {"a": rules}})))
    assert "<script" not in page
    assert '"onx=' not in page
