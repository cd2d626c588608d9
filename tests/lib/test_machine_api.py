import logging
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client
from django.urls import path

from kasilabs.accounts.access import machine


def waiting_for_people(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page", content_type="application/json")


@machine("Tests ask.")
def telling(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"session": hasattr(request, "session")})


@machine("Tests ask.")
def failing(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [
    path("agent/closed", waiting_for_people),
    path("agent/telling", telling),
    path("agent/failing", failing),
]


@pytest.fixture
def client(settings: Any) -> Client:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


def test_a_view_without_a_policy_does_not_open(client: Client) -> None:
    answer = client.get("/agent/closed")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_machines_have_no_session_and_carry_the_headers_of_every_answer(client: Client) -> None:
    answer = client.get("/agent/telling")
    assert answer.json() == {"session": False}
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == str(len(answer.content))
    assert len(answer["X-Request-Id"]) == 36


def test_a_fault_is_a_problem_that_tells_nothing(client: Client) -> None:
    answer = client.get("/agent/failing")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert b"ZeroDivision" not in answer.content


def test_a_host_that_is_not_ours_is_a_problem_too(client: Client) -> None:
    answer = client.get("/agent/telling", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_only_what_was_refused_leaves_a_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="kasilabs.lib.machine_api.middleware"):
        client.get("/agent/telling")
        client.get("/agent/nowhere?key=secret", headers={"X-Request-Id": "abcdefgh"})
    lines: list[Any] = [record.msg for record in caplog.records if record.name == "kasilabs.lib.machine_api.middleware"]
    assert [(line["request"], line["code"], line["request_id"]) for line in lines] == [
        ("GET /agent/nowhere", 404, "abcdefgh")
    ]
