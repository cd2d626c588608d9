from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib import ids, pagination
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.orders import after_sale, changes, search
from kasilabs.toolkits.orders.forms import ReasonForm, SearchForm
from kasilabs.toolkits.orders.models import AfterSaleRequest, Order, OrderState


@require_safe
@member_required(Permission.ORDERS_VIEW)
def list_orders(request: MemberRequest) -> HttpResponse:
    """Shows the newest orders that fit what was asked for; what cannot be read shows none, with status 422."""
    form = SearchForm(request.GET)
    asked = {name: value for name, value in form.data.items() if name in form.fields and value}
    orders: QuerySet[Order] = request.organization.orders.none()
    if form.is_valid():
        orders = search.matching(request.organization, form.cleaned_data["q"])
        if form.cleaned_data["state"]:
            orders = orders.filter(state=form.cleaned_data["state"])
    bound_to = {"list": "orders", "organization": request.organization.public_id, **asked}
    context = {
        "form": form,
        "asked": asked,
        "query": urlencode(asked),
        "states": [("", _("All")), *OrderState.choices],
        "page": pagination.page_or_404(request, orders.select_related("instance"), bound_to),
    }
    status = HTTPStatus.OK if form.is_valid() else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "orders/list.html", context, status=status)


@require_safe
@member_required(Permission.ORDERS_VIEW)
def detail(request: MemberRequest, order: str) -> HttpResponse:
    """Shows what was ordered, what was paid for it, and what the customer wants after the sale."""
    return _detail_page(request, _order(request, order))


@require_POST
@member_required(Permission.ORDERS_CHANGE)
def confirm(request: MemberRequest, order: str) -> HttpResponseBase:
    row = _order(request, order)
    return _changed(request, row, partial(changes.confirm, row, actor=actor(request)))


@require_POST
@member_required(Permission.ORDERS_CHANGE)
def fulfil(request: MemberRequest, order: str) -> HttpResponseBase:
    row = _order(request, order)
    return _changed(request, row, partial(changes.fulfil, row, actor=actor(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.ORDERS_CHANGE)
def cancel(request: MemberRequest, order: str) -> HttpResponseBase:
    """Asks why, then cancels an order."""
    row, form = _order(request, order), ReasonForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _reason_page(request, row, form)
    return _changed(request, row, partial(changes.cancel, row, actor=actor(request), **form.cleaned_data))


@require_POST
@member_required(Permission.ORDERS_CHANGE)
def accept(request: MemberRequest, order: str, after_sale_request: str) -> HttpResponseBase:
    row = _after_sale_request(request, order, after_sale_request)
    return _changed(request, row.order, partial(after_sale.accept, row, actor=actor(request)))


@require_POST
@member_required(Permission.ORDERS_CHANGE)
def close(request: MemberRequest, order: str, after_sale_request: str) -> HttpResponseBase:
    row = _after_sale_request(request, order, after_sale_request)
    return _changed(request, row.order, partial(after_sale.close, row, actor=actor(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.ORDERS_CHANGE)
def decline(request: MemberRequest, order: str, after_sale_request: str) -> HttpResponseBase:
    """Asks why, then declines what a customer wants after the sale."""
    row = _after_sale_request(request, order, after_sale_request)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _reason_page(request, row.order, form, row)
    return _changed(request, row.order, partial(after_sale.decline, row, actor=actor(request), **form.cleaned_data))


def _order(request: MemberRequest, public_id: str) -> Order:
    orders = request.organization.orders.select_related("organization", "instance")
    order: Order = get_object_or_404(orders, pk=Order.decode_id(public_id))
    return order


def _after_sale_request(request: MemberRequest, order: str, public_id: str) -> AfterSaleRequest:
    requests = _order(request, order).after_sale_requests.select_related("order", "organization")
    return get_object_or_404(requests, pk=ids.decode(AfterSaleRequest.PREFIX, public_id))


def _changed(request: MemberRequest, order: Order, change: Callable[[], None]) -> HttpResponseBase:
    """Makes a change and leads back to the order; one that is refused is said on its page, as it stands now."""
    try:
        change()
    except Refused as refused:
        order.refresh_from_db()
        return _detail_page(request, order, refusal=str(refused))
    messages.success(request, _("Saved."))
    return redirect("orders:detail", request.organization.slug, order.public_id)


def _detail_page(request: MemberRequest, order: Order, *, refusal: str = "") -> HttpResponse:
    context = {
        "order": order,
        "items": [{**item, "sum": item["quantity"] * item["unitAmountMinor"]} for item in order.items],
        "payments": order.payments.order_by("-id") if request.member.may(Permission.PAYMENTS_VIEW) else [],
        "requests": order.after_sale_requests.order_by("-id"),
        "refusal": refusal,
    }
    return render(request, "orders/detail.html", context, status=HTTPStatus.CONFLICT if refusal else HTTPStatus.OK)


def _reason_page(
    request: MemberRequest, order: Order, form: ReasonForm, declined: AfterSaleRequest | None = None
) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "orders/reason.html", {"order": order, "declined": declined, "form": form}, status=status)
