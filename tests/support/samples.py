"""The sample plugins as authors run them: processes of their own that get a port, a secret and an address."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings

EXAMPLES = settings.BASE_DIR / "docs" / "examples"


@contextmanager
def running(folder: str, port: int, secret: str) -> Iterator[None]:
    """Run the sample of a folder until the block ends; `secret` is the one its tool calls are signed with."""
    environment = {**os.environ, "PLUGIN_TOOL_SECRET": secret, "PLATFORM_URL": settings.PUBLIC_URL}
    command = [sys.executable, str(EXAMPLES / folder / "plugin.py"), str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_listens(process, port)
            yield
        finally:
            process.terminate()


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int) -> None:
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise AssertionError(f"the sample ended with {process.returncode}")
