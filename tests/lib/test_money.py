"""Money: exact for every currency, in and out, and nothing else counts as money."""

from typing import Any

import pytest
from django.template import Context, Template
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kasilabs.lib import money
from kasilabs.lib.money import EXPONENTS, LARGEST, BadMoney, Money

currencies = st.sampled_from(sorted(EXPONENTS))
amounts = st.builds(Money, st.integers(1, LARGEST), currencies)

# ISO 4217, "minor unit" other than 2, by way of another listing: the package iso4217, 1.16.20260101.
NOT_TWO = {
    0: "UGX RWF XAF XOF XPF KMF DJF GNF BIF JPY KRW VND VUV ISK CLP PYG UYI",
    3: "TND LYD KWD BHD OMR JOD IQD",
    4: "CLF UYW",
}


def test_the_exponents_are_those_of_iso_4217() -> None:
    assert len(EXPONENTS) == 165
    for exponent, codes in NOT_TWO.items():
        assert {code for code in EXPONENTS if EXPONENTS[code] == exponent} == set(codes.split())
    assert sum(exponent == 2 for exponent in EXPONENTS.values()) == 139


@pytest.mark.parametrize("code", ["KES", "TZS", "NGN", "ZAR", "ETB", "ZWG", "XCG"])
def test_a_currency_that_libraries_lack_or_get_wrong_is_there(code: str) -> None:
    assert EXPONENTS[code] == 2


@pytest.mark.parametrize("code", ["XAU", "XTS", "XXX", "BGN", "HRK", "kes", "KES ", "", "KE", None, 404])
def test_a_code_without_minor_unit_an_old_one_or_none_at_all_is_refused(code: Any) -> None:
    with pytest.raises(BadMoney) as error:
        Money(100, code)
    assert error.value.member == "currency"


@pytest.mark.parametrize("amount", [0, -1, LARGEST + 1, 105.0, 105.5, "105", True, None, float("nan")])
def test_what_is_not_a_whole_number_above_zero_is_refused(amount: Any) -> None:
    with pytest.raises(BadMoney) as error:
        Money(amount, "KES")
    assert error.value.member == "amountMinor"


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (2_500_000, "KES", "KES 25,000"),
        (125_050, "KES", "KES 1,250.50"),
        (5, "KES", "KES 0.05"),
        (1500, "UGX", "UGX 1,500"),
        (1500, "TND", "TND 1.500"),
        (LARGEST, "KES", "KES 90,071,992,547,409.91"),
    ],
)
def test_an_amount_is_shown_with_a_fraction_only_where_there_is_one(amount: int, currency: str, shown: str) -> None:
    assert str(Money(amount, currency)) == shown


def test_an_amount_is_shown_in_the_language_of_the_page() -> None:
    template = Template("{% load formatting %}{{ amount|money:'KES' }}")
    with translation.override("de"):
        assert template.render(Context({"amount": 125_050})) == "KES 1.250,50"
    assert template.render(Context({"amount": 0})) == "KES 0"


@given(amounts)
def test_what_is_shown_reads_back_as_the_same_amount(amount: Money) -> None:
    assert money.parse(str(amount).removeprefix(f"{amount.currency} "), amount.currency) == amount


@given(st.text(max_size=24), currencies)
def test_any_text_is_an_exact_amount_or_refused(text: str, currency: str) -> None:
    try:
        amount = money.parse(text, currency)
    except BadMoney:
        return
    assert type(amount.amount_minor) is int


@pytest.mark.parametrize(
    ("text", "minor"), [("1250.5", 125_050), (" 1,250.50 ", 125_050), ("0.05", 5), ("19.99", 1999), ("10.500", 1050)]
)
def test_what_people_type_is_read_exactly(text: str, minor: int) -> None:
    assert money.parse(text, "KES") == Money(minor, "KES")


@pytest.mark.parametrize(
    "text", ["", "0", "-5", "1.001", "1,25", "1,2500", "1e3", "٣", "1 000", "KES 5", ".5", "5.", "9" * 17, "1\n2"]
)
def test_what_is_no_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(BadMoney):
        money.parse(text, "KES")
