from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from kasilabs.lib import ids


def test_the_floor_of_now_parts_the_ids_made_before_from_those_made_after() -> None:
    before = ids.uuid7()
    floor = ids.uuid7_floor(datetime.now(UTC) + timedelta(milliseconds=1))
    assert before < floor
    assert ids.uuid7_floor(datetime.now(UTC) - timedelta(milliseconds=1)) < ids.uuid7()


def test_the_floor_is_the_millisecond_and_nothing_else() -> None:
    moment = datetime(2026, 11, 3, 15, 0, 0, 418_999, tzinfo=timezone(timedelta(hours=3)))
    assert ids.uuid7_floor(moment) == UUID("01a1a147-cfa2-0000-0000-000000000000")


def test_moments_no_id_can_tell_become_the_nearest_that_can() -> None:
    assert ids.uuid7_floor(datetime(1, 1, 1, tzinfo=UTC)) == UUID(int=0)
    assert ids.uuid7_floor(datetime(9999, 12, 31, tzinfo=UTC)) > ids.uuid7()


def test_an_id_is_the_typeid_of_its_uuid() -> None:
    # The example of the specification.
    example, value = "call_01h455vb4pex5vsknk084sn02q", UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    assert ids.encode(ids.Prefix.CALL, value) == example
    assert ids.decode(ids.Prefix.CALL, example) == value


@pytest.mark.parametrize(
    "text",
    [
        "wa_01h455vb4pex5vsknk084sn02q",
        "call_81h455vb4pex5vsknk084sn02q",
        "call_01H455VB4PEX5VSKNK084SN02Q",
        "call_01h455vb4pex5vsknk084sn02l",
        "call_01h455vb4pex5vsknk084sn02q\n",
        "call_01h455vb4pex5vsknk084sn02",
        "01h455vb4pex5vsknk084sn02q",
        "",
    ],
)
def test_what_is_no_id_of_this_kind_is_none(text: str) -> None:
    assert ids.decode(ids.Prefix.CALL, text) is None


def test_what_is_made_one_after_the_other_stays_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(1_800_000_000_000_000_000, 1_800_000_000_003_000_000, 300))
    monkeypatch.setattr("time.time_ns", lambda: next(moments))
    made = [ids.uuid7() for _ in range(10_000)]
    assert made == sorted(made)
    assert {each.version for each in made} == {7}
