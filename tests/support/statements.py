"""What a piece of work asks of the database, so that two pieces can be compared."""

import re
from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

_VALUES = re.compile(r"'[^']*'|\b[0-9a-f]{32,}\b|\b\d+\b")


def statements(work: Callable[[], object]) -> list[str]:
    """Returns the statements of `work` in their order, with a question mark for every value."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return [_VALUES.sub("?", query["sql"]) for query in captured]
