from typing import Any

import pytest

from kasilabs.configuration import schema_text
from kasilabs.configuration.form import ConfigurationForm
from kasilabs.configuration.schema import Choice, ConfigSchema, Field, FieldKind


def described(**rules: Any) -> tuple[str, str, str]:
    (entry,) = schema_text.describe(ConfigSchema.compile({"type": "object", "properties": {"field": rules}}))
    return entry.kind, entry.rules, entry.default


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"type": "string"}, ("Text", "", "")),
        (
            {"type": "string", "minLength": 1},
            ("Text", "at least 1 character", ""),
        ),
        ({"type": "string", "maxLength": 9}, ("Text", "at most 9 characters", "")),
        ({"type": "string", "pattern": "^a$", "maxLength": 4096}, ("Text", "the form ^a$", "")),
        ({"type": "string", "pattern": "^a$", "x-pattern-message": "Write a."}, ("Text", "Write a.", "")),
        ({"type": "string", "format": "email"}, ("Email address", "", "")),
        ({"type": "string", "format": "uri"}, ("Web address", "https", "")),
        ({"type": "integer", "minimum": 0, "exclusiveMaximum": 9}, ("Whole number", "at least 0; less than 9", "")),
        ({"type": "number", "multipleOf": 0.5, "default": 1.5}, ("Number", "a multiple of 0.5", "1.5")),
        ({"type": "boolean", "default": False}, ("On or off", "", "off")),
        ({"type": "string", "enum": ["a", "b"], "default": "b"}, ("One of a list", "a, b", "b")),
        ({"type": "string", "x-secret": True}, ("Secret", "at least 8 characters", "")),
    ],
)
def test_a_field_in_words(rules: dict[str, Any], words: tuple[str, str, str]) -> None:
    assert described(**rules) == words


def test_a_choice_with_labels_is_described_by_its_labels() -> None:
    options = [{"const": "ke", "title": "Kenya"}, {"const": "ug", "title": "Uganda"}]
    assert described(type="string", oneOf=options, default="ug") == ("One of a list", "Kenya, Uganda", "Uganda")


@pytest.mark.parametrize("kind", FieldKind)
def test_every_kind_has_a_name_and_a_control(kind: FieldKind) -> None:
    field = Field(name="a", kind=kind, title="A", choices=(Choice("a", "A"),))
    assert schema_text.describe(ConfigSchema((field,), {}, ""))[0].kind
    assert str(ConfigurationForm(ConfigSchema((field,), {}, "")))
