"""Making dead letters due once more, with an entry in the audit trail of whose they are."""

from collections.abc import Iterable

from kasilabs.accounts import audit
from kasilabs.jobs.overview import DeadLetter


def retry(letters: Iterable[DeadLetter], *, actor: audit.Actor) -> list[str]:
    """Retries what is still dead and returns the ids, all in one transaction."""
    retried = []
    with audit.together():
        for letter in letters:
            organization = getattr(letter.row, letter.source.organization) if letter.source.organization else None
            with audit.act(actor=actor, action="job.retried", organization=organization) as act:
                act.on(letter.row.public_id, letter.description)
                act.change(before={"error": letter.row.last_error})
                if letter.retry():
                    retried.append(letter.row.public_id)
                else:
                    act.nothing()
    return retried
