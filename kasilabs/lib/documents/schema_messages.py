"""The sentence for each JSON Schema keyword that failed. A sentence names the rule, never the value."""

import json
from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

_MAX_OPTIONS = 12
_MAX_OPTION_LENGTH = 60

_SENTENCES: dict[str, Promise] = {
    "additionalProperties": gettext_lazy("This name is not known here."),
    "anyOf": gettext_lazy("This matches none of the allowed forms."),
    "contains": gettext_lazy("A required item is missing from this list."),
    "falseSchema": gettext_lazy("This is not allowed here."),
    "not": gettext_lazy("This value is not allowed."),
    "oneOf": gettext_lazy("This must match exactly one of the allowed forms."),
    "pattern": gettext_lazy("This does not have the expected form."),
    "propertyNames": gettext_lazy("This name is not allowed here."),
    "required": gettext_lazy("This is required."),
    "unevaluatedItems": gettext_lazy("This list has too many items."),
    "unevaluatedProperties": gettext_lazy("This name is not known here."),
    "x-int32": gettext_lazy("Use a number from −2147483648 to 2147483647."),
    "x-int64": gettext_lazy("Use a number from −9223372036854775808 to 9223372036854775807."),
    "x-strict-integer": gettext_lazy("This must be a whole number."),
    "uniqueItems": gettext_lazy("The items must differ from each other."),
}

_COUNTS: dict[str, Promise] = {
    "maxItems": ngettext_lazy("Use at most %(n)d item.", "Use at most %(n)d items.", "n"),
    "minItems": ngettext_lazy("Use at least %(n)d item.", "Use at least %(n)d items.", "n"),
    "maxLength": ngettext_lazy("Use at most %(n)d character.", "Use at most %(n)d characters.", "n"),
    "minLength": ngettext_lazy("Use at least %(n)d character.", "Use at least %(n)d characters.", "n"),
    "maxProperties": ngettext_lazy("Use at most %(n)d name.", "Use at most %(n)d names.", "n"),
    "minProperties": ngettext_lazy("Use at least %(n)d name.", "Use at least %(n)d names.", "n"),
}

_LIMITS: dict[str, Promise] = {
    "exclusiveMaximum": gettext_lazy("This must be less than %(limit)s."),
    "exclusiveMinimum": gettext_lazy("This must be more than %(limit)s."),
    "maximum": gettext_lazy("This must be at most %(limit)s."),
    "minimum": gettext_lazy("This must be at least %(limit)s."),
}

_TYPES: dict[str, Promise] = {
    "array": gettext_lazy("a list"),
    "boolean": gettext_lazy("true or false"),
    "integer": gettext_lazy("a whole number"),
    "null": gettext_lazy("null"),
    "number": gettext_lazy("a number"),
    "object": gettext_lazy("an object"),
    "string": gettext_lazy("text"),
}

_FORMATS: dict[str, Promise] = {
    "date": gettext_lazy("Use a date such as 2026-11-03."),
    "date-time": gettext_lazy("Use a time such as 2026-11-03T14:30:00Z."),
    "email": gettext_lazy("Use an email address such as name@example.com."),
    "time": gettext_lazy("Use a time such as 14:30:00Z."),
    "uri": gettext_lazy("Use a full address such as https://example.com/."),
    "uuid": gettext_lazy("Use a UUID such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301."),
}


def sentence(keyword: str, failure: Any) -> str:
    """Returns what is wanted where `keyword` failed; `failure` is the validator's own account of it (`error.kind`)."""
    if keyword in _SENTENCES:
        return str(_SENTENCES[keyword])
    if keyword in _COUNTS:
        return str(_COUNTS[keyword] % {"n": failure.limit})
    if keyword in _LIMITS:
        return str(_LIMITS[keyword] % {"limit": failure.limit})
    if keyword in _BUILDERS:
        return _BUILDERS[keyword](failure)
    return _("This breaks the rule %(keyword)s.") % {"keyword": keyword}


def _const(failure: Any) -> str:
    return _("This must be %(value)s.") % {"value": _option(failure.expected_value)}


def _enum(failure: Any) -> str:
    options = [_option(option) for option in failure.options[:_MAX_OPTIONS]]
    if len(failure.options) > _MAX_OPTIONS:
        options.append("…")
    return _("Use one of: %(options)s.") % {"options": ", ".join(options)}


def _format(failure: Any) -> str:
    if failure.format in _FORMATS:
        return str(_FORMATS[failure.format])
    return _("This is not a valid %(format)s.") % {"format": failure.format}


def _multiple_of(failure: Any) -> str:
    return _("This must be a multiple of %(step)s.") % {"step": failure.multiple_of}


def _type(failure: Any) -> str:
    return _("This must be %(types)s.") % {"types": " / ".join(str(_TYPES[name]) for name in failure.types)}


def _option(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:_MAX_OPTION_LENGTH]


_BUILDERS: dict[str, Callable[[Any], str]] = {
    "const": _const,
    "enum": _enum,
    "format": _format,
    "multipleOf": _multiple_of,
    "type": _type,
}
