import datetime as dt

import pytest
from django.utils import timezone

from kasilabs.lib.text import formatting

NOW = dt.datetime(2026, 11, 23, 11, 32, 7, 418_900, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (dt.timedelta(seconds=59), "just now"),
        (dt.timedelta(minutes=1), "1 minute ago"),
        (dt.timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (dt.timedelta(hours=1), "1 hour ago"),
        (dt.timedelta(hours=23, minutes=59), "23 hours ago"),
        (dt.timedelta(days=1), "22 Nov 2026"),
        (dt.timedelta(hours=-1), "23 Nov 2026"),
    ],
)
def test_time_is_relative_for_a_day_and_a_date_after(passed: dt.timedelta, words: str) -> None:
    assert formatting.ago(NOW - passed, NOW) == words


def test_times_stand_in_the_zone_of_the_reader() -> None:
    with timezone.override("Africa/Nairobi"):
        assert formatting.clock(NOW) == ("14:32:07", ".418")
        assert formatting.date(dt.datetime(2026, 11, 23, 21, 30, tzinfo=dt.UTC)) == "24 Nov 2026"
        assert formatting.utc(NOW) == "2026-11-23 11:32:07 UTC"


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(0, "0 ms"), (327, "327 ms"), (999.6, "1.0 s"), (10_000, "10.0 s"), (1_234_567, "1,234.6 s")],
)
def test_durations_change_unit_at_one_second(milliseconds: float, words: str) -> None:
    assert formatting.duration(milliseconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+254700000141", "+254 700 000 141"),
        ("+14155550123", "+1 415 555 0123"),
        ("+447911123456", "+44 791 112 3456"),
        ("0700000141", "0700000141"),
        ("+254 70 <b>", "+254 70 <b>"),
    ],
)
def test_a_whatsapp_number_is_grouped_by_country_code(number: str, words: str) -> None:
    assert formatting.phone(number) == words


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Wanjiru Mwangi", "WM"), ("achieng.otieno@kasilegal.example", "AO"), ("GAS_OS", "GO"), ("", "?"), ("…", "?")],
)
def test_initials_are_two_letters_at_most(name: str, letters: str) -> None:
    assert formatting.initials(name) == letters
