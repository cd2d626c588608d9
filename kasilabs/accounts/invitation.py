"""The mail to somebody who was added and has no password yet."""

import logging
import smtplib

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import gettext

from kasilabs.accounts.adapter import password_link
from kasilabs.accounts.models import Member, User
from kasilabs.lib.db import connection

log = logging.getLogger(__name__)


def send(member: Member) -> bool:
    """Sends the link that sets a password; returns whether the mail server took it.

    Never call this inside a transaction: it talks to another machine, and gives the database connection back first.
    """
    user, organization = member.user, member.organization
    context = {"member": member, "organization": organization, "link": link(user)}
    text = render_to_string("accounts/email/invitation.txt", context)
    subject = gettext("%(organization)s added you on KasiLabs") % {"organization": organization.name}
    connection.release()
    try:
        send_mail(subject, text, None, [user.email])
    except (smtplib.SMTPException, OSError) as error:
        log.warning("invitation_not_sent: %s", type(error).__name__)
        return False
    return True


def link(user: User) -> str:
    """Returns the address at which a person sets a password, once and within days."""
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    return password_link(f"{user_pk_to_url_str(user)}-{token}")
