"""Phone numbers as people type and paste them."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kasilabs.lib.text import formatting, invisible

E164 = r"\+[1-9][0-9]{7,14}"

_SEPARATORS = re.compile(r"[\s().\-\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2060-\u2069]+")
"""What stands between digits when people write or paste a number, and the marks that phones put around one."""

_BRACKETED_ZERO = re.compile(r"\(\s*0\s*\)")
_KEEP_ZERO = frozenset({"39", "225", "229", "241", "242", "378"})
"""Country codes whose national numbers begin with a zero that is dialled from abroad too (ITU-T E.164, national
numbering plans): Italy, Ivory Coast, Benin, Gabon, Congo, San Marino. Elsewhere it is the trunk zero, left out abroad.
"""


def parse(text: str) -> str:
    """Returns the number in E.164, with plus, that a person has typed with its country code.

    A trunk zero in brackets, as in +254 (0) 711 000 111, is left out. Raises ValidationError, with a sentence that
    names what is in the way.
    """
    number = _SEPARATORS.sub("", text)
    unseen = [each for each in dict.fromkeys(number) if _is_unseen(each)]
    if unseen:
        described = ", ".join(map(invisible.describe, unseen))
        raise ValidationError(
            _("There is something in the number that cannot be seen. Leave it out: %(characters)s.")
            % {"characters": described},
            code="unseen",
        )
    if _has_trunk_zero(number) and _BRACKETED_ZERO.search(text):
        number = _SEPARATORS.sub("", _BRACKETED_ZERO.sub("", text, count=1))
    if not re.fullmatch(E164, number):
        raise ValidationError(_("Write the number with country code, as in +254 700 000 141."), code="bad_format")
    if _has_trunk_zero(number):
        raise ValidationError(_("Leave out the 0 after the country code, as in +254 700 000 141."), code="trunk_zero")
    return number


def _has_trunk_zero(number: str) -> bool:
    match = formatting.COUNTRY_CODE.fullmatch(number)
    return match is not None and match[2].startswith("0") and match[1] not in _KEEP_ZERO


def _is_unseen(character: str) -> bool:
    """Says whether a character does not show beside a digit; a variation selector is printable only in theory."""
    return invisible.is_invisible(character) or unicodedata.category(character) in {"Mn", "Me"}
