"""What the author guide tells authors to sign with is what the platform takes; and its examples are what it answers."""

import json
import re
from typing import Any

import pytest
from django.conf import settings

from tests.docs import pages, signers
from tests.support import bridges
from tests.support.bridges import ORDERED, BridgePlugin

pytestmark = pytest.mark.processes
KEY = "order-7-of-gas-os"


@pytest.fixture
def gas(transactional_db: None) -> BridgePlugin:
    return bridges.build()


@pytest.fixture(params=signers.COMMANDS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def known(gas: BridgePlugin, **more: str) -> dict[str, str]:
    signer = gas.signer
    return {
        "issuer": signer.issuer,
        "kid": signer.kid,
        "secret": signer.secret,
        "platform_url": settings.PUBLIC_URL,
        **more,
    }


def test_each_signs_a_command_outside_of_a_conversation(gas: BridgePlugin, language: str) -> None:
    body = json.dumps(gas.body(**ORDERED), ensure_ascii=False).encode()
    token = signers.sign(language, "POST", "/bridges/v1/orders", body, **known(gas, key=KEY))
    assert gas.signer.post("orders", body, key=KEY, token=token).status_code == 200


def test_each_signs_a_command_inside_one(gas: BridgePlugin, language: str) -> None:
    body, chat = json.dumps({**ORDERED, "reference": "Ö-7"}, ensure_ascii=False).encode(), gas.chat().token
    token = signers.sign(language, "POST", "/bridges/v1/orders", body, **known(gas, key=KEY, chat_token=chat))
    assert gas.signer.post("orders", body, key=KEY, chat=chat, token=token).status_code == 200


def test_each_signs_a_reading(gas: BridgePlugin, language: str) -> None:
    token = signers.sign(language, "GET", "/bridges/v1/installations", b"", **known(gas, issuer="GAS_OS"))
    assert gas.signer.get("installations", token=token).status_code == 200


@pytest.mark.parametrize(("name", "start"), [("py", "def sign"), ("mjs", "export function"), ("php", "function sign")])
def test_signing_takes_less_than_thirty_lines(name: str, start: str) -> None:
    source = (pages.DOCS / "examples" / f"sign_bridge.{name}").read_text()
    assert len(source[source.index(start) :].splitlines()) < 30


def test_the_code_in_the_guide_is_the_code_that_was_tried() -> None:
    page = (pages.DOCS / "authors" / "bridges.md").read_text()
    copies = re.findall(r"<!-- from (\S+) -->\n```\w+\n(.*?)\n```", page, re.DOTALL)
    assert [source.rpartition(".")[2] for source, _code in copies] == ["py", "mjs", "php"]
    for source, code in copies:
        assert code in (pages.DOCS / "authors" / source).read_text()


def test_the_bodies_in_the_guide_are_taken_and_answered_as_it_says(gas: BridgePlugin) -> None:
    examples: list[dict[str, Any]] = [
        json.loads(block) for block in pages.blocks(pages.DOCS / "authors" / "bridges.md", "json")
    ]
    listing, payment, answer, order, escalation = examples
    ordered = gas.signer.post("orders", gas.body(**order))
    assert ordered.status_code == 200
    paid = gas.signer.post("payments", gas.body(**{**payment, "order": ordered.json()["result"]["id"]}))
    assert paid.status_code == 200
    assert paid.json().keys() == answer.keys()
    assert paid.json()["result"].keys() - {"settledAt"} == answer["result"].keys()
    assert gas.signer.post("escalations", gas.body(**escalation)).status_code == 200
    token = gas.signer.token("GET", "/bridges/v1/installations", iss="GAS_OS")
    listed = gas.signer.get("installations", token=token).json()
    (installation,), (shown,) = listed["installations"], listing["installations"]
    assert installation.keys() == shown.keys()
    assert installation["instances"][0].keys() == shown["instances"][0].keys()
