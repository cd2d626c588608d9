"""Phone numbers inside the ids that WhatsApp gateways give to conversations.

Most gateways make the customer's number the id, in one of a few forms; others number their conversations. An id can
be both by its digits alone, so what is found is told apart: a number in a form that means one is `named`, one whose
digits merely could be is `possible`.
"""

import base64
import binascii
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

from kasilabs.lib.text.encodings import MAX_LAYERS, fold

_DIGITS = r"(?:00)?([1-9](?:[\s().\-]{0,3}\d){%d,14})(?!\d)"
_JID = re.compile(r"(?<!\d)(\d{7,15})(?:[_.]\d{1,4})?(?::\d{1,5})?@(?:s\.whatsapp\.net|c\.us|hosted\b(?!\.lid))")
"""A WhatsApp address of a person: number, agent and device, server. Other servers do not use phone numbers."""

_GROUP = re.compile(r"(?<!\d)(\d{7,15})-\d{9,11}@g\.us")
"""The address of an old group begins with the number of who made it."""

_OTHER_ADDRESS = re.compile(r"(?<![\w.:-])[\w.:-]+@(?:lid|hosted\.lid|g\.us|broadcast|newsletter|bot|msgr|interop)\b")
_PLUS = re.compile(r"\+\s*" + _DIGITS % 6)
_SCHEME = re.compile(
    r"(?<![a-z])(?:whatsapp|waid|wa|wa\.me|wa_id|tel|callto|sms|phone|msisdn)[^0-9a-z+]{0,4}" + _DIGITS % 8
)
_BARE = re.compile(r"[^0-9a-z]{0,3}" + _DIGITS % 8 + r"[^0-9a-z]{0,3}")
_NATIONAL = re.compile(r"0[1-9](?:[\s().\-]{0,3}\d){7,9}")
_RUN = re.compile(r"(?<![0-9a-z])(?:00)?([1-9]\d{9,14})(?![0-9a-z])")
_MESSAGE_ID = re.compile(r"wamid\.([A-Za-z0-9_+/-]{12,})", re.IGNORECASE)
"""The id of a message: base64 in which the number of whom it is from or to comes first."""
_THINGS = re.compile(
    r"(?<![a-z])(?:order|invoice|ticket|case|booking|ref|reference|receipt|quote|parcel|transaction|payment)s?(?![a-z])"
)
"""What people number: behind one of these words stands no phone number."""

_DATE = re.compile(r"20[2-9]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_NORTH_AMERICAN = re.compile(r"1[2-9]\d{2}[2-9]\d{6}")


@dataclass(frozen=True, repr=False)
class PhoneNumbers:
    """What an id says, as digits with plus. Phone numbers are in here, so it has no repr."""

    named: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()


def find(external_id: str) -> PhoneNumbers:
    """Returns the phone numbers in the id of a conversation, percent-encoded or not, in the digits of any script."""
    text = external_id
    for _layer in range(MAX_LAYERS):
        text = unquote(text)
    message = _MESSAGE_ID.search(text)
    text = "".join(str(unicodedata.decimal(each, each)) for each in fold(text)).casefold()
    named = [match[1] for form in (_JID, _PLUS) for match in form.finditer(text)]
    if message:
        named += re.findall(r"(?<!\d)[1-9]\d{9,14}(?!\d)", _decode(message[1]))[:1]
    groups = [match[1] for match in _GROUP.finditer(text)]
    text = _OTHER_ADDRESS.sub("", _JID.sub("", text))
    named += [match[1] for match in _SCHEME.finditer(text) if _is_plausible(match[1])]
    bare = _BARE.fullmatch(text)
    if bare and _is_plausible(bare[1]):
        named.append(bare[1])
    elif _NATIONAL.fullmatch(text):
        named.append(text)
    runs = [] if _THINGS.search(text) else [run for run in _RUN.findall(text) if _is_plausible(run)]
    return PhoneNumbers(_distinct(named), _distinct([*groups, *runs]))


def _is_plausible(written: str) -> bool:
    """Says whether digits can be a number with its country code, and are neither a date nor a time.

    Numbers of North America have eleven digits (NANP); no country has numbers that look like a date from 2020 on.
    """
    digits = re.sub(r"\D", "", written)
    if digits.startswith("1"):
        return _NORTH_AMERICAN.fullmatch(digits) is not None
    return 9 <= len(digits) <= 15 and not _DATE.match(digits)


def _distinct(written: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys("+" + re.sub(r"\D", "", number) for number in written))


def _decode(text: str) -> str:
    """Returns the bytes of a message id, which is base64 in either alphabet, as characters."""
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
    except binascii.Error:
        return ""
    return raw.decode("latin-1")
