"""What a page showed, signed into its form, so that an act is refused where it does not hold any more.

Between a page and its answer another tab or another person may have changed what the page showed. So the form of a page
carries what it showed, the act compares that with what it finds, and where the two differ the answer is a 409 that
shows both. It is signed to come back in the shape it left in: it may be shown again, and compared as a whole.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from django.core import signing

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Facts = TypeVar("Facts", bound=DataclassInstance)

FIELD = "shown"
"""The name of the form field."""


def sign(facts: "DataclassInstance") -> str:
    """Returns the text for a form; the fields of `facts` hold what JSON holds."""
    return signing.dumps(asdict(facts), salt=_salt(type(facts)), compress=True)


def read(text: str, kind: "type[Facts]") -> "Facts | None":
    """Returns what a page showed, or None for a text that `sign` did not make of this kind."""
    try:
        return kind(**signing.loads(text, salt=_salt(kind)))
    # A form of the release before this one may have other fields.
    except (signing.BadSignature, TypeError):
        return None


def _salt(kind: type) -> str:
    return f"shown.{kind.__module__}.{kind.__qualname__}"
