"""What came of a tool call that was sent."""

from dataclasses import dataclass, field
from typing import Any

from kasilabs.logs.gates import Gate


@dataclass
class DispatchResult:
    """What came of a call. `output` is there exactly when `code` is empty.

    `tokens` are this call's own and what signed them: neither may be read in the answer or in the log.
    `seen` is the whole answer: the log hides first and cuts then, or half a secret would stand at the cut.
    """

    code: str = ""
    reason: str = ""
    gate: Gate | None = None
    output: dict[str, Any] | None = None
    seen: Any = None
    plugin_status: int | None = None
    plugin_code: str | None = None
    plugin_message: str | None = None
    response_bytes: int | None = None
    attempts: int = 0
    timings: dict[str, float] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
