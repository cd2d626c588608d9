from typing import Any

from plugins.manifest import document
from plugins.manifest.promises import promises
from tests.support import factories

MARKED = {"type": "string", "x-personal": "phone"}


def manifest(*schemas: dict[str, Any], **changes: Any) -> document.Manifest:
    tool = factories.SUPPORT_DESK["tools"][0]
    tools = [{**tool, "name": f"tool{number}", "inputSchema": schema} for number, schema in enumerate(schemas)]
    return document.load({**factories.SUPPORT_DESK, "tools": tools, **changes}, "")


def told(of: document.Manifest) -> list[tuple[str, list[str]]]:
    return [(str(each.words), each.tools) for each in promises(of).told]


def test_a_plugin_without_marks_is_told_nothing() -> None:
    plain = manifest({"type": "object", "properties": {"phone": {"type": "string"}}})
    assert (told(plain), promises(plain).is_told_phone) == ([], False)


def test_what_a_plugin_is_told_names_the_tools_that_take_it() -> None:
    marked = manifest(
        {"type": "object", "properties": {"to": MARKED}},
        {"type": "object", "properties": {"who": {"type": "array", "items": {"x-personal": "name"}}}},
        {"type": "object", "properties": {"to": {"anyOf": [{"$ref": "#/$defs/to"}]}}, "$defs": {"to": MARKED}},
    )
    assert told(marked) == [("the customer's phone number", ["tool0", "tool2"]), ("a person's name", ["tool1"])]
    assert promises(marked).is_told_phone


def test_marks_that_apply_to_no_value_promise_nothing() -> None:
    assert told(manifest({"type": "object", "not": {"properties": {"to": MARKED}}})) == []
    assert told(manifest({"type": "object", "$defs": {"to": MARKED}})) == []
    assert told(manifest({"type": "object", "properties": {"to": MARKED}}, visibility="dependency")) == []
