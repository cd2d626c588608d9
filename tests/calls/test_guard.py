"""The guard reads a stranger's text: what it finds is in tests/agent/test_plugin_answers.py, what it costs is here."""

import pytest

from kasilabs.calls.dispatch import guard
from kasilabs.logs import redact
from tests.support.work import at_most_calls, growth

HOSTILE = (
    *("eyJ", "eyJaaaaaaaa.", "at ", "at a(", "at a() in ", 'File "', "#1 /", "Bearer ", "+1 ", "goroutine 1 ["),
    *("&", "&amp;", "&#x41", "%25", "\\u0061", "ﷺ", "à\u0316", "0x41 ", "QUFB"),
)
STEEP = 10
"""Before the repeats were bounded, several of these grew sixteenfold and took seconds."""


@pytest.mark.parametrize("piece", HOSTILE)
def test_what_an_answer_costs_the_guard_and_the_log_grows_with_its_length_alone(piece: str) -> None:
    def read(length: int) -> None:
        answer = {"text": (piece * length)[:length]}
        assert guard.find_leak(answer, secrets=["sk-live-0123456789"], phones=["+254711222333"]) is None
        redact.document(answer, secrets=["sk-live-0123456789"], phones=["+254711222333"])

    assert growth(read, 16_000) < STEEP


@pytest.mark.parametrize("piece", ["&amp;", "%2525", "\\\\u0061", "ﷺ", "٧", "0x41, ", "sk-live-012345678"])
@pytest.mark.parametrize("length", [60, 65_536])
def test_a_hostile_answer_costs_the_guard_a_bounded_number_of_steps(piece: str, length: int) -> None:
    """One text of 64 KiB, or a thousand short ones; each form of each secret is looked for once in each."""
    secrets = [f"sk-live-0123456789-{number}" for number in range(8)]
    text = (piece * length)[: length // len(piece[0].encode())]
    with at_most_calls(1_000_000):
        assert guard.find_leak([text] * (65_536 // length), secrets=secrets, phones=["+254711222333"]) is None


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
