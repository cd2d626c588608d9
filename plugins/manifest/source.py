"""Where a command finds a manifest: in a file, or at a web address through the one outgoing client."""

import time
from http import HTTPStatus
from pathlib import Path

from django.utils.translation import gettext as _

from kasilabs.lib.documents.errors import DocumentError
from kasilabs.lib.http import client
from kasilabs.lib.refusal import Refused
from plugins.manifest.checks.errors import BadManifest
from plugins.manifest.checks.run import MAX_BYTES

SECONDS = 10.0


def read(place: str) -> bytes:
    """Return the bytes of a manifest, one more than allowed of a larger one. Raises Refused (`unreadable`)."""
    if place.startswith(("https://", "http://")):
        return _fetched(place)
    try:
        with Path(place).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        detail = _("%(place)s cannot be read: %(why)s") % {"place": place, "why": why}
        raise Refused("unreadable", detail) from error


def refusal(error: BadManifest) -> Refused:
    """Return what a command answers to a manifest with faults."""
    return Refused("bad_manifest", str(error), [_described(each) for each in error.errors])


def _fetched(url: str) -> bytes:
    try:
        answer = client.shared_client().get(url, deadline=time.monotonic() + SECONDS, limit=MAX_BYTES + 1)
    except client.SendFailed as error:
        detail = _("%(place)s cannot be read: %(why)s") % {"place": url, "why": error.reason}
        raise Refused("unreadable", detail) from error
    if answer.status != HTTPStatus.OK:
        detail = _("%(place)s answered %(status)s.") % {"place": url, "status": answer.status}
        raise Refused("unreadable", detail)
    return answer.body


def _described(error: DocumentError) -> dict[str, str]:
    document = {"pointer": error.pointer, "code": error.code, "message": error.message}
    return document | ({"hint": error.hint} if error.hint else {})
