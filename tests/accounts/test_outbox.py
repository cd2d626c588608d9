import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction

from kasilabs.accounts import outbox
from kasilabs.accounts.models import OutgoingMail
from kasilabs.jobs.models import State
from tests.support import factories, mails

pytestmark = pytest.mark.django_db(transaction=True)
LINK = "http://127.0.0.1:8000/accounts/password/reset/key/canary-7F2Q"


def enqueue(**changes: Any) -> OutgoingMail:
    return outbox.enqueue(**{"recipient": "nia@x.example", "subject": "Habari", "text": LINK, **changes})


@contextmanager
def mail_server(answers: dict[bytes, bytes]) -> Iterator[int]:
    """A mail server that answers some commands as given and all others with 250; yields its port."""

    class Session(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                command = line[:4].strip().upper()
                self.wfile.write(answers.get(command, b"250 OK") + b"\r\n")
                if command == b"QUIT":
                    return

    with ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def use_mail_server(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port


def test_a_mail_is_sent_by_later_work_alone() -> None:
    enqueue()
    assert mail.outbox == []
    out = StringIO()
    call_command("jobs", "--run-due", stdout=out)
    assert json.loads(out.getvalue())["ran"]["done"] >= 1
    assert [(sent.to, sent.subject, sent.body) for sent in mail.outbox] == [(["nia@x.example"], "Habari", LINK)]


def test_a_mail_that_was_sent_is_gone() -> None:
    enqueue()
    mails.sent()
    assert not OutgoingMail.objects.exists()


def test_a_mail_of_a_change_that_failed_is_never_sent() -> None:
    with transaction.atomic():
        enqueue()
        transaction.set_rollback(True)
    assert mails.sent() == []


def test_the_database_does_not_show_what_is_in_a_mail() -> None:
    enqueue()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_outgoingmail")
        row = str(cursor.fetchall())
    assert "nia@x.example" in row
    assert "canary" not in row
    assert "Habari" not in row


def test_every_attempt_has_the_same_message_id() -> None:
    first, second = enqueue(), enqueue()
    ids = {sent.message()["Message-ID"] for sent in mails.sent()}
    assert ids == {f"<{each.public_id}@127.0.0.1>" for each in (first, second)}
    assert outbox.message_id(first) == f"<{first.public_id}@127.0.0.1>"


def test_a_mail_waits_while_the_server_is_down(settings: Any) -> None:
    use_mail_server(settings, 9)
    enqueue()
    mails.sent()
    waiting = OutgoingMail.objects.get()
    assert (waiting.state, waiting.last_error) == (State.WAITING, "ConnectionRefusedError")
    assert waiting.due_at > waiting.created


@pytest.mark.parametrize(
    ("answer", "state"), [(b"550 no such person", State.DEAD), (b"450 mailbox busy", State.WAITING)]
)
def test_only_a_recipient_refused_for_good_is_a_dead_letter(settings: Any, answer: bytes, state: State) -> None:
    with mail_server({b"RCPT": answer}) as port:
        use_mail_server(settings, port)
        enqueue()
        mails.sent()
    refused = OutgoingMail.objects.get()
    assert (refused.state, refused.last_error) == (state, "recipient_refused")


def test_a_mail_that_cannot_be_opened_is_a_dead_letter() -> None:
    waiting = enqueue()
    OutgoingMail.objects.update(text=waiting.subject)
    assert mails.sent() == []
    assert (OutgoingMail.objects.get().state, OutgoingMail.objects.get().last_error) == (State.DEAD, "cannot_open")


def test_a_mail_goes_with_its_organization() -> None:
    organization = factories.organization()
    enqueue(organization=organization)
    organization.delete()
    assert not OutgoingMail.objects.exists()
