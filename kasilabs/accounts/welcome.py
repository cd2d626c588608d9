"""The mail to somebody whom a command added and who has no password yet."""

from django.template.loader import render_to_string
from django.utils.translation import gettext

from kasilabs.accounts import outbox, password_links
from kasilabs.accounts.models import Member, OutgoingMail


def enqueue(member: Member) -> OutgoingMail:
    """Writes down the mail with the link that sets a password."""
    user, organization = member.user, member.organization
    context = {"member": member, "organization": organization, "link": password_links.link(user)}
    text = render_to_string("accounts/email/welcome.txt", context)
    subject = gettext("%(organization)s added you on KasiLabs") % {"organization": organization.name}
    return outbox.enqueue(recipient=user.email, subject=subject, text=text, organization=organization)
