from kasilabs.logs import timeline


def test_bars_follow_each_other_and_fill_the_width() -> None:
    bars = timeline.phases({"gates_ms": 10, "connect_ms": 0, "wait_ms": 80.0, "check_ms": 10, "sign_ms": 3})
    assert [(str(bar.label), bar.start, bar.width) for bar in bars] == [
        ("Key and gates", "0.00%", "10.00%"),
        ("Connect, reused", "10.00%", "0.00%"),
        ("Plugin works", "10.00%", "80.00%"),
        ("Check and record", "90.00%", "10.00%"),
    ]


def test_a_very_short_phase_can_still_be_seen() -> None:
    bars = timeline.phases({"wait_ms": 30_000, "check_ms": 0.1})
    assert (bars[1].start, bars[1].width) == ("99.40%", "0.60%")


def test_nothing_measured_is_no_bar() -> None:
    assert timeline.phases({}) == []
    assert timeline.phases({"wait_ms": "soon", "other": 1}) == []
    assert [bar.width for bar in timeline.phases({"wait_ms": 0})] == ["0.00%"]
