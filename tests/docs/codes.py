"""The error codes that the manifest check can give, read from its own source."""

import ast
from collections.abc import Iterator
from pathlib import Path

PLACES = {"add": 1, "DocumentError": 1, "_bad_manifest": 2, "NotJson": 0}
"""Calls that carry a code, and which argument it is."""


def error_codes(folder: Path) -> set[str]:
    """Collect every code in the modules of a folder and of the folders in it."""
    return {code for path in folder.rglob("*.py") for code in _in(ast.parse(path.read_text()))}


def _in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            place = PLACES.get(_name(node))
            if place is not None and len(node.args) > max(place, 0):
                yield from _texts(node.args[place])
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CODES":
            yield from _values(node.value)


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr if ast.unparse(call.func.value) == "errors" else ""
    return ast.unparse(call.func)


def _texts(node: ast.expr) -> Iterator[str]:
    """The code itself, or the one `CODES.get` falls back to."""
    if isinstance(node, ast.Call):
        node = node.args[-1]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _values(table: ast.expr) -> Iterator[str]:
    assert isinstance(table, ast.Dict)
    for value in table.values:
        yield from _texts(value)
