from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Member, Organization
from kasilabs.lib.text import invisible
from kasilabs.whatsapp import chat_answerers

WAITING, MINE, TEAMMATES, RESOLVED = "waiting", "mine", "teammates", "resolved"


class ShowForm(forms.Form):
    """The query string of the queue, read strictly."""

    show = forms.ChoiceField(
        required=False,
        choices=[
            (WAITING, _("Waiting")),
            (MINE, _("Mine")),
            (TEAMMATES, _("Teammates")),
            (RESOLVED, _("Resolved")),
        ],
    )


class AssignForm(forms.Form):
    """To whom an escalation goes: a person, or a queue."""

    person = forms.ChoiceField(label=_("Person"), required=False, help_text=_("Everybody here may answer chats."))
    queue = forms.CharField(
        label=_("Queue"),
        required=False,
        max_length=64,
        validators=[invisible.validate_visible],
        help_text=_("In a queue it waits until somebody takes it."),
    )

    def __init__(self, data: QueryDict | None = None, *, organization: Organization) -> None:
        super().__init__(data)
        members = organization.members.select_related("user").order_by("user__name", "pk")
        self.members = {str(member.user_id): member for member in members if chat_answerers.may_answer(member)}
        people = [(key, str(member.user)) for key, member in self.members.items()]
        cast(forms.ChoiceField, self.fields["person"]).choices = [("", _("Nobody: into a queue")), *people]

    def clean(self) -> None:
        if bool(self.cleaned_data.get("person")) == bool(self.cleaned_data.get("queue")) and not self.errors:
            self.add_error("person", _("Choose a person, or name a queue, and not both."))

    @property
    def member(self) -> Member | None:
        return self.members.get(self.cleaned_data["person"])


class NoteForm(forms.Form):
    """What was done for the customer."""

    note = forms.CharField(
        label=_("Note"),
        max_length=200,
        validators=[invisible.validate_visible],
        help_text=_("What was done. It stands with the escalation and in the audit trail."),
    )
