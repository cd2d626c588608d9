"""The choices of the first two install steps, kept in the session until the third installs. Never a secret.

A draft belongs to an organization, a plugin and one snapshot of it: a version that came in since asks for other things,
so its permissions have to be looked at.
"""

from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kasilabs.accounts.models import Organization
from plugins.models import Version

Session = MutableMapping[str, Any]


@dataclass(frozen=True)
class Draft:
    """What was chosen so far; None where a step was not saved yet. `numbers` are public ids.

    `is_outdated`: there was a draft for another snapshot, and it does not count any more.
    """

    permissions: list[str] | None = None
    numbers: list[str] | None = None
    toolkits: list[str] = field(default_factory=list)
    is_outdated: bool = False


def read(session: Session, organization: Organization, version: Version) -> Draft:
    """Return what this person chose so far."""
    kept = session.get(_key(organization, version))
    if kept is None:
        return Draft()
    if kept["digest"] != version.digest:
        return Draft(is_outdated=True)
    return Draft(kept["permissions"], kept["numbers"], kept["toolkits"])


def keep(session: Session, organization: Organization, version: Version, draft: Draft) -> None:
    kept = asdict(draft)
    del kept["is_outdated"]
    session[_key(organization, version)] = kept | {"digest": version.digest}


def drop(session: Session, organization: Organization, version: Version) -> None:
    """Forget the draft; there may be none."""
    session.pop(_key(organization, version), None)


def _key(organization: Organization, version: Version) -> str:
    return f"install:{organization.public_id}:{version.plugin.public_id}"
