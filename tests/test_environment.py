"""The table of settings: what each must be, said in one sentence before anything starts."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings

from kasilabs import environment
from kasilabs.environment import SETTINGS, BadSettings

BAD = {
    "ALLOWED_HOSTS": ["https://plugins.example", "plugins.example:443", "plugins.example/", "a b"],
    "PUBLIC_URL": [
        *("https://user:word@plugins.example", "https://plugins.example:99999", "https://plugins.example:0"),
        *(
            "https://plugins.example/",
            "https://plugins.example?",
            "plugins.example",
            "ftp://plugins.example",
            "https://[",
        ),
    ],
    "DATABASE_URL": [
        "garbage",
        "postgres://",
        "postgres://host/",
        "postgres://host:99999/name",
        "mysql://host/name",
        "sqlite:////nope/x.sqlite3",
        "sqlite:////dev/null/x",
    ],
    "BEHIND_PROXY": ["2", "maybe"],
    "BIND": ["x", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", ":8000"],
    "WEB_CONCURRENCY": ["0", "-1", "two"],
    "WEB_TURNS": ["abc", "0", "1.5", "\u0661"],
    "WEB_THREADS": ["abc", "0"],
    "CALLS_PER_INSTALLATION": ["0", "many"],
    "CALLS_WAITING": ["0", "all"],
    "CALLS_GRACE_SECONDS": ["0", "long"],
    "DATABASE_POOL_SIZE": ["0", "all"],
    "DATABASE_POOL_SMALL": ["2"],
    "CACHE_URL": ["foo://x", "redis", "redis://host:port/0"],
    "JOBS_URL": ["x", "amqp://host", "sqlite://", "postgres://host", "sqlite:////nope/x.sqlite3"],
    "JOBS_THREADS": ["0", "many"],
    "JOBS_SWEEP_SECONDS": ["0", "-1", "nan", "inf"],
    "JOBS_LEASE_SECONDS": ["0", "1e3"],
    "JOBS_RETRY_SECONDS": ["0", "soon"],
    "PROVIDER_TIMEOUT_SECONDS": ["0", "-1", "soon"],
    "BRIDGE_LEASE_SECONDS": ["0", "long"],
    "RATE_LIMIT_BRIDGE": ["0", "1.5"],
    "EMAIL_URL": ["foo", "http://mail.example"],
    "DEFAULT_FROM_EMAIL": [
        "nobody",
        "a@x.example\nBcc: b@x.example",
        "a@x.example, b@x.example",
        "Nia a@x.example",
        "<>",
    ],
    "PLUGIN_CA_FILE": ["/nope", "."],
    "STATIC_ROOT": ["/dev/null/static"],
    "DATA_DIR": ["/dev/null", "/dev/null/data", "/proc/data"],
    "LOG_LEVEL": ["info", "LOUD", "10"],
    "DEMO": ["maybe", "2"],
    "DEBUG": ["2"],
}
GOOD = {
    "ALLOWED_HOSTS": ("plugins.example, .kasi.example,[::1]", ["plugins.example", ".kasi.example", "[::1]"]),
    "PUBLIC_URL": ("https://plugins.example:8443", "https://plugins.example:8443"),
    "DATABASE_URL": ("postgres:///kasilabs?host=/run", "postgres:///kasilabs?host=/run"),
    "BEHIND_PROXY": ("true", True),
    "BIND": ("[::]:80", "[::]:80"),
    "WEB_THREADS": ("16", 16),
    "JOBS_SWEEP_SECONDS": ("0.2", 0.2),
    "LOG_LEVEL": ("WARNING", "WARNING"),
}


def read(folder: Path, **variables: str) -> dict[str, Any]:
    return environment.read({"DATA_DIR": str(folder), **variables})


def test_every_setting_that_can_be_wrong_is_tried() -> None:
    assert {setting.name for setting in SETTINGS if setting.read is not str} == set(BAD)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_what_a_setting_cannot_be_is_one_sentence_that_names_it(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(BadSettings) as caught:
        read(tmp_path, **{name: text})
    (sentence,) = caught.value.faults
    assert sentence.startswith(
        (f"{name} must be ", f"{name} must name a file in a folder ", f"{name} needs the package ")
    )


def refusal(folder: Path, **variables: str) -> str:
    """Return what is said about settings that cannot be used, nothing where they can."""
    try:
        read(folder, **variables)
    except BadSettings as error:
        return str(error)
    return ""


URLS = {
    "DATABASE_URL": ["postgres", "postgresql"],
    "CACHE_URL": ["redis", "rediss", "rediscache"],
    "JOBS_URL": ["postgres", "redis"],
    "EMAIL_URL": ["smtp", "smtp+tls", "smtps"],
    "PUBLIC_URL": ["https"],
}
"""Settings whose value may hold a password, and the schemes it may be written with."""
NOT_ENCODED = [
    *("%zz{}@host:5432/name", "{}%@host:5432/name", "{}%4@host:5432/name", "{}%00@host:5432/name"),
    *("{}@{}@host:5432/name", "12@{}@host:5432/name", "@{}@host:5432/name"),
    *("12#{}@host:5432/name", "12/{}@host:5432/name", "12?{}@host:5432/name", "[{}@host:5432/name"),
    *("{0}\\{0}@host:5432/name", "12 {}@host:5432/name", "12\t{}@host:5432/name", "12\n{}@host:5432/name"),
    *("{}@host:{}/name", "{}@host:99999/name", "{}@[host:5432/name", "{}@host:5432/name@{}", "{}@host:5432/%x{}"),
]
"""What may follow `scheme://user:`, each a password that was not encoded, or an address that is wrong elsewhere."""


@pytest.mark.parametrize("rest", NOT_ENCODED)
@pytest.mark.parametrize(("name", "scheme"), [(name, scheme) for name, schemes in URLS.items() for scheme in schemes])
def test_a_password_that_is_not_encoded_is_refused_and_not_repeated(
    tmp_path: Path, name: str, scheme: str, rest: str
) -> None:
    with pytest.raises(BadSettings) as caught:
        read(tmp_path, **{name: f"{scheme}://kasilabs:{rest.format('canary', 'canary')}"})
    assert str(caught.value).startswith(f"{name} ")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS])
@pytest.mark.parametrize("text", ["canary", "canary://x:canary@canary", "canary\0", "%canary", "postgres://canary"])
def test_no_setting_repeats_its_value(tmp_path: Path, name: str, text: str) -> None:
    sentence = refusal(tmp_path, **{name: "/dev/null/canary" if name == "DATA_DIR" else text})
    assert "canary" not in sentence
    assert sentence.startswith(f"{name} ") or not sentence


@pytest.mark.parametrize(("name", "scheme"), [(name, URLS[name][0]) for name in URLS if name != "PUBLIC_URL"])
def test_a_password_that_is_encoded_is_read(tmp_path: Path, name: str, scheme: str) -> None:
    url = f"{scheme}://kasi%40labs:{quote('%@#/?: ', safe='')}@[::1]:5432/name?a=b"
    refused = refusal(tmp_path, **{name: url})
    assert not refused or refused == f"{name} needs the package redis, which is not installed."


@pytest.mark.parametrize("name", GOOD)
def test_what_a_setting_can_be_is_read(tmp_path: Path, name: str) -> None:
    text, value = GOOD[name]
    assert read(tmp_path, **{name: text})[name] == value


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        read(tmp_path, WEB_THREADS="abc", LOG_LEVEL="info")
    assert [sentence.split()[0] for sentence in caught.value.faults] == ["WEB_THREADS", "LOG_LEVEL"]


def test_what_is_not_set_follows_from_the_rest(tmp_path: Path) -> None:
    values = read(tmp_path, WEB_TURNS="3", DATABASE_URL="")
    assert (values["DEMO"], values["DATABASE_POOL_SIZE"], values["STATIC_ROOT"]) == (True, 3, tmp_path / "static")
    assert read(tmp_path, PUBLIC_URL="https://plugins.example")["DEMO"] is False


DAMAGED = [
    *[(name, content) for name in ("keys.json", "demo.json") for content in ("", "{", "[]", "7", "\0")],
    *[("keys.json", content) for content in ("{}", '{"SECRET_KEY": 5, "ENCRYPTION_KEYS": "k1:AAAA"}')],
    *[("demo.json", content) for content in ('{"publicUrl": 7}', '{"publicUrl": "x"}', '{"pluginHosts": [3]}')],
    *[("demo.json", content) for content in ('{"installations": 4}', '{"users": [1]}', '{"pluginAddresses": []}')],
    ("kasilabs.sqlite3", "not a database"),
]


@pytest.mark.parametrize(("name", "content"), DAMAGED)
def test_a_damaged_file_of_the_demo_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadSettings, match=f"DATA_DIR holds a {name} that cannot be used"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["keys.json", "demo.json", "kasilabs.sqlite3"])
def test_a_folder_in_place_of_a_file_of_the_demo_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert refusal(tmp_path).startswith(f"DATA_DIR holds a {name} that cannot be used.")


def test_keys_that_are_gone_from_beside_sealed_values_are_missed(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kasilabs.sqlite3")) as database:
        database.execute("CREATE TABLE accounts_storedkey (id)")
        read(tmp_path)
        database.execute("INSERT INTO accounts_storedkey VALUES (1)")
        database.commit()
    with pytest.raises(BadSettings, match=r"DATA_DIR has lost keys\.json"):
        read(tmp_path)
    read(tmp_path, ENCRYPTION_KEYS="k1:AAAA")


def started(*command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), **variables}
    command = (sys.executable, *command)
    return subprocess.run(command, env=given, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("variable", ["WEB_THREADS=abc", "LOG_LEVEL=info", "DATABASE_URL=garbage", "BEHIND_PROXY=2"])
def test_a_command_answers_with_the_sentence_and_no_trace(tmp_path: Path, variable: str) -> None:
    name, _equals, text = variable.partition("=")
    done = started("manage.py", "prune", folder=tmp_path, **{name: text})
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["code"], answer["detail"].split()[0]) == (1, "bad_settings", name)
    assert done.stderr.strip() == answer["detail"]


@pytest.mark.parametrize("command", ["run", "worker"])
def test_a_command_that_serves_says_the_sentence_alone(tmp_path: Path, command: str) -> None:
    (tmp_path / "demo.json").write_text('{"publicUrl": 7}')
    done = started("manage.py", command, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("DATA_DIR holds a demo.json that cannot be used.")
    assert done.stderr.count("\n") == 1


def test_a_command_without_its_tables_says_that_the_database_cannot_be_used(tmp_path: Path) -> None:
    done = started("manage.py", "prune", folder=tmp_path)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["code"]) == (1, "unavailable")
    assert answer["detail"].startswith("The database cannot be used: no such table")
    assert done.stderr.strip() == f"CommandError: {answer['detail']}"


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"WEB_THREADS": "abc"}, "WEB_THREADS"),
        ({"EMAIL_URL": "foo"}, "EMAIL_URL"),
        ({"DEMO": "1", "PUBLIC_URL": "https://plugins.example"}, "PUBLIC_URL"),
        ({"DEMO": "0", "PUBLIC_URL": "https://plugins.example", "DATABASE_URL": "sqlite:////dev/null"}, "SECRET_KEY"),
    ],
)
def test_the_web_server_says_the_sentence_and_does_not_start(tmp_path: Path, variables: Any, name: str) -> None:
    server = ("-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", "127.0.0.1:0")
    done = started(*server, folder=tmp_path, **variables)
    assert done.returncode != 0
    assert name in done.stderr
    assert "Traceback" not in done.stderr
