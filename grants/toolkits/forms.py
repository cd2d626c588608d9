"""Reads the toolkit a URL names."""

from django.http import Http404

from kasilabs.toolkits.catalogue import Toolkit


def toolkit_of(text: str) -> Toolkit:
    """Read the name of a toolkit. Raises Http404."""
    try:
        return Toolkit(text)
    except ValueError:
        raise Http404 from None
