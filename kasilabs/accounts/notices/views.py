from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kasilabs.accounts.access import PersonRequest, person_required
from kasilabs.accounts.models import Notice
from kasilabs.accounts.notices import kinds
from kasilabs.accounts.notices.forms import ChooseMails
from kasilabs.lib import pagination


@dataclass(frozen=True)
class NoticeRow:
    """A notice, and what it says."""

    notice: Notice
    text: str


@require_safe
@person_required("One's own notices, of every organization.")
def list_notices(request: PersonRequest) -> HttpResponse:
    return _notices_page(request, ChooseMails(user=request.user))


@require_POST
@person_required("One's own notices, of every organization.")
def read(request: PersonRequest, notice: UUID) -> HttpResponseBase:
    """Marks a notice as read and leads to what it is about."""
    row = get_object_or_404(request.user.notices, pk=notice)
    request.user.notices.filter(pk=row.pk).unread().update(read=timezone.now())
    return redirect(row.link or "notices:list")


@require_POST
@person_required("One's own notices, of every organization.")
def read_all(request: PersonRequest) -> HttpResponseBase:
    request.user.notices.unread().update(read=timezone.now())
    return redirect("notices:list")


@require_POST
@person_required("What somebody wants to be told by mail is theirs to choose.")
def choose_mails(request: PersonRequest) -> HttpResponseBase:
    form = ChooseMails(request.POST, user=request.user)
    if not form.is_valid():
        return _notices_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    form.save()
    messages.success(request, _("Your choice was saved."))
    return redirect("notices:list")


def _notices_page(request: PersonRequest, form: ChooseMails, *, status: int = HTTPStatus.OK) -> HttpResponse:
    mine = request.user.notices.select_related("organization")
    page = pagination.page_or_404(request, mine, {"notices_of": request.user.pk.hex})
    rows = [NoticeRow(notice, kinds.text(notice.kind, notice.parameters)) for notice in page.rows]
    return render(request, "accounts/notices.html", {"rows": rows, "page": page, "form": form}, status=status)
