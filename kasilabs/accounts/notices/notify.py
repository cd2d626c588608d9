"""Telling a person something: in their list of notices and, if they want it, by mail."""

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from kasilabs.accounts import outbox
from kasilabs.accounts.models import Notice, NoticePreference, Organization, User
from kasilabs.accounts.notices import kinds


def notify(
    *,
    user: User,
    kind: str,
    parameters: Mapping[str, str | int] | None = None,
    organization: Organization | None = None,
    link: str = "",
) -> Notice:
    """Writes a notice in the current transaction, and its mail for a worker to send.

    `parameters` are what the sentence of the kind names, without secrets; `link` is the path of the page the notice is
    about. Raises KeyError for an unknown kind or a parameter that is missing.
    """
    told = kinds.get(kind)
    text = told.text(parameters or {})
    with transaction.atomic():
        notice = Notice.objects.create(
            user=user, organization=organization, kind=kind, parameters=dict(parameters or {}), link=link
        )
        if is_mailed(user, told):
            context = {
                "text": text,
                "organization": organization,
                "link": settings.PUBLIC_URL + link if link else "",
                "notices": settings.PUBLIC_URL + reverse("notices:list"),
            }
            outbox.enqueue(
                recipient=user.email,
                subject=f"KasiLabs: {told.label}",
                text=render_to_string("accounts/email/notice.txt", context),
                organization=organization,
            )
    return notice


def is_mailed(user: User, kind: kinds.Kind) -> bool:
    """Returns whether somebody wants a kind of notice by mail."""
    preference = NoticePreference.objects.filter(user=user, kind=kind.name).first()
    return preference.is_mailed if preference else kind.is_mailed
