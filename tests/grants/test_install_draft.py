from typing import Any

import pytest
from django.contrib.sessions.models import Session

from grants.models import OrganizationToolkit, PluginGrant
from installations.models import Installation
from kasilabs.accounts.models import Member
from kasilabs.whatsapp.models import Instance
from plugins.models import Version
from tests.grants.conftest import CREATE, PAY
from tests.grants.install_steps import CANARY, PAGE, SOUND, choose, nothing_was_installed
from tests.support import factories
from tests.support.visits import As, hidden_fields, page, send


def test_a_draft_holds_what_was_chosen_and_nothing_else(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin = as_(cast.admin)
    choose(admin, [legal.public_id], PAY, toolkits=("ESCALATIONS",))
    (kept,) = [dict[str, Any](value) for name, value in admin.session.items() if name.startswith("install:")]
    assert kept == {
        "permissions": [PAY],
        "numbers": [legal.public_id],
        "replaced": [],
        "toolkits": ["ESCALATIONS"],
        "digest": support_desk.digest,
    }


def test_a_draft_is_left_and_found_again(support_desk: Version, legal: Instance, cast: factories.Cast, as_: As) -> None:
    admin = as_(cast.admin)
    send(admin, PAGE + "permissions/", {"permissions": [PAY]})
    answer = send(admin, PAGE + "numbers/", {"numbers": [legal.public_id], "leave": "yes"})
    assert answer["Location"] == "/o/kasi-legal/developer/SUPPORT_DESK/"
    assert admin.get(PAGE)["Location"] == PAGE + "configuration/"
    assert page(admin.get(PAGE + "numbers/")).count(" checked>") == 1
    assert "1 allowed, 2 left out" in page(admin.get(PAGE + "numbers/"))
    assert as_(cast.owner).get(PAGE)["Location"] == PAGE + "permissions/"


def test_a_draft_about_another_version_does_not_count(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin = as_(cast.admin)
    choose(admin, [legal.public_id], CREATE)
    opened = hidden_fields(admin.get(PAGE + "configuration/"))
    factories.version(cast.organization, version="1.1.0")
    answer = admin.post(PAGE + "configuration/", {**opened, **SOUND}, follow=True)
    assert answer.redirect_chain == [(PAGE + "permissions/", 302)]
    assert "Your draft was made for another version. Look at what version 1.1.0 asks for" in page(answer)
    assert "Not saved: this page was out of date." in page(answer)
    assert nothing_was_installed()


@pytest.mark.parametrize(("withdrawn", "done"), [("toolkits.change", (1, 0)), ("grants.change", (0, 0))])
def test_a_right_that_was_withdrawn_meanwhile_is_not_used(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As, withdrawn: str, done: tuple[int, int]
) -> None:
    admin = as_(cast.admin)
    choose(admin, [legal.public_id], CREATE, toolkits=("ESCALATIONS",))
    Member.objects.filter(user=cast.admin).update(withdrawn=[withdrawn])
    send(admin, PAGE + "configuration/", SOUND)
    assert Installation.objects.count() == 1
    assert (PluginGrant.objects.count(), OrganizationToolkit.objects.count()) == done


def test_no_secret_is_in_the_session(support_desk: Version, legal: Instance, cast: factories.Cast, as_: As) -> None:
    admin = as_(cast.admin)
    choose(admin, [legal.public_id], CREATE)
    before = {**admin.session}
    send(admin, PAGE + "configuration/", SOUND | {"defaultQueue": ""})
    assert {**admin.session} == before
    send(admin, PAGE + "configuration/", SOUND)
    assert not [name for name, _value in admin.session.items() if name.startswith("install:")]
    assert not any(CANARY in str(session.get_decoded()) for session in Session.objects.all())
