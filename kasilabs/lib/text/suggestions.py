"""The word that was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches
from itertools import islice

from django.utils.translation import gettext as _

_COMPARED_AT_MOST = 100
_LONGEST = 100
"""Words and characters that are compared: a hint must not cost more than the check."""


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """Ask "Did you mean …?" when a known word is close."""
    if word in known:
        return None
    folded = {candidate[:_LONGEST].casefold(): candidate for candidate in islice(known, _COMPARED_AT_MOST)}
    found = get_close_matches(word[:_LONGEST].casefold(), folded, n=1, cutoff=0.6)
    return _("Did you mean %(word)s?") % {"word": folded[found[0]]} if found else None
