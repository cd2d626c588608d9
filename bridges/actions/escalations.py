"""Handing a conversation to people. The ESCALATIONS toolkit owns it."""

from typing import Annotated, Literal

from pydantic import StringConstraints, model_validator

from bridges.actions.action import ActionBody, Asked, Command, Outcome, origin_of, scope_of, target_of
from bridges.models import BridgeCall
from installations.models import Installation
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.request_bodies import PRINTABLE, TEXT, checked, fault
from kasilabs.toolkits.escalations import changes
from kasilabs.toolkits.escalations.models import Escalation, Priority


def _is_not_blank(text: str) -> bool:
    return not text.isspace()


NOT_BLANK = checked(_is_not_blank, "pattern", "Write something that can be seen.")


class EscalationIn(ActionBody):
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500), TEXT, NOT_BLANK]
    priority: Literal["low", "normal", "high", "urgent"]
    summary: Annotated[str, StringConstraints(min_length=1, max_length=2000), TEXT] | None = None


class AssignmentIn(ActionBody):
    queue: Annotated[str, StringConstraints(min_length=1, max_length=64), PRINTABLE, NOT_BLANK] | None = None
    memberEmail: Annotated[str, StringConstraints(min_length=3, max_length=254), PRINTABLE] | None = None  # noqa: N815

    @model_validator(mode="after")
    def _is_one(self) -> "AssignmentIn":
        if (self.queue is None) == (self.memberEmail is None):
            raise fault("oneOf", "Name a queue or the email address of a member, and not both.")
        return self


def find_escalation(installation: Installation, public_id: str) -> Escalation | None:
    """Returns an escalation that the plugin has made, whatever installation of it was there then."""
    escalations = Escalation.objects.in_scope(scope_of(installation))
    escalation: Escalation | None = escalations.filter(id=Escalation.decode_id(public_id)).first()
    return escalation


def _violations(asked: Asked, body: AssignmentIn) -> list[SchemaViolation]:
    """Says whether the member may answer chats; who is no member reads the same."""
    if body.memberEmail is None or changes.find_answerer(asked.sender.organization, body.memberEmail):
        return []
    return [SchemaViolation("/memberEmail", "enum", str(changes.NOBODY))]


def _create(call: BridgeCall, body: EscalationIn) -> Outcome:
    priority = Priority(body.priority)
    escalation = changes.create(origin_of(call), reason=body.reason, priority=priority, summary=body.summary or "")
    return Outcome(escalation.as_json())


def _assign(call: BridgeCall, body: AssignmentIn) -> Outcome:
    escalation = Escalation.objects.select_related("organization", "instance").get(id=target_of(call))
    if body.memberEmail is not None:
        changes.give_for_plugin(escalation, body.memberEmail)
    elif body.queue is not None:
        changes.queue_for_plugin(escalation, body.queue)
    return Outcome(escalation.as_json())


CREATE = Command(
    name="escalations:create",
    permission="bridge:escalations:create",
    body=EscalationIn,
    perform=_create,
    needs_customer=True,
)
ASSIGN = Command(
    name="escalations:assign",
    permission="bridge:escalations:assign",
    find=find_escalation,
    body=AssignmentIn,
    violations=_violations,
    perform=_assign,
)
