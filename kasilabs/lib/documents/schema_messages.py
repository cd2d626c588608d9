"""What a failed JSON Schema keyword is called to people. A sentence names the rule, never the value."""

import json
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

_LISTED_AT_MOST = 12
_SHOWN_AT_MOST = 60

_PLAIN = {
    "additionalProperties": gettext_noop("This name is not known here."),
    "anyOf": gettext_noop("This matches none of the allowed forms."),
    "contains": gettext_noop("A required item is missing from this list."),
    "falseSchema": gettext_noop("This is not allowed here."),
    "not": gettext_noop("This value is not allowed."),
    "oneOf": gettext_noop("This must match exactly one of the allowed forms."),
    "pattern": gettext_noop("This does not have the expected form."),
    "propertyNames": gettext_noop("This name is not allowed here."),
    "required": gettext_noop("This is required."),
    "unevaluatedItems": gettext_noop("This list has too many items."),
    "unevaluatedProperties": gettext_noop("This name is not known here."),
    "uniqueItems": gettext_noop("The items must differ from each other."),
}

_TYPES = {
    "array": gettext_noop("a list"),
    "boolean": gettext_noop("true or false"),
    "integer": gettext_noop("a whole number"),
    "null": gettext_noop("null"),
    "number": gettext_noop("a number"),
    "object": gettext_noop("an object"),
    "string": gettext_noop("text"),
}

_FORMATS = {
    "date": gettext_noop("Use a date such as 2026-11-03."),
    "date-time": gettext_noop("Use a time such as 2026-11-03T14:30:00Z."),
    "email": gettext_noop("Use an email address such as name@example.com."),
    "time": gettext_noop("Use a time such as 14:30:00Z."),
    "uri": gettext_noop("Use a full address such as https://example.com/."),
    "uuid": gettext_noop("Use a UUID such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301."),
}


_LIMITS: dict[str, Callable[[Any], str]] = {
    "exclusiveMaximum": lambda kind: _("This must be less than %(limit)s.") % {"limit": kind.limit},
    "exclusiveMinimum": lambda kind: _("This must be more than %(limit)s.") % {"limit": kind.limit},
    "maximum": lambda kind: _("This must be at most %(limit)s.") % {"limit": kind.limit},
    "minimum": lambda kind: _("This must be at least %(limit)s.") % {"limit": kind.limit},
    "multipleOf": lambda kind: _("This must be a multiple of %(step)s.") % {"step": kind.multiple_of},
    "maxItems": lambda kind: _counted(
        ngettext("Use at most %(n)d item.", "Use at most %(n)d items.", kind.limit), kind
    ),
    "minItems": lambda kind: _counted(
        ngettext("Use at least %(n)d item.", "Use at least %(n)d items.", kind.limit), kind
    ),
    "maxLength": lambda kind: _counted(
        ngettext("Use at most %(n)d character.", "Use at most %(n)d characters.", kind.limit), kind
    ),
    "minLength": lambda kind: _counted(
        ngettext("Use at least %(n)d character.", "Use at least %(n)d characters.", kind.limit), kind
    ),
    "maxProperties": lambda kind: _counted(
        ngettext("Use at most %(n)d name.", "Use at most %(n)d names.", kind.limit), kind
    ),
    "minProperties": lambda kind: _counted(
        ngettext("Use at least %(n)d name.", "Use at least %(n)d names.", kind.limit), kind
    ),
}


def sentence(keyword: str, kind: Any) -> str:
    """Say what is wanted where `keyword` failed; `kind` is the validator's own account of it."""
    if keyword in _PLAIN:
        return _(_PLAIN[keyword])
    worded = _WORDED.get(keyword) or _LIMITS.get(keyword)
    return worded(kind) if worded else _("This breaks the rule %(keyword)s.") % {"keyword": keyword}


def _counted(words: str, kind: Any) -> str:
    return words % {"n": kind.limit}


def _type(kind: Any) -> str:
    names = getattr(kind, "types", ["integer"])
    return _("This must be %(types)s.") % {"types": " / ".join(_(_TYPES[name]) for name in names)}


def _format(kind: Any) -> str:
    known = _FORMATS.get(kind.format)
    return _(known) if known else _("This is not a valid %(format)s.") % {"format": kind.format}


def _const(kind: Any) -> str:
    return _("This must be %(value)s.") % {"value": _shown(kind.expected_value)}


def _enum(kind: Any) -> str:
    options = [_shown(option) for option in kind.options[:_LISTED_AT_MOST]]
    more = ["…"] if len(kind.options) > _LISTED_AT_MOST else []
    return _("Use one of: %(options)s.") % {"options": ", ".join(options + more)}


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:_SHOWN_AT_MOST]


_WORDED: dict[str, Callable[[Any], str]] = {"const": _const, "enum": _enum, "format": _format, "type": _type}
