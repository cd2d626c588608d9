"""Settings as a command line writes them: `key=value`, `key:=JSON`, and secrets from a value, a file or a variable.

Every value goes through the form field of the dashboard, so that both doors read the same text the same way.
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
from kasilabs.configuration.secret_field import SecretField, Typed
from kasilabs.configuration.secrets import NOT_SET, Action, SecretChange
from kasilabs.lib.documents import strict_json
from kasilabs.lib.refusal import Refused

WORDS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
LARGEST_FILE = 64 * 1024


@dataclass(frozen=True)
class ParsedSettings:
    """What the command line asks for. `unset` names what it wants back at its default (`key=` with nothing behind)."""

    values: dict[str, Any]
    unset: frozenset[str]
    secret_changes: list[SecretChange] = field(repr=False)

    def over(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stored values with these over them; what is not named stays as it is."""
        kept = {name: value for name, value in stored.items() if name not in self.unset}
        return kept | self.values


def read_settings(schema: ConfigSchema, pairs: Iterable[str], secrets: Iterable[str]) -> ParsedSettings:
    """Read all `--set` and `--secret` values. Raises Refused (`bad_settings`) that lists every fault at once."""
    found: dict[str, Any] = {}
    faults: list[dict[str, object]] = []
    for is_secret, text in [*((False, pair) for pair in pairs), *((True, secret) for secret in secrets)]:
        name = _name(text)
        try:
            rule = _rule(schema, name, found, is_secret=is_secret)
            found[name] = _secret(rule, text) if is_secret else _plain(rule, text)
        except ValidationError as error:
            at = _pointer(schema, name, is_secret=is_secret)
            faults.append({"pointer": at, "code": error.code, "message": " ".join(error.messages)})
    if faults:
        raise Refused("bad_settings", _("Some settings cannot be used. Nothing was changed."), faults)
    return _sorted_out(found)


def _sorted_out(found: Mapping[str, Any]) -> ParsedSettings:
    changes = [value for value in found.values() if isinstance(value, SecretChange)]
    plain = {name: value for name, value in found.items() if not isinstance(value, SecretChange)}
    values = {name: value for name, value in plain.items() if value is not None and value != ""}
    return ParsedSettings(values, frozenset(plain) - frozenset(values), changes)


def _name(text: str) -> str:
    return text.partition("=")[0].removesuffix(":")


def _pointer(schema: ConfigSchema, name: str, *, is_secret: bool) -> str:
    """Return where a fault is. What is no name of a field may be the secret itself, so it is not repeated."""
    return "" if is_secret and schema.field(name) is None else f"/{name}"


def _rule(schema: ConfigSchema, name: str, found: Mapping[str, Any], *, is_secret: bool) -> Field:
    rule = schema.field(name)
    if rule is None:
        known = ", ".join(field.name for field in schema.fields if field.is_secret is is_secret) or "-"
        raise ValidationError(_("There is no such setting. Known: %(names)s.") % {"names": known}, "unknown_key")
    if name in found:
        raise ValidationError(_("This is named twice."), "duplicate")
    if rule.is_secret and not is_secret:
        raise ValidationError(
            _("This is a secret. Use --secret, which keeps it out of the configuration."), "is_secret"
        )
    if is_secret and not rule.is_secret:
        raise ValidationError(_("This is not a secret. Use --set."), "not_secret")
    return rule


def _plain(rule: Field, text: str) -> Any:
    before, separator, value = text.partition("=")
    if not separator:
        raise ValidationError(_("Write it as key=value."), "bad_format")
    if before.endswith(":"):
        return _json(value)
    if rule.kind is FieldKind.BOOLEAN:
        return _boolean(value)
    try:
        made = form_fields.form_field(rule)
        made.required = False
        return made.clean(value)
    except ValidationError as error:
        raise ValidationError(" ".join(error.messages), "bad_format") from None


def _boolean(value: str) -> bool | None:
    if not value:
        return None
    if value.lower() not in WORDS:
        raise ValidationError(_("Use true or false."), "wrong_type")
    return WORDS[value.lower()]


def _json(text: str) -> Any:
    try:
        json.loads(text)
        return strict_json.loads(f'{{"value": {text}}}'.encode())["value"]
    except (ValueError, RecursionError, strict_json.NotJson):
        raise ValidationError(_("What stands behind := is not JSON."), "not_json") from None


def _secret(rule: Field, assignment: str) -> SecretChange:
    __, separator, source = assignment.partition("=")
    if not separator:
        raise ValidationError(_("Write it as key=value, key=@FILE or key=env:NAME."), "bad_format")
    text = _from(source)
    if not text.strip():
        raise ValidationError(_("The secret is empty."), "required")
    return SecretField(rule, NOT_SET).clean(Typed(Action.REPLACE, text))


def _from(source: str) -> str:
    if source.startswith("@"):
        return _file(Path(source[1:]))
    if source.startswith("env:"):
        return _variable(source.removeprefix("env:"))
    return source


def _file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_FILE).decode()
    except (OSError, ValueError):
        raise ValidationError(_("The file cannot be read as text."), "unreadable_file") from None


def _variable(name: str) -> str:
    if name not in os.environ:
        raise ValidationError(_("There is no such environment variable."), "no_such_variable")
    return os.environ[name]
