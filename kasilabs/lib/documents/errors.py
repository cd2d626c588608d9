"""What is wrong with a document: every error at once, each with its place, code, message and line."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_pointer, positions

MAX_ERRORS = 100
CODES = {
    "required": "required",
    "unknown_key": "unknown_key",
    "type": "wrong_type",
    "uniqueItems": "duplicate",
    **dict.fromkeys(("minLength", "minItems", "minProperties"), "too_short"),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), "too_long"),
}
"""The error code (docs/authors/manifest.md) for a JSON Schema keyword; for other keywords the caller decides."""


@dataclass(frozen=True)
class DocumentError:
    """One error. `code` is one of docs/authors/manifest.md; `line` is 1-based, where the value or its name begins."""

    pointer: str
    code: str
    message: str
    hint: str | None = None
    line: int | None = None


class TooManyErrors(Exception):
    """The list is full. A hostile document could hold a hundred thousand errors, each with a hint to look for."""


class ErrorList:
    """Collects the errors of one document; an error with the same pointer and code counts once."""

    def __init__(self) -> None:
        self._errors: dict[tuple[str, str], DocumentError] = {}
        self._touched: set[str] = set()
        self._is_cut = False

    def add(self, pointer: str, code: str, message: str, hint: str | None = None) -> None:
        """Adds one error. Raises TooManyErrors when there is no room for it; then the list ends with `too_many`."""
        if (pointer, code) not in self._errors and len(self._errors) >= MAX_ERRORS:
            self._is_cut = True
            raise TooManyErrors
        self._errors.setdefault((pointer, code), DocumentError(pointer, code, message, hint))
        while pointer not in self._touched:
            self._touched.add(pointer)
            pointer = pointer.rpartition("/")[0]

    def none_at(self, pointer: str) -> bool:
        """Returns whether there is no error at or below `pointer`, so that a check can rely on what stands there."""
        return pointer not in self._touched

    def __bool__(self) -> bool:
        return bool(self._errors)

    def located_in(self, text: str) -> tuple[DocumentError, ...]:
        """Returns all errors with their lines, in the order of `text`, the JSON text of the document."""
        paths = {error.pointer: json_pointer.split(error.pointer) for error in self._errors.values()}
        wanted = {path[:length] for path in paths.values() for length in range(len(path) + 1)}
        offsets = {place.path: place.offset for place in positions.scan(text) if place.path in wanted}
        located = []
        for error in self._errors.values():
            path = paths[error.pointer]
            # A missing value has no place of its own; what should hold it has one.
            while path and path not in offsets:
                path = path[:-1]
            located.append((offsets[path], error.pointer, error.code, error))
        located.sort(key=lambda entry: entry[:3])
        errors = [replace(error, line=positions.line_at(text, offset)) for offset, *_key, error in located]
        if self._is_cut:
            message = _("There are more faults than these %(n)d. Correct these first.") % {"n": MAX_ERRORS}
            errors.append(DocumentError("", "too_many", message))
        return tuple(errors)
