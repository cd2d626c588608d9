import pytest
from django.core.exceptions import ValidationError

from kasilabs.lib.text.invisible import highlight, validate_visible


@pytest.mark.parametrize("text", ["Support Desk", "Tickets für 😀", "two\nlines\tand a\u00a0space", "مرحبا"])
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert highlight(text) == text


@pytest.mark.parametrize(
    ("hidden", "name"),
    [
        ("\u202e", "U+202E right-to-left override"),
        ("\u2066", "U+2066 left-to-right isolate"),
        ("\u200b", "U+200B zero width space"),
        ("\U000e0041", "U+E0041 tag latin capital letter a"),
        ("\u2028", "U+2028 line separator"),
        ("\x1b", "U+001B"),
        ("\ue000", "U+E000"),
    ],
)
def test_what_hides_or_reorders_is_written_out(hidden: str, name: str) -> None:
    assert highlight(f"a{hidden}b") == f'a<span class="k-inv">{name}</span>b'


def test_markup_is_escaped_on_both_ways() -> None:
    assert highlight("<b>") == "&lt;b&gt;"
    assert highlight("<b>\u200b") == '&lt;b&gt;<span class="k-inv">U+200B zero width space</span>'


@pytest.mark.parametrize("name", ["Support Desk", "Tickets für 😀", "a\u00a0space", "مرحبا"])
def test_a_name_of_what_can_be_seen_is_taken(name: str) -> None:
    validate_visible(name)


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ("\n", "U+000A"),
        ("\t", "U+0009"),
        ("\x7f", "U+007F"),
        ("\u200d", "U+200D zero width joiner"),
        ("\u202e", "U+202E right-to-left override"),
        ("\ufeff", "U+FEFF zero width no-break space"),
    ],
)
def test_a_name_with_something_unseen_is_refused_and_told_what(hidden: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_visible(f"Front{hidden}Desk")
    assert refused.value.messages == [f"Leave out what cannot be seen: {said}."]
