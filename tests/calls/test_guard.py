"""The guard reads a stranger's text: what it finds is in tests/agent/test_plugin_answers.py, what it costs is here."""

import time

import pytest

from kasilabs.calls.dispatch import guard
from kasilabs.logs import redact

HOSTILE = ("eyJ", "eyJaaaaaaaa.", "at ", "at a(", "at a() in ", 'File "', "#1 /", "Bearer ", "+1 ", "goroutine 1 [")
SECONDS = 0.5
"""Of processor time; before the repeats were bounded, several of these took two to ten."""


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_answer_of_64_kib_takes_the_guard_or_the_log_long(piece: str) -> None:
    answer = {"text": (piece * 65_536)[:65_000]}
    started = time.process_time()
    assert guard.leak(answer, secrets=["sk-live-0123456789"], phones=["+254711222333"]) is None
    redact.document(answer, secrets=["sk-live-0123456789"], phones=["+254711222333"])
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("before", ["", "x", "token=", "eyJ", "eyJeyJ-", "eyJaaaaaaaa."])
def test_a_token_is_found_wherever_it_begins(before: str) -> None:
    token = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJ0b29sLWNhbGwrand0In0.eyJhIjoxfQ.c2lnbmF0dXJl"
    assert guard.leak({"text": before + token}, secrets=[], phones=[]) is guard.Leak.TOKEN
    assert token not in str(redact.document({"text": before + token}, secrets=[], phones=[]))


def test_many_keys_that_read_the_same_once_hidden_do_not_take_long() -> None:
    answer = {f"+{10_000_000 + number}": 0 for number in range(5_000)}
    started = time.process_time()
    redact.document(answer, secrets=[], phones=[])
    assert time.process_time() - started < SECONDS
