"""What is wrong with a document: every error at once, each with its place, code, message and line."""

from dataclasses import dataclass, replace

from kasilabs.lib.documents import json_pointer, positions

MAX_ERRORS = 500
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

    def add(self, pointer: str, code: str, message: str, hint: str | None = None) -> None:
        """Adds one error. Raises TooManyErrors when the list is full with it."""
        self._errors.setdefault((pointer, code), DocumentError(pointer, code, message, hint))
        if len(self._errors) >= MAX_ERRORS:
            raise TooManyErrors
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
        offsets = {position.path: position.offset for position in positions.scan(text)}
        located = []
        for error in self._errors.values():
            path = json_pointer.split(error.pointer)
            # A missing value has no place of its own; what should hold it has one.
            while path and path not in offsets:
                path = path[:-1]
            located.append((offsets[path], error.pointer, error.code, error))
        located.sort(key=lambda entry: entry[:3])
        return tuple(replace(error, line=positions.line_at(text, offset)) for offset, *_key, error in located)
