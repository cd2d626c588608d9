"""Money: whole minor units and an ISO 4217 code. No float ever holds an amount, and nothing is rounded.

The exponents are those of ISO 4217, list one, of 2026-01-01; they are pinned here because libraries disagree with it
(CLDR has other exponents for 13 living currencies). What a provider takes may be coarser: that is its adapter's to say.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from django.utils import formats

LARGEST = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259, section 6)."""

_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
        "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
        "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
        "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
        "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG "
        "YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS = {code: exponent for exponent, codes in _CODES.items() for code in codes.split()}
"""How many digits the minor unit of a currency has. Codes without one (gold, test codes) are not money here."""

_AMOUNT = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,4}))?")


class BadMoney(ValueError):
    """What was given is no amount of money. `member` is the one at fault: `amountMinor` or `currency`."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True)
class Money:
    """An amount of money above zero. Raises BadMoney for anything that is not exactly one."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.currency) is not str or self.currency not in EXPONENTS:
            raise BadMoney("currency", "is no currency code of ISO 4217")
        # A bool is an int to Python, and 105.0 is equal to 105.
        if type(self.amount_minor) is not int or not 0 < self.amount_minor <= LARGEST:
            raise BadMoney("amountMinor", f"must be a whole number from 1 to {LARGEST}")

    def __str__(self) -> str:
        """Writes the amount in the active language, such as "KES 25,000" and "KES 1,250.50"."""
        return display(self.amount_minor, self.currency)

    def as_json(self) -> dict[str, object]:
        return {"amountMinor": self.amount_minor, "currency": self.currency}


def display(amount_minor: int, currency: str) -> str:
    """Writes an amount, zero as well, in the active language; a fraction only where there is one."""
    exponent = EXPONENTS[currency]
    digits = exponent if amount_minor % 10**exponent else 0
    figure = formats.number_format(Decimal(amount_minor).scaleb(-exponent), digits, use_l10n=True, force_grouping=True)
    return f"{currency} {figure}"


def parse(text: str, currency: str) -> Money:
    """Reads an amount in major units as people type it: "1250.50", "1,250.50". Raises BadMoney.

    Commas are taken for group separators where they stand between groups of three digits, and nowhere else.
    """
    if currency not in EXPONENTS:
        raise BadMoney("currency", "is no currency code of ISO 4217")
    plain = text.strip()
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", plain):
        plain = plain.replace(",", "")
    match = _AMOUNT.fullmatch(plain)
    if match is None:
        raise BadMoney("amountMinor", "is no amount")
    whole, fraction = match[1], match[2] or ""
    exponent = EXPONENTS[currency]
    if fraction[exponent:].strip("0"):
        raise BadMoney("amountMinor", f"has more than the {exponent} decimals of {currency}")
    return Money(int(whole + fraction[:exponent].ljust(exponent, "0")), currency)
