"""The mail to somebody whom a command added and who has no password yet."""

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.template.loader import render_to_string
from django.utils.translation import gettext

from kasilabs.accounts import outbox
from kasilabs.accounts.adapter import password_link
from kasilabs.accounts.models import Member, OutgoingMail, User


def enqueue(member: Member) -> OutgoingMail:
    """Writes down the mail with the link that sets a password."""
    user, organization = member.user, member.organization
    context = {"member": member, "organization": organization, "link": link(user)}
    text = render_to_string("accounts/email/welcome.txt", context)
    subject = gettext("%(organization)s added you on KasiLabs") % {"organization": organization.name}
    return outbox.enqueue(recipient=user.email, subject=subject, text=text, organization=organization)


def link(user: User) -> str:
    """Returns the address at which a person sets a password, once and within days."""
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    return password_link(f"{user_pk_to_url_str(user)}-{token}")
