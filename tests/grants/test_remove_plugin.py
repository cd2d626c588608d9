import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from grants.models import PluginGrant
from installations.models import Installation
from kasilabs.accounts.models import AuditEntry
from tests.grants.conftest import MANIFEST, Desk
from tests.support import factories
from tests.support.concurrency import at_once
from tests.support.factories import Cast


def remove(**where: str) -> dict[str, Any]:
    out = StringIO()
    place = {"organization": "kasi-legal", "plugin": "SUPPORT_DESK", "mode": "sandbox"} | where
    try:
        call_command("remove_plugin", *[f"--{name}={value}" for name, value in place.items()], stdout=out)
    finally:
        answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def refused(**where: str) -> str:
    out = StringIO()
    place = {"organization": "kasi-legal", "plugin": "SUPPORT_DESK", "mode": "sandbox"} | where
    with pytest.raises(CommandError) as error:
        call_command("remove_plugin", *[f"--{name}={value}" for name, value in place.items()], stdout=out)
    assert error.value.returncode == 1
    return str(json.loads(out.getvalue())["code"])


def test_it_removes_and_says_which_numbers_lose_the_plugin(desk: Desk) -> None:
    desk.grant()
    assert remove() == {
        "installation": desk.installation.public_id,
        "plugin": "SUPPORT_DESK",
        "version": "1.0.0",
        "mode": "sandbox",
        "state": "removed",
        "instances": [{"id": desk.legal.public_id, "name": "Legal Consultations"}],
    }
    assert (Installation.objects.get().state, PluginGrant.objects.count()) == ("removed", 0)


def test_run_again_it_answers_the_same_and_notes_nothing(desk: Desk) -> None:
    first, noted = remove(), AuditEntry.objects.count()
    assert remove() == first
    assert AuditEntry.objects.count() == noted


@pytest.mark.django_db(transaction=True)
def test_two_at_once_both_find_it_removed(desk: Desk) -> None:
    desk.grant()
    at_once(remove, remove)
    assert AuditEntry.objects.filter(action="installation.removed").count() == 1


def test_what_was_installed_anew_is_removed_and_not_what_went_before(desk: Desk) -> None:
    remove()
    again = factories.installation(desk.organization, **MANIFEST)
    assert remove()["installation"] == again.public_id
    assert not Installation.objects.not_removed().exists()


def test_the_audit_trail_names_the_person_it_acts_for(desk: Desk, cast: Cast) -> None:
    desk.grant()
    remove(**{"as": cast.admin.email.upper()})
    noted = AuditEntry.objects.filter(action__in=["grant.taken_back", "installation.removed"])
    assert [entry.actor for entry in noted.order_by("seq")] == [cast.admin.email] * 2


def test_a_developer_removes_from_the_sandbox_and_nothing_live(desk: Desk, cast: Cast) -> None:
    live = desk.install_live()
    assert refused(mode="live", **{"as": cast.developer.email}) == "missing_permission"
    assert remove(**{"as": cast.developer.email})["state"] == "removed"
    assert Installation.objects.not_removed().get() == live


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"organization": "nobody"}, "unknown_organization"),
        ({"plugin": "GAS_OS"}, "not_installed"),
        ({"plugin": "support_desk"}, "not_installed"),
        ({"mode": "live"}, "not_installed"),
        ({"as": "stranger@rival-law.example"}, "not_a_member"),
        ({"as": "operator@kasi-legal.example"}, "missing_permission"),
    ],
)
def test_a_refusal_removes_nothing(desk: Desk, where: dict[str, str], code: str) -> None:
    desk.grant()
    assert refused(**where) == code
    assert (Installation.objects.get().state, PluginGrant.objects.count()) == ("active", 1)
