"""Every mail of the platform: written down with what it follows from, and sent by a worker.

Nobody waits for the mail server, and a mail is not lost when it is down. When a worker dies between sending and noting
it, the mail is sent once more under the same Message-ID, by which mail programs know it again.
"""

import smtplib
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization, OutgoingMail
from kasilabs.jobs import bell
from kasilabs.jobs.sources import JobFailed
from kasilabs.lib.crypto import fields

MOST_ATTEMPTS = 30
"""A mail server may be down for a day."""


_UNREACHABLE = _("The mail server cannot be reached.")
_REFUSED = _("The mail server refused the mail.")
ERRORS = {
    "cannot_open": _("The text cannot be opened: the key it was sealed with is gone."),
    "recipient_refused": _("The mail server takes no mails for this address."),
    "SMTPAuthenticationError": _("The mail server does not know the user or the password of the platform."),
    "SMTPNotSupportedError": _("The mail server cannot do what EMAIL_URL asks of it."),
    "SMTPSenderRefused": _("The mail server takes no mails from DEFAULT_FROM_EMAIL."),
    "SSLCertVerificationError": _("The certificate of the mail server cannot be verified."),
    **dict.fromkeys(["SMTPDataError", "SMTPHeloError", "SMTPResponseException", "SMTPException"], _REFUSED),
    **dict.fromkeys(["SMTPConnectError", "SMTPServerDisconnected", "OSError", "TimeoutError"], _UNREACHABLE),
    **dict.fromkeys(["ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError", "gaierror"], _UNREACHABLE),
    "SSLError": _UNREACHABLE,
}
"""Why a mail was not sent, by the code of the failure."""


def enqueue(*, recipient: str, subject: str, text: str, organization: Organization | None = None) -> OutgoingMail:
    """Writes a mail down in the current transaction; a worker sends it once that is committed."""
    mail = OutgoingMail(organization=organization, recipient=recipient)
    fields.seal(mail, "subject", subject)
    fields.seal(mail, "text", text)
    mail.save(force_insert=True)
    bell.ring(mail)
    return mail


def send(mail: OutgoingMail) -> None:
    """Sends a claimed mail and deletes it. Raises JobFailed."""
    try:
        subject, text = fields.reveal(mail, "subject"), fields.reveal(mail, "text")
    except fields.CannotOpen:
        raise JobFailed("cannot_open", is_final=True) from None
    headers = {"Message-ID": message_id(mail)}
    try:
        EmailMessage(subject, text, to=[mail.recipient], headers=headers).send()
    except smtplib.SMTPRecipientsRefused as error:
        is_final = all(code >= 500 for code, _reply in error.recipients.values())
        raise JobFailed("recipient_refused", is_final=is_final) from None
    except (smtplib.SMTPException, OSError) as error:
        # The message of the error may name the recipient.
        raise JobFailed(type(error).__name__) from None
    with mail.finishing():
        OutgoingMail.objects.filter(pk=mail.pk).delete()


def message_id(mail: OutgoingMail) -> str:
    """Returns the Message-ID (RFC 5322, section 3.6.4), the same for every attempt."""
    return f"<{mail.public_id}@{urlsplit(settings.PUBLIC_URL).hostname}>"


def describe(mail: OutgoingMail) -> str:
    return mail.recipient
