"""The author's side of a bridge: a plugin that signs its requests with a stock JWT library."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
import requests
from django.conf import settings
from django.test import Client
from django.utils import timezone

from bridges.models import BridgeCall
from grants.changes import plugins, toolkits
from grants.decision.context import DecisionContext
from grants.models import PluginGrant
from installations import aliases, lifecycle
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.calls import chat_token
from kasilabs.calls.customer import CustomerContext, SentConversation
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib.crypto.fields import seal
from kasilabs.lib.states import Mode
from kasilabs.logs import write
from kasilabs.logs.models import Call, CallState
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, Toolkit
from kasilabs.whatsapp import customers
from kasilabs.whatsapp.models import CustomerHandle, Instance
from plugins.models import SigningSecret
from tests.support import factories
from tests.support.waiting import HANGS_AFTER_SECONDS

BRIDGES = "/bridges/v1/"
AMOUNT: dict[str, Any] = {"amountMinor": 105000, "currency": "KES"}
ASKED: dict[str, Any] = {"amount": AMOUNT, "reference": "ORDER-7", "description": "Gas, 13 kg"}
ORDERED: dict[str, Any] = {
    "items": [{"sku": "GAS-13", "name": "Gas, 13 kg", "quantity": 2, "unitAmountMinor": 105000}],
    "currency": "KES",
    "reference": "O-1",
}


def hashed(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


@dataclass
class Signer:
    """Signs requests as the author guide says; `claims` and `header` change a token, None leaves a claim out."""

    issuer: str
    kid: str
    secret: str
    client: Client = field(default_factory=Client)

    def token(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        key: str | None = None,
        chat: str | None = None,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        now = int(time.time())
        made = {
            "iss": self.issuer,
            "aud": settings.PUBLIC_URL,
            "htm": method,
            "htu": path,
            "bsh": hashed(body),
            "idk": hashed(key.encode()) if key else None,
            "cth": hashed(chat.encode()) if chat else None,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
            **claims,
        }
        kept = {name: value for name, value in made.items() if value is not None}
        headers = {"kid": self.kid, "typ": "bridge-req+jwt", **(header or {})}
        return jwt.encode(kept, self.secret, algorithm=headers.pop("alg", "HS256"), headers=headers)

    def get(self, path: str, *, token: str | None = None, chat: str | None = None) -> Any:
        path = BRIDGES + path
        return self._send("GET", path, b"", token or self.token("GET", path, chat=chat), None, chat)

    def post(
        self, path: str, body: Any, *, key: str | None = None, chat: str | None = None, token: str | None = None
    ) -> Any:
        """Send a command; every one has a key of its own unless one is given."""
        path, key = BRIDGES + path, key or secrets.token_hex(16)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._send("POST", path, raw, token or self.token("POST", path, raw, key=key, chat=chat), key, chat)

    def post_to(self, url: str, path: str, body: Mapping[str, Any], *, key: str) -> requests.Response:
        """Send a command to a server that listens at a URL."""
        path, raw = BRIDGES + path, json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {self.token('POST', path, raw, key=key)}",
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        return requests.post(url + path, data=raw, headers=headers, timeout=HANGS_AFTER_SECONDS)

    def _send(self, method: str, path: str, raw: bytes, token: str, key: str | None, chat: str | None) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"X-KasiLabs-Chat-Token": chat} if chat else {}
        return self.client.generic(method, path, raw, content_type="application/json", headers=headers)


@dataclass
class BridgePlugin:
    """GAS_OS, which holds every bridge permission on the first of two numbers, and a customer who writes there."""

    organization: Organization
    number: Instance
    other_number: Instance
    installation: Installation
    grant: PluginGrant
    signer: Signer
    alias: str

    @property
    def permissions(self) -> list[str]:
        return sorted(BRIDGE_ACTIONS)

    def body(self, **members: Any) -> dict[str, Any]:
        """Return a body that names number and customer itself."""
        return {"instance": self.number.public_id, "customer": {"id": self.alias}, **members}

    def chat(self, phone: str = "+254711222333") -> "Chat":
        """Let an agent call the plugin for a customer, and return what the plugin gets; the call stays open."""
        context = DecisionContext.load(self.number, slug=self.installation.plugin.slug)
        plugin = context.grants[self.installation.plugin.slug].plugin
        call = ToolCall(self.number, "gas_os__create_support_ticket", {})
        call.set_tool(context, plugin, plugin.manifest.tools[0])
        conversation = SentConversation(f"chat-{phone}", phone=phone)
        call.customer = CustomerContext.load(plugin.installation, self.number, conversation)
        call.customer.create_missing()
        write.insert_open(call.row, request={}, timeout_seconds=10, secrets=(), phones=())
        issued = chat_token.issue(call)
        assert issued is not None
        return Chat(issued[0], call.row, call.customer.alias)

    def new_customer(self, phone: str) -> str:
        """Return the alias of a customer whom the plugin knows."""
        handles = customers.handles(self.organization, phone=phone, user_id=None)
        known = CustomerHandle.objects.filter(organization=self.organization, index=handles[0].index).first()
        customer = known.customer_id if known else customers.add_handles(self.organization, None, handles)
        return aliases.get_or_create(self.installation, customer)


@dataclass
class Chat:
    """What a plugin holds while an agent waits for it."""

    token: str
    call: Call
    alias: str

    def end(self, *, seconds_ago: int = 0) -> None:
        """End the call, as the answer of the plugin does."""
        finished = timezone.now() - timedelta(seconds=seconds_ago)
        Call.objects.filter(pk=self.call.pk).update(state=CallState.SUCCEEDED, finished=finished, lost_after=None)


def secret_of(installation: Installation) -> SigningSecret:
    secrets_of = installation.plugin.signing_secrets
    return secrets_of.get_current(Mode(installation.mode), SigningSecret.Purpose.BRIDGE)


def signer_of(installation: Installation) -> Signer:
    secret = secret_of(installation)
    return Signer(installation.public_id, secret.kid, secret.reveal())


def build(slug: str = "GAS_OS", *, organization: Organization | None = None, mode: Mode = Mode.SANDBOX) -> BridgePlugin:
    """Install a plugin with every bridge permission, and grant all of it and all toolkits to a number."""
    prefix = f"{slug} " if organization else ""
    organization = organization or factories.organization("kasi-gas", name="Kasi Gas")
    number, other = (factories.number(organization, prefix + name) for name in ("Orders", "Billing"))
    asked = [{"key": key, "reason": "Gas is sold."} for key in BRIDGE_ACTIONS]
    permissions = [*factories.SUPPORT_DESK["permissions"], *asked]
    version = factories.version(organization, slug=slug, permissions=permissions, configurationSchema=None)
    installed = lifecycle.install(
        organization=organization, version=version, mode=mode, user=None, actor=factories.ACTOR
    )
    grant_toolkits(number)
    grant = plugins.grant_plugin(
        instance=number,
        installation=installed.installation,
        tools=None,
        permissions=list(BRIDGE_ACTIONS),
        actor=factories.ACTOR,
    )
    made = BridgePlugin(
        organization, number, other, installed.installation, grant, signer_of(installed.installation), ""
    )
    made.alias = made.new_customer("+254711222333")
    return made


def grant_toolkits(number: Instance) -> None:
    for toolkit in Toolkit:
        toolkits.install(organization=number.organization, toolkit=toolkit, actor=factories.ACTOR)
        toolkits.grant(instance=number, toolkit=toolkit, actor=factories.ACTOR)


def unfinished_call(installation: Installation, number: Instance) -> BridgeCall:
    """A bridge call that was claimed and came to nothing yet, with something in each of its sealed columns."""
    call = BridgeCall(
        organization=installation.organization,
        plugin=installation.plugin,
        mode=installation.mode,
        key=secrets.token_hex(16),
        action="commerce:create_order",
        moves_money=False,
        installation_id=installation.id,
        instance=number,
    )
    seal(call, "request", "{}")
    seal(call, "answer", "{}")
    call.save(force_insert=True)
    return call
