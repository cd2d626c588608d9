"""What a bridge request passes before its body is judged and its key claimed, in the order the author guide gives.

Nothing is recorded against the idempotency key here.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bridges import refusals
from bridges.auth import chat
from bridges.auth.request_token import InvalidToken
from bridges.bridge_request import BridgeRequest
from bridges.models import BridgeCall
from grants.decision.context import DecisionContext, InstalledPlugin
from grants.decision.gates import Decision, decide_permission
from installations import aliases
from installations.models import Installation
from kasilabs.accounts.rate_limits import LimitReached, RateLimit, consume
from kasilabs.lib import ids
from kasilabs.lib.crypto.jwt import BadToken
from kasilabs.lib.db.compiled import compiled
from kasilabs.logs.gates import BRIDGE_GATES, Gate
from kasilabs.toolkits.catalogue import BACKGROUND
from kasilabs.whatsapp.models import Instance


def find_installation(request: BridgeRequest, issuer: str) -> None:
    """Sets the installation that the request token names; it belongs to the plugin and mode of the secret.

    A plugin that asks where it is installed names itself. Raises InvalidToken.
    """
    secret = request.secret
    if not request.action.permission:
        if issuer != secret.plugin.slug:
            raise InvalidToken
        return
    installation_id = ids.decode(ids.Prefix.INSTALLATION, issuer)
    if installation_id is None:
        raise InvalidToken
    found = _installations(id=installation_id, plugin=secret.plugin_id, mode=secret.mode)
    if not found:
        raise InvalidToken
    request.set_installation(found[0])


@compiled
def _installations(*, id: UUID, plugin: UUID, mode: str) -> QuerySet[Installation]:  # noqa: A002
    rows = Installation.objects.with_version().select_related("plugin", "version", "organization")
    return rows.filter(id=id, plugin=plugin, mode=mode)


@compiled
def _instances(*, id: UUID, organization: UUID) -> QuerySet[Instance]:  # noqa: A002
    return Instance.objects.filter(id=id, organization=organization)


def check(request: BridgeRequest, *, chat_token: str | None, target_id: str) -> None:
    """Asks everything that comes before the body and the claim. Raises RequestRefused."""
    if chat_token is not None:
        _read_chat_token(request, chat_token)
    if request.installation is not None:
        _resolve(request, request.installation, target_id)
        _ask_gates(request, request.installation)
    _count(request)


def _read_chat_token(request: BridgeRequest, text: str) -> None:
    """Reads the chat token. One that no longer serves still opens the answer of a key it has claimed itself."""
    if request.installation is None:
        raise refusals.invalid_chat_token()
    try:
        token, request.is_chat_live = chat.verify(text, request.installation)
    except BadToken:
        raise refusals.invalid_chat_token() from None
    request.chat, request.row.made_in = token, token.call
    request.row.conversation_id = token.conversation
    if not request.is_chat_live:
        installation = request.installation
        scope = {"organization": installation.organization, "plugin": installation.plugin, "mode": installation.mode}
        claimed = BridgeCall.objects.filter(**scope, key=request.key, chat_jti=token.jti)
        if request.key is None or not claimed.exists():
            raise refusals.invalid_chat_token()


def _resolve(request: BridgeRequest, installation: Installation, target_id: str) -> None:
    """Sets number, customer and addressed object: from the chat token, else the body, else the object itself."""
    if request.action.find is not None:
        request.target = request.action.find(installation, target_id)
        if request.target is None:
            raise refusals.not_found()
    number, alias = _named(request)
    number_id = ids.decode(ids.Prefix.INSTANCE, number) if isinstance(number, str) else None
    found = _instances(id=number_id, organization=installation.organization_id) if number_id else []
    if not found:
        raise refusals.wrong_member("/instance", "enum", _("There is no such WhatsApp number."))
    instance = found[0]
    instance.organization = installation.organization
    request.set_instance(instance)
    if request.target is not None and request.target.instance_id != instance.id:
        raise refusals.not_found()
    _resolve_customer(request, installation, alias)
    if request.target is not None and request.target.customer_id != request.customer_id:
        if request.chat is not None:
            raise refusals.not_found()
        raise refusals.wrong_member("/customer/id", "const", _("The object is about another customer."))


def _resolve_customer(request: BridgeRequest, installation: Installation, alias: Any) -> None:
    """Sets the customer: the one named, else the one the object is about."""
    if alias is not None:
        customer = aliases.find_customer(installation, alias) if isinstance(alias, str) else None
        if customer is None:
            raise refusals.wrong_member("/customer/id", "enum", _("The plugin knows no customer by this alias."))
        request.customer = customer
        request.set_customer(customer.id, alias)
    elif request.target is not None:
        request.set_customer(request.target.customer_id, request.target.alias)
    elif request.action.needs_customer:
        raise refusals.wrong_member("/customer", "required", _("Name the customer, or send a chat token."))


def _named(request: BridgeRequest) -> tuple[Any, Any]:
    """Returns how number and customer are named: by the chat token, else in the body, which is read leniently here."""
    sent = [request.document.get(member) for member in ("instance", "customer")]
    number, alias = (each.get("id", "") if isinstance(each, dict) else each for each in sent)
    if request.chat is not None:
        told = ids.encode(ids.Prefix.INSTANCE, request.chat.instance), request.chat.alias
        for pointer, named, by_token in (("/instance", number, told[0]), ("/customer/id", alias, told[1])):
            if named not in (None, by_token):
                raise refusals.wrong_member(pointer, "const", _("The chat token is about another one."))
        return told
    if number is None and request.target is not None:
        number = ids.encode(ids.Prefix.INSTANCE, request.target.instance_id)
    if number is None:
        raise refusals.wrong_member("/instance", "required", _("Name the WhatsApp number, or send a chat token."))
    return number, alias


def _ask_gates(request: BridgeRequest, installation: Installation) -> None:
    """Asks what stands for this number now, also for a request whose answer is stored. Raises RequestRefused."""
    if request.instance is None:
        raise TypeError("permissions are in force on a number")
    permission = request.action.permission
    request.asked = BRIDGE_GATES
    decision = decide(installation, request.instance, permission, in_chat=request.chat is not None)
    if not decision.allowed:
        raise refusals.by_gate(decision)
    if request.chat is not None and permission not in request.chat.acts:
        raise refusals.not_in_chat_token(permission)


def decide(installation: Installation, instance: Instance, permission: str, *, in_chat: bool) -> Decision:
    """Returns whether a bridge permission of an installation is in force on a number.

    Outside of a chat, the permission to act in the background has to be in force too.
    """
    slug = installation.plugin.slug
    context = DecisionContext.load(instance, slug=slug)
    grant = context.grants.get(slug)
    is_granted = grant is not None and grant.plugin.installation.id == installation.id
    plugin = grant.plugin if grant and is_granted else InstalledPlugin(installation)
    needed = [permission] if in_chat else [permission, BACKGROUND]
    decisions = [decide_permission(context, plugin, key) for key in needed]
    refused = next((decision for decision in decisions if not decision.allowed), None)
    if refused is None and installation.needs_configuration:
        return Decision(Gate.CONFIGURATION, "needs_configuration", {"plugin": plugin.manifest.name})
    return refused or decisions[0]


def _count(request: BridgeRequest) -> None:
    """Counts the request against the limit of its installation. Raises RequestRefused."""
    request.asked = request.asked or (Gate.RATE_LIMIT,)
    limit = RateLimit("bridge requests of installation", settings.RATE_LIMIT_BRIDGE, timedelta(minutes=1))
    installation, secret = request.installation, request.secret
    whom = installation.public_id if installation else f"{secret.plugin.slug} {secret.mode}"
    try:
        consume(limit.per(whom))
    except LimitReached as reached:
        raise refusals.rate_limited(reached.retry_after) from None
