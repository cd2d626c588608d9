import time
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from kasilabs.lib import http
from kasilabs.lib.commands import JsonCommand, Refused
from plugins import checklist, registry
from plugins.faults import BadManifest, Fault
from plugins.manifest_rules import MAX_BYTES

SECONDS = 10.0


class Command(JsonCommand):
    help = "Check a manifest under this platform's rules, and say how well it is designed. Nothing is saved."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", metavar="FILE|URL")

    def run(self, **options: Any) -> dict[str, object]:
        try:
            manifest = registry.read(read(options["manifest"]))
        except BadManifest as error:
            raise Refused("bad_manifest", str(error), [_fault(fault) for fault in error.faults]) from error
        return {
            "valid": True,
            "slug": manifest.slug,
            "version": manifest.version,
            "digest": manifest.digest,
            "checklist": [asdict(item) for item in checklist.of(manifest)],
        }


def read(place: str) -> bytes:
    """Return the bytes of a manifest in a file or at a web address. Raises Refused."""
    if place.startswith(("https://", "http://")):
        return _fetched(place)
    try:
        with Path(place).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        detail = _("%(place)s cannot be read: %(why)s") % {"place": place, "why": error.strerror}
        raise Refused("unreadable", detail) from error


def _fetched(url: str) -> bytes:
    try:
        answer = http.shared_client().get(url, deadline=time.monotonic() + SECONDS, limit=MAX_BYTES + 1)
    except http.SendFailed as error:
        detail = _("%(place)s cannot be read: %(why)s") % {"place": url, "why": error.reason}
        raise Refused("unreadable", detail) from error
    if answer.status != HTTPStatus.OK:
        detail = _("%(place)s answered %(status)s.") % {"place": url, "status": answer.status}
        raise Refused("unreadable", detail)
    return answer.body


def _fault(fault: Fault) -> dict[str, str]:
    document = {"pointer": fault.pointer, "code": fault.code, "message": fault.message}
    return document | ({"hint": fault.hint} if fault.hint else {})
