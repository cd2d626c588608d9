"""The choices of the first two install steps, kept in the session until the third installs. Never a secret.

A draft belongs to an organization, a plugin and one snapshot of it: another version asks for other things, so its
permissions have to be looked at. Every page of the wizard signs the draft it shows into its form, and is refused when
another page has saved another one since.
"""

from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kasilabs.accounts.models import Organization
from plugins.models import Version

Session = MutableMapping[str, Any]


@dataclass(frozen=True)
class Draft:
    """What was chosen so far for the snapshot with this digest; None where a step was not saved yet.

    `numbers` are public ids; `replaced` are those of them that lose the plugin's other mode when this one is installed.
    """

    digest: str
    permissions: list[str] | None = None
    numbers: list[str] | None = None
    replaced: list[str] = field(default_factory=list)
    toolkits: list[str] = field(default_factory=list)


def load_draft(session: Session, organization: Organization, version: Version) -> Draft:
    """Returns the draft for this plugin, which may be for another snapshot; an empty one where nothing was saved."""
    saved = session.get(_key(organization, version))
    return Draft(**saved) if saved else Draft(version.digest)


def save_draft(session: Session, organization: Organization, version: Version, draft: Draft) -> None:
    session[_key(organization, version)] = asdict(draft)


def delete_draft(session: Session, organization: Organization, version: Version) -> None:
    session.pop(_key(organization, version), None)


def _key(organization: Organization, version: Version) -> str:
    return f"install:{organization.public_id}:{version.plugin.public_id}"
