"""Spelling suggestions."""

from collections.abc import Collection
from difflib import get_close_matches
from itertools import islice

from django.utils.translation import gettext as _

# A hint must not cost more than the check it belongs to.
_MAX_WORDS = 100
_MAX_LENGTH = 100


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """Returns "Did you mean …?" with the known word that is closest, or None when none is close."""
    if word in known:
        return None
    by_folded = {candidate[:_MAX_LENGTH].casefold(): candidate for candidate in islice(known, _MAX_WORDS)}
    matches = get_close_matches(word[:_MAX_LENGTH].casefold(), by_folded, n=1, cutoff=0.6)
    return _("Did you mean %(word)s?") % {"word": by_folded[matches[0]]} if matches else None
