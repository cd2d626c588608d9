"""Settings as a command line writes them: `key=value`, `key:=JSON`, and secrets from a value, a file or a variable.

Every value goes through the form field of the dashboard, so that page and command read the same text the same way.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kasilabs.configuration import form_fields
from kasilabs.configuration.schema import ConfigSchema, Field, FieldKind
from kasilabs.configuration.secret_field import PostedSecret, SecretField
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.documents import strict_json
from kasilabs.lib.refusal import Refused

BOOLEANS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
MAX_FILE_BYTES = 64 * 1024


@dataclass(frozen=True)
class ParsedSettings:
    """What the command line asks for. `unset` names the fields that go back to their default (`key=` and nothing)."""

    values: dict[str, Any]
    unset: frozenset[str]
    secret_changes: list[SecretChange] = field(repr=False)

    def over(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the stored values with these over them; what is not named stays as it is."""
        kept = {name: value for name, value in stored.items() if name not in self.unset}
        return kept | self.values


def read_settings(schema: ConfigSchema, pairs: Iterable[str], secrets: Iterable[str]) -> ParsedSettings:
    """Reads all `--set` and `--secret` values. Raises Refused (`bad_settings`) with every error at once."""
    plain: dict[str, Any] = {}
    changes: dict[str, SecretChange] = {}
    errors: list[dict[str, object]] = []
    for is_secret, text in [*((False, pair) for pair in pairs), *((True, secret) for secret in secrets)]:
        name = text.partition("=")[0].removesuffix(":")
        try:
            if name in plain or name in changes:
                raise ValidationError(_("This is named twice."), "duplicate")
            rule = _find_field(schema, name, is_secret=is_secret)
            if is_secret:
                changes[name] = _read_secret(rule, text)
            else:
                plain[name] = _read_value(rule, text)
        except ValidationError as error:
            # What is no name of a field may be the secret itself, typed without its name: it is not repeated.
            pointer = "" if is_secret and schema.field(name) is None else f"/{name}"
            errors.append({"pointer": pointer, "code": error.code, "message": " ".join(error.messages)})
    if errors:
        raise Refused("bad_settings", _("Some settings cannot be used. Nothing was changed."), errors)
    values = {name: value for name, value in plain.items() if value is not None and value != ""}
    return ParsedSettings(values, frozenset(plain) - frozenset(values), list(changes.values()))


def _find_field(schema: ConfigSchema, name: str, *, is_secret: bool) -> Field:
    found = schema.field(name)
    if found is None:
        known = ", ".join(field.name for field in schema.fields if field.is_secret is is_secret) or "-"
        raise ValidationError(_("There is no such setting. Known: %(names)s.") % {"names": known}, "unknown_key")
    if found.is_secret and not is_secret:
        message = _("This is a secret. Use --secret, which keeps it out of the configuration.")
        raise ValidationError(message, "is_secret")
    if is_secret and not found.is_secret:
        raise ValidationError(_("This is not a secret. Use --set."), "not_secret")
    return found


def _read_value(rule: Field, text: str) -> Any:
    """Returns the value of `key=value` or `key:=JSON`; None or "" for an empty one."""
    key, separator, value = text.partition("=")
    if not separator:
        raise ValidationError(_("Write it as key=value."), "bad_format")
    if key.endswith(":"):
        return _read_json(value)
    if rule.kind is FieldKind.BOOLEAN:
        if value and value.lower() not in BOOLEANS:
            raise ValidationError(_("Use true or false."), "wrong_type")
        return BOOLEANS[value.lower()] if value else None
    form_field = form_fields.form_field(rule)
    form_field.required = False
    try:
        return form_field.clean(value)
    except ValidationError as error:
        raise ValidationError(" ".join(error.messages), "bad_format") from None


def _read_json(text: str) -> Any:
    try:
        # Alone first: inside an object, `1, "other": 2` would be JSON too.
        json.loads(text)
        return strict_json.loads(f'{{"value": {text}}}'.encode())["value"]
    except (ValueError, RecursionError, strict_json.NotJson):
        raise ValidationError(_("What stands behind := is not JSON."), "not_json") from None


def _read_secret(rule: Field, text: str) -> SecretChange:
    """Returns the change of `key=value`, `key=@FILE` or `key=env:NAME`."""
    _key, separator, source = text.partition("=")
    if not separator:
        raise ValidationError(_("Write it as key=value, key=@FILE or key=env:NAME."), "bad_format")
    secret = source
    if source.startswith("@"):
        secret = _read_file(Path(source[1:]))
    elif source.startswith("env:"):
        name = source.removeprefix("env:")
        if name not in os.environ:
            raise ValidationError(_("There is no such environment variable."), "no_such_variable")
        secret = os.environ[name]
    if not secret.strip():
        raise ValidationError(_("The secret is empty."), "required")
    return SecretField(rule).clean(PostedSecret(Action.REPLACE, secret))


def _read_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode()
    except (OSError, ValueError):
        raise ValidationError(_("The file cannot be read as text."), "unreadable_file") from None
