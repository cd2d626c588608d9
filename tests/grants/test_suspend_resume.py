import json
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from grants.changes import removal
from grants.decision.context import DecisionContext
from grants.decision.gates import decide
from kasilabs.accounts.models import AuditEntry
from kasilabs.logs.gates import Gate
from tests.grants.conftest import Desk
from tests.support import factories
from tests.support.factories import ACTOR, Cast


def run(command: str, **which: str) -> dict[str, Any]:
    out = StringIO()
    try:
        call_command(command, **which, stdout=out)
    finally:
        answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def gate(desk: Desk) -> Gate | None:
    """The gate that stops the first tool on the first number."""
    context = DecisionContext.load(desk.legal)
    ((plugin, tool), *_others) = context.tools()
    return decide(context, plugin, tool).gate


def test_a_number_is_suspended_and_resumed(desk: Desk) -> None:
    desk.grant()
    number = desk.legal.public_id
    assert run("suspend", number=number) == {"number": number, "state": "suspended"}
    desk.legal.refresh_from_db()
    assert gate(desk) is Gate.NUMBER
    assert run("resume", number=number) == {"number": number, "state": "active"}
    desk.legal.refresh_from_db()
    assert gate(desk) is None


def test_an_installation_is_suspended_and_resumed(desk: Desk) -> None:
    desk.grant()
    installation = desk.installation.public_id
    assert run("suspend", installation=installation) == {"installation": installation, "state": "suspended"}
    assert gate(desk) is Gate.ORGANIZATION_INSTALLATION
    assert run("resume", installation=installation) == {"installation": installation, "state": "active"}
    assert gate(desk) is None


def test_it_is_safe_to_repeat_and_noted_once(desk: Desk) -> None:
    for _time in range(2):
        assert run("suspend", installation=desk.installation.public_id)["state"] == "suspended"
    entry = AuditEntry.objects.get(action="installation.suspended")
    assert (entry.actor, entry.target) == ("command:suspend", desk.installation.public_id)


def test_what_lacks_its_configuration_still_does_when_it_is_resumed(cast: Cast) -> None:
    made = factories.installation(cast.organization)
    run("suspend", installation=made.public_id)
    assert run("resume", installation=made.public_id)["state"] == "needs_configuration"


@pytest.mark.parametrize(
    ("which", "code"),
    [
        ({"number": "nonsense"}, "unknown_number"),
        ({"number": ""}, "unknown_number"),
        ({"installation": "ins_00000000000000000000000000"}, "unknown_installation"),
    ],
)
def test_what_is_not_there_is_refused(db: None, which: dict[str, str], code: str) -> None:
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("suspend", **which, stdout=out)
    assert (error.value.returncode, json.loads(out.getvalue())["code"]) == (1, code)


def test_what_was_removed_stays_removed(desk: Desk) -> None:
    removal.remove(installation=desk.installation, actor=ACTOR)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("resume", installation=desk.installation.public_id, stdout=out)
    assert json.loads(out.getvalue())["code"] == "removed"


@pytest.mark.processes
@pytest.mark.parametrize("flags", [[], ["--number", "wa_1", "--installation", "ins_1"]])
def test_one_of_the_two_has_to_be_named(flags: list[str]) -> None:
    command = [sys.executable, "manage.py", "suspend", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
