"""What to do about a keyword that Config Schema v1 does not take, or does not take yet."""

from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kasilabs.lib.text import suggestions

_LATER = gettext_noop("This part of Config Schema v1 is not built yet. Leave it out for now.")
_SECTIONS_LATER = gettext_noop("Sections are not built yet. Give each setting a field of its own for now.")
_LISTS_LATER = gettext_noop("Lists are not built yet. Use one text field for now.")
_SPELL_OUT = gettext_noop("Write the field out where it is used.")
_ONE_OF_CASES = gettext_noop("Use enum, or one field for each case.")
_NAME_FIELDS = gettext_noop("Name every field under properties.")

_HINTS = {
    **dict.fromkeys(
        ("x-show-when", "dependentRequired", "x-groups", "x-group", "x-multiline", "x-generate", "x-widget"), _LATER
    ),
    **dict.fromkeys(("x-renamed-from", "x-secret-bound", "readOnly"), _LATER),
    **dict.fromkeys(("date", "time", "date-time", "uuid", "hostname", "ipv4", "ipv6"), _LATER),
    **dict.fromkeys(("object", "properties", "required", "additionalProperties"), _SECTIONS_LATER),
    **dict.fromkeys(("array", "items", "minItems", "maxItems", "uniqueItems"), _LISTS_LATER),
    **dict.fromkeys(("$ref", "$defs", "$id", "$anchor", "$dynamicRef", "$dynamicAnchor"), _SPELL_OUT),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "not", "if", "then", "else"), _ONE_OF_CASES),
    **dict.fromkeys(("patternProperties", "propertyNames", "unevaluatedProperties", "dependentSchemas"), _NAME_FIELDS),
    "const": gettext_noop("Use enum with one value."),
    "null": gettext_noop("A field that may be empty is left out of required."),
    "nullable": gettext_noop("A field that may be empty is left out of required."),
}


def keyword_hint(word: str, known: Collection[str] = ()) -> str | None:
    """Returns what to do about a keyword, type or format that a configuration schema does not take."""
    if word in known:
        return _("It means nothing for this type of field.")
    return _(_HINTS[word]) if word in _HINTS else suggestions.did_you_mean(word, known)
