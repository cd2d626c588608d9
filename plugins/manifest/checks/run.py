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
from kasilabs.lib.documents import json_pointer, strict_json
from kasilabs.lib.documents.errors import DocumentError, ErrorList, TooManyErrors
from plugins.manifest.checks import addresses, permissions, structure, tools
from plugins.manifest.checks.errors import BadManifest

MAX_BYTES = 256 * 1024

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

IsAllowedHost = Callable[[str, int], bool]


def check(raw: bytes, *, is_allowed_host: IsAllowedHost) -> dict[str, Any]:
    """The document in `raw`, free of faults; raises BadManifest with all of them."""
    errors = ErrorList()
    document = _read(raw, errors)
    with suppress(TooManyErrors):
        structure.check(document, errors)
        _check_values(document, (), errors)
        addresses.check(document, errors, is_allowed_host)
        permissions.check(document, errors)
        rules.check(document, errors)
        tools.check(document, errors)
    if errors:
        raise BadManifest(errors.located_in(raw.decode()))
    return document


def _read(raw: bytes, errors: ErrorList) -> dict[str, Any]:
    if len(raw) > MAX_BYTES:
        message = _("The manifest is larger than %(limit)d KiB.") % {"limit": MAX_BYTES // 1024}
        raise BadManifest((DocumentError("", "too_large", message, line=1),))

    def repeated(pointer: str, _line: int) -> None:
        errors.add(pointer, "duplicate_key", _("This name stands twice in the same object."))

    try:
        return strict_json.loads(raw, on_duplicate=repeated)
    except strict_json.NotJson as error:
        raise BadManifest((DocumentError(error.pointer, error.code, error.detail, line=error.line),)) from None


def _check_values(value: Any, path: tuple[str, ...], errors: ErrorList) -> None:
    """Control characters and integers no reader can hold, wherever they stand: names, schemas, examples."""
    if isinstance(value, dict):
        for name, member in value.items():
            _check_text(name, (*path, name), errors)
            _check_values(member, (*path, name), errors)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_values(item, (*path, str(index)), errors)
    elif isinstance(value, str):
        _check_text(value, path, errors)
    elif isinstance(value, int) and abs(value) > strict_json.SAFE_INTEGER:
        message = _("Integers must lie between −(2^53−1) and 2^53−1.")
        errors.add(json_pointer.join(path), "bad_format", message)


def _check_text(text: str, path: tuple[str, ...], errors: ErrorList) -> None:
    if _CONTROL.search(text):
        errors.add(json_pointer.join(path), "bad_format", _("This holds a control character."))
