"""The configuration form, made from the compiled Config Schema of the pinned version.

Order of checks: each field by itself, then the whole configuration by the schema's validator, then the secrets. Plain
values that were typed come back after an error; secrets never do, and the form says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kasilabs.configuration import form_fields
from kasilabs.configuration.schema import ConfigSchema, Field
from kasilabs.configuration.secret_field import SecretField
from kasilabs.configuration.secrets import NOT_SET, Action, SecretChange, SecretState
from kasilabs.configuration.values import changed_addresses, effective, secrets_to_reenter, sparse, violations
from kasilabs.lib.documents.json_schema import TOO_COSTLY

VERSION = "config__version"
"""Cannot be the name of a setting: manifests may not use two underscores in a row."""


class VersionField(forms.IntegerField):
    """Which configuration a person saw before changing it. A form that does not say it is shown again with today's."""

    widget = forms.HiddenInput
    default_error_messages = dict.fromkeys(
        ("required", "invalid"),
        _("It is not known what was saved when you began. Check that this is still what you want, and save again."),
    )

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return self.clean(data)
        except forms.ValidationError:
            return initial


@dataclass(frozen=True)
class StoredConfiguration:
    """What is configured now: the sparse values, what is known of the secrets, and the number of this revision."""

    values: Mapping[str, Any]
    secrets: Mapping[str, SecretState]
    version: int


class ConfigurationForm(forms.Form):
    """Changes a configuration, or writes the first one (`stored` is None).

    After `is_valid`: `values` (sparse), `secret_changes`, `trimmed_labels`.
    """

    def __init__(
        self,
        schema: ConfigSchema,
        stored: StoredConfiguration | None = None,
        data: Mapping[str, Any] | None = None,
        *,
        may_set_secrets: bool = True,
    ) -> None:
        self.schema = schema
        self.may_set_secrets = may_set_secrets
        self.stored_values: Mapping[str, Any] = stored.values if stored else {}
        self.states: Mapping[str, SecretState] = stored.secrets if stored else {}
        version = stored.version if stored else 0
        super().__init__(data, initial={**effective(schema, self.stored_values), VERSION: version})
        self.fields[VERSION] = VersionField(required=stored is not None)
        for rule in schema.fields:
            is_used = rule.required or rule.name in self.stored_values or rule.pointer in self.states
            # A deprecated field is offered only where it holds something, or has to.
            if rule.deprecated and not is_used:
                continue
            if rule.is_secret:
                state = self.states.get(rule.pointer, NOT_SET)
                self.fields[rule.name] = SecretField(rule, state, is_locked=not may_set_secrets)
            else:
                self.fields[rule.name] = form_fields.form_field(rule)

    def clean(self) -> dict[str, Any]:
        self._check_values()
        self._check_kept_secrets()
        if self.errors:
            self._ask_for_secrets_again()
        return self.cleaned_data

    def _check_values(self) -> None:
        """Checks the configuration as a whole; a field that failed by itself keeps its own sentence."""
        for violation in violations(self.schema, self.values):
            if violation.code == TOO_COSTLY:
                self.add_error(None, forms.ValidationError(violation.message, violation.code))
            name = violation.pointer[1:]
            if name not in self.fields or name in self.errors:
                continue
            rule: Field | None = self.schema.field(name)
            message = rule.pattern_message if rule and violation.code == "pattern" else ""
            self.add_error(name, forms.ValidationError(message or violation.message, violation.code))

    def _check_kept_secrets(self) -> None:
        """A kept secret must not follow an address that somebody changed: it has to be entered again."""
        changed = changed_addresses(self.schema, self.stored_values, self.values)
        changed = [rule for rule in changed if rule.name not in self.errors]
        if not changed:
            return
        message = _("You changed %(field)s. Enter this again, so that it goes only where you mean it to go.")
        for rule in secrets_to_reenter(self.schema, self.stored_values, self.values, self.states, self.secret_changes):
            error = forms.ValidationError(message % {"field": changed[0].title}, "destination_changed")
            self.add_error(rule.name, error)

    def _ask_for_secrets_again(self) -> None:
        typed = [name for name, change in self._secret_decisions().items() if change.action is Action.REPLACE]
        for name in typed:
            message = _("Enter it again. Nothing was saved, and secrets are not kept on the page.")
            self.add_error(name, forms.ValidationError(message, "enter_again"))

    def refuse(self, sentence: str) -> None:
        """Adds why a form that is valid in itself was not saved."""
        self.add_error(None, sentence)
        self._ask_for_secrets_again()

    def plain_field(self, name: str) -> forms.BoundField | None:
        """Returns one field as it stands after its check; None for a secret, which is not checked while it is typed."""
        rule = self.schema.field(name)
        return self[name] if rule and not rule.is_secret and name in self.fields else None

    @property
    def values(self) -> dict[str, Any]:
        """The valid values, sparse: only what was set, and only where it is not the default."""
        cleaned = {rule.name: self.cleaned_data.get(rule.name) for rule in self.schema.plain}
        entered = {name: value for name, value in cleaned.items() if value is not None and value != ""}
        return sparse(self.schema, entered)

    @property
    def secret_changes(self) -> list[SecretChange]:
        """The secrets to replace and to clear."""
        return [change for change in self._secret_decisions().values() if change.action is not Action.KEEP]

    @property
    def trimmed_labels(self) -> list[str]:
        """Labels of secrets whose surrounding spaces were left out: a person who pasted them should know."""
        return [
            str(self.fields[name].label)
            for name, change in self._secret_decisions().items()
            if change.text and self[name].data.text != change.text
        ]

    def _secret_decisions(self) -> dict[str, SecretChange]:
        """Returns the valid decisions by field name, those to keep included."""
        decisions = {rule.name: self.cleaned_data.get(rule.name) for rule in self.schema.secrets}
        return {name: change for name, change in decisions.items() if change is not None}
