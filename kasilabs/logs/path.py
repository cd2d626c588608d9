"""The way one call took through the gates, as its row tells it."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kasilabs.logs.gates import AROUND, QUESTIONS, STANDING, Gate
from kasilabs.logs.models import Call, CallState


class Verdict(StrEnum):
    """What one gate said."""

    PASSED = "passed"
    STOPPED = "stopped"
    LATER = "later"


@dataclass(frozen=True)
class Step:
    """One gate on the way; `note` says what it asks, `sentence` why it refused."""

    name: str
    verdict: Verdict
    note: str | Promise
    sentence: str | Promise = ""


def steps(call: Call) -> list[Step]:
    """Return the gates in order: those passed, the one that stopped the call, those it never came to."""
    verdicts = {asked["gate"]: asked["passed"] for asked in call.gate_trace}
    if not verdicts:
        return []
    order = [gate.value for gate in (*STANDING, *AROUND)]
    order += [name for name in verdicts if name not in order]
    return [_step(name, verdicts.get(name), call) for name in order]


def _step(name: str, passed: bool | None, call: Call) -> Step:  # noqa: FBT001
    if passed is None:
        return Step(name, Verdict.LATER, "")
    note = QUESTIONS[Gate(name)] if name in set(Gate) else ""
    if passed:
        return Step(name, Verdict.PASSED, note)
    return Step(name, Verdict.STOPPED, note, sentence=summary(call))


def summary(call: Call) -> str | Promise:
    """Return the sentence that says how the call ended; nothing for one that succeeded."""
    if call.state == CallState.OPEN:
        return _("The plugin has not answered yet.")
    if call.state == CallState.LOST:
        return _("Nobody recorded how this ended: the platform stopped meanwhile. The plugin may have done its work.")
    return call.detail or call.reason or call.code
