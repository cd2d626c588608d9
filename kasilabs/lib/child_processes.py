"""Processes that never outlive the one that started them, however it ends.

Each gets a session of its own: Ctrl-C in a terminal goes to every process of the terminal's group, and a web server
worker that takes it in the wrong moment hangs. Only the parent hears it, and ends its children in order.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

Process = subprocess.Popen[bytes]
PATIENCE_SECONDS = 8
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


class ChildEnded(Exception):
    """A child that should go on for ever has ended."""


class ChildProcesses:
    """The children of this process, started one by one and ended together when the block ends."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment, self.folder = environment, folder
        self.running: list[Process] = []
        self._restarted: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *command: str, restart: bool = False, **options: Any) -> Process:
        """Starts a command; `options` are those of Popen. With `restart`, `watch` starts it again when it ends."""
        parent = os.getpid()
        process = subprocess.Popen(  # noqa: S603
            command,
            env=self.environment,
            cwd=self.folder,
            start_new_session=True,
            preexec_fn=lambda: end_with_parent(parent),  # noqa: PLW1509  # It asks the kernel, and takes no lock.
            **options,
        )
        self.running.append(process)
        if restart:
            self._restarted.append(process)
        return process

    def output_of(self, process: Process) -> bytes:
        """Waits for a child that ends by itself, and returns what it has written to the pipe that is its stdout."""
        output, _nothing = process.communicate()
        self.running.remove(process)
        return output

    def raise_if_ended(self) -> None:
        """Raises ChildEnded when one that is not started again is not running any more."""
        for process in self.running:
            if process.poll() is not None and process not in self._restarted:
                raise ChildEnded(f"A part ended with code {process.returncode}: {process.args!r}")

    def watch(self) -> NoReturn:
        """Waits for as long as all of them run, and starts again what is to be. Raises ChildEnded."""
        while True:
            self.raise_if_ended()
            for process in [each for each in self._restarted if each.poll() is not None]:
                self._restarted.remove(process)
                self.running.remove(process)
                self.start(*process.args, restart=True)  # type: ignore[misc]  # The list that `start` was given.
            time.sleep(0.5)

    def stop(self) -> None:
        """Ends all, the last one first; what has not ended in time, or when told to end a second time, is killed."""
        for process in reversed(self.running):
            process.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            for process in self.running:
                process.wait(timeout=max(0, deadline - time.monotonic()))
        for process in self.running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def end_with_parent(parent: int) -> None:
    """Lets the kernel kill this process as soon as `parent`, which has started it, is gone: also after a `kill -9`.

    Only Linux can; elsewhere children are ended by their parent alone.
    """
    if sys.platform != "linux":
        return
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
