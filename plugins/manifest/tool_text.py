"""What the words of a tool tell: whether it is described as an instruction, and whether it sounds dangerous.

The patterns know English words. They are for advice only; nothing is refused because of them.
"""

import re

from plugins.manifest.document import Tool

MIN_WORDS = 8

_WHEN = re.compile(r"\b(when|whenever|if (a|the) (customer|person|user)|before|after) \w+", re.IGNORECASE)
_MONEY = re.compile(
    r"(?:\b|_)(pay|pays|payment|payments|payout|refund|refunds|charge|charges|invoice|invoices|transfer|debit|withdraw)"
    r"(?:\b|_)",
    re.IGNORECASE,
)


def is_label(tool: Tool) -> bool:
    """Returns whether the description only names the tool, as "Delivery lookup." does."""
    return len(re.findall(r"\w+", tool.description)) < MIN_WORDS


def says_when(tool: Tool) -> bool:
    """Returns whether the description tells the agent when to use the tool."""
    return bool(_WHEN.search(tool.description))


def is_dangerous(tool: Tool) -> bool:
    """Returns whether a tool says of itself that it destroys, or is named after money and does not only read."""
    if tool.annotations.read_only:
        return False
    return tool.annotations.raw.get("destructiveHint") is True or bool(_MONEY.search(f"{tool.name} {tool.title}"))
