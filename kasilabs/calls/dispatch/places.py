"""Places for calls under way in this process.

A slow plugin takes at most those of its installation, and all slow plugins together leave threads for everybody else.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from uuid import UUID

from django.conf import settings

INSTALLATION_FULL = "installation_full"
PROCESS_FULL = "process_full"


class Places:
    """Counts the calls under way, those of each installation and all."""

    def __init__(self, *, of_installation: int, of_process: int) -> None:
        self._of_installation, self._of_process = of_installation, of_process
        self._taken: Counter[UUID] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def place(self, installation: UUID) -> Iterator[str]:
        """Takes a place until the end of the block; yields why there is none, or nothing."""
        with self._lock:
            reason = ""
            if self._taken[installation] >= self._of_installation:
                reason = INSTALLATION_FULL
            elif self._taken.total() >= self._of_process:
                reason = PROCESS_FULL
            else:
                self._taken[installation] += 1
        try:
            yield reason
        finally:
            if not reason:
                with self._lock:
                    self._taken[installation] -= 1
                    if not self._taken[installation]:
                        del self._taken[installation]


def shared_places() -> Places:
    """Returns the places of this process, as many as the settings say."""
    return _places(settings.CALLS_PER_INSTALLATION, settings.CALLS_WAITING)


@cache
def _places(of_installation: int, of_process: int) -> Places:
    return Places(of_installation=of_installation, of_process=of_process)
