"""The adapter of the fake provider. In other processes it can be made to wait at the points where processes die."""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kasilabs.accounts.models import Organization
from kasilabs.lib.http.client import SendFailed, shared_client
from kasilabs.lib.money import Money
from kasilabs.lib.states import Mode
from kasilabs.toolkits.providers.base import Answer, BadWebhook, Capabilities, Event, Provider, Status, Transfer
from tests.support.fake_provider import SECRET, SIGNATURE
from tests.support.waiting import HANGS_AFTER_SECONDS


class Till(Provider[Transfer]):
    """Takes whole shillings and whole cedi-pesewas, live. TILL_URL says where it is."""

    def __init__(self, *, dedups: bool, is_queryable: bool, is_signed: bool = True) -> None:
        self.name = "till" + ("_deduped" if dedups else "") + ("_queryable" if is_queryable else "")
        self.name += "" if is_signed else "_unsigned"
        self.capabilities = Capabilities(
            modes=frozenset({Mode.LIVE}),
            dedups_by_ref=dedups,
            queryable_by_ref=is_queryable,
            signed_webhooks=is_signed,
            needs_phone=True,
            min_units={"KES": 100, "GHS": 1},
        )

    def account(self, organization: Organization) -> object:  # noqa: ARG002  all organizations have the same
        wait_at("claimed")
        return os.environ["TILL_URL"] + ("/deduped" if self.capabilities.dedups_by_ref else "/plain")

    def dispatch(self, request: Transfer, *, timeout: float) -> Answer:
        wait_at("dispatching")
        answer = self._post("transfers", request, timeout)
        wait_at("answered")
        return answer

    def query(self, request: Transfer, *, timeout: float) -> Answer:
        return self._post("query", request, timeout)

    def _post(self, path: str, request: Transfer, timeout: float) -> Answer:
        members = {"reference": request.reference, "operation": request.operation, "phone": request.phone}
        body = json.dumps({**members, **request.amount.as_json()}).encode()
        headers = {"Content-Type": "application/json"}
        deadline = time.monotonic() + timeout
        try:
            answer = shared_client().post(f"{request.account}/{path}", body=body, headers=headers, deadline=deadline)
        except SendFailed as failed:
            return Answer(Status.UNKNOWN if failed.sent else Status.NOT_SENT, code=failed.reason)
        if answer.status != 200:
            return Answer(Status.UNKNOWN, code=f"http_{answer.status}")
        return read(json.loads(answer.body))

    def parse_webhook(
        self,
        raw: bytes,
        headers: Mapping[str, str],
        *,
        account: object = None,  # noqa: ARG002  all organizations have the same
    ) -> list[Event]:
        expected = hmac.digest(SECRET, raw, hashlib.sha256).hex()
        if not hmac.compare_digest(headers.get(SIGNATURE, ""), expected):
            raise BadWebhook("the signature is not the provider's")
        said = json.loads(raw)
        return [Event(said["reference"], read(said))]


def read(said: dict[str, Any]) -> Answer:
    amount = Money(said["amountMinor"], said["currency"]) if "amountMinor" in said else None
    return Answer(Status(said["status"]), said.get("code", ""), said.get("receipt", ""), amount)


def wait_at(point: str) -> None:
    """Say that this process has come so far, and go on when the test takes the file `stop` away."""
    folder = os.environ.get("TILL_POINTS")
    if folder is None or not (stop := Path(folder, f"stop-{point}")).exists():
        return
    Path(folder, f"at-{point}").touch()
    until = time.monotonic() + HANGS_AFTER_SECONDS
    while stop.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
