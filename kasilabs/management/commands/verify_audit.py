from typing import Any
from uuid import UUID

from kasilabs.accounts import audit
from kasilabs.lib import ids
from kasilabs.lib.commands import JsonCommand


class Command(JsonCommand):
    help = "Verify every audit chain and print its head, to be kept elsewhere. Exit 1 when one is broken."

    def run(self, **_options: Any) -> dict[str, object]:
        reports = audit.verify_all()
        answer = {"chains": [_chain(each) for each in reports], "whole": all(each.is_whole for each in reports)}
        broken = [_name(each.chain) for each in reports if not each.is_whole]
        if not broken:
            return answer
        self.exit_code = 1
        return {"code": "audit_broken", "detail": f"Broken: {', '.join(broken)}.", **answer}


def _chain(report: audit.ChainReport) -> dict[str, object]:
    known: dict[str, object] = {"chain": _name(report.chain), "entries": report.entries, "head": report.head}
    return known | {"whole": report.is_whole} | ({} if report.is_whole else {"brokenAt": report.broken_at})


def _name(chain: str) -> str:
    """Return the public id of the organization a chain belongs to; the platform's, and a forged one, as they are."""
    try:
        return ids.encode(ids.Prefix.ORGANIZATION, UUID(hex=chain))
    except ValueError:
        return chain
