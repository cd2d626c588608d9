import json
import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.refusal import Refused


class Ask(JsonCommand):
    """Refuses when told to."""

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--refuse", action="store_true")

    def run(self, *, refuse: bool, **_options: Any) -> dict[str, object]:
        self.stderr.write("working")
        if refuse:
            raise Refused("no_way", "Not today.", [{"pointer": "/day", "code": "today", "message": "Not today."}])
        return {"answer": "é"}


def ask(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    try:
        call_command(Ask(), *arguments, stdout=out, stderr=StringIO())
    finally:
        answer = json.loads(out.getvalue())
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_the_answer_is_one_object_with_or_without_the_flag(arguments: list[str]) -> None:
    assert ask(*arguments) == {"answer": "é"}


def test_a_refusal_is_an_answer_and_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError) as refused:
        call_command(Ask(), "--refuse")
    errors = [{"pointer": "/day", "code": "today", "message": "Not today."}]
    assert json.loads(capsys.readouterr().out) == {"code": "no_way", "detail": "Not today.", "errors": errors}
    assert refused.value.returncode == 1


@pytest.mark.processes
def test_settings_that_are_not_whole_are_an_answer_too() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "kasilabs.settings", "PUBLIC_URL": "http://example.com"}
    command = [sys.executable, "manage.py", "verify_audit"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["code"]) == (1, "system_check")
    assert "kasilabs.E007" in done.stderr
