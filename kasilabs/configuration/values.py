"""The plain values of a configuration: the defaults of its schema, and over them the few values people set.

Only what differs from a default is stored, so that an upgrade can show a changed default instead of hiding it.
Secrets are not among the values; the vault holds them.
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
    """Returns the values in force: the defaults of the schema, and over them the stored values."""
    return schema.defaults() | dict(values)


def sparse(schema: ConfigSchema, values: Values) -> dict[str, Any]:
    """Returns only the values that differ from the schema's defaults."""
    defaults = schema.defaults()
    return {name: value for name, value in values.items() if name not in defaults or defaults[name] != value}


def missing(schema: ConfigSchema, values: Values, states: States) -> list[Field]:
    """Returns the required fields that hold nothing yet, secrets included."""
    present = effective(schema, values)
    return [
        field
        for field in schema.fields
        if field.required and not (_is_set(states, field) if field.is_secret else field.name in present)
    ]


def is_complete(schema: ConfigSchema, values: Values, states: States) -> bool:
    return not missing(schema, values, states)


def violations(schema: ConfigSchema, values: Values) -> list[SchemaViolation]:
    """Returns every rule that the values break. A missing value breaks none: it is a state of the configuration."""
    found = schema.plain_validator().violations(effective(schema, values))
    found = [violation for violation in found if violation.code != "required"]
    for name, value in values.items():
        # A schema cannot forbid these: NUL, which PostgreSQL cannot store, and integers other readers would round.
        if isinstance(value, str) and "\0" in value:
            found.append(SchemaViolation(f"/{name}", "pattern", _("A NUL character cannot be stored.")))
        elif isinstance(value, int) and abs(value) > SAFE_INTEGER:
            message = _("This number is too large to be passed on exactly.")
            found.append(SchemaViolation(f"/{name}", "maximum", message))
    return found


def changed_addresses(schema: ConfigSchema, before: Values, after: Values) -> list[Field]:
    """Returns the address fields whose value changes."""
    old, new = effective(schema, before), effective(schema, after)
    addresses = [field for field in schema.fields if field.kind is FieldKind.URI]
    return [field for field in addresses if old.get(field.name) != new.get(field.name)]


def secrets_to_reenter(
    schema: ConfigSchema, before: Values, after: Values, states: States, changes: Sequence[SecretChange]
) -> list[Field]:
    """Returns the secrets that would be kept although an address changes.

    Whoever runs the new address would be handed a secret that was meant for the old one.
    """
    if not changed_addresses(schema, before, after):
        return []
    changed = {change.pointer for change in changes}
    return [field for field in schema.secrets if field.pointer not in changed and _is_set(states, field)]


def check_change(
    schema: ConfigSchema, before: Values, after: Values, states: States, changes: Sequence[SecretChange]
) -> None:
    """Raises Refused for a change that must not be saved.

    Codes: `invalid_configuration`, `unknown_key`, `secret_needs_entry`.
    """
    if broken := violations(schema, after):
        errors = [asdict(violation) for violation in broken]
        raise Refused("invalid_configuration", _("The configuration breaks rules of the plugin."), errors)
    if {change.pointer for change in changes} - {field.pointer for field in schema.secrets}:
        raise Refused("unknown_key", _("The plugin has no such secret."))
    if kept := secrets_to_reenter(schema, before, after, states, changes):
        message = _("An address changed, so the secrets that would go there have to be entered again.")
        errors = [{"pointer": field.pointer, "code": "secret_needs_entry", "message": message} for field in kept]
        raise Refused("secret_needs_entry", message, errors)


def _is_set(states: States, field: Field) -> bool:
    return states.get(field.pointer, NOT_SET).is_set
