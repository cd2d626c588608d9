"""Run one function several times at once, each on a database connection of its own."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

A = TypeVar("A")
R = TypeVar("R")


def at_once(act: Callable[[A], R], each: Iterable[A]) -> list[R | Exception]:
    """Return what each run gave or raised, in the order of `each`; all start in the same moment."""
    arguments = list(each)
    barrier = Barrier(len(arguments))

    def run(argument: A) -> R | Exception:
        barrier.wait()
        try:
            return act(argument)
        except Exception as error:  # noqa: BLE001  the caller looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(run, arguments))
