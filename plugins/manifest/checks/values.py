"""Control characters, and integers that not every reader can hold: in names, schemas, examples, anywhere."""

import re
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_pointer
from kasilabs.lib.documents.errors import ErrorList
from kasilabs.lib.documents.strict_json import SAFE_INTEGER

_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def check_values(value: Any, errors: ErrorList, path: tuple[str, ...] = ()) -> None:
    """Adds an error for each name and value of the document, found by walking through all of it."""
    if isinstance(value, dict):
        for name, member in value.items():
            _check_text(name, errors, (*path, name))
            check_values(member, errors, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_values(item, errors, (*path, str(index)))
    elif isinstance(value, str):
        _check_text(value, errors, path)
    elif isinstance(value, int) and abs(value) > SAFE_INTEGER:
        message = _("Integers must lie between −(2^53−1) and 2^53−1.")
        errors.add(json_pointer.join(path), "bad_format", message)


def _check_text(text: str, errors: ErrorList, path: tuple[str, ...]) -> None:
    if _CONTROL_CHARACTER.search(text):
        errors.add(json_pointer.join(path), "bad_format", _("This holds a control character."))
