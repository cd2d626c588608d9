from itertools import islice
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from kasilabs.accounts import audit, dead_letters
from kasilabs.jobs import overview, sources, sweep
from kasilabs.jobs.overview import DeadLetter
from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.refusal import Refused

ACTOR = audit.Actor.command("jobs")
MOST_SHOWN = 100


class Command(JsonCommand):
    help = "Say how later work stands: how many rows are in which state, and which are dead letters."

    def add_arguments(self, parser: CommandParser) -> None:
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--retry", metavar="ID", help="make a dead letter due once more")
        act.add_argument("--retry-all", metavar="SOURCE", help="make every dead letter of a source due once more")
        act.add_argument("--run-due", action="store_true", help="do what is due now, each once, without a worker")

    def run(self, *, retry: str | None, retry_all: str | None, run_due: bool, **_options: Any) -> dict[str, object]:
        if run_due:
            return {"ran": dict(sweep.run_due())}
        if retry:
            letter = overview.find(retry)
            retried = dead_letters.retry([letter], actor=ACTOR) if letter else []
            if not retried:
                raise Refused("not_dead", _("There is no dead letter with the id %(id)s.") % {"id": retry})
            return {"retried": retried}
        if retry_all:
            source = sources.get(retry_all)
            if source is None:
                raise Refused("unknown_source", _("There is no source %(name)s.") % {"name": retry_all})
            return {"retried": dead_letters.retry(list(overview.dead_letters(source)), actor=ACTOR)}
        return {
            "sources": [
                {"name": each.source.name, "label": str(each.source.label), "due": each.due, **each.states}
                for each in overview.counts()
            ],
            "dead": [
                _shown(letter)
                for source in sources.registered()
                for letter in islice(overview.dead_letters(source), MOST_SHOWN)
            ],
        }


def _shown(letter: DeadLetter) -> dict[str, object]:
    row = letter.row
    return {
        "id": row.public_id,
        "source": letter.source.name,
        "what": letter.description,
        "error": row.last_error,
        "attempts": row.attempt,
        "since": row.finished and row.finished.isoformat(),
    }
