"""Every setting there is: its name, its default, and what it may be.

The table is read before Django starts, by the settings, by gunicorn and by `manage.py`. What is wrong is said then, all
of it, each fault in a sentence that names the setting. What a production needs besides stands in `kasilabs.checks`.
"""

import json
import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from email.utils import getaddresses
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_HOST = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\]|\*")
# RFC 3986. What libraries split or decode differently puts half of a password into a message about an error.
_ESCAPE = r"%(?!00)[0-9A-Fa-f]{2}"
_WELL_FORMED_URL = re.compile(
    rf"[A-Za-z0-9+]+://(?:(?:[^\x00-\x20\x7f%@#/?\\]|{_ESCAPE})*@)?(?:[^\x00-\x20\x7f%@#\\]|{_ESCAPE})*"
)


class BadSettings(Exception):
    """`faults` holds a sentence for each setting that cannot be used. None repeats a value that may be a secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Setting:
    """One row of the table. `read` turns the text into the value, or raises ValueError with "must be …"."""

    name: str
    default: Any
    read: Callable[[str], Any] = str


def _flag(text: str) -> bool:
    if text.lower() not in (*_ON, *_OFF):
        raise ValueError("must be 1 or 0")
    return text.lower() in _ON


def _whole_number(least: int, most: int = 65_536) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,5}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or float(text) <= 0:
        raise ValueError("must be a number of seconds, more than 0")
    return float(text)


def _level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text


def _port_of(url: Any) -> int | None:
    port: int | None = url.port  # Raises ValueError for one beyond 65535, and for what is no number.
    return port


def _public_url(text: str) -> str:
    wanted = "must be https://host or https://host:port, without a slash at the end"
    try:
        url = urlsplit(text)
        port = _port_of(url)
    except ValueError:
        raise ValueError(wanted) from None
    is_plain = not (url.path or url.query or url.fragment or "@" in url.netloc or "?" in text or "#" in text)
    if url.scheme not in {"http", "https"} or not url.hostname or not is_plain or port == 0:
        raise ValueError(wanted)
    return text


def _hosts(text: str) -> list[str]:
    hosts = [host.strip() for host in text.split(",") if host.strip()]
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError("must be host names with commas between them, without scheme, port or path")
    return hosts


def _address(text: str) -> str:
    host, _colon, port = text.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise ValueError("must be address:port, such as 127.0.0.1:8000")
    return text


def _url_of(kinds: Mapping[str, str], example: str) -> Callable[[str], str]:
    """Returns a reader of URLs; `kinds` names the schemes, each with the package it needs or an empty text."""

    def read(text: str) -> str:
        wanted = f"must be a URL such as {example}"
        if not _WELL_FORMED_URL.fullmatch(text):
            hint = "; in a user name, a password or a path write %, @, # as %25, %40, %23" if "://" in text else ""
            raise ValueError(wanted + hint)
        try:
            url = urlsplit(text)
            _port_of(url)
        except ValueError:
            raise ValueError(wanted) from None
        package = kinds.get(url.scheme)
        if package is None or (package == "psycopg" and not url.path.strip("/")):
            raise ValueError(wanted)
        if url.scheme == "sqlite" and url.netloc != ":memory:":
            folder = Path(unquote(url.path.removeprefix("/"))).parent
            if url.path in {"", "/"} or not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
                raise ValueError("must name a file in a folder that can be written, as sqlite:////folder/file does")
        if package and find_spec(package) is None:
            raise ValueError(f"needs the package {package}, which is not installed")
        return text

    return read


def _mailbox(text: str) -> str:
    (name, address), *more = getaddresses([text])
    if (
        more
        or not text.isprintable()
        or not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address)
        or (name and "<" not in text)
    ):
        raise ValueError("must be an address such as KasiLabs <no-reply@plugins.example>")
    return text


def _file(text: str) -> str:
    try:
        with Path(text).open("rb") as file:
            file.read(1)
    except (OSError, ValueError) as error:
        raise ValueError(f"must be a file that can be read: {getattr(error, 'strerror', None) or error}") from None
    return text


def _folder(text: str) -> Path:
    """Takes a folder that can be written, made where it is not there."""
    path = Path(text).resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"must be a folder that can be written: {reason}") from None


_POSTGRES = {"postgres": "psycopg", "postgresql": "psycopg"}
_REDIS = {"redis": "redis", "rediss": "redis"}
_DATABASE = _url_of({"sqlite": "", **_POSTGRES}, "postgres://user:password@host:5432/name")
_CACHE = _url_of(
    {"dbcache": "", "locmemcache": "", "filecache": "", "dummycache": "", "rediscache": "redis", **_REDIS},
    "redis://host:6379/0",
)
_JOBS = _url_of({"sqlite": "", **_POSTGRES, **_REDIS}, "sqlite:////path/to/file, or redis://host:6379/1")
_EMAIL = _url_of(dict.fromkeys(environ.Env.EMAIL_SCHEMES, ""), "smtp+tls://user:password@host:587")

SETTINGS = (
    Setting("SECRET_KEY", ""),
    Setting("ENCRYPTION_KEYS", ""),
    Setting("ALLOWED_HOSTS", [], _hosts),
    Setting("PUBLIC_URL", "", _public_url),
    Setting("DATABASE_URL", "", _DATABASE),
    Setting("BEHIND_PROXY", False, _flag),
    Setting("BIND", "127.0.0.1:8000", _address),
    Setting("WEB_CONCURRENCY", 2, _whole_number(1, 256)),
    Setting("WEB_TURNS", 8, _whole_number(1, 1024)),
    Setting("WEB_THREADS", 128, _whole_number(1, 1024)),
    Setting("CALLS_PER_INSTALLATION", 16, _whole_number(1, 1024)),
    Setting("CALLS_WAITING", 100, _whole_number(1, 1024)),
    Setting("CALLS_GRACE_SECONDS", 10.0, _seconds),
    Setting("DATABASE_POOL_SIZE", None, _whole_number(1, 1024)),
    Setting("DATABASE_POOL_SMALL", False, _flag),
    Setting("CACHE_URL", "", _CACHE),
    Setting("JOBS_URL", None, _JOBS),
    Setting("JOBS_THREADS", 4, _whole_number(1, 256)),
    Setting("JOBS_SWEEP_SECONDS", 60.0, _seconds),
    Setting("JOBS_LEASE_SECONDS", 90.0, _seconds),
    Setting("JOBS_RETRY_SECONDS", 5.0, _seconds),
    Setting("PROVIDER_TIMEOUT_SECONDS", 20.0, _seconds),
    Setting("BRIDGE_LEASE_SECONDS", 90.0, _seconds),
    Setting("RATE_LIMIT_BRIDGE", 600, _whole_number(1)),
    Setting("EMAIL_URL", "", _EMAIL),
    Setting("DEFAULT_FROM_EMAIL", "KasiLabs <no-reply@localhost>", _mailbox),
    Setting("PLUGIN_HOSTS_ALLOWED", ""),
    Setting("PLUGIN_CA_FILE", "", _file),
    Setting("STATIC_ROOT", None, _folder),
    Setting("DATA_DIR", None, _folder),
    Setting("LOG_LEVEL", "INFO", _level),
    Setting("DEMO", None, _flag),
    Setting("DEBUG", False, _flag),
)
"""In the order of docs/operators/settings.md. Where the default is None, it follows from other settings."""


def read(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Returns every setting by name, from `variables` or else from the environment and the file `.env`.

    An empty variable counts as not set. Raises BadSettings.
    """
    if variables is None:
        environ.Env.read_env(BASE_DIR / ".env")
        variables = os.environ
    values: dict[str, Any] = {}
    faults: list[str] = []
    for setting in SETTINGS:
        text = variables.get(setting.name, "").strip()
        try:
            values[setting.name] = setting.read(text) if text else setting.default
        except ValueError as error:
            faults.append(f"{setting.name} {error}.")
    if faults:
        raise BadSettings(faults)
    folder = values["DATA_DIR"] = values["DATA_DIR"] or BASE_DIR / "data"
    following = {
        "DEMO": not (values["DATABASE_URL"] or values["PUBLIC_URL"]),
        "DATABASE_POOL_SIZE": values["WEB_TURNS"],
        "JOBS_URL": f"sqlite:///{folder / 'jobs.sqlite3'}",
        "STATIC_ROOT": folder / "static",
    }
    values |= {name: value for name, value in following.items() if values[name] is None}
    if values["DEMO"] and (faults := list(_faults_in_demo_files(values))):
        raise BadSettings(faults)
    return values


def _faults_in_demo_files(values: Mapping[str, Any]) -> Iterator[str]:
    """Names the files of the demo that cannot be read, and keys that are gone beside values sealed under them."""
    folder = values["DATA_DIR"]
    cure = f"Put it back, or delete {folder} to begin anew."
    for name, is_sound in (
        ("keys.json", _holds_keys),
        ("demo.json", _holds_notes),
        ("kasilabs.sqlite3", _is_sqlite),
    ):
        path = folder / name
        try:
            if path.exists() and not is_sound(path):
                raise ValueError
        except (OSError, ValueError):
            yield f"DATA_DIR holds a {name} that cannot be used. {cure}"
    has_keys = values["ENCRYPTION_KEYS"] or (folder / "keys.json").exists()
    if not has_keys and not values["DATABASE_URL"] and _holds_sealed_values(folder / "kasilabs.sqlite3"):
        yield f"DATA_DIR has lost keys.json, and its database holds values sealed under the keys in it. {cure}"


def _holds_keys(path: Path) -> bool:
    document = json.loads(path.read_text())
    names = ("SECRET_KEY", "ENCRYPTION_KEYS")
    return isinstance(document, dict) and all(isinstance(document.get(name), str) for name in names)


def _holds_notes(path: Path) -> bool:
    """Says whether demo.json is what `run` and `demo` write, as far as it is there. Raises ValueError."""
    document = json.loads(path.read_text())
    kinds = {"publicUrl": str, "organization": dict, "rival": dict, "pluginAddresses": dict}
    kinds |= dict.fromkeys(["users", "instances", "installations", "pluginHosts"], list)
    if not isinstance(document, dict) or not all(
        isinstance(document.get(name, kind()), kind) for name, kind in kinds.items()
    ):
        return False
    _public_url(document.get("publicUrl", "http://127.0.0.1"))
    hosts = document.get("pluginHosts", [])
    records = [each for name in ("users", "instances", "installations") for each in document.get(name, [])]
    return all(isinstance(each, str) for each in hosts) and all(isinstance(each, dict) for each in records)


def _is_sqlite(path: Path) -> bool:
    """Says whether a file is a database of SQLite (its file format, section 1.2); one without bytes is an empty one."""
    with path.open("rb") as file:
        return file.read(16) in {b"", b"SQLite format 3\0"}


def _holds_sealed_values(database: Path) -> bool:
    if not database.exists():
        return False
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM accounts_storedkey)").fetchone()[0])
    return False
