import json
import re
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from kasilabs.accounts.models import AuditEntry, Member, Organization, OutgoingMail, User
from tests.support import factories, trail

pytestmark = pytest.mark.django_db(transaction=True)
GIVEN = {
    "slug": "kasi-legal",
    "name": "Kasi Legal",
    "owner_email": "Wanjiru@KasiLegal.example",
    "owner_name": "Wanjiru",
}


def create(**changes: Any) -> dict[str, Any]:
    out = StringIO()
    with suppress(CommandError):
        call_command("create_organization", **{**GIVEN, **changes}, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_it_makes_the_organization_and_mails_its_owner() -> None:
    answer = create()
    organization = Organization.objects.get()
    assert answer == {
        "organization": {"id": organization.public_id, "slug": "kasi-legal"},
        "owner": "wanjiru@kasilegal.example",
        "mail": "sent",
    }
    assert (Member.objects.get().role, mail.outbox[0].to) == ("owner", ["wanjiru@kasilegal.example"])


def test_the_link_it_prints_sets_the_owners_password() -> None:
    answer = create(print_link=True)
    assert (answer["mail"], mail.outbox) == ("not_sent", [])
    path = re.sub("^http://127.0.0.1:8000", "", answer["passwordLink"])
    client = Client()
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": factories.PASSWORD, "password2": factories.PASSWORD})
    assert User.objects.get().check_password(factories.PASSWORD)


def test_somebody_who_has_a_password_gets_no_mail() -> None:
    factories.user("wanjiru@kasilegal.example", name="Njoki")
    assert create()["mail"] == "not_needed"
    assert (User.objects.get().name, mail.outbox) == ("Njoki", [])


def test_a_taken_slug_is_refused_and_nothing_changes() -> None:
    factories.organization("kasi-legal")
    assert create()["code"] == "slug_taken"
    assert (Organization.objects.count(), User.objects.count(), AuditEntry.objects.count()) == (1, 0, 0)


def test_every_fault_is_named_and_nothing_changes() -> None:
    answer = create(slug="kasi legal", name=" ", owner_email="wanjiru", owner_name="x" * 81)
    assert answer["code"] == "invalid_input"
    assert [error["pointer"] for error in answer["errors"]] == ["/slug", "/name", "/ownerEmail", "/ownerName"]
    assert (Organization.objects.count(), User.objects.count()) == (0, 0)


def test_names_with_something_unseen_are_refused() -> None:
    answer = create(name="Kasi\nLegal", owner_name="Wanjiru\u200b")
    assert [error["pointer"] for error in answer["errors"]] == ["/name", "/ownerName"]
    assert answer["errors"][1]["message"] == "Leave out what cannot be seen: U+200B zero width space."
    assert (Organization.objects.count(), User.objects.count()) == (0, 0)


def test_a_mail_that_cannot_be_sent_yet_is_said_and_tried_again(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert create()["mail"] == "failed"
    waiting = OutgoingMail.objects.get()
    assert (waiting.recipient, waiting.state) == ("wanjiru@kasilegal.example", "waiting")


def test_both_acts_are_in_the_audit_trail() -> None:
    create()
    acts = trail.entries().order_by("seq").values_list("actor", "action", "target_name")
    actor = "command:create_organization"
    assert list(acts) == [
        (actor, "organization.created", "Kasi Legal"),
        (actor, "member.added", "wanjiru@kasilegal.example"),
    ]


def test_a_mail_on_the_console_stays_out_of_the_answer(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    call_command("create_organization", **GIVEN)
    printed = capsys.readouterr()
    assert json.loads(printed.out)["mail"] == "sent"
    assert "Set your password here" in printed.err
