"""The system checks of a production, for whatever is about to serve it."""

import sys

from django.core import checks

APP_LOAD_ERROR = 4
"""The exit code with which a worker tells gunicorn that starting another one would be in vain."""


def require() -> None:
    """Ends the process with a sentence for each thing that a production lacks. Django must be set up."""
    serious = [message for message in checks.run_checks(tags=["kasilabs"]) if message.is_serious()]
    if serious:
        print(*serious, sep="\n", file=sys.stderr)  # noqa: T201  # The process log is not there yet.
        sys.exit(APP_LOAD_ERROR)
