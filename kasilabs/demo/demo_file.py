"""demo.json: what the demo shows to whoever runs it, and where `run` put its parts. Only its owner can read it."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings


def read() -> dict[str, Any]:
    """Returns what is in the file; empty before the first run."""
    try:
        document: dict[str, Any] = json.loads(settings.DEMO_FILE.read_text())
    except FileNotFoundError:
        return {}
    return document


def update(members: Mapping[str, Any]) -> None:
    """Puts `members` over what is in the file, in one step: a reader sees the old file or the new one."""
    draft = settings.DEMO_FILE.with_name(f".demo.{os.getpid()}.json")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({**read(), **members}, file, indent=2)
    draft.replace(settings.DEMO_FILE)


@contextmanager
def in_use() -> Iterator[None]:
    """Holds the demo's data for one `run`, until the process ends. Raises BlockingIOError when another one has it."""
    settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.DATA_DIR / "run.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextmanager
def locked() -> Iterator[None]:
    """Lets one process at a time make the demo."""
    with (settings.DATA_DIR / "demo.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
