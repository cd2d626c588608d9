"""Lines of the process log, as the handlers of the settings write them."""

import json
import logging
import sys

import pytest

from kasilabs.process import process_log


def line(level: int, *, as_json: bool) -> str:
    """Log an exception raised beside a secret in a local variable."""
    key = "sk-live-canary"
    try:
        raise ValueError(len(key))
    except ValueError:
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
def test_a_refusal_has_no_traceback(*, as_json: bool) -> None:
    assert "ValueError" not in line(logging.WARNING, as_json=as_json)
