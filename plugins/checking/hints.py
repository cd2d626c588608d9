"""The sentence after the fault: which word was meant, what to write instead, or that it is on its way."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_COMPARED_AT_MOST = 100
_LONGEST = 100
"""Words and characters that are compared: a hint must not cost more than the check."""

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


_FORMS = {
    "/slug": gettext_noop("Use upper-case letters, digits and single underscores, such as ACME_CRM."),
    "/version": gettext_noop("Use a form such as 1.0.0 or 1.1.0-dev.3."),
    "/tags/*": gettext_noop("Use 2 to 30 lower-case letters, digits and hyphens."),
    "/homepage": gettext_noop("Use an address that begins with https://."),
    "/author/url": gettext_noop("Use an address that begins with https://."),
    "/tools/*/name": gettext_noop("Use lower-case words joined by single underscores, such as find_ticket."),
    "/tools/*/description": gettext_noop("Write a sentence."),
}
_ONE_LINE = gettext_noop("Use one line of visible text.")


def for_form(pointer: str) -> str:
    """The form that a member of the manifest must have, by its place."""
    return _(_FORMS.get(re.sub("/[0-9]+", "/*", pointer), _ONE_LINE))


def nearest(word: str, known: Collection[str]) -> str | None:
    """Ask "Did you mean …?" when a known word is close."""
    if word in known:
        return None
    folded = {candidate[:_LONGEST].casefold(): candidate for candidate in islice(known, _COMPARED_AT_MOST)}
    found = get_close_matches(word[:_LONGEST].casefold(), folded, n=1, cutoff=0.6)
    return _("Did you mean %(word)s?") % {"word": folded[found[0]]} if found else None


def for_configuration(word: str, known: Collection[str] = ()) -> str | None:
    """What to do about a keyword, type or format that a configuration schema does not take."""
    if word in known:
        return _("It means nothing for this type of field.")
    return _(_CONFIGURATION[word]) if word in _CONFIGURATION else nearest(word, known)


def for_tool(word: str, known: Collection[str] = ()) -> str | None:
    """What to do about a keyword or format that a tool schema does not take."""
    return _(_TOOL[word]) if word in _TOOL else nearest(word, known)
