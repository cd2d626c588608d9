"""Who a request is from: everything that is not exactly a token made for it, now, once, is 401 with one text."""

import base64
import json
import secrets
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bridges.auth import request_token
from bridges.auth.request_token import InvalidToken, SentRequest
from bridges.models import RequestNonce
from kasilabs.accounts import audit
from kasilabs.lib.states import Mode
from kasilabs.logs.models import Call
from plugins import signing_secrets
from plugins.models import SigningSecret
from tests.support import bridges, factories
from tests.support.bridges import BridgePlugin, Signer
from tests.support.concurrency import at_once

PATH = "/bridges/v1/installations"
REFUSED = {
    "title": "Unauthorized",
    "status": 401,
    "detail": "The request token is not valid.",
    "code": "invalid_token",
}
Purpose = SigningSecret.Purpose


@pytest.fixture
def signer(gas: BridgePlugin) -> Signer:
    return replace(gas.signer, issuer="GAS_OS")


def ask(signer: Signer, token: str) -> Any:
    return signer.get("installations", token=token)


def assert_refused(answer: Any) -> None:
    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, REFUSED, "Bearer")
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None},
        {"aud": "https://elsewhere.example"},
        {"aud": ["http://127.0.0.1:8000"]},
        {"aud": "http://127.0.0.1:8000/"},
        {"iss": None},
        {"iss": "SUPPORT_DESK"},
        {"iss": "gas_os"},
        {"htm": None},
        {"htm": "POST"},
        {"htm": "get"},
        {"htu": None},
        {"htu": "/bridges/v1/payments"},
        {"htu": PATH + "/"},
        {"htu": PATH + "?"},
        {"htu": "http://127.0.0.1:8000" + PATH},
        {"bsh": None},
        {"bsh": bridges.hashed(b"{}")},
        {"bsh": bridges.hashed(b"") + "="},
        {"idk": bridges.hashed(b"a key that was not sent")},
        {"cth": bridges.hashed(b"a chat token that was not sent")},
        {"jti": None},
        {"jti": "x" * 15},
        {"jti": "x" * 65},
        {"jti": "x" * 16 + "\n"},
        {"jti": "x" * 15 + "."},
        {"jti": 1234567890123456},
        {"iat": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**400},
        {"iat": "0"},
    ],
    ids=str,
)
def test_a_token_for_anything_else_is_refused(signer: Signer, changes: dict[str, Any]) -> None:
    assert_refused(ask(signer, signer.token("GET", PATH, **changes)))


@pytest.mark.parametrize(
    ("iat", "exp", "status"),
    [
        (-299, 1, 200),
        (-300, 0, 401),
        (-301, -1, 401),
        (0, 300, 200),
        (0, 301, 401),
        (50, 60, 200),
        (70, 100, 401),
        (-10, -5, 401),
        (60, 50, 401),
    ],
)
def test_a_token_lives_five_minutes_at_most(
    signer: Signer, monkeypatch: pytest.MonkeyPatch, iat: int, exp: int, status: int
) -> None:
    now = timezone.now().replace(microsecond=0)
    monkeypatch.setattr(timezone, "now", lambda: now)
    at = int(now.timestamp())
    assert ask(signer, signer.token("GET", PATH, iat=at + iat, exp=at + exp)).status_code == status


@pytest.mark.parametrize(("name", "value"), [("exp", "NaN"), ("iat", "NaN"), ("exp", "Infinity"), ("iat", "-Infinity")])
def test_a_time_that_is_no_number_is_refused(signer: Signer, name: str, value: str) -> None:
    claims: dict[str, Any] = {name: float(value)}
    token = signer.token("GET", PATH, **claims)
    assert_refused(ask(signer, token))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "tool-call+jwt"},
        {"typ": "chat-bridge+jwt"},
        {"typ": "BRIDGE-REQ+JWT"},
        {"typ": None},
        {"alg": "HS512"},
        {"alg": "HS384"},
        {"kid": None},
        {"kid": 5},
        {"kid": ""},
        {"kid": "bridge-0000000000000000"},
        {"kid": "bridge\0"},
        {"kid": "' OR 1=1 --"},
        {"kid": "../../dev/null"},
        {"crit": ["exp"]},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_another_kind_of_token_is_refused(signer: Signer, header: dict[str, Any]) -> None:
    kid = header.get("kid", signer.kid)
    if "kid" in header and not isinstance(kid, str):
        # PyJWT makes no such header, so this one is put together by hand.
        _head, payload, signature = signer.token("GET", PATH).split(".")
        made = {"alg": "HS256", "typ": "bridge-req+jwt"} | ({} if kid is None else {"kid": kid})
        head = base64.urlsafe_b64encode(json.dumps(made).encode()).rstrip(b"=").decode()
        token = f"{head}.{payload}.{signature}"
    else:
        token = signer.token("GET", PATH, header=header)
    assert_refused(ask(signer, token))


@pytest.mark.parametrize("more", ["\0", "\0" * 50, "\ud800", " ", "\N{ZERO WIDTH SPACE}"], ids=ascii)
def test_a_key_id_has_one_spelling(signer: Signer, more: str) -> None:
    assert_refused(ask(signer, signer.token("GET", PATH, header={"kid": signer.kid + more})))


def test_an_unsigned_token_is_refused(signer: Signer) -> None:
    claims = jwt.decode(signer.token("GET", PATH), options={"verify_signature": False})
    headers = {"kid": signer.kid, "typ": "bridge-req+jwt"}
    assert_refused(ask(signer, jwt.encode(claims, "", algorithm="none", headers=headers)))


def test_the_secret_of_tool_calls_signs_no_bridge_request(gas: BridgePlugin, signer: Signer) -> None:
    tool = gas.installation.plugin.signing_secrets.get_current(Mode.SANDBOX, Purpose.TOOL)
    for kid in (tool.kid, signer.kid):
        forged = replace(signer, kid=kid, secret=tool.reveal())
        assert_refused(ask(signer, forged.token("GET", PATH)))


def test_the_key_of_another_plugin_is_refused(gas: BridgePlugin, signer: Signer) -> None:
    other = bridges.build("PIZZA_OS", organization=factories.organization("kasi-pizza"))
    assert_refused(ask(signer, replace(signer, secret=other.signer.secret).token("GET", PATH)))
    assert_refused(ask(signer, replace(other.signer, issuer="GAS_OS").token("GET", PATH)))
    assert_refused(ask(signer, replace(signer, kid=other.signer.kid).token("GET", PATH)))


def test_an_installation_is_no_issuer_of_the_listing(gas: BridgePlugin) -> None:
    assert_refused(ask(gas.signer, gas.signer.token("GET", PATH)))


def test_a_query_is_refused_also_when_it_is_signed(signer: Signer) -> None:
    for htu in (PATH, PATH + "?a=1"):
        headers = {"Authorization": f"Bearer {signer.token('GET', htu)}"}
        assert_refused(signer.client.get(PATH + "?a=1", headers=headers))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b.c.d",
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJhbGciOiJIUzI1NiJ9..",
        "W10.W10.W10",
        "bnVsbA.bnVsbA.bnVsbA",
        "\xff.\xff.\xff",
        "=.=.=",
        base64.urlsafe_b64encode(b'{"kid":' + b"[" * 3000).decode() + ".e30.e30",
        base64.urlsafe_b64encode(b"\xff\xfe").decode() + ".e30.e30",
        base64.urlsafe_b64encode(rb'{"alg": "HS256", "kid": "\ud800"}').decode() + ".e30.e30",
        base64.urlsafe_b64encode(rb'{"alg": "HS256", "kid": "\u0000"}').decode() + ".e30.e30",
    ],
)
def test_what_is_no_token_is_refused_and_never_a_fault(signer: Signer, text: str) -> None:
    assert_refused(signer.client.get(PATH, headers={"Authorization": f"Bearer {text}"}))


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}])
def test_without_a_token_there_is_no_answer(signer: Signer, header: dict[str, str]) -> None:
    assert_refused(signer.client.get(PATH, headers=header))


def test_the_payload_may_be_any_json_and_is_never_a_fault(signer: Signer) -> None:
    head = signer.token("GET", PATH).split(".")[0]
    for payload in (b"null", b"[]", b"5", b'"a"', b"{", b"[" * 3000, b'{"exp": 1e999}'):
        signing = f"{head}.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}"
        mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            signing.encode(), signer.secret.encode()
        )
        token = f"{signing}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        assert_refused(ask(signer, token))


@pytest.mark.django_db
@hypothesis_settings(max_examples=100)
@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=80))
def test_made_up_texts_raise_nothing_else(text: str) -> None:
    sent = SentRequest("GET", PATH, b"", None, None)
    with pytest.raises(InvalidToken):
        request_token.verify(text, sent)


def test_a_token_works_once(signer: Signer) -> None:
    token = signer.token("GET", PATH)
    assert [ask(signer, token).status_code for _each in range(3)] == [200, 401, 401]
    assert Call.objects.count() == RequestNonce.objects.count() == 1


def test_of_many_who_use_one_token_at_once_one_gets_in(signer: Signer) -> None:
    token = signer.token("GET", PATH)
    answers = at_once(*[lambda: ask(signer, token).status_code] * 8)
    assert sorted(answers) == [200] + [401] * 7


def test_two_plugins_may_use_the_same_jti(gas: BridgePlugin, signer: Signer) -> None:
    other = replace(
        bridges.build("PIZZA_OS", organization=factories.organization("kasi-pizza")).signer, issuer="PIZZA_OS"
    )
    jti = secrets.token_urlsafe(16)
    for each in (signer, other):
        assert ask(each, each.token("GET", PATH, jti=jti)).status_code == 200


def test_a_forged_token_uses_no_nonce_up(signer: Signer) -> None:
    jti = secrets.token_urlsafe(16)
    forged = replace(signer, secret="brsec_" + "x" * 43)
    assert ask(signer, forged.token("GET", PATH, jti=jti)).status_code == 401
    assert ask(signer, signer.token("GET", PATH, jti=jti)).status_code == 200


def test_an_unknown_key_and_a_bad_signature_are_the_same_work(signer: Signer) -> None:
    counted = []
    for forged in (replace(signer, kid="bridge-unknown"), replace(signer, secret="brsec_" + "x" * 43)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            ask(signer, forged.token("GET", PATH))
        counted.append(len(queries))
    assert counted == [1, 1]


def test_two_keys_live_for_a_day_after_a_rotation(gas: BridgePlugin, signer: Signer) -> None:
    rotated = rotate(gas)
    new = replace(signer, kid=rotated.kid, secret=rotated.text)
    assert [each.get("installations").status_code for each in (signer, new)] == [200, 200]
    SigningSecret.objects.filter(kid=signer.kid).update(retires=timezone.now() - timedelta(seconds=1))
    assert [each.get("installations").status_code for each in (signer, new)] == [401, 200]


def test_a_leaked_key_ends_at_once(gas: BridgePlugin, signer: Signer) -> None:
    rotate(gas, at_once=True)
    assert signer.get("installations").status_code == 401


def test_it_is_noted_when_a_key_was_last_used_once_a_minute(gas: BridgePlugin, signer: Signer) -> None:
    signer.get("installations")
    first = bridges.secret_of(gas.installation).last_used
    assert first is not None
    signer.get("installations")
    assert bridges.secret_of(gas.installation).last_used == first
    earlier = first - timedelta(seconds=61)
    SigningSecret.objects.filter(kid=signer.kid).update(last_used=earlier)
    signer.get("installations")
    later = bridges.secret_of(gas.installation).last_used
    assert later is not None
    assert later > first


def test_nonces_are_kept_an_hour_longer_than_their_tokens(signer: Signer) -> None:
    exp = int(time.time()) + 60
    ask(signer, signer.token("GET", PATH, exp=exp))
    over = timezone.now() + timedelta(hours=1, seconds=62)
    assert request_token.prune(over - timedelta(seconds=10)) == 0
    assert request_token.prune(over) == 1


def rotate(gas: BridgePlugin, *, at_once: bool = False) -> signing_secrets.ShownSecret:
    return signing_secrets.rotate(
        plugin=gas.installation.plugin,
        mode=Mode.SANDBOX,
        purpose=Purpose.BRIDGE,
        actor=audit.Actor.command("tests"),
        at_once=at_once,
    )
