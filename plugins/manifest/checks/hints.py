"""The hint of an error: what to write instead, or which word was probably meant."""

import re
from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kasilabs.lib.text import suggestions

_TOOL = {
    **dict.fromkeys(("$id", "$anchor", "$dynamicAnchor"), gettext_noop("Put shared parts under $defs.")),
    **dict.fromkeys(("$dynamicRef", "$recursiveRef"), gettext_noop("Use $ref to a part under #/$defs/.")),
    "$ref": gettext_noop("Only references to #/$defs/… are followed. Copy the other schema under $defs."),
    "$schema": gettext_noop("It may stand at the top of the schema only."),
    "dependencies": gettext_noop("Use dependentRequired or dependentSchemas."),
    "additionalItems": gettext_noop("Use prefixItems with items."),
    "example": gettext_noop("Use examples with a list."),
    "nullable": gettext_noop('Use "type": ["string", "null"].'),
    "items": gettext_noop("Use prefixItems for a list of schemas, and items for what follows them."),
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
_LISTS = {"/requires": gettext_noop('Write a list, such as [{"toolkit": "PAYMENTS"}].')}
_LISTS["/tools/*/requires"] = _LISTS["/requires"]
_ONE_LINE = gettext_noop("Use one line of visible text.")


def form_hint(pointer: str) -> str:
    """Returns the form a member of the manifest has to have, by its place."""
    place = "/slug" if pointer.endswith("/plugin") else _place(pointer)
    return _(_FORMS.get(place, _ONE_LINE))


def list_hint(pointer: str) -> str | None:
    """Returns what to write where the manifest has something else than the list that belongs there."""
    hint = _LISTS.get(_place(pointer))
    return _(hint) if hint else None


def _place(pointer: str) -> str:
    return re.sub("/[0-9]+", "/*", pointer)


def tool_keyword_hint(word: str, known: Collection[str] = ()) -> str | None:
    """Returns what to do about a keyword or format that a tool schema does not take."""
    return _(_TOOL[word]) if word in _TOOL else suggestions.did_you_mean(word, known)
