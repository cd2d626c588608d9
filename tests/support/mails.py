"""Mails as a worker sends them."""

from django.core import mail

from kasilabs.jobs import sweep


def sent() -> list[mail.EmailMessage]:
    """Lets later work that is due be done, and returns every mail that was sent since the test began.

    The test needs transactions of its own: no mail is sent inside one.
    """
    sweep.run_due()
    return mail.outbox
