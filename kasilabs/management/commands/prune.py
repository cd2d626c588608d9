from typing import Any

from kasilabs.lib.commands import JsonCommand
from kasilabs.management.prune import prune


class Command(JsonCommand):
    help = "Settle lost calls and delete what has expired, from kept answers of calls to old notices."

    def run(self, **options: Any) -> dict[str, int]:  # noqa: ARG002
        return prune()
