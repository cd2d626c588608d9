"""What the words of a tool give away: a label instead of an instruction, no word about when, money, destruction.

Lint on English words, made for advice only; nothing is refused because of it.
"""

import re

from plugins.manifest.document import Tool

FEWEST_WORDS = 8

_WHEN = re.compile(r"\b(when|whenever|if (a|the) (customer|person|user)|before|after) \w+", re.IGNORECASE)
_MONEY = re.compile(
    r"(?:\b|_)(pay|pays|payment|payments|payout|refund|refunds|charge|charges|invoice|invoices|transfer|debit|withdraw)"
    r"(?:\b|_)",
    re.IGNORECASE,
)


def is_label(tool: Tool) -> bool:
    """Say whether the description only names the tool, as "Delivery lookup." does."""
    return len(re.findall(r"\w+", tool.description)) < FEWEST_WORDS


def says_when(tool: Tool) -> bool:
    """Say whether the description tells the agent when to use the tool."""
    return bool(_WHEN.search(tool.description))


def is_grave(tool: Tool) -> bool:
    """Say whether the tool says of itself that it destroys, or is named after money and does not only read."""
    if tool.annotations.read_only:
        return False
    return tool.annotations.raw.get("destructiveHint") is True or bool(_MONEY.search(f"{tool.name} {tool.title}"))
