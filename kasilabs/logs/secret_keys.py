"""Whether the name of a member says that its value is a secret.

Names are read word by word, as people build them (`access_token`, `X-API-Key`, `clientSecret`): a name that merely
contains the letters, such as `secretary` or `tokenizer`, hides nothing.
"""

import re
import unicodedata
from itertools import pairwise
from typing import Any

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ENDING = re.compile(
    r"(?:token|secret|passw(?:or)?d|passphrase|passcode|authori[sz]ation|credential|cookie"
    r"|(?:api|access|private|secret|signing|encryption|master|auth)key)s?"
)
"""How a secret word ends: also `apikey` and `clientsecret`, which are two words written as one."""

_SHORT = frozenset({"pwd", "pin", "otp", "cvv", "cvc", "jwt"})
_LAST = frozenset({"auth", "bearer"})
"""These are secrets at the end of a name (`basic_auth`), not before another word (`auth_type`)."""

_MEASURES = frozenset({"count", "expires", "expiry", "length", "limit", "remaining", "size", "total", "used"})
_TOKEN_OWNERS = frozenset({"access", "api", "auth", "bearer", "csrf", "device", "id", "push", "refresh", "session"})


def is_secret(name: str, value: Any) -> bool:
    """Returns whether a member of this name and value is a secret; a boolean or nothing never is, nor is a count."""
    if value is None or value == "" or isinstance(value, bool):
        return False
    words = _words(name)
    if isinstance(value, int | float) and not _MEASURES.isdisjoint(words):
        return False
    pairs = [first + second for first, second in pairwise(words)]
    return (
        not _SHORT.isdisjoint(words)
        or (bool(words) and words[-1] in _LAST)
        or any(_is_secret_word(word, words, value) for word in [*words, *pairs])
    )


def _is_secret_word(word: str, words: list[str], value: Any) -> bool:
    """Says whether a word is the secret one of a name. In the plural, a number is how many there are.

    Language models count `tokens`, so these are secrets only where the name says whose they are, or nothing else.
    """
    ending = _ENDING.search(word)
    if not ending or ending.end() < len(word):
        return False
    if not word.endswith("s"):
        return True
    if isinstance(value, int | float):
        return False
    if not word.endswith("tokens"):
        return True
    owners = {word.removesuffix("tokens"), *words} - {"", word, "tokens"}
    return owners <= _TOKEN_OWNERS and not isinstance(value, dict)


def _words(name: str) -> list[str]:
    """Returns the words of a name, in lower case and without the characters that cannot be seen."""
    text = "".join(each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each) != "Cf")
    return [word.lower() for word in _WORD.findall(text)]
