"""The configuration form, made from the compiled Config Schema of the pinned version.

Order of checks: each field by itself, then the whole configuration by the schema's validator, then what the secrets
need. Plain values that were typed come back after an error; secrets never do, and the form says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kasilabs.configuration import form_fields
from kasilabs.configuration import values as configuration
from kasilabs.configuration.schema import ConfigSchema, Field
from kasilabs.configuration.secret_field import SecretField
from kasilabs.configuration.secrets import NOT_SET, Action, SecretChange, SecretState

VERSION = "config__version"
"""Cannot be the name of a setting: manifests may not use two underscores in a row."""


class VersionField(forms.IntegerField):
    """Which configuration a person saw before changing it. Where a form does not say, it gets the one of now."""

    widget = forms.HiddenInput
    default_error_messages = dict.fromkeys(
        ("required", "invalid"),
        _("It is not known what stood here when you began. Look whether this is still what you want, and save again."),
    )

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return self.clean(data)
        except forms.ValidationError:
            return initial


@dataclass(frozen=True)
class Stored:
    """What is configured now: the sparse values, what is known of the secrets, and the number of this revision."""

    values: Mapping[str, Any]
    secrets: Mapping[str, SecretState]
    version: int


class ConfigurationForm(forms.Form):
    """Changes a configuration, or writes the first one (`stored` is None).

    After `is_valid`: `values` (sparse), `secret_changes`, `trimmed` (labels of secrets that had spaces around them).
    """

    def __init__(
        self,
        schema: ConfigSchema,
        stored: Stored | None = None,
        data: Mapping[str, Any] | None = None,
        *,
        may_set_secrets: bool = True,
    ) -> None:
        self.schema = schema
        self.may_set_secrets = may_set_secrets
        self.stored: Mapping[str, Any] = stored.values if stored else {}
        self.states: Mapping[str, SecretState] = stored.secrets if stored else {}
        version = stored.version if stored else 0
        super().__init__(data, initial={**configuration.effective(schema, self.stored), VERSION: version})
        self.fields[VERSION] = VersionField(required=stored is not None)
        for rule in filter(self._is_offered, schema.fields):
            state = self.states.get(rule.pointer, NOT_SET)
            secret = SecretField(rule, state, is_locked=not may_set_secrets) if rule.is_secret else None
            self.fields[rule.name] = secret or form_fields.form_field(rule)

    def _is_offered(self, rule: Field) -> bool:
        """A deprecated field is offered only where it holds something, or has to."""
        is_used = rule.required or rule.name in self.stored or rule.pointer in self.states
        return is_used or not rule.deprecated

    def clean(self) -> dict[str, Any]:
        self._check_together()
        self._check_destinations()
        if self.errors:
            self._ask_for_secrets_again()
        return self.cleaned_data

    def plain_field(self, name: str) -> forms.BoundField | None:
        """Return one field as it stands after its check; None for a secret, which is not checked while it is typed."""
        rule = self.schema.field(name)
        return self[name] if rule and not rule.is_secret and name in self.fields else None

    def refuse(self, sentence: str) -> None:
        """Say why a form that was sound in itself was not saved."""
        self.add_error(None, sentence)
        self._ask_for_secrets_again()

    @property
    def values(self) -> dict[str, Any]:
        """What the form says, as far as it is sound: only what was set, and only where it is not the default."""
        found = {rule.name: self.cleaned_data.get(rule.name) for rule in self.schema.plain}
        entered = {name: value for name, value in found.items() if value is not None and value != ""}
        return configuration.sparse(self.schema, entered)

    @property
    def secret_changes(self) -> list[SecretChange]:
        """The secrets to replace and to clear."""
        return [change for change in self._decisions().values() if change.action is not Action.KEEP]

    @property
    def trimmed(self) -> list[str]:
        """Labels of secrets whose surrounding spaces were left out: a person who pasted them should know."""
        return [
            str(self.fields[name].label)
            for name, change in self._decisions().items()
            if change.text and self[name].data.text != change.text
        ]

    def _decisions(self) -> dict[str, SecretChange]:
        found = {rule.name: self.cleaned_data.get(rule.name) for rule in self.schema.secrets}
        return {name: change for name, change in found.items() if change is not None}

    def _check_together(self) -> None:
        """Check the configuration as a whole; a field that failed by itself keeps its own sentence."""
        for violation in configuration.violations(self.schema, self.values):
            name = violation.pointer[1:]
            rule = self.schema.field(name)
            if name not in self.fields or name in self.errors:
                continue
            own = rule.pattern_message if rule and violation.code == "pattern" else ""
            self.add_error(name, forms.ValidationError(own or violation.message, violation.code))

    def _check_destinations(self) -> None:
        """A kept secret must not follow an address that somebody changed: it has to be entered again."""
        moved = configuration.changed_destinations(self.schema, self.stored, self.values)
        moved = [rule for rule in moved if rule.name not in self.errors]
        kept = configuration.kept_over_move(self.schema, self.stored, self.values, self.states, self.secret_changes)
        words = _("You changed %(field)s. Enter this again, so that it goes only where you mean it to go.")
        for rule in kept if moved else ():
            self.add_error(rule.name, forms.ValidationError(words % {"field": moved[0].title}, "destination_changed"))

    def _ask_for_secrets_again(self) -> None:
        typed = [name for name, change in self._decisions().items() if change.action is Action.REPLACE]
        for name in typed:
            words = _("Enter it again. Nothing was saved, and secrets are not kept on the page.")
            self.add_error(name, forms.ValidationError(words, "enter_again"))
