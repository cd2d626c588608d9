"""Keyset pagination over primary keys that are UUIDv7, newest row first: no page costs more than the first one.

A cursor is opaque, signed, and bound to the filters and the direction it was made for, so that a link copied into
another list cannot skip rows silently. It is short: the position and half an HMAC-SHA256, 43 characters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 50
_SALT = "kasilabs.cursor"
_POSITION_BYTES = _MAC_BYTES = 16


class BadCursor(Exception):
    """The cursor is not ours, or belongs to another list."""


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows, newest first, and the cursors of the pages beside them; an empty cursor means that there is none."""

    rows: Sequence[Row]
    older: str = ""
    newer: str = ""


def paginate(
    queryset: QuerySet[Row], filters: Mapping[str, str], *, size: int = PAGE_SIZE, older: str = "", newer: str = ""
) -> Page[Row]:
    """Returns the first page, or the one after the cursor `older`, or the one before the cursor `newer`.

    `filters` says what the list is of, such as its organization. Raises BadCursor.
    """
    if newer:
        after = queryset.filter(pk__gt=_decode(newer, filters, "newer"))
        rows = list(after.order_by("pk")[: size + 1])
        has_older, has_newer = True, len(rows) > size
        rows = rows[:size][::-1]
    else:
        before = queryset.filter(pk__lt=_decode(older, filters, "older")) if older else queryset
        rows = list(before.order_by("-pk")[: size + 1])
        has_older, has_newer = len(rows) > size, bool(older)
        rows = rows[:size]
    return Page(
        rows,
        older=encode_cursor(rows[-1].pk, filters, "older") if rows and has_older else "",
        newer=encode_cursor(rows[0].pk, filters, "newer") if rows and has_newer else "",
    )


def page_or_404(request: HttpRequest, queryset: QuerySet[Row], filters: Mapping[str, str]) -> Page[Row]:
    """Returns the page that `after` in the URL asks for. Raises Http404 for a cursor of another list."""
    try:
        return paginate(queryset, filters, older=request.GET.get("after", ""))
    except BadCursor as error:
        raise Http404 from error


def encode_cursor(position: UUID, filters: Mapping[str, str], direction: str) -> str:
    """Returns the cursor of the rows that are older or newer than the row with the id `position`."""
    return urlsafe_base64_encode(position.bytes + _mac(position.bytes, filters, direction))


def _decode(cursor: str, filters: Mapping[str, str], direction: str) -> UUID:
    try:
        raw = urlsafe_base64_decode(cursor)
    except ValueError:
        raise BadCursor("This is no link to a page.") from None
    position, mac = raw[:_POSITION_BYTES], raw[_POSITION_BYTES:]
    if len(position) < _POSITION_BYTES or not constant_time_compare(mac, _mac(position, filters, direction)):
        raise BadCursor("This link belongs to another list.")
    return UUID(bytes=position)


def _mac(position: bytes, filters: Mapping[str, str], direction: str) -> bytes:
    bound_to = {**filters, "direction": direction}
    text = "\n".join(f"{len(value)}:{name}={value}" for name, value in sorted(bound_to.items()))
    return salted_hmac(_SALT, position + text.encode(), algorithm="sha256").digest()[:_MAC_BYTES]
