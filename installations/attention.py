"""Why an installation needs somebody's attention."""

from enum import StrEnum

from installations.models import Installation
from kasilabs.configuration import vault


class Attention(StrEnum):
    """Why an installation does not do what its owner expects."""

    QUARANTINED = "quarantined"
    NEEDS_CONFIGURATION = "needs_configuration"
    SECRET_UNREADABLE = "secret_unreadable"


def attention_reasons(installation: Installation) -> list[Attention]:
    """Returns what stands in the way of calls, worst first. Reads the secrets' states, not their values."""
    reasons = []
    if installation.version.is_quarantined:
        reasons.append(Attention.QUARANTINED)
    if installation.state == Installation.State.NEEDS_CONFIGURATION:
        reasons.append(Attention.NEEDS_CONFIGURATION)
    if not all(state.is_readable for state in vault.states(installation).values()):
        reasons.append(Attention.SECRET_UNREADABLE)
    return reasons
