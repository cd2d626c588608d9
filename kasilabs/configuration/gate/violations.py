"""The errors for what breaks the closed schema of Config Schema v1, with a hint from the word that stands there."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.gate import hints, metaschema
from kasilabs.lib.documents import json_pointer
from kasilabs.lib.documents.errors import CODES, ErrorList
from kasilabs.lib.documents.json_schema import SchemaViolation


def add_violation(violation: SchemaViolation, document: Mapping[str, Any], errors: ErrorList) -> None:
    """Adds the error for one violation; its pointer starts at `document`, the whole manifest."""
    pointer, code, message = violation.pointer, violation.code, violation.message
    keyword = json_pointer.split(pointer)[-1]
    if code == "unknown_key":
        hint = hints.keyword_hint(keyword, metaschema.KEYWORDS)
        errors.add(pointer, "unsupported_keyword", _("A configuration schema does not take this here."), hint)
    elif code == "enum" and keyword in ("type", "format"):
        word = _named_word(json_pointer.resolve(document, pointer))
        known = metaschema.TYPES if keyword == "type" else metaschema.FORMATS
        errors.add(pointer, "unsupported_keyword", message, hints.keyword_hint(word, known))
    elif code == "const" and keyword == "additionalProperties":
        errors.add(pointer, "unsupported_keyword", message)
    elif code == "propertyNames":
        form = _("A field's name is a letter, then at most 62 letters, digits or underscores.")
        errors.add(pointer, "bad_format", form)
    else:
        errors.add(pointer, CODES.get(code, "bad_schema"), message)


def _named_word(value: Any) -> str:
    """Returns the one word a wrong `type` or `format` is about: of a list of types, what makes it one."""
    if isinstance(value, list):
        return "null" if "null" in value else "oneOf"
    return value if isinstance(value, str) else ""
