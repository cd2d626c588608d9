import pytest

from kasilabs.lib.documents import patterns
from kasilabs.lib.documents.patterns import BadPattern

COSTS = {
    "^[a-z]+$": 2,
    r"^\d{4}-\d{2}-\d{2}$": 2,
    "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}$": 85,
    "1[01]{20}[2-9]": 85,
    "1[01]{200}[2-9]": 340,
    "1[01]{1000}[2-9]": 2_730,
    "1[01]{3000}[2-9]": 5_460,
}


@pytest.mark.parametrize(("pattern", "cost"), COSTS.items())
def test_a_pattern_costs_by_its_repeats(pattern: str, cost: int) -> None:
    assert patterns.steps(pattern) == cost


@pytest.mark.parametrize("pattern", [r"^\S{1,64}$", "^[^<>]{1,60}$", r"^(?:\.\S{1,20}){3}$", r"^\p{L}{1,5}$"])
def test_the_bytes_of_one_character_are_no_repeats(pattern: str) -> None:
    assert patterns.steps(pattern) <= 680


@pytest.mark.parametrize("pattern", ["(?x)#[\n(?:10){3000}2#]", r"\[(?:1[01]{3000})\]", "[]a](?:10){3000}2"])
def test_what_only_looks_like_a_class_hides_no_repeats(pattern: str) -> None:
    assert patterns.steps(pattern) == 5_460


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", r"(a)\1", "((a{1,1000}){1,1000}){1,1000}", "^.{1,1000}$"])
def test_what_the_linear_engine_does_not_take_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        patterns.steps(pattern)
