from typing import Any
from uuid import UUID

from kasilabs.accounts import audit
from kasilabs.lib import ids
from kasilabs.lib.commands import JsonCommand


class Command(JsonCommand):
    help = "Verify every audit chain and print its head, to be kept elsewhere. Exit 1 when one is broken."

    def run(self, **_options: Any) -> dict[str, object]:
        reports = audit.verify_all()
        broken = [report for report in reports if not report.is_whole]
        answer: dict[str, object] = {
            "chains": [
                {
                    "chain": _public_name(report.chain),
                    "entries": report.entries,
                    "head": report.head,
                    "whole": report.is_whole,
                    **({"brokenAt": report.broken_at} if report in broken else {}),
                }
                for report in reports
            ],
            "whole": not broken,
        }
        if not broken:
            return answer
        self.exit_code = 1
        names = ", ".join(_public_name(report.chain) for report in broken)
        return {**answer, "code": "audit_broken", "detail": f"Broken: {names}."}


def _public_name(chain: str) -> str:
    """Returns the public id of the organization a chain belongs to; the platform's, and a forged one, as they are."""
    try:
        return ids.encode(ids.Prefix.ORGANIZATION, UUID(hex=chain))
    except ValueError:
        return chain
