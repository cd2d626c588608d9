import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from plugins.models import Plugin
from tests.support import factories
from tests.support.fake_plugin_server import FakePluginServer, answers, message


def check(place: object) -> Any:
    out = io.StringIO()
    call_command("check_manifest", str(place), stdout=out)
    return json.loads(out.getvalue())


def refused(place: object) -> Any:
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("check_manifest", str(place), stdout=out)
    assert caught.value.returncode == 1
    return json.loads(out.getvalue())


@pytest.mark.django_db
def test_a_good_manifest_is_valid_and_nothing_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(factories.manifest())
    answer = check(path)
    assert (answer["valid"], answer["slug"], answer["version"]) == (True, "SUPPORT_DESK", "1.0.0")
    assert len(answer["digest"]) == 64
    assert {"key", "verdict", "title", "detail", "pointers"} == set(answer["checklist"][0])
    assert Plugin.objects.count() == 0


def test_every_fault_is_in_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(factories.manifest(version="1.0.0.0", nam="x"))
    answer = refused(path)
    assert (answer["code"], answer["detail"]) == ("bad_manifest", "The manifest has 2 faults.")
    found = {(error["pointer"], error["code"]) for error in answer["errors"]}
    assert found == {("/version", "bad_format"), ("/nam", "unknown_key")}
    assert {"pointer", "code", "message", "hint"} == set(answer["errors"][-1])


def test_a_manifest_is_read_from_its_address(settings: Any) -> None:
    with FakePluginServer(answers(message(factories.manifest()))) as server:
        settings.PLUGIN_HOSTS_ALLOWED = f"127.0.0.1:{server.port}"
        assert check(server.url())["slug"] == "SUPPORT_DESK"


def test_an_address_that_answers_otherwise_is_refused(settings: Any) -> None:
    with FakePluginServer(answers(message(b"gone", status="404 Not Found"))) as server:
        settings.PLUGIN_HOSTS_ALLOWED = f"127.0.0.1:{server.port}"
        answer = refused(server.url())
    assert (answer["code"], answer["detail"]) == ("unreadable", f"{server.url()} answered 404.")


def test_a_private_address_that_is_not_allowed_is_not_asked() -> None:
    with FakePluginServer(answers(message(factories.manifest()))) as server:
        answer = refused(server.url())
        assert server.requests == []
    assert (answer["code"], answer["detail"]) == ("unreadable", f"{server.url()} cannot be read: blocked_address")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.json")["code"] == "unreadable"


def test_a_huge_file_is_too_large_and_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with path.open("wb") as file:
        file.truncate(2**30)
    assert refused(path)["errors"][0]["code"] == "too_large"
