"""What the operator sees of why an answer was not passed on or an input was refused. The agent gets none of it.

A row stores one small object with one member: which kind of finding, and where. Its sentence is written for the page.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kasilabs.logs import redact

Diagnosis = dict[str, Any]

LEAK_WORDS: dict[str, str | Promise] = {
    "secret": gettext_lazy("a secret"),
    "phone": gettext_lazy("a phone number of the customer"),
    "token": gettext_lazy("a token of the platform"),
    "stack_trace": gettext_lazy("a stack trace"),
}


def held_back(kind: str, pointer: str) -> Diagnosis:
    """Returns what the guard found, and where in the plugin's answer."""
    return {"heldBack": {"kind": kind, "pointer": pointer}}


def schema_failure(keyword: str, pointer: str, message: str) -> Diagnosis:
    """Returns the keyword of a schema that an input or an answer breaks first, and where."""
    return {"schema": {"keyword": keyword, "pointer": pointer, "message": message}}


def not_json(sentence: str, *, line: int | None, pointer: str) -> Diagnosis:
    """Returns what the parser says of an answer that is not one JSON object."""
    return {"parser": {"sentence": sentence, "line": line, "pointer": pointer}}


def redirect(host: str) -> Diagnosis:
    """Returns where a redirect leads: its host alone, as the rest of the address may hold anything."""
    return {"redirect": {"host": host}}


def too_large(length: int | None, *, most: int) -> Diagnosis:
    """Returns how large an answer says it is; for one that does not say, that it is more than `most` bytes."""
    return {"size": {"bytes": length or most, "isMore": length is None}}


def encoded(encoding: str, length: int | None) -> Diagnosis:
    """Returns how an answer is compressed, and its size as it was sent."""
    return {"encoding": {"name": encoding, "bytes": length}}


def redacted(diagnosis: Diagnosis | None, *, secrets: Collection[str], phones: Collection[str]) -> Diagnosis | None:
    """Returns a diagnosis as a row may keep it: names, hosts and messages are a stranger's text."""
    if diagnosis is None:
        return None

    def safe(name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        keep = redact.pointer if name == "pointer" else redact.short_text
        return keep(value, secrets=secrets, phones=phones)

    return {kind: {name: safe(name, value) for name, value in members.items()} for kind, members in diagnosis.items()}


def sentence(diagnosis: Mapping[str, Any] | None) -> str:
    """Returns a diagnosis in words; nothing for none."""
    return next((_SENTENCES[kind](members) for kind, members in (diagnosis or {}).items() if kind in _SENTENCES), "")


def _held_back(found: Mapping[str, Any]) -> str:
    words = LEAK_WORDS.get(found["kind"], found["kind"])
    return _("%(words)s stands at %(place)s of the plugin's answer.") % {
        "words": str(words).capitalize(),
        "place": _place(found["pointer"]),
    }


def _schema(found: Mapping[str, Any]) -> str:
    params = {"place": _place(found["pointer"]), "keyword": found["keyword"], "message": found["message"]}
    return _("At %(place)s, keyword %(keyword)s: %(message)s") % params


def _parser(found: Mapping[str, Any]) -> str:
    if found["pointer"]:
        return _("At %(place)s: %(sentence)s") % {"place": found["pointer"], "sentence": found["sentence"]}
    if found["line"]:
        return _("Line %(line)d: %(sentence)s") % {"line": found["line"], "sentence": found["sentence"]}
    return str(found["sentence"])


def _redirect(found: Mapping[str, Any]) -> str:
    if not found["host"]:
        return _("The redirect does not say where to.")
    return _("The redirect leads to %(host)s. Write the last address into baseUrl.") % {"host": found["host"]}


def _size(found: Mapping[str, Any]) -> str:
    words = _("It has more than %(size)s.") if found["isMore"] else _("It has %(size)s.")
    return words % {"size": filesizeformat(found["bytes"])}


def _encoding(found: Mapping[str, Any]) -> str:
    if found["bytes"] is None:
        return _("Its encoding is %(name)s.") % {"name": found["name"]}
    params = {"name": found["name"], "size": filesizeformat(found["bytes"])}
    return _("Its encoding is %(name)s, and it has %(size)s.") % params


def _place(pointer: str) -> str:
    return pointer or _("the top")


_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "heldBack": _held_back,
    "schema": _schema,
    "parser": _parser,
    "redirect": _redirect,
    "size": _size,
    "encoding": _encoding,
}
