"""What an installation is configured with: the defaults of its pinned schema, and over them the few values people set.

Only what differs from a default is stored, so that an upgrade can show a changed default instead of hiding it.
Secrets are not in here; the vault holds them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.schema import ConfigSchema, Field, FieldKind
from kasilabs.configuration.secrets import NOT_SET, SecretChange, SecretState
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.documents.strict_json import SAFE_INTEGER
from kasilabs.lib.refusal import Refused

Values = Mapping[str, Any]
States = Mapping[str, SecretState]


def effective(schema: ConfigSchema, values: Values) -> dict[str, Any]:
    """Return what holds: the defaults of the schema, and over them the stored values."""
    return schema.defaults() | dict(values)


def sparse(schema: ConfigSchema, values: Values) -> dict[str, Any]:
    """Return only what differs from the schema's defaults."""
    defaults = schema.defaults()
    return {name: value for name, value in values.items() if name not in defaults or defaults[name] != value}


def missing(schema: ConfigSchema, values: Values, states: States) -> list[Field]:
    """Return the required fields that hold nothing yet, secrets included."""
    present = effective(schema, values)
    return [field for field in schema.fields if field.required and not _is_there(field, present, states)]


def is_complete(schema: ConfigSchema, values: Values, states: States) -> bool:
    return not missing(schema, values, states)


def violations(schema: ConfigSchema, values: Values) -> list[SchemaViolation]:
    """Return every rule that the values break; that something is missing is a state, not a broken rule."""
    found = schema.plain_validator().violations(effective(schema, values))
    return [violation for violation in found if violation.code != "required"] + _beyond_json(values)


def changed_destinations(schema: ConfigSchema, before: Values, after: Values) -> list[Field]:
    """Return the address fields whose value changes.

    A secret kept over such a change would be handed to whoever runs the new address, so it has to be entered again.
    """
    old, new = effective(schema, before), effective(schema, after)
    addresses = [field for field in schema.fields if field.kind is FieldKind.URI]
    return [field for field in addresses if old.get(field.name) != new.get(field.name)]


def check(schema: ConfigSchema, before: Values, after: Values, states: States, changes: Sequence[SecretChange]) -> None:
    """Raise Refused for what must not be saved: `invalid_configuration`, `unknown_key`, `secret_needs_entry`."""
    if found := violations(schema, after):
        errors = [asdict(violation) for violation in found]
        raise Refused("invalid_configuration", _("The configuration breaks rules of the plugin."), errors)
    if {change.pointer for change in changes} - {field.pointer for field in schema.secrets}:
        raise Refused("unknown_key", _("The plugin has no such secret."))
    if kept := kept_over_move(schema, before, after, states, changes):
        words = _("An address changed, so the secrets that would go there have to be entered again.")
        errors = [{"pointer": field.pointer, "code": "secret_needs_entry", "message": words} for field in kept]
        raise Refused("secret_needs_entry", words, errors)


def kept_over_move(
    schema: ConfigSchema, before: Values, after: Values, states: States, changes: Sequence[SecretChange]
) -> list[Field]:
    """Return the secrets that would be kept although an address changes."""
    if not changed_destinations(schema, before, after):
        return []
    decided = {change.pointer for change in changes}
    return [field for field in schema.secrets if field.pointer not in decided and is_set(states, field)]


def is_set(states: States, field: Field) -> bool:
    return states.get(field.pointer, NOT_SET).is_set


def _is_there(field: Field, present: Values, states: States) -> bool:
    if field.is_secret:
        return is_set(states, field)
    return field.name in present


def _beyond_json(values: Values) -> list[SchemaViolation]:
    """Name what a schema cannot forbid: integers other readers would round, and NUL, which PostgreSQL cannot store."""
    found = []
    for name, value in values.items():
        if isinstance(value, str) and "\0" in value:
            found.append(SchemaViolation(f"/{name}", "pattern", _("A NUL character cannot be stored.")))
        elif isinstance(value, int) and abs(value) > SAFE_INTEGER:
            found.append(SchemaViolation(f"/{name}", "maximum", _("This number is too large to be passed on exactly.")))
    return found
