"""The guard reads a stranger's text: what it finds is in tests/agent/test_plugin_answers.py, what it costs is here."""

import pytest

from kasilabs.calls.dispatch import guard
from kasilabs.logs import redact
from tests.support.work import growth

HOSTILE = ("eyJ", "eyJaaaaaaaa.", "at ", "at a(", "at a() in ", 'File "', "#1 /", "Bearer ", "+1 ", "goroutine 1 [")
STEEP = 10
"""Before the repeats were bounded, several of these grew sixteenfold and took seconds."""


@pytest.mark.parametrize("piece", HOSTILE)
def test_what_an_answer_costs_the_guard_and_the_log_grows_with_its_length_alone(piece: str) -> None:
    def read(length: int) -> None:
        answer = {"text": (piece * length)[:length]}
        assert guard.find_leak(answer, secrets=["sk-live-0123456789"], phones=["+254711222333"]) is None
        redact.document(answer, secrets=["sk-live-0123456789"], phones=["+254711222333"])

    assert growth(read, 16_000) < STEEP


@pytest.mark.parametrize("before", ["", "x", "token=", "eyJ", "eyJeyJ-", "eyJaaaaaaaa."])
def test_a_token_is_found_wherever_it_begins(before: str) -> None:
    token = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJ0b29sLWNhbGwrand0In0.eyJhIjoxfQ.c2lnbmF0dXJl"
    found = guard.find_leak({"text": before + token}, secrets=[], phones=[])
    assert found == guard.Leak(guard.LeakKind.TOKEN, "/text")
    assert token not in str(redact.document({"text": before + token}, secrets=[], phones=[]))


def test_what_many_keys_that_read_the_same_once_hidden_cost_grows_with_their_number_alone() -> None:
    def read(keys: int) -> None:
        redact.document({f"+{10_000_000 + number}": 0 for number in range(keys)}, secrets=[], phones=[])

    assert growth(read, 1_250) < STEEP
