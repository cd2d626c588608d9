"""Lines of the process log, as the handlers of the settings write them."""

import json
import logging
import sys

import pytest
from django.db import OperationalError

from kasilabs.process import process_log


def line(level: int, *, as_json: bool, fault: type[Exception] = ValueError) -> str:
    """Log an exception raised beside a secret in a local variable."""
    key = "sk-live-canary"
    try:
        raise fault(len(key))
    except fault:
        record = logging.LogRecord("django.request", level, "", 0, "Failed: %s", ("/o/",), sys.exc_info())
    return process_log.formatter(as_json=as_json).format(record)


def test_a_fault_is_one_line_of_json_with_its_traceback() -> None:
    written = json.loads(line(logging.ERROR, as_json=True))
    assert (written["event"], written["level"], written["logger"]) == ("Failed: /o/", "error", "django.request")
    assert written["exception"].startswith("Traceback (most recent call last):")
    assert written["exception"].endswith("ValueError: 14")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_values(*, as_json: bool) -> None:
    written = line(logging.ERROR, as_json=as_json)
    assert "ValueError: 14" in written
    assert "sk-live-canary" not in written


@pytest.mark.parametrize("as_json", [True, False])
def test_a_database_that_is_gone_is_one_line_each_time(*, as_json: bool) -> None:
    written = line(logging.ERROR, as_json=as_json, fault=OperationalError)
    assert "Failed: /o/" in written
    assert "OperationalError" not in written


@pytest.mark.parametrize("as_json", [True, False])
def test_a_refusal_has_no_traceback(*, as_json: bool) -> None:
    assert "ValueError" not in line(logging.WARNING, as_json=as_json)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_hides_keys_and_names_files(*, as_json: bool) -> None:
    try:
        raise LookupError({"path": "invitations/canary-7F2Q"})
    except LookupError:
        record = logging.LogRecord(
            "django", logging.ERROR, "", 0, "Failed: %s", ("/invitations/views.py",), sys.exc_info()
        )
    written = process_log.formatter(as_json=as_json).format(record)
    assert "canary" not in written
    assert "/invitations/views.py" in written


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("/accounts/password/reset/key/3-abc/", "/accounts/password/reset/key/…/"),
        ("accounts/confirm-email/MQ:1a:b-c", "accounts/confirm-email/…"),
        ("?next=%2finvitations%2Fabc%2faccept%2F", "?next=%2finvitations%2F…%2faccept%2F"),
        ("%252Finvitations%252Fabc%252F", "%252Finvitations%252F…%252F"),
        ('"\\/invitations\\/abc\\/"', '"\\/invitations\\/…\\/"'),
        ("//invitations//abc'", "//invitations//…'"),
        ("/Invitations/ABC", "/Invitations/…"),
        ("/o/kasi-legal/members/", "/o/kasi-legal/members/"),
    ],
)
def test_a_key_is_masked_in_every_form_of_its_address(text: str, masked: str) -> None:
    assert process_log.mask_keys(text) == masked
