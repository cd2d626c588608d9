"""The document of the bridges, and what every machine address has in common."""

import json

import pytest
from django.test import Client
from ninja import NinjaAPI

from kasilabs.logs.models import Call


def test_the_document_names_every_bridge_with_every_status(db: None) -> None:
    answer = Client().get("/bridges/v1/openapi.json")
    document = json.loads(answer.content)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    listing = document["paths"]["/bridges/v1/installations"]["get"]
    assert set(listing["responses"]) == {"200", "401", "403", "404", "422", "429", "500", "503"}


def test_a_generated_client_learns_what_is_sent_and_answered(db: None) -> None:
    document = json.loads(Client().get("/bridges/v1/openapi.json").content)
    payment = document["paths"]["/bridges/v1/payments"]["post"]
    assert [(each["name"], each["required"]) for each in payment["parameters"]] == [
        ("Idempotency-Key", True),
        ("X-KasiLabs-Chat-Token", False),
    ]
    assert list(payment["responses"]["422"]["content"]) == ["application/problem+json"]
    assert list(payment["responses"]["200"]["content"]) == ["application/json"]
    assert document["components"]["schemas"]["PaymentIn"]["properties"]["order"]["type"] == "string"
    assert '"null"' not in json.dumps(document)


def test_strangers_let_the_document_be_made_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Client().get("/bridges/v1/openapi.json")
    monkeypatch.delattr(NinjaAPI, "get_openapi_schema")
    assert Client().get("/bridges/v1/openapi.json").content == first.content


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/bridges/v1/", 404, "not_found"),
        ("get", "/bridges/v1/nothing", 404, "not_found"),
        ("post", "/bridges/v1/installations", 405, "method_not_allowed"),
        ("head", "/bridges/v1/installations", 405, ""),
        ("put", "/bridges/v1/openapi.json", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there_is_a_problem_without_a_row(db: None, method: str, path: str, status: int, code: str) -> None:
    answer = getattr(Client(), method)(path)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert not code or answer.json()["code"] == code
    assert not Call.objects.exists()
