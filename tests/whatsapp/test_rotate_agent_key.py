import json
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from kasilabs.whatsapp import agent_keys
from kasilabs.whatsapp.models import AgentKey
from tests.support import factories, trail
from tests.support.factories import Cast


def rotate(number: str) -> dict[str, Any]:
    out = StringIO()
    try:
        call_command("rotate_agent_key", "--number", number, stdout=out)
    finally:
        answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_the_command_prints_a_key_that_works(cast: Cast) -> None:
    number = factories.number(cast.organization)
    answer = rotate(number.public_id)
    found = agent_keys.find(answer["agentKey"], timezone.now())
    assert found is not None
    assert answer == {"instance": number.public_id, "agentKey": answer["agentKey"], "prefix": found.prefix}
    assert trail.entries().get().actor == "command:rotate_agent_key"


@pytest.mark.parametrize("number", ["wa_00000000000000000000000000", "nonsense", ""])
def test_an_unknown_number_is_refused_as_json(db: None, number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("rotate_agent_key", "--number", number)
    assert refused.value.returncode == 1
    answer = {"code": "unknown_number", "detail": "There is no number with this id."}
    assert json.loads(capsys.readouterr().out) == answer
    assert AgentKey.objects.count() == 0


@pytest.mark.processes
def test_a_usage_error_ends_with_two_and_nothing_on_stdout() -> None:
    command = [sys.executable, "manage.py", "rotate_agent_key"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--number" in done.stderr
