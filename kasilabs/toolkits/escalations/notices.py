"""Telling people that somebody waits for them."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Member
from kasilabs.accounts.notices.kinds import Kind
from kasilabs.accounts.notices.notify import notify
from kasilabs.toolkits.escalations.models import Escalation
from kasilabs.whatsapp import chat_answerers

ARRIVED = Kind(
    name="escalation_arrived",
    label=_("A customer waits for a person"),
    sentence=_("A customer on %(number)s waits for a person (%(mode)s, priority %(priority)s)."),
)
GIVEN = Kind(
    name="escalation_given",
    label=_("A customer was handed to you"),
    sentence=_("A customer on %(number)s was handed to you (%(mode)s, priority %(priority)s)."),
)


def tell_answerers(escalation: Escalation) -> None:
    """Tells everybody who answers the chats of its number, in the caller's transaction."""
    named = escalation.instance.chat_answerers.select_related("member__user").order_by("pk")
    for answerer in named:
        if chat_answerers.may_answer(answerer.member):
            _tell(ARRIVED, answerer.member, escalation)


def tell_holder(escalation: Escalation, holder: Member) -> None:
    """Tells the member whom it was given to, in the caller's transaction."""
    _tell(GIVEN, holder, escalation)


def _tell(kind: Kind, member: Member, escalation: Escalation) -> None:
    """Says neither why nor who: a mail leaves the platform."""
    notify(
        user=member.user,
        kind=kind.name,
        parameters={
            "number": escalation.instance.name,
            "mode": escalation.mode,
            "priority": escalation.priority,
        },
        organization=escalation.organization,
        link=reverse("escalations:detail", args=[escalation.organization.slug, escalation.public_id]),
    )
