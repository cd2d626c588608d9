"""The choices of the first two install steps, kept in the session until the third installs. Never a secret.

A draft belongs to an organization, a plugin and one snapshot of it: a version that came in since asks for other things,
so its permissions have to be looked at.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
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


def load_draft(session: Session, organization: Organization, version: Version) -> Draft:
    saved = session.get(_key(organization, version))
    if saved is None:
        return Draft()
    if saved["digest"] != version.digest:
        return Draft(is_outdated=True)
    return Draft(saved["permissions"], saved["numbers"], saved["toolkits"])


def save_draft(session: Session, organization: Organization, version: Version, draft: Draft) -> None:
    session[_key(organization, version)] = {
        "permissions": draft.permissions,
        "numbers": draft.numbers,
        "toolkits": draft.toolkits,
        "digest": version.digest,
    }


def delete_draft(session: Session, organization: Organization, version: Version) -> None:
    session.pop(_key(organization, version), None)


def _key(organization: Organization, version: Version) -> str:
    return f"install:{organization.public_id}:{version.plugin.public_id}"
