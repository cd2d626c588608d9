"""The gates a call was asked at, as its row stores them and as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from kasilabs.logs.gates import BEFORE_SENDING, BRIDGE_GATES, CALL_GATES, QUESTIONS, Gate
from kasilabs.logs.models import Call, CallState


def gate_trace(asked: Sequence[Gate], refusing: Gate | None = None) -> list[dict[str, Any]]:
    """Returns what a row stores: each gate that was asked, in order, and whether it let the call pass.

    Those of `asked` before `refusing` did. The one that refused is the last.
    """
    passed = asked[: asked.index(refusing)] if refusing in asked else asked
    trace: list[dict[str, Any]] = [{"gate": gate.value, "passed": True} for gate in passed]
    return trace if refusing is None else [*trace, {"gate": refusing.value, "passed": False}]


def gates_asked(call: Call) -> tuple[Gate, ...]:
    """Returns the gates that a call which was sent came to. Whatever the plugin answers, it has looked at the token."""
    if call.state == CallState.SUCCEEDED or call.gate == Gate.RESPONSE:
        return CALL_GATES
    return BEFORE_SENDING if call.plugin_status is None else (*BEFORE_SENDING, Gate.PLUGIN_AUTH)


class GateResult(StrEnum):
    """What one gate did."""

    PASSED = "passed"
    REFUSED = "refused"
    DECLINED = "declined"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True)
class GateStep:
    """One gate on a page. `note` says what it asks, `message` why it refused or what the plugin declined with."""

    name: str
    result: GateResult
    note: str | Promise = ""
    message: str | Promise = ""


def steps(call: Call) -> list[GateStep]:
    """Returns every gate in order: those passed, the one that ended the call, those it never reached."""
    passed = {each["gate"]: each["passed"] for each in call.gate_trace}
    if not passed:
        return []
    names = [gate.value for gate in (BRIDGE_GATES if call.is_bridge else CALL_GATES)]
    found = []
    for name in names + [name for name in passed if name not in names]:
        question = QUESTIONS[Gate(name)] if name in set(Gate) else ""
        if name not in passed:
            found.append(GateStep(name, GateResult.NOT_REACHED))
        elif passed[name]:
            found.append(GateStep(name, GateResult.PASSED, question))
        else:
            result = GateResult.DECLINED if name == Gate.BUSINESS else GateResult.REFUSED
            found.append(GateStep(name, result, question, call.summary))
    return found
