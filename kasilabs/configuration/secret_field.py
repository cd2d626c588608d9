"""A secret on a form: three explicit decisions, and no way for a value to come back out into a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from kasilabs.configuration import form_fields
from kasilabs.configuration.schema import Field
from kasilabs.configuration.secrets import NOT_SET, Action, SecretChange, SecretState

ACTION_SUFFIX = "__action"


@dataclass(frozen=True)
class PostedSecret:
    """What was posted for one secret: an action and perhaps a text, which no representation shows."""

    action: str
    text: str = field(default="", repr=False)


class SecretInput(forms.Widget):
    """Reads `<field>` and `<field>__action`. The template of SecretField shows it, and has no value."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> PostedSecret:  # noqa: ARG002
        return PostedSecret(data.get(name + ACTION_SUFFIX, ""), data.get(name, ""))

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:  # noqa: ARG002
        return name not in data and name + ACTION_SUFFIX not in data

    def format_value(self, value: Any) -> None:  # noqa: ARG002
        """Returns None: a typed secret is never sent back, not even into the form it came from."""
        return


class SecretBoundField(forms.BoundField):
    """A secret as a page shows it."""

    field: "SecretField"

    @property
    def action(self) -> Action:
        """The action that stands chosen on the page: after an error the text has to be entered again."""
        posted: PostedSecret = self.data
        if posted.action == Action.CLEAR:
            return Action.CLEAR
        is_open = bool(self.errors) or posted.action == Action.REPLACE or self.field.needs_entry
        return Action.REPLACE if is_open else Action.KEEP

    @property
    def choices(self) -> list[tuple[Action, Promise]]:
        """The actions a person can choose from, each with its label."""
        keep = [] if self.field.needs_entry else [(Action.KEEP, _("Keep"))]
        clear = [(Action.CLEAR, _("Clear"))] if self.field.is_optional and self.field.state.is_set else []
        return [*keep, (Action.REPLACE, _("Replace")), *clear]

    @property
    def has_choice(self) -> bool:
        """Whether there is more to do than to enter the value."""
        return len(self.choices) > 1


class SecretField(forms.Field):
    """One secret; its cleaned value is a SecretChange."""

    widget = SecretInput
    bound_field_class = SecretBoundField

    def __init__(self, rule: Field, state: SecretState = NOT_SET, *, is_locked: bool = False) -> None:
        super().__init__(
            required=rule.required,
            label=rule.title,
            help_text=form_fields.help_text(rule),
            disabled=is_locked,
            template_name="configuration/secret_field.html",
        )
        self.rule = rule
        self.state = state

    @property
    def needs_entry(self) -> bool:
        """Whether there is nothing to keep: the secret is not set, or cannot be opened."""
        return not self.state.is_set or not self.state.is_readable

    @property
    def is_optional(self) -> bool:
        return not self.required

    def clean(self, value: PostedSecret | None) -> SecretChange:
        """Returns the decision. None is a locked field, which keeps what is there.

        A missing action is read from what was typed. Raises ValidationError for a contradiction, which is not guessed.
        """
        if value is None:
            return SecretChange(self.rule.pointer, Action.KEEP)
        action = value.action or (Action.REPLACE if value.text or self.needs_entry else Action.KEEP)
        if action == Action.REPLACE:
            return self._clean_replacement(value.text.strip())
        if action not in set(Action) or value.text:
            raise ValidationError(_("Choose Replace to store what you typed."), "contradiction")
        if action == Action.CLEAR and self.required:
            raise ValidationError(_("The plugin cannot work without this. Keep or replace it."), "required")
        if action == Action.KEEP and self.needs_entry and (self.required or self.state.is_set):
            raise ValidationError(_("Enter the value."), "required")
        return SecretChange(self.rule.pointer, Action(action))

    def _clean_replacement(self, text: str) -> SecretChange:
        """Returns the change to a new text; an empty one leaves an optional secret unset."""
        if not text and (self.state.is_set or self.required):
            raise ValidationError(_("Enter the value."), "required")
        if not text:
            return SecretChange(self.rule.pointer, Action.KEEP)
        if "\0" in text:
            raise ValidationError(_("A NUL character cannot be stored."), "bad_format")
        if len(text) < (least := self.rule.min_length):
            words = ngettext("Use at least %(n)d character.", "Use at least %(n)d characters.", least)
            raise ValidationError(words % {"n": least}, "too_short")
        if len(text) > (most := self.rule.max_length):
            words = ngettext("Use at most %(n)d character.", "Use at most %(n)d characters.", most)
            raise ValidationError(words % {"n": most}, "too_long")
        return SecretChange(self.rule.pointer, Action.REPLACE, text)
