"""A dictionary that never grows beyond its size: what a process remembers of rows that do not change."""

from threading import Lock
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class BoundedDict(dict[Key, Value]):
    """A dictionary of at most `size` entries; a new one replaces the oldest. Threads may share it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._lock = Lock()

    def __setitem__(self, key: Key, value: Value) -> None:
        with self._lock:
            self.pop(key, None)
            while len(self) >= self._size:
                del self[next(iter(self))]
            super().__setitem__(key, value)
