"""Work instead of time: what a test counts or compares is the same on every machine."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def at_most_calls(limit: int) -> Iterator[None]:
    """Fails as soon as the block has made more calls and returns of functions, Python's and C's, than `limit`."""
    events = 0

    def count(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal events
        events += 1
        if events > limit:
            raise AssertionError(f"more than {limit:,} calls and returns")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


def growth(work: Callable[[int], object], size: int) -> float:
    """Returns how much longer four times the size takes: 4 where work grows with the size, 16 with its square.

    This is for work in C, a pattern for example, which makes no calls to count. Processor time, the best of five.
    """
    small, large = (min(_processor_seconds(work, each) for _ in range(5)) for each in (size, 4 * size))
    return large / small


def _processor_seconds(work: Callable[[int], object], size: int) -> float:
    started = time.process_time()
    work(size)
    return time.process_time() - started
