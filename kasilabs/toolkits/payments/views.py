from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kasilabs.accounts.access import MemberRequest, actor, member_required, reauthenticated
from kasilabs.accounts.permissions import Permission
from kasilabs.jobs.models import State
from kasilabs.lib import ids, pagination
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.effects import conclude
from kasilabs.toolkits.payments import search, settlement
from kasilabs.toolkits.payments.forms import FailedForm, SearchForm, SettledForm
from kasilabs.toolkits.payments.models import Payment, PaymentState, Refund


@require_safe
@member_required(Permission.PAYMENTS_VIEW)
def list_payments(request: MemberRequest) -> HttpResponse:
    """Shows the newest payments that fit what was asked for; what cannot be read shows none, with status 422."""
    form = SearchForm(request.GET)
    asked = {name: value for name, value in form.data.items() if name in form.fields and value}
    payments: QuerySet[Payment] = request.organization.payments.none()
    if form.is_valid():
        with_phones = request.member.may(Permission.CUSTOMERS_PHONE)
        payments = search.matching(request.organization, form.cleaned_data["q"], with_phones=with_phones)
        if form.cleaned_data["state"] == "overdue":
            payments &= search.overdue(request.organization, timezone.now())
        elif form.cleaned_data["state"]:
            payments = payments.filter(state=form.cleaned_data["state"])
    bound_to = {"list": "payments", "organization": request.organization.public_id, **asked}
    context = {
        "form": form,
        "asked": asked,
        "query": urlencode(asked),
        "states": [("", _("All")), ("overdue", _("Overdue")), *PaymentState.choices],
        "page": pagination.page_or_404(request, payments.select_related("instance"), bound_to),
    }
    status = HTTPStatus.OK if form.is_valid() else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "payments/list.html", context, status=status)


@require_safe
@member_required(Permission.PAYMENTS_VIEW)
def detail(request: MemberRequest, payment: str) -> HttpResponse:
    """Shows what was asked, what the provider said, and when it is asked again."""
    row = _payment(request, payment)
    refunds = list(row.refunds.select_related("effect").order_by("-id"))
    for refund in refunds:
        refund.payment = row
    context = {
        "payment": row,
        "refunds": refunds,
        "can_ask": row.is_open and conclude.is_askable(row.effect),
        "is_asked_now": row.effect.state == State.RUNNING,
        "asked_again": row.effect.due_at if row.effect.state == State.WAITING else None,
    }
    return render(request, "payments/detail.html", context)


@require_POST
@member_required(Permission.PAYMENTS_SETTLE)
def ask(request: MemberRequest, payment: str, refund: str = "") -> HttpResponseBase:
    """Lets a worker ask the provider now, or send what it has never got."""
    row = _payment_or_refund(request, payment, refund)
    if conclude.ask_again(row.effect):
        messages.success(request, _("The provider is being asked. Its answer will stand here."))
    else:
        messages.error(request, _("There is nothing to ask the provider now."))
    return redirect("payments:detail", request.organization.slug, payment)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.PAYMENTS_SETTLE)
@reauthenticated
def mark_settled(request: MemberRequest, payment: str, refund: str = "") -> HttpResponseBase:
    """Asks for the receipt and the reason, then says that the money has arrived."""
    row = _payment_or_refund(request, payment, refund)
    form = SettledForm(request.POST) if request.method == "POST" else SettledForm()
    if form.is_valid():
        try:
            settlement.mark_settled(row, actor=actor(request), **form.cleaned_data)
        except Refused as refused:
            return _mark_page(request, row, form, is_settled=True, refusal=str(refused))
        messages.success(request, _("%(amount)s is marked as settled.") % {"amount": row.amount})
        return redirect("payments:detail", request.organization.slug, payment)
    return _mark_page(request, row, form, is_settled=True)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.PAYMENTS_SETTLE)
@reauthenticated
def mark_failed(request: MemberRequest, payment: str, refund: str = "") -> HttpResponseBase:
    """Asks for the reason, then says that no money will arrive."""
    row = _payment_or_refund(request, payment, refund)
    form = FailedForm(request.POST) if request.method == "POST" else FailedForm()
    if form.is_valid():
        try:
            settlement.mark_failed(row, actor=actor(request), **form.cleaned_data)
        except Refused as refused:
            return _mark_page(request, row, form, is_settled=False, refusal=str(refused))
        messages.success(request, _("%(amount)s is marked as failed.") % {"amount": row.amount})
        return redirect("payments:detail", request.organization.slug, payment)
    return _mark_page(request, row, form, is_settled=False)


def _payment(request: MemberRequest, public_id: str) -> Payment:
    payments = request.organization.payments.select_related("effect", "instance", "order", "customer")
    payment: Payment = get_object_or_404(payments, pk=Payment.decode_id(public_id))
    return payment


def _payment_or_refund(request: MemberRequest, payment: str, refund: str) -> Payment | Refund:
    """Returns the payment, or the refund of it where one is named. Raises Http404."""
    row = _payment(request, payment)
    if not refund:
        return row
    refunds = row.refunds.select_related("effect", "payment", "organization")
    return get_object_or_404(refunds, pk=ids.decode(Refund.PREFIX, refund))


def _mark_page(
    request: MemberRequest, row: Payment | Refund, form: Any, *, is_settled: bool, refusal: str = ""
) -> HttpResponse:
    row.refresh_from_db(fields=["state"])
    is_refund = isinstance(row, Refund)
    done = _("Mark refunded") if is_refund else _("Mark paid")
    context = {
        "act": done if is_settled else _("Mark failed"),
        "row": row,
        "payment": row.payment if isinstance(row, Refund) else row,
        "is_refund": is_refund,
        "is_settled": is_settled,
        "form": form,
        "refusal": refusal,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "payments/mark.html", context, status=HTTPStatus.CONFLICT if refusal else status)
