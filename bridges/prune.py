"""What the bridges delete once it has expired."""

from datetime import datetime

from bridges import idempotency
from bridges.auth import chat, request_token


def prune(now: datetime) -> dict[str, int]:
    """Deletes nonces, counts of chat tokens and stored answers that are over, and returns how many of each."""
    return {
        "nonces": request_token.prune(now),
        "chatTokens": chat.prune(now),
        "bridgeAnswers": idempotency.prune(now),
    }
