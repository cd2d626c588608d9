"""Who answers the chats of a number: members it names, as long as they may (`chats.answer`) and are active."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from kasilabs.accounts import audit
from kasilabs.accounts.models import Member
from kasilabs.accounts.permissions import Permission
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp.models import Instance


@dataclass(frozen=True)
class Answerer:
    """A member a number names; who lost account or permission does not count."""

    member: Member

    @property
    def counts(self) -> bool:
        return may_answer(self.member)


@dataclass(frozen=True)
class Answerers:
    """The members a number names, and those it could name besides, by name."""

    named: list[Answerer]
    others: list[Member]


def may_answer(member: Member) -> bool:
    return member.user.is_active and member.may(Permission.CHATS_ANSWER)


def load(instance: Instance) -> Answerers:
    """Returns who answers the chats of a number, and who else may."""
    members = list(instance.organization.members.select_related("user").order_by("user__name", "pk"))
    named = set(instance.chat_answerers.values_list("member", flat=True))
    return Answerers(
        named=[Answerer(member) for member in members if member.pk in named],
        others=[member for member in members if member.pk not in named and may_answer(member)],
    )


def add(*, instance: Instance, member: Member, actor: audit.Actor) -> None:
    """Names a member who answers the chats of a number. Raises Refused (`cannot_answer`)."""
    with audit.act(actor=actor, action="number.answerer_added", organization=instance.organization) as act:
        current = instance.organization.members.select_for_update(of=("self",)).select_related("user")
        found = current.filter(pk=member.pk).first()
        if found is None or not may_answer(found):
            raise Refused("cannot_answer", _("%(person)s may not answer chats.") % {"person": member.user})
        _row, is_new = instance.chat_answerers.get_or_create(
            member=found, defaults={"organization_id": instance.organization_id}
        )
        act.on(instance.public_id, instance.name)
        act.change(after={"answers": found.user.email})
        if not is_new:
            act.nothing()


def remove(*, instance: Instance, member: Member, actor: audit.Actor) -> None:
    """Takes a member from those who answer the chats of a number."""
    with audit.act(actor=actor, action="number.answerer_removed", organization=instance.organization) as act:
        removed, _rows = instance.chat_answerers.filter(member=member).delete()
        act.on(instance.public_id, instance.name)
        act.change(before={"answers": member.user.email})
        if not removed:
            act.nothing()
