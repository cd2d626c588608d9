"""What the author guide tells authors to run accepts the platform's token and nothing that resembles it."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest

from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.calls.dispatch.tokens import PLATFORM_TYP, platform_token
from kasilabs.lib import ids
from kasilabs.lib.crypto import jwt as signing
from kasilabs.whatsapp.models import Instance
from plugins.models import Plugin
from tests.docs import verifiers
from tests.docs.verifiers import Sent, Verify
from tests.support.platform import call_to_sign

pytestmark = pytest.mark.processes
SECRET = "plsec_" + "k" * 43
URL = "http://127.0.0.1:8000"
CALL = ids.uuid7()
CALL_ID = ids.encode(ids.Prefix.CALL, CALL)
BODY = json.dumps({"id": CALL_ID, "tool": "find_support_ticket", "input": {"reference": "T-1001 ü"}}).encode()


@pytest.fixture(scope="module", params=verifiers.COMMANDS)
def verify(request: pytest.FixtureRequest) -> Iterator[Verify]:
    with verifiers.running(request.param) as run:
        yield run


def sent() -> Sent:
    """The request of one call, with the token the platform makes for it."""
    installation = Installation(organization=Organization(), plugin=Plugin(slug="SUPPORT_DESK"), mode="sandbox")
    instance = Instance(organization=Organization())
    call = call_to_sign(installation, instance, call_id=CALL, tool="find_support_ticket", secret=SECRET)
    token = platform_token(call, BODY)
    return Sent(f"Bearer {token}", BODY, "SUPPORT_DESK", [SECRET], URL)


def forged(*, typ: str = PLATFORM_TYP, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> Sent:
    """The same request with another token: claims changed, None leaves one out, and signed again."""
    real = sent()
    known = jwt.decode(real.authorization.removeprefix("Bearer "), options={"verify_signature": False})
    kept = {name: value for name, value in {**known, **claims}.items() if value is not None}
    token = jwt.encode(kept, secret if algorithm != "none" else "", algorithm=algorithm, headers={"typ": typ})
    return replace(real, authorization=f"Bearer {token}")


def signed(body: bytes) -> Sent:
    """A body that is not one the platform sends, under a token made for it."""
    return replace(forged(bsh=signing.digest(body)), body=body)


def test_the_platforms_own_token_is_accepted(verify: Verify) -> None:
    assert verify(sent()) == json.loads(BODY)


@pytest.mark.parametrize("body", [BODY.replace(b"1001", b"1002"), BODY + b" ", b"", b"[]"])
def test_another_body_is_refused(verify: Verify, body: bytes) -> None:
    assert verify(replace(sent(), body=body)) == "refused"


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer x.y.z", "Basic eA==", "Bearer a.b"])
def test_what_is_no_token_is_refused(verify: Verify, authorization: str) -> None:
    assert verify(replace(sent(), authorization=authorization)) == "refused"


def test_a_token_for_another_plugin_is_refused(verify: Verify) -> None:
    assert verify(replace(sent(), slug="GAS_OS")) == "refused"
    assert verify(forged(aud="GAS_OS")) == "refused"


def test_a_token_of_another_platform_is_refused(verify: Verify) -> None:
    assert verify(replace(sent(), platform_url="https://kasilabs.example")) == "refused"


def test_a_token_for_another_tool_or_call_is_refused(verify: Verify) -> None:
    assert verify(forged(sub="create_support_ticket")) == "refused"
    assert verify(forged(call="call_00000000000000000000000000")) == "refused"


def test_an_expired_token_is_refused(verify: Verify) -> None:
    now = int(time.time())
    assert verify(forged(iat=now - 90, exp=now - 30)) == "refused"


def test_a_token_from_the_future_is_refused(verify: Verify) -> None:
    now = int(time.time())
    assert verify(forged(iat=now + 3600, exp=now + 3660)) == "refused"


def test_another_secret_is_refused(verify: Verify) -> None:
    assert verify(forged(secret="plsec_" + "x" * 43)) == "refused"
    assert verify(forged(secret=SECRET.removeprefix("plsec_"))) == "refused"


def test_while_a_secret_is_replaced_either_is_good(verify: Verify) -> None:
    other, third = "plsec_" + "n" * 43, "plsec_" + "x" * 43
    for secret in (SECRET, other):
        call = replace(forged(secret=secret), secrets=[other, SECRET])
        assert verify(call) == json.loads(BODY)
    assert verify(replace(forged(secret=third), secrets=[other, SECRET])) == "refused"


def test_no_secret_and_an_empty_one_let_nobody_in(verify: Verify) -> None:
    head, payload, _signature = sent().authorization.split(".")
    mac = hmac.digest(b"", f"{head.removeprefix('Bearer ')}.{payload}".encode(), "sha256")
    unsigned = f"{head}.{payload}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert verify(replace(sent(), authorization=unsigned, secrets=["", SECRET])) == "refused"
    assert verify(replace(sent(), secrets=[])) == "refused"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"null", b"[]", b"7", b"{}", b"[" * 100_000])
def test_a_signed_body_that_is_no_call_is_refused(verify: Verify, body: bytes) -> None:
    assert verify(signed(body)) == "refused"


@pytest.mark.filterwarnings("ignore:The HMAC key")
@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_another_algorithm_is_refused(verify: Verify, algorithm: str) -> None:
    assert verify(forged(algorithm=algorithm)) == "refused"


@pytest.mark.parametrize("typ", ["JWT", "chat-bridge+jwt", "bridge-req+jwt"])
def test_a_token_for_another_use_is_refused(verify: Verify, typ: str) -> None:
    assert verify(forged(typ=typ)) == "refused"


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "iat", "jti", "bsh", "call"])
def test_a_missing_claim_is_refused(verify: Verify, claim: str) -> None:
    without: dict[str, Any] = {claim: None}
    assert verify(forged(**without)) == "refused"


def test_the_digest_is_that_of_the_raw_body(verify: Verify) -> None:
    assert verify(forged(bsh=signing.digest(BODY))) == json.loads(BODY)
    assert verify(forged(bsh=signing.digest(b"{}"))) == "refused"
