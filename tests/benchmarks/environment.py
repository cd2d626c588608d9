"""Where a benchmark runs: a database of its own, a data folder of its own, and the settings of a production."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kasilabs.lib.crypto import aes
from tests.support import postgres
from tests.support.gunicorn import free_port

HONEST = "-c max_connections=200"
"""PostgreSQL as it is delivered: every commit is on the disk before it counts."""

PLUGIN_HOST = "plugin.localhost"
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def environment(**settings: str) -> Iterator[dict[str, str]]:
    """Yield the variables for every process of one benchmark, with the database migrated and static files in place."""
    with postgres.cluster(HONEST) as running, tempfile.TemporaryDirectory(prefix="kasilabs-benchmark-") as folder:
        made = {**_inherited(), **_settings(running.url, folder), **settings}
        manage(made, "migrate", "--verbosity=0")
        manage(made, "collectstatic", "--no-input", "--verbosity=0")
        yield made


def database_pid() -> int:
    """Return the process of the database of this environment."""
    (folder,) = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"]
    return int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])


def manage(given: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=given, check=True)


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "BENCHMARK_ROUNDS") if name in os.environ}


def _settings(url: str, folder: str) -> dict[str, str]:
    web, plugin = free_port(), free_port()
    return {
        "DJANGO_SETTINGS_MODULE": "kasilabs.settings",
        "DEMO": "0",
        "DATABASE_URL": url,
        "LOG_LEVEL": "WARNING",
        "DATA_DIR": folder,
        "SECRET_KEY": "benchmark" * 8,
        "ENCRYPTION_KEYS": aes.make_key("k1"),
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "PUBLIC_URL": f"http://127.0.0.1:{web}",
        "PLUGIN_HOSTS_ALLOWED": f"{PLUGIN_HOST}=127.0.0.1:{plugin}",
        "BENCHMARK_WEB_PORT": str(web),
        "BENCHMARK_PLUGIN_PORT": str(plugin),
    }
