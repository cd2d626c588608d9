"""Inviting somebody into an organization, and what becomes of it.

Whoever invites learns nothing about the address: a known person is invited exactly like an unknown one, and joins by
accepting. The link is the proof that the mail arrived. It works once, within days, and only its HMAC is stored.
"""

import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from kasilabs.accounts import audit, keyring, members, outbox
from kasilabs.accounts.models import Invitation, Member, Organization, User
from kasilabs.accounts.permissions import Permission, Role
from kasilabs.lib.refusal import Refused

LIFETIME = timedelta(days=7)
TOKEN_LENGTH = 43
"""43 letters and digits carry 256 bits."""


def invite(
    *, organization: Organization, email: str, name: str, role: Role, by: Member, actor: audit.Actor
) -> Invitation:
    """Invites an address and writes the mail with the link down. Raises Refused."""
    token = get_random_string(TOKEN_LENGTH)
    with audit.act(actor=actor, action="member.invited", organization=organization) as act:
        members.require_giving(members.lock(organization, by), role)
        if organization.members.filter(user__email=email.lower()).exists():
            raise Refused("already_member", _("This person already belongs to the organization."))
        now = timezone.now()
        organization.invitations.unanswered().filter(email=email.lower(), expires__lte=now).update(revoked=now)
        invitation = Invitation(
            organization=organization,
            email=email.lower(),
            name=name,
            role=role,
            token_mac=_mac(token),
            created_by=by.user,
            expires=now + LIFETIME,
        )
        try:
            with transaction.atomic():
                invitation.save(force_insert=True)
        except IntegrityError:
            sentence = _("This address has an invitation already. Revoke it to send another.")
            raise Refused("already_invited", sentence) from None
        act.on(invitation.id.hex, invitation.email)
        act.change(after={"role": role.value})
        link = settings.PUBLIC_URL + reverse("invitations:show", args=[token])
        context = {"invitation": invitation, "organization": organization, "link": link, "days": LIFETIME.days}
        outbox.enqueue(
            recipient=invitation.email,
            subject=_("%(organization)s invites you to KasiLabs") % {"organization": organization.name},
            text=render_to_string("accounts/email/invitation.txt", context),
            organization=organization,
        )
    return invitation


def find(token: str) -> Invitation | None:
    """Returns the open invitation behind a link."""
    found: Invitation | None = (
        Invitation.objects.open().select_related("organization").filter(token_mac=_mac(token)).first()
    )
    return found


def accept(*, invitation: Invitation, user: User, actor: audit.Actor) -> Member:
    """Lets the person who was invited join; who belongs there by now keeps their role. Raises Refused."""
    organization = invitation.organization
    with audit.act(actor=actor, action="invitation.accepted", organization=organization) as act:
        members.lock(organization, by=None)
        if user.email != invitation.email:
            raise Refused("another_address", _("This invitation was sent to another address."))
        inviter = Member.objects.filter(organization=organization, user=invitation.created_by).first()
        if (
            inviter is None
            or not inviter.may(Permission.MEMBERS_CHANGE)
            or (Role(invitation.role) not in inviter.roles_to_give)
        ):
            raise Refused("inviter_may_not", _("Whoever invited you may not give this role any more. Ask for another."))
        _close(invitation, "accepted")
        member, is_new = Member.objects.get_or_create(
            organization=organization, user=user, defaults={"role": invitation.role}
        )
        act.on(user.id.hex, user.email)
        act.change(after={"role": member.role})
        if not is_new:
            act.change(before={"role": member.role}, after={"roleAsked": invitation.role})
    return member


def register(*, invitation: Invitation, name: str, password: str, request_id: str) -> User:
    """Creates the account of somebody new, who joins with it. Raises Refused."""
    with transaction.atomic():
        user = User.objects.get_or_create_user(invitation.email, name=name)
        user = User.objects.select_for_update().get(pk=user.pk)
        if not needs_account(user):
            raise Refused("has_account", _("This address has an account by now. Sign in with it to join."))
        user.name = name
        user.set_password(password)
        user.save(update_fields=["name", "password"])
        accept(invitation=invitation, user=user, actor=audit.Actor.person(user, request_id))
    return user


def needs_account(user: User | None) -> bool:
    """Returns whether the owner of an address still has to set a password before they can sign in."""
    return user is None or (user.is_active and not user.has_usable_password())


def revoke(*, invitation: Invitation, by: Member, actor: audit.Actor) -> None:
    """Ends an invitation: its link stops working. Raises Refused."""
    organization = invitation.organization
    with audit.act(actor=actor, action="invitation.revoked", organization=organization) as act:
        acting = members.lock(organization, by)
        if acting and Role(invitation.role) not in acting.roles_to_give:
            raise Refused("invitation_beyond_you", _("You cannot revoke an invitation to a role you may not give."))
        _close(invitation, "revoked")
        act.on(invitation.id.hex, invitation.email)
        act.change(before={"role": invitation.role})


def _close(invitation: Invitation, column: str) -> None:
    """Of all who want to end one invitation, the first one does. Raises Refused for the others."""
    if not Invitation.objects.open().filter(pk=invitation.pk).update(**{column: timezone.now()}):
        raise Refused("invitation_over", _("This invitation was accepted or revoked meanwhile, or is too old."))


def _mac(token: str) -> str:
    key = keyring.platform_key(keyring.Purpose.INVITATION)
    return hmac.new(key, token.encode(), hashlib.sha256).hexdigest()
