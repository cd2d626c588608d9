"""Where a command finds a manifest: in a file, or at a web address through the one outgoing client."""

import time
from http import HTTPStatus
from pathlib import Path

from django.utils.translation import gettext as _

from kasilabs.lib.http import client
from kasilabs.lib.refusal import Refused
from plugins.manifest.checks.run import MAX_BYTES

TIMEOUT_SECONDS = 10.0


def read(place: str) -> bytes:
    """Returns the bytes of a manifest, of a too large one only so many that it shows. Raises Refused (`unreadable`)."""
    if place.startswith(("https://", "http://")):
        return _fetch(place)
    try:
        with Path(place).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        detail = _("%(place)s cannot be read: %(why)s") % {"place": place, "why": reason}
        raise Refused("unreadable", detail) from error


def _fetch(url: str) -> bytes:
    try:
        answer = client.shared_client().get(url, deadline=time.monotonic() + TIMEOUT_SECONDS, limit=MAX_BYTES + 1)
    except client.SendFailed as error:
        detail = _("%(place)s cannot be read: %(why)s") % {"place": url, "why": error.reason}
        raise Refused("unreadable", detail) from error
    if answer.status != HTTPStatus.OK:
        detail = _("%(place)s answered %(status)s.") % {"place": url, "status": answer.status}
        raise Refused("unreadable", detail)
    return answer.body
