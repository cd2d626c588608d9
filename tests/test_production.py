"""What refuses to start, and what a production answers with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core import checks
from django.test import override_settings

from kasilabs.lib.crypto import aes

GOOD = {
    "DEMO": False,
    "DEBUG": False,
    "SECRET_KEY": "s" * 50,
    "ENCRYPTION_KEYS": aes.make_key("k1"),
    "ALLOWED_HOSTS": ["plugins.example"],
    "PUBLIC_URL": "https://plugins.example",
    "DATABASE_URL": "postgres://localhost/kasilabs",
    "DATABASE_POOL_SIZE": 8,
    "WEB_TURNS": 8,
    "DATABASE_POOL_SMALL": False,
    "PLUGIN_HOSTS_ALLOWED": "",
    "JOBS_URL": "postgres://localhost/kasilabs",
}


def failing(**changes: Any) -> list[str]:
    with override_settings(**{**GOOD, **changes}):
        return [str(message.id) for message in checks.run_checks(tags=["kasilabs"])]


def test_a_whole_production_passes() -> None:
    assert failing() == []


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"SECRET_KEY": "missing"}, "kasilabs.E001"),
        ({"SECRET_KEY": "short"}, "kasilabs.E001"),
        ({"ENCRYPTION_KEYS": ""}, "kasilabs.E002"),
        ({"ENCRYPTION_KEYS": "k1:notbase64"}, "kasilabs.E003"),
        ({"ENCRYPTION_KEYS": "k1:QUJD"}, "kasilabs.E003"),
        ({"ENCRYPTION_KEYS": f"{GOOD['ENCRYPTION_KEYS']},{GOOD['ENCRYPTION_KEYS']}"}, "kasilabs.E003"),
        ({"DEBUG": True}, "kasilabs.E004"),
        ({"ALLOWED_HOSTS": []}, "kasilabs.E005"),
        ({"ALLOWED_HOSTS": ["*"]}, "kasilabs.E005"),
        ({"PUBLIC_URL": ""}, "kasilabs.E006"),
        ({"PUBLIC_URL": "https://plugins.example/"}, "kasilabs.E006"),
        ({"PUBLIC_URL": "http://plugins.example"}, "kasilabs.E006"),
        ({"DEMO": True, "PUBLIC_URL": "https://plugins.example"}, "kasilabs.E007"),
        ({"DATABASE_POOL_SIZE": 4}, "kasilabs.E008"),
        ({"PLUGIN_HOSTS_ALLOWED": "name=nowhere"}, "kasilabs.E009"),
        ({"DATABASE_URL": ""}, "kasilabs.E010"),
        ({"JOBS_URL": "postgres://localhost/kasilabs?colour=red"}, "kasilabs.E011"),
        ({"DATABASE_URL": "postgres://localhost/kasilabs?colour=red"}, "kasilabs.E010"),
        ({"JOBS_LEASE_SECONDS": 20.0}, "kasilabs.E012"),
        ({"BRIDGE_LEASE_SECONDS": 20.0}, "kasilabs.E012"),
    ],
)
def test_what_is_not_whole_is_named(changes: dict[str, Any], check: str) -> None:
    assert failing(**changes) == [check]


def test_a_small_pool_may_be_meant() -> None:
    assert failing(DATABASE_POOL_SIZE=4, DATABASE_POOL_SMALL=True) == []


def test_no_check_repeats_key_material() -> None:
    with override_settings(**{**GOOD, "ENCRYPTION_KEYS": "k1:c2VjcmV0LWtleS1tYXRlcmlhbA=="}):
        (message,) = checks.run_checks(tags=["kasilabs"])
    assert "c2VjcmV0" not in str(message)


def environment(folder: Path, **changes: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    whole = {
        "SECRET_KEY": "s" * 50,
        "ENCRYPTION_KEYS": aes.make_key("k1"),
        "ALLOWED_HOSTS": "plugins.example",
        "PUBLIC_URL": "https://plugins.example",
        "DATABASE_URL": f"sqlite:///{folder / 'production.sqlite3'}",
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "kasilabs.settings",
    }
    return {**kept, **whole, **changes}


def python(code: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=given, cwd=project.BASE_DIR, capture_output=True, text=True, check=False)


def test_what_the_demo_keeps_is_for_its_owner_alone(tmp_path: Path) -> None:
    given = environment(tmp_path / "new" / "data")
    for name in ("DATABASE_URL", "PUBLIC_URL", "SECRET_KEY", "ENCRYPTION_KEYS"):
        del given[name]
    migrate = "import os, django; os.umask(0); django.setup(); from django.core.management import call_command"
    done = python(f"{migrate}; call_command('migrate', verbosity=0)", given)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "new" / "data"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert modes == {"data": 0o700, "keys.json": 0o600, "kasilabs.sqlite3": 0o600}


def test_the_web_server_refuses_to_start_on_a_missing_key(tmp_path: Path) -> None:
    given = environment(tmp_path)
    del given["ENCRYPTION_KEYS"]
    done = python("import kasilabs.wsgi", given)
    assert done.returncode == 4, "gunicorn does not start another worker then"
    assert "kasilabs.E002" in done.stderr
    assert "Traceback" not in done.stderr


LOADED = """
import sys
import kasilabs.wsgi
from django.template import engines
cached = engines["django"].engine.template_loaders[0].loaders[0]
print("grants.matrix.views" in sys.modules, len(cached.get_template_cache) > 50)
"""


def test_nothing_is_left_to_load_for_the_first_request(tmp_path: Path) -> None:
    assert python(LOADED, environment(tmp_path)).stdout.split() == ["True", "True"]


ASK = """
import json, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
from django.test import Client
client = Client(headers={"Host": "plugins.example"})
page = client.get("/accounts/login/", secure=True)
print(json.dumps({"status": page.status_code, "headers": dict(page.headers),
                  "cookie": {key: page.cookies["csrftoken"][key] for key in ("secure", "httponly", "samesite")}}))
"""


def test_a_production_page_is_locked_down(tmp_path: Path) -> None:
    done = python(ASK, environment(tmp_path))
    found = json.loads(done.stdout.splitlines()[-1])
    headers = found["headers"]
    assert found["status"] == 200, done.stderr
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert found["cookie"] == {"secure": True, "httponly": True, "samesite": "Lax"}


def test_process_logs_of_a_production_are_json_lines_without_addresses_of_secrets(tmp_path: Path) -> None:
    code = ASK.replace('"/accounts/login/"', '"/accounts/password/reset/key/abc-topsecrettoken/?token=alsosecret"')
    done = python(code.split("print(")[0], environment(tmp_path))
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert any(line["event"] == "request_finished" for line in lines)
    assert all(line.get("request_id") for line in lines if line["event"].startswith("request_"))
    assert "secret" not in done.stderr
