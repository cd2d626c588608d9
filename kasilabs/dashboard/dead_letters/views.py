from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kasilabs.accounts import dead_letters
from kasilabs.accounts.access import MemberRequest, PersonRequest, actor, member_required, staff_required
from kasilabs.accounts.permissions import Permission
from kasilabs.jobs import overview, sources
from kasilabs.jobs.overview import DeadLetter, Owner
from kasilabs.jobs.sources import Source

MOST_SHOWN = 50
OF_THE_PLATFORM = "What belongs to no organization is the platform's own."


@require_safe
@member_required(Permission.JOBS_RETRY)
def list_dead_letters(request: MemberRequest) -> HttpResponse:
    return _page(request, Owner(request.organization))


@require_POST
@member_required(Permission.JOBS_RETRY)
def retry(request: MemberRequest, job: str) -> HttpResponseBase:
    _retry(request, job, Owner(request.organization))
    return redirect("dead_letters:list", request.organization.slug)


@require_safe
@staff_required(OF_THE_PLATFORM)
def list_of_platform(request: PersonRequest) -> HttpResponse:
    return _page(request, Owner())


@require_POST
@staff_required(OF_THE_PLATFORM)
def retry_of_platform(request: PersonRequest, job: str) -> HttpResponseBase:
    _retry(request, job, Owner())
    return redirect("platform_dead_letters:list")


@dataclass(frozen=True)
class Group:
    """The latest dead letters of one source; `has_more` when there are others."""

    source: Source[Any]
    letters: Sequence[DeadLetter]
    has_more: bool


def _page(request: PersonRequest, owner: Owner) -> HttpResponse:
    groups = []
    for source in sources.registered():
        letters = list(islice(overview.dead_letters(source, owner=owner), MOST_SHOWN + 1))
        if letters:
            groups.append(Group(source, letters[:MOST_SHOWN], has_more=len(letters) > MOST_SHOWN))
    return render(request, "dead_letters.html", {"groups": groups})


def _retry(request: PersonRequest, job: str, owner: Owner) -> None:
    """Retries a dead letter. Raises Http404 for what is not the owner's."""
    letter = overview.find(job, owner=owner)
    if letter is None:
        raise Http404
    if dead_letters.retry([letter], actor=actor(request)):
        messages.success(request, _("%(what)s is due once more.") % {"what": letter.description})
    else:
        messages.info(request, _("%(what)s is no dead letter any more.") % {"what": letter.description})
