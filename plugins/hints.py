"""The sentence after the fault: which word was meant, what to write instead, or that it is on its way."""

from collections.abc import Iterable
from difflib import get_close_matches

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_LATER = gettext_noop("This part of Config Schema v1 is not built yet. Leave it out for now.")
_SECTIONS_LATER = gettext_noop("Sections are not built yet. Give each setting a field of its own for now.")
_LISTS_LATER = gettext_noop("Lists are not built yet. Use one text field for now.")
_SPELL_OUT = gettext_noop("Write the field out where it is used.")
_ONE_OF_CASES = gettext_noop("Use enum, or one field for each case.")
_NAME_FIELDS = gettext_noop("Name every field under properties.")

_CONFIGURATION = {
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

_TOOL = {
    **dict.fromkeys(("$id", "$anchor", "$dynamicAnchor"), gettext_noop("Put shared parts under $defs.")),
    **dict.fromkeys(("$dynamicRef", "$recursiveRef"), gettext_noop("Use $ref to a part under #/$defs/.")),
    "$ref": gettext_noop("Only references to #/$defs/… are followed. Copy the other schema under $defs."),
    "$schema": gettext_noop("It may stand at the top of the schema only."),
    "definitions": gettext_noop("JSON Schema 2020-12 calls this $defs."),
    "dependencies": gettext_noop("Use dependentRequired or dependentSchemas."),
    "additionalItems": gettext_noop("Use prefixItems with items."),
    "example": gettext_noop("Use examples with a list."),
    "nullable": gettext_noop('Use "type": ["string", "null"].'),
    "regex": gettext_noop("A pattern inside the input is not checked. Leave format out."),
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Ask "Did you mean …?" when a known word is close."""
    folded = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(word[:100].casefold(), folded, n=1, cutoff=0.6)
    return _("Did you mean %(word)s?") % {"word": folded[found[0]]} if found else None


def for_configuration(word: str, known: Iterable[str] = ()) -> str | None:
    """What to do about a keyword, type or format that a configuration schema does not take."""
    return _(_CONFIGURATION[word]) if word in _CONFIGURATION else nearest(word, known)


def for_tool(word: str, known: Iterable[str] = ()) -> str | None:
    """What to do about a keyword or format that a tool schema does not take."""
    return _(_TOOL[word]) if word in _TOOL else nearest(word, known)
