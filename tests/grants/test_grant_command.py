import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from grants.models import OrganizationToolkit, PluginGrant, ToolGrant, ToolkitGrant
from installations.models import Installation
from kasilabs.accounts.models import AuditEntry
from tests.grants.conftest import Desk

TOOL, FIND = "create_support_ticket", "find_support_ticket"


def grant(desk: Desk, *flags: str, number: str = "", plugin: str = "SUPPORT_DESK") -> dict[str, Any]:
    out = StringIO()
    call_command("grant", "--number", number or desk.legal.public_id, "--plugin", plugin, *flags, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def refused(desk: Desk, *flags: str, **changes: str) -> str:
    """Run the command and return the code it refuses with."""
    out = StringIO()
    number, plugin = changes.get("number", desk.legal.public_id), changes.get("plugin", "SUPPORT_DESK")
    with pytest.raises(CommandError) as error:
        call_command("grant", "--number", number, "--plugin", plugin, *flags, stdout=out)
    assert error.value.returncode == 1
    return str(json.loads(out.getvalue())["code"])


def test_it_grants_the_plugin_with_its_defaults_and_says_all_that_is_on(desk: Desk) -> None:
    assert grant(desk) == {
        "instance": {"id": desk.legal.public_id, "name": "Legal Consultations"},
        "plugin": "SUPPORT_DESK",
        "mode": "sandbox",
        "granted": True,
        "tools": {TOOL: "on", FIND: "on"},
        "permissions": {
            "support:tickets:create": "on",
            "support:tickets:read": "off",
            "bridge:payments:initiate": "off",
        },
        "toolkits": [],
    }


def test_named_tools_are_the_only_ones_of_a_new_grant(desk: Desk) -> None:
    assert grant(desk, "--tool", f"{FIND}=on")["tools"] == {TOOL: "off", FIND: "on"}


def test_a_tool_named_off_is_left_out_of_a_new_grant(desk: Desk) -> None:
    assert grant(desk, "--tool", f"{FIND}=off")["tools"] == {TOOL: "on", FIND: "off"}


def test_it_changes_only_the_named_cells_of_a_grant_that_is_there(desk: Desk) -> None:
    grant(desk)
    answer = grant(desk, "--tool", f"{TOOL}=off", "--permission", "support:tickets:read=on")
    assert answer["tools"] == {TOOL: "off", FIND: "on"}
    assert answer["permissions"]["support:tickets:read"] == "on"
    assert answer["permissions"]["support:tickets:create"] == "on"


def test_running_it_again_changes_and_notes_nothing(desk: Desk) -> None:
    flags = ["--tool", f"{TOOL}=on", "--permission", "support:tickets:read=on", "--toolkit", "PAYMENTS=on"]
    first = grant(desk, *flags)
    noted = AuditEntry.objects.count()
    assert grant(desk, *flags) == first
    assert AuditEntry.objects.count() == noted
    assert desk.entries()[-1].actor == "command:grant"


def test_a_toolkit_is_installed_with_its_grant_and_off_takes_it_from_the_number_only(desk: Desk) -> None:
    assert grant(desk, "--toolkit", "PAYMENTS=on", "--toolkit", "MESSAGING=on")["toolkits"] == ["MESSAGING", "PAYMENTS"]
    assert grant(desk, "--toolkit", "PAYMENTS=off")["toolkits"] == ["MESSAGING"]
    assert OrganizationToolkit.objects.count() == 2


def test_off_takes_the_plugin_back(desk: Desk) -> None:
    grant(desk)
    answer = grant(desk, "--off")
    assert (answer["granted"], answer["tools"]) == (False, {TOOL: "off", FIND: "off"})
    assert not PluginGrant.objects.exists()
    assert grant(desk, "--off") == answer


def test_another_mode_is_replaced_at_once(desk: Desk) -> None:
    grant(desk)
    desk.install_live()
    assert grant(desk)["mode"] == "sandbox"
    assert grant(desk, "--mode", "live")["mode"] == "live"
    assert PluginGrant.objects.get().installation.mode == "live"
    assert refused(desk, number=desk.billing.public_id) == "mode_needed"


@pytest.mark.parametrize(
    ("flags", "changes", "code"),
    [
        ([], {"number": "wa_0"}, "unknown_number"),
        ([], {"plugin": "NO_DESK"}, "not_installed"),
        (["--mode", "live"], {}, "not_installed"),
        (["--tool", "nope=on"], {}, "unknown_tool"),
        (["--tool", "nope=off"], {}, "unknown_tool"),
        (["--permission", "no:such=on"], {}, "unknown_permission"),
        (["--toolkit", "BANKING=on"], {}, "unknown_toolkit"),
    ],
)
def test_a_refusal_says_its_code_and_leaves_nothing_half_done(
    desk: Desk, flags: list[str], changes: dict[str, str], code: str
) -> None:
    assert refused(desk, "--toolkit", "PAYMENTS=on", "--tool", f"{TOOL}=on", *flags, **changes) == code
    assert not PluginGrant.objects.exists()
    assert not ToolGrant.objects.exists()
    assert not OrganizationToolkit.objects.exists()
    assert not ToolkitGrant.objects.exists()
    assert desk.entries() == []


def test_a_removed_installation_is_not_granted(desk: Desk) -> None:
    Installation.objects.update(state="removed")
    assert refused(desk) == "not_installed"


def test_a_switch_that_is_neither_on_nor_off_is_a_usage_error(desk: Desk) -> None:
    with pytest.raises(CommandError, match="write NAME=on or NAME=off"):
        grant(desk, "--tool", f"{TOOL}=maybe")
    with pytest.raises(CommandError, match="leave --tool and --permission out") as error:
        grant(desk, "--off", "--tool", f"{TOOL}=on")
    assert error.value.returncode == 2
