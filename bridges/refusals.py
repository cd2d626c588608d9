"""What a bridge request is refused with. Every status, code and sentence before the claim is here."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.decision import reasons
from grants.decision.gates import Decision
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.logs.gates import Gate


@dataclass(eq=False)
class RequestRefused(Exception):
    """A bridge request ends before anything is done. `retry_after` is in seconds."""

    status: int
    code: str
    detail: str | Promise
    gate: Gate | None = None
    errors: Sequence[SchemaViolation] = field(default=())
    retry_after: int | None = None


def invalid_chat_token() -> RequestRefused:
    return RequestRefused(401, "invalid_chat_token", _("The chat token is not valid for this request."))


def not_found() -> RequestRefused:
    return RequestRefused(404, "not_found", _("There is nothing with this id."))


def invalid_input(violations: Sequence[SchemaViolation]) -> RequestRefused:
    detail = _("The body does not fit what this address takes.")
    return RequestRefused(422, "invalid_input", detail, Gate.INPUT_SCHEMA, errors=violations)


def wrong_member(pointer: str, code: str, message: str | Promise) -> RequestRefused:
    return invalid_input([SchemaViolation(pointer, code, str(message))])


def by_gate(decision: Decision) -> RequestRefused:
    return RequestRefused(403, "refused", reasons.message(decision), decision.gate)


def not_in_chat_token(permission: str) -> RequestRefused:
    detail = _("%(permission)s was not in force when this chat token was made.") % {"permission": permission}
    return RequestRefused(403, "refused", detail, Gate.PERMISSION_GRANT)


def rate_limited(retry_after: int) -> RequestRefused:
    detail = _("Too many bridge requests of this installation.")
    return RequestRefused(429, "rate_limited", detail, Gate.RATE_LIMIT, retry_after=retry_after)


def use_cap_reached() -> RequestRefused:
    detail = _("This chat token has served this kind of action as often as it may.")
    return RequestRefused(429, "use_cap_reached", detail, Gate.RATE_LIMIT)


def in_progress(retry_after: int) -> RequestRefused:
    detail = _("The first request with this idempotency key is still running.")
    return RequestRefused(409, "in_progress", detail, retry_after=retry_after)


def key_reused() -> RequestRefused:
    detail = _("This idempotency key belongs to another request.")
    return RequestRefused(422, "idempotency_key_reused", detail)


def key_expired() -> RequestRefused:
    detail = _("This idempotency key was used long ago, and its answer is no longer kept. Nothing was done again.")
    return RequestRefused(422, "idempotency_key_expired", detail)
