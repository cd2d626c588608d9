"""All checks of a manifest, from bytes to a document that `plugins.manifest.document.load` may trust.

First the closed schema, then the rules it cannot say; each of these looks only at parts the schema found sound, so
that no shape of input can surprise it.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.gate import rules
from kasilabs.lib.documents import positions, strict_json
from kasilabs.lib.documents.errors import Enough, Fault, Faults
from plugins.manifest.checks import addresses, permissions, structure, tools
from plugins.manifest.checks.errors import BadManifest

MAX_BYTES = 256 * 1024

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

IsAllowedHost = Callable[[str, int], bool]


def check(raw: bytes, *, is_allowed_host: IsAllowedHost) -> dict[str, Any]:
    """The document in `raw`, free of faults; raises BadManifest with all of them."""
    faults = Faults()
    document = _read(raw, faults)
    with suppress(Enough):
        structure.check(document, faults)
        _check_values(document, (), faults)
        addresses.check(document, faults, is_allowed_host)
        permissions.check(document, faults)
        rules.check(document, faults)
        tools.check(document, faults)
    if faults:
        raise BadManifest(faults.in_order_of(raw.decode()))
    return document


def _read(raw: bytes, faults: Faults) -> dict[str, Any]:
    if len(raw) > MAX_BYTES:
        message = _("The manifest is larger than %(limit)d KiB.") % {"limit": MAX_BYTES // 1024}
        raise BadManifest((Fault("", "too_large", message, line=1),))

    def repeated(pointer: str, _line: int) -> None:
        faults.add(pointer, "duplicate_key", _("This name stands twice in the same object."))

    try:
        return strict_json.loads(raw, on_duplicate=repeated)
    except strict_json.NotJson as error:
        raise BadManifest((Fault(error.pointer, error.code, error.detail, line=error.line),)) from None


def _check_values(value: Any, path: tuple[str, ...], faults: Faults) -> None:
    """Control characters and integers no reader can hold, wherever they stand: names, schemas, examples."""
    if isinstance(value, dict):
        for name, member in value.items():
            _check_text(name, (*path, name), faults)
            _check_values(member, (*path, name), faults)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_values(item, (*path, str(index)), faults)
    elif isinstance(value, str):
        _check_text(value, path, faults)
    elif isinstance(value, int) and abs(value) > strict_json.SAFE_INTEGER:
        message = _("Integers must lie between −(2^53−1) and 2^53−1.")
        faults.add(positions.pointer(path), "bad_format", message)


def _check_text(text: str, path: tuple[str, ...], faults: Faults) -> None:
    if _CONTROL.search(text):
        faults.add(positions.pointer(path), "bad_format", _("This holds a control character."))
