"""The bridges over HTTP: tokens and gates in the authenticator, then the body, then the action."""

import json
from contextlib import suppress
from typing import Any, cast

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer

from bridges import checks, idempotency, refusals
from bridges.actions import escalations, installations, orders, payments
from bridges.actions.action import Action, ActionBody, Command
from bridges.actions.escalations import AssignmentIn, EscalationIn
from bridges.actions.orders import AfterSaleIn, OrderIn
from bridges.actions.payments import PaymentIn, RefundIn
from bridges.auth import request_token
from bridges.auth.request_token import InvalidToken, SentRequest
from bridges.bridge_request import BridgeRequest
from bridges.refusals import RequestRefused
from bridges.schemas import AfterSaleOut, Answered, EscalationOut, InstallationsOut, OrderOut, PaymentOut, RefundOut
from kasilabs.lib import request_bodies
from kasilabs.lib.machine_api import openapi, problems, request_id
from kasilabs.lib.request_bodies import InvalidIdempotencyKey
from kasilabs.logs import write
from kasilabs.logs.gates import BRIDGE_GATES
from kasilabs.logs.models import CallState

_CHAT_TOKEN = openapi.header("X-KasiLabs-Chat-Token", "The `bridge.token` of the tool call this request is made in.")
_KEY = openapi.header(
    "Idempotency-Key",
    "The same for every try of one request.",
    required=True,
    pattern=request_bodies.IDEMPOTENCY_KEY.pattern,
)
_READ_HEADERS = {"parameters": [_CHAT_TOKEN]}
_DO_HEADERS = {"parameters": [_KEY, _CHAT_TOKEN]}
_READING = openapi.problems(401, 403, 404, 422, 429)
_DOING = openapi.problems(400, 401, 403, 404, 409, 413, 415, 422, 429)


class _StrictParser(Parser):
    """Hands ninja the body that the authenticator has read."""

    def parse_body(self, request: HttpRequest) -> Any:
        return _bridge_request(request).document


class Bridge(HttpBearer):
    """The authenticator of one action: everything that is asked before the body.

    Raises InvalidIdempotencyKey, UnsupportedMediaType and NotJson for a request that cannot be read, InvalidToken, and
    then RequestRefused.
    """

    def __init__(self, action: Action) -> None:
        super().__init__()
        self.action = action

    def __call__(self, http: HttpRequest) -> BridgeRequest:
        is_command = isinstance(self.action, Command)
        key = request_bodies.read_idempotency_key(http) if is_command else None
        if key is None and is_command:
            raise InvalidIdempotencyKey
        document = request_bodies.read_json(http) if is_command else {}
        scheme, _, token = http.headers.get("Authorization", "").partition(" ")
        chat_token = http.headers.get("X-KasiLabs-Chat-Token")
        sent = SentRequest(str(http.method), _path_as_sent(http), http.body, key, chat_token)
        verified = request_token.verify(token.strip() if scheme.lower() == "bearer" else "", sent)
        request = BridgeRequest(
            self.action,
            sent.method,
            sent.path,
            sent.body,
            document,
            key,
            request_id.current(http),
            verified.secret,
            tokens=[text for text in (token.strip(), chat_token) if text],
        )
        checks.find_installation(request, verified.issuer)
        # The handlers below find it there, whatever is refused from now on.
        http.auth = request  # type: ignore[attr-defined]
        target_id = next(iter(http.resolver_match.kwargs.values()), "") if http.resolver_match else ""
        checks.check(request, chat_token=chat_token, target_id=target_id)
        return request

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Is not reached: `__call__` reads the header itself."""
        raise NotImplementedError


api = NinjaAPI(
    title="KasiLabs bridges",
    version="1",
    docs_url=None,
    openapi_url=None,
    parser=_StrictParser(),
    urls_namespace="bridges",
)
request_bodies.answer_unreadable(api)


@api.get(
    "/installations",
    auth=Bridge(installations.LIST),
    response={200: InstallationsOut, **_READING},
    url_name="installations",
)
def list_installations(request: HttpRequest) -> HttpResponse:
    """Lists where the plugin is installed in the mode of its key, and what it may do on each number."""
    asked = _bridge_request(request)
    return _read_answer(asked, {"installations": installations.list_installations(asked.secret)})


@api.post(
    "/payments",
    auth=Bridge(payments.INITIATE),
    response={200: Answered[PaymentOut], 202: Answered[PaymentOut], **_DOING},
    url_name="payments",
    openapi_extra=_DO_HEADERS,
)
def initiate_payment(request: HttpRequest, body: PaymentIn) -> HttpResponse:
    """Asks the customer to pay. The answer is `accepted` while the payment waits for its end."""
    return _perform(request, payments.INITIATE, body)


@api.get(
    "/payments/{payment}",
    auth=Bridge(payments.READ),
    response={200: PaymentOut, **_READING},
    url_name="payment",
    openapi_extra=_READ_HEADERS,
)
def read_payment(request: HttpRequest, payment: str) -> HttpResponse:  # noqa: ARG001  `Bridge` finds it
    """Reads a payment as it stands now."""
    return _read_target(request)


@api.post(
    "/payments/{payment}/refunds",
    auth=Bridge(payments.REFUND),
    response={200: Answered[RefundOut], 202: Answered[RefundOut], **_DOING},
    url_name="refunds",
    openapi_extra=_DO_HEADERS,
)
def request_refund(request: HttpRequest, payment: str, body: RefundIn) -> HttpResponse:  # noqa: ARG001  `Bridge` finds it
    """Asks for money of a payment to go back: an amount, or everything that is left."""
    return _perform(request, payments.REFUND, body)


@api.post(
    "/orders",
    auth=Bridge(orders.CREATE),
    response={200: Answered[OrderOut], **_DOING},
    url_name="orders",
    openapi_extra=_DO_HEADERS,
)
def create_order(request: HttpRequest, body: OrderIn) -> HttpResponse:
    """Places an order of the customer."""
    return _perform(request, orders.CREATE, body)


@api.get(
    "/orders/{order}",
    auth=Bridge(orders.READ),
    response={200: OrderOut, **_READING},
    url_name="order",
    openapi_extra=_READ_HEADERS,
)
def read_order(request: HttpRequest, order: str) -> HttpResponse:  # noqa: ARG001  `Bridge` finds it
    """Reads an order as it stands now."""
    return _read_target(request)


@api.post(
    "/orders/{order}/after-sale-requests",
    auth=Bridge(orders.REQUEST_AFTER_SALE),
    response={200: Answered[AfterSaleOut], **_DOING},
    url_name="after_sale_requests",
    openapi_extra=_DO_HEADERS,
)
def request_after_sale(request: HttpRequest, order: str, body: AfterSaleIn) -> HttpResponse:  # noqa: ARG001  `Bridge` finds it
    """Opens a return, an exchange or a complaint, about the whole order or some of its items."""
    return _perform(request, orders.REQUEST_AFTER_SALE, body)


@api.post(
    "/escalations",
    auth=Bridge(escalations.CREATE),
    response={200: Answered[EscalationOut], **_DOING},
    url_name="escalations",
    openapi_extra=_DO_HEADERS,
)
def create_escalation(request: HttpRequest, body: EscalationIn) -> HttpResponse:
    """Hands the customer to a person."""
    return _perform(request, escalations.CREATE, body)


@api.post(
    "/escalations/{escalation}/assign",
    auth=Bridge(escalations.ASSIGN),
    response={200: Answered[EscalationOut], **_DOING},
    url_name="assign_escalation",
    openapi_extra=_DO_HEADERS,
)
def assign_escalation(request: HttpRequest, escalation: str, body: AssignmentIn) -> HttpResponse:  # noqa: ARG001  `Bridge` finds it
    """Puts an escalation into a queue, where it waits, or gives it to a member who answers chats."""
    return _perform(request, escalations.ASSIGN, body)


def _perform(http: HttpRequest, command: Command, body: ActionBody) -> HttpResponse:
    """Does what was asked, once for its key, and answers it.

    No answer depends on whether a text holds the customer's phone number: a plugin that knows an alias alone could find
    the number out by asking.
    """
    request = _bridge_request(http)
    violations = command.violations(request, body) if command.violations else []
    if violations:
        raise refusals.invalid_input(violations)
    answer = idempotency.run(request, command, body)
    content_type = "application/json" if answer.status < 400 else problems.CONTENT_TYPE
    response = HttpResponse(answer.body, status=answer.status, content_type=content_type)
    if request.row.id != request.row.bridge_call:
        row, document = request.row, json.loads(answer.body)
        row.state = CallState.SUCCEEDED if answer.status < 400 else CallState.DECLINED
        row.status, row.code, row.detail = answer.status, document.get("code", ""), document.get("detail", "")
        _write_row(request)
    if answer.is_replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _read_target(http: HttpRequest) -> HttpResponse:
    request = _bridge_request(http)
    request.count_use()
    if request.target is None:
        raise refusals.not_found()
    return _read_answer(request, request.target.as_json())


def _bridge_request(http: HttpRequest) -> BridgeRequest:
    """Returns the request as `Bridge` has checked it."""
    return cast(BridgeRequest, http.auth)  # type: ignore[attr-defined]


def _path_as_sent(http: HttpRequest) -> str:
    """Returns the request target as it came, so that no other spelling of a path fits a token."""
    return str(http.META.get("RAW_URI") or http.get_full_path())


def _read_answer(request: BridgeRequest, document: dict[str, Any]) -> HttpResponse:
    """Answers a request that only reads, and writes its row."""
    request.row.state, request.row.status = CallState.SUCCEEDED, 200
    _write_row(request, document)
    return HttpResponse(json.dumps(document), content_type="application/json")


def _write_row(request: BridgeRequest, response: dict[str, Any] | None = None) -> None:
    """Writes the finished row of a request; a replay keeps no answer, because the first one has it."""
    write.insert_bridge(
        request.row,
        asked=request.asked,
        request=request.for_log,
        response=response,
        secrets=request.tokens,
        phones=request.phones,
    )


@api.exception_handler(RequestRefused)
def _refused(http: HttpRequest, refused: RequestRefused) -> HttpResponse:
    """Answers a refusal and writes its row."""
    request = _bridge_request(http)
    row = request.row
    row.state, row.status, row.code, row.detail = CallState.REFUSED, refused.status, refused.code, str(refused.detail)
    row.gate = refused.gate.value if refused.gate else ""
    errors = [{"pointer": each.pointer, "code": each.code, "message": each.message} for each in refused.errors]
    headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else {}
    response = problems.response(
        refused.status, refused.code, row.detail, headers=headers, gate=row.gate or None, errors=errors or None
    )
    _write_row(request, json.loads(response.content))
    return response


@api.exception_handler(ValidationError)
def _invalid_body(http: HttpRequest, error: ValidationError) -> HttpResponse:
    _bridge_request(http).asked = BRIDGE_GATES
    return _refused(http, refusals.invalid_input(request_bodies.violations(error.errors, below=2)))


@api.exception_handler(InvalidToken)
def _invalid_token(http: HttpRequest, error: InvalidToken) -> HttpResponse:  # noqa: ARG001
    headers = {"WWW-Authenticate": "Bearer"}
    return problems.response(401, "invalid_token", "The request token is not valid.", headers=headers)


@api.exception_handler(Exception)
def _server_error(http: HttpRequest, error: Exception) -> HttpResponse:
    """Leaves what nobody expected to Django: logged with its trace, answered without one. The row says it was us."""
    request = getattr(http, "auth", None)
    if isinstance(request, BridgeRequest) and request.row._state.adding:
        request.row.state, request.row.status, request.row.code = CallState.OUR_FAULT, 500, "server_error"
        with suppress(DatabaseError):
            _write_row(request)
    raise error
