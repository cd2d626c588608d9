"""The gates a call was asked at, as its row stores them and as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from kasilabs.logs.gates import CALL_GATES, QUESTIONS, Gate
from kasilabs.logs.models import Call


def gate_trace(asked: Sequence[Gate], refusing: Gate | None = None) -> list[dict[str, Any]]:
    """Returns what a row stores: each gate that was asked, in order, and whether it let the call pass.

    Those of `asked` before `refusing` did. The one that refused is the last.
    """
    passed = asked[: asked.index(refusing)] if refusing in asked else asked
    trace: list[dict[str, Any]] = [{"gate": gate.value, "passed": True} for gate in passed]
    return trace if refusing is None else [*trace, {"gate": refusing.value, "passed": False}]


class GateResult(StrEnum):
    """What one gate did."""

    PASSED = "passed"
    REFUSED = "refused"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True)
class GateStep:
    """One gate on a page. `note` says what it asks, `message` why it refused."""

    name: str
    result: GateResult
    note: str | Promise = ""
    message: str | Promise = ""


def steps(call: Call) -> list[GateStep]:
    """Returns every gate in order: those passed, the one that refused the call, those it never reached."""
    passed = {each["gate"]: each["passed"] for each in call.gate_trace}
    if not passed:
        return []
    names = [gate.value for gate in CALL_GATES]
    found = []
    for name in names + [name for name in passed if name not in names]:
        question = QUESTIONS[Gate(name)] if name in set(Gate) else ""
        if name not in passed:
            found.append(GateStep(name, GateResult.NOT_REACHED))
        elif passed[name]:
            found.append(GateStep(name, GateResult.PASSED, question))
        else:
            found.append(GateStep(name, GateResult.REFUSED, question, call.summary))
    return found
