from typing import Any

from kasilabs.accounts import audit
from kasilabs.lib.commands import JsonCommand


class Command(JsonCommand):
    help = "Verify every audit chain and print its head, to be kept elsewhere. Exit 1 when one is broken."

    def run(self, **_options: Any) -> dict[str, object]:
        verdicts = audit.verify_all()
        is_whole = all(verdict.is_whole for verdict in verdicts)
        self.exit_code = 0 if is_whole else 1
        return {"chains": [_chain(verdict) for verdict in verdicts], "whole": is_whole}


def _chain(verdict: audit.Verdict) -> dict[str, object]:
    known: dict[str, object] = {"chain": verdict.chain, "entries": verdict.entries, "head": verdict.head}
    return known | {"whole": verdict.is_whole} | ({} if verdict.is_whole else {"brokenAt": verdict.broken_at})
