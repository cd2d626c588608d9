"""What the closed schema of Config Schema v1 cannot say: rules between keywords, between fields, and about names."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.schema import MIN_SECRET_LENGTH, Field, FieldKind, is_secret, kind_of
from kasilabs.lib.documents import json_pointer, json_schema
from kasilabs.lib.documents.access import object_member, strings
from kasilabs.lib.documents.errors import ErrorList
from kasilabs.lib.documents.untrusted_schema import MAX_BYTES, PatternBudget, size
from kasilabs.lib.text import suggestions

RESERVED_NAMES = frozenset(
    (
        "action",
        "bash_env",
        "constructor",
        "csrfmiddlewaretoken",
        "hasownproperty",
        "home",
        "ifs",
        "ld_library_path",
        "ld_preload",
        "node_options",
        "path",
        "prototype",
        "pythonpath",
        "shell",
        "tostring",
        "valueof",
    )
)
"""Names with a meaning for forms, shells or JavaScript objects; a plugin may pass its settings on to any of them."""

SECTION_MARK = "__"
"""Stands between section and name in a form, and before the action of a secret."""

_SOUNDS_SECRET = re.compile("secret|token|passw|api_?key|private_?key|credential", re.IGNORECASE)
_SECRET_KEYWORDS = frozenset(
    (
        "type",
        "title",
        "description",
        "deprecated",
        "format",
        "writeOnly",
        "minLength",
        "maxLength",
        "x-order",
        "x-help-url",
        "x-secret",
        "x-placeholder",
    )
)
_FREE_TEXT_KEYWORDS = frozenset(("minLength", "maxLength", "pattern", "x-pattern-message", "format", "x-allow-http"))


def check_config_schema(schema: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    """Adds what the closed schema cannot see; `at` is the pointer of `schema` in its document."""
    if size(schema) > MAX_BYTES:
        message = _("A configuration schema is at most %(limit)d KiB.") % {"limit": MAX_BYTES // 1024}
        errors.add(at, "too_large", message)
        return
    fields = object_member(schema, "properties")
    properties = f"{at}/properties"
    _check_names(fields, properties, errors)
    for pointer, name in strings(schema, "required", at):
        if name not in fields:
            hint = suggestions.did_you_mean(name, fields)
            errors.add(pointer, "bad_schema", _("There is no such field."), hint)
    _check_orders(fields, properties, errors)
    for name, field in fields.items():
        pointer = properties + json_pointer.join([name])
        if isinstance(field, dict) and errors.none_at(pointer):
            _check_field(name, field, pointer, errors)


def _check_names(fields: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    seen: set[str] = set()
    for name in fields:
        pointer, folded = at + json_pointer.join([name]), name.casefold()
        if folded in seen:
            errors.add(pointer, "duplicate", _("Another field's name differs only in case."))
        if folded in RESERVED_NAMES or SECTION_MARK in name:
            errors.add(pointer, "bad_format", _("This name is reserved. Choose another one."))
        seen.add(folded)


def _check_orders(fields: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    seen: set[int] = set()
    for name, field in fields.items():
        order = field.get("x-order") if isinstance(field, dict) else None
        if not isinstance(order, int):
            continue
        if order in seen:
            pointer = at + json_pointer.join([name, "x-order"])
            errors.add(pointer, "duplicate", _("Another field has this order."))
        seen.add(order)


def _check_field(name: str, field: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    _check_secrecy(name, field, at, errors)
    for keyword, message in _misplaced_keywords(field):
        errors.add(at + json_pointer.join([keyword]), "unsupported_keyword", message)
    if "pattern" in field:
        PatternBudget().check(field["pattern"], f"{at}/pattern", errors)
    for keyword, message in _contradictions(field):
        errors.add(f"{at}/{keyword}", "bad_schema", message)
    if "default" in field and errors.none_at(at):
        validator = json_schema.Validator(Field.compile(name, field).json_schema)
        if violations := validator.violations(field["default"]):
            message = _("The default breaks this field's own rules: %(rule)s") % {"rule": violations[0].message}
            errors.add(f"{at}/default", "bad_schema", message)


def _check_secrecy(name: str, field: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    if _SOUNDS_SECRET.search(name) and "x-secret" not in field and not is_secret(field):
        hint = _('Add "x-secret": true, or false if it may be shown.')
        errors.add(at, "bad_schema", _("This name sounds like a secret. Say whether it is one."), hint)
    if is_secret(field) and field.get("x-secret") is False:
        errors.add(f"{at}/x-secret", "bad_schema", _("writeOnly or format password already make this a secret."))


def _misplaced_keywords(field: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields the keywords that mean nothing beside the others, with a message."""
    if is_secret(field):
        yield from _misplaced_in_secret(field)
    elif kind_of(field) is FieldKind.CHOICE:
        for keyword in field.keys() & _FREE_TEXT_KEYWORDS:
            yield keyword, _("A field with choices does not take this.")
    else:
        if "x-allow-http" in field and field.get("format") != "uri":
            yield "x-allow-http", _("This belongs to format uri.")
        if "x-pattern-message" in field and "pattern" not in field:
            yield "x-pattern-message", _("This belongs to a pattern.")


def _misplaced_in_secret(field: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for keyword in field.keys() - _SECRET_KEYWORDS:
        yield keyword, _("A secret takes minLength and maxLength only: no default, choices, examples or pattern.")
    if field["type"] != "string":
        yield "x-secret", _("Only a field of type string can be a secret.")
    if field.get("format", "password") != "password":
        yield "format", _("A secret has no format.")


def _contradictions(field: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields the keywords that no value can satisfy together with others, with a message."""
    if "enum" in field and "oneOf" in field:
        yield "oneOf", _("Use enum or oneOf, not both.")
    values = [option["const"] for option in field.get("oneOf", ())]
    if len(values) != len(set(values)):
        yield "oneOf", _("Two choices have the same value.")
    if "pattern" in field and "maxLength" not in field:
        yield "pattern", _("A pattern needs a maxLength beside it.")
    least = max(field.get("minLength", 0), MIN_SECRET_LENGTH if is_secret(field) else 0)
    if least > field.get("maxLength", least):
        yield "maxLength", _("This must be at least %(least)d.") % {"least": least}
    for lower, upper in product(("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if lower not in field or upper not in field:
            continue
        includes_both = (lower, upper) == ("minimum", "maximum")
        if field[lower] > field[upper] or (field[lower] == field[upper] and not includes_both):
            yield upper, _("No number lies between this and the lower limit.")
