import pytest
from django.core.exceptions import ValidationError

from kasilabs.lib.text import phones


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+254711000111", "+254711000111"),
        ("+254 (711) 000-111", "+254711000111"),
        ("+254-(0)711-000-111", "+254711000111"),
        ("+254 ( 0 ) 711 000 111", "+254711000111"),
        ("+44 (0)20 7946 0000", "+442079460000"),
        ("\u202a+254\u00a0711\u2011000\u2011111\u202c", "+254711000111"),
        ("+39 06 698 12345", "+390669812345"),
        ("+39 (0)6 698 12345", "+390669812345"),
        ("+225 01 23 45 67 89", "+2250123456789"),
    ],
)
def test_a_number_is_read_as_people_write_it(typed: str, number: str) -> None:
    assert phones.parse(typed) == number


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("+254 0711 000 111", "trunk_zero"),
        ("+254 (0711) 000 111", "trunk_zero"),
        ("+254 (0)(0) 711 000 111", "trunk_zero"),
        ("254 (0) 711 000 111", "bad_format"),
        ("(0) 711 000 111", "bad_format"),
        ("+254711000111 ext 3", "bad_format"),
        ("+٢٥٤٧١١٠٠٠١١١", "bad_format"),
        ("+0711000111", "bad_format"),
    ],
)
def test_what_is_no_number_of_a_country_is_refused(typed: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        phones.parse(typed)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("254\ufe0d711000104", "U+FE0D variation selector-14"),
        ("254\u00ad711000105", "U+00AD soft hyphen"),
        ("+254711000111\U000e0061", "U+E0061 tag latin small letter a"),
        ("+25471\x00000111", "U+0000"),
    ],
)
def test_an_invisible_character_in_a_number_is_named(typed: str, named: str) -> None:
    with pytest.raises(ValidationError, match="cannot be seen") as refused:
        phones.parse(typed)
    assert named in refused.value.message
