from dataclasses import dataclass

import pytest
from django.core import signing

from kasilabs.lib import shown


@dataclass(frozen=True)
class Facts:
    """What a page may show."""

    names: list[str]
    count: int = 0


@dataclass(frozen=True)
class OtherFacts:
    """The same fields on another page."""

    names: list[str]
    count: int = 0


def test_what_was_signed_is_read_again() -> None:
    facts = Facts(["Ä", "\0"], 2)
    assert shown.read(shown.sign(facts), Facts) == facts


def test_the_facts_of_one_page_are_none_of_another() -> None:
    assert shown.read(shown.sign(Facts(["a"])), OtherFacts) is None


@pytest.mark.parametrize(
    "text",
    ["", "x", "a:b:c", "\0é:x", "." * 10_000, pytest.param(signing.dumps({"names": []}), id="signed for another use")],
)
def test_a_text_that_was_not_signed_here_says_nothing(text: str) -> None:
    assert shown.read(text, Facts) is None


def test_a_changed_text_says_nothing() -> None:
    text = shown.sign(Facts(["a"]))
    assert shown.read(text[:-1] + ("A" if text[-1] != "A" else "B"), Facts) is None


def test_a_form_of_an_earlier_release_says_nothing() -> None:
    salt = f"shown.{Facts.__module__}.{Facts.__qualname__}"
    assert shown.read(signing.dumps({"names": [], "colour": "red"}, salt=salt), Facts) is None
