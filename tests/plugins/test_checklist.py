import json
from pathlib import Path
from typing import Any

import pytest

from plugins.manifest import checklist, document
from plugins.manifest.checklist import Grade
from plugins.manifest.document import Manifest
from tests.plugins.manifests import SCHEMA, TOOL, parsed

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
BY_HAND = ["business_rules", "token_verification", "safe_errors", "installed_where_needed", "granted_where_needed"]
BY_HAND += ["no_leaks", "short_answers"]


def verdict(key: str, found: Manifest) -> tuple[Grade, tuple[str, ...]]:
    item = next(item for item in checklist.judge(found) if item.key == key)
    return item.verdict, item.pointers


def with_tool(**changes: Any) -> Manifest:
    return parsed(tools=[{**TOOL, **changes}])


@pytest.mark.parametrize("name", ["support_desk", "gas_os"])
def test_the_examples_pass_everything_that_can_be_computed(name: str) -> None:
    raw = (EXAMPLES / name / "manifest.json").read_bytes()
    items = checklist.judge(document.parse(raw, is_allowed_host=lambda _host, _port: True))
    assert [item.key for item in items if item.verdict is not Grade.PASS] == BY_HAND
    assert len(items) == 19


def test_every_item_says_what_it_is_about() -> None:
    items = checklist.judge(parsed())
    assert len({item.key for item in items}) == len(items)
    assert all(item.title and item.detail.endswith((".", '"')) for item in items)
    assert [item.key for item in items if item.verdict is Grade.BY_HAND] == BY_HAND


def test_a_placeholder_identity_is_noticed() -> None:
    found = parsed(slug="MY_PLUGIN", name="Test", description="Tickets.")
    assert verdict("identity", found) == (Grade.WARN, ("/name", "/slug", "/description"))


def test_a_description_that_is_a_label_fails() -> None:
    found = with_tool(description="Delivery lookup for orders.")
    assert verdict("descriptions", found) == (Grade.FAIL, ("/tools/0/description",))


def test_a_description_that_does_not_say_when_is_a_warning() -> None:
    found = with_tool(description="Look up the state of a delivery by its order number in the system.")
    assert verdict("descriptions", found) == (Grade.WARN, ("/tools/0/description",))


def test_a_phone_number_without_its_mark_is_a_warning() -> None:
    text = {"type": "string", "description": "Where to call."}
    unmarked = ("phone", "customerPhone", "mobile_number", "MSISDN")
    named = dict.fromkeys((*unmarked, "note", "smartphoneModel"), text)
    properties = {**named, "callbackPhone": {**text, "x-personal": "phone"}}
    found = with_tool(inputSchema={"type": "object", "properties": properties, "additionalProperties": False})
    places = [f"/tools/0/inputSchema/properties/{name}" for name in unmarked]
    assert verdict("personal_inputs", found) == (Grade.WARN, tuple(places))


def test_the_good_description_of_the_overview_passes() -> None:
    text = (
        "Look up a delivery by order number. Use this when a customer asks where their order is, or gives a reference."
    )
    assert verdict("descriptions", with_tool(description=text)) == (Grade.PASS, ())


def test_an_open_input_schema_is_a_warning_at_each_open_object() -> None:
    rules = {"type": "object", "properties": {"a": {"type": "object", "description": "A."}}}
    places = ("/tools/0/inputSchema", "/tools/0/inputSchema/properties/a")
    assert verdict("strict_inputs", with_tool(inputSchema=rules)) == (Grade.WARN, places)
    assert verdict("strict_inputs", parsed()) == (Grade.PASS, ())


def test_an_input_without_description_is_a_warning() -> None:
    rules = {**SCHEMA, "properties": {"reference": {"type": "string"}}}
    places = ("/tools/0/inputSchema/properties/reference",)
    assert verdict("described_inputs", with_tool(inputSchema=rules)) == (Grade.WARN, places)


def test_a_tool_without_output_schema_is_a_warning() -> None:
    assert verdict("outputs", parsed()) == (Grade.WARN, ("/tools/0",))
    assert verdict("outputs", with_tool(outputSchema={"type": "object"})) == (Grade.PASS, ())


def test_a_plugin_without_authentication_is_a_warning() -> None:
    assert verdict("auth", parsed(auth={"type": "none"})) == (Grade.WARN, ("/auth/type",))


def test_a_permission_no_tool_needs_is_a_warning() -> None:
    unused = {"key": "support:tickets:read", "label": "Read", "description": "Reads."}
    bridge = {"key": "bridge:background", "reason": "Reminders."}
    found = parsed(permissions=[bridge, unused])
    assert verdict("own_permissions", found) == (Grade.WARN, ("/permissions/1/key",))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"annotations": {"readOnlyHint": True}}, Grade.PASS),
        ({}, Grade.WARN),
        ({"name": "refund_payment", "annotations": {"readOnlyHint": True}}, Grade.PASS),
        ({"name": "refund_payment"}, Grade.FAIL),
        ({"title": "Take a payment"}, Grade.FAIL),
        ({"annotations": {"destructiveHint": True}}, Grade.FAIL),
    ],
)
def test_a_sensitive_tool_without_permission_is_noticed(changes: dict[str, Any], expected: Grade) -> None:
    assert verdict("sensitive_tools", with_tool(**changes))[0] is expected


def test_a_permission_makes_a_sensitive_tool_pass() -> None:
    key = {"key": "support:refunds:create", "label": "Refund", "description": "Gives money back."}
    tool = {**TOOL, "name": "refund", "permissions": [key["key"]]}
    assert verdict("sensitive_tools", parsed(permissions=[key], tools=[tool])) == (Grade.PASS, ())


def test_a_bridge_permission_wants_all_of_its_toolkits_named() -> None:
    asked = [{"key": "bridge:messaging:schedule", "reason": "Reminders."}]
    half = parsed(permissions=asked, requires=[{"toolkit": "MESSAGING"}])
    whole = parsed(permissions=asked, requires=[{"toolkit": "MESSAGING"}, {"toolkit": "SCHEDULING"}])
    assert verdict("toolkits", half) == (Grade.WARN, ("/permissions/0/key",))
    assert verdict("toolkits", whole) == (Grade.PASS, ())


@pytest.mark.parametrize("character", ["\u200b", "\u202e", "\u2066", "\U000e0041", "\ufeff"])
def test_hidden_characters_are_a_warning_where_they_stand(character: str) -> None:
    found = parsed(description=f"Opens tickets{character} and closes them.", **{"x-a": [json.dumps("plain é — ✓")]})
    assert verdict("invisible_characters", found) == (Grade.WARN, ("/description",))


def test_a_tool_with_long_answers_in_the_log_is_named() -> None:
    found = checklist.judge(parsed(), long_tools=[str(TOOL["name"]), "of_another_version"])[-1]
    assert (found.key, found.verdict, found.pointers) == ("short_answers", Grade.WARN, ("/tools/0",))
