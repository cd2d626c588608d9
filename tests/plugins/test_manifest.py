import hashlib
import json
import random
from pathlib import Path

import pytest

from kasilabs.configuration.schema import FieldKind
from kasilabs.lib.documents import json_schema
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, Toolkit
from plugins.manifest import document
from plugins.manifest.checks.manifest_schema import MANIFEST_SCHEMA
from plugins.manifest.document import AuthType, Manifest, Visibility
from tests.plugins.manifests import MANIFEST, TOOL, nobody_allowed, parsed

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def example(name: str) -> Manifest:
    raw = (EXAMPLES / name / "manifest.json").read_bytes()
    return document.parse(raw, is_allowed_host=lambda host, port: host.endswith(".localhost") and port == 80)


def test_the_smallest_manifest_gets_every_default() -> None:
    smallest = parsed()
    tool = smallest.tools[0]
    assert (smallest.description, smallest.tags, smallest.homepage) == ("", (), "")
    assert (smallest.visibility, smallest.requirements) == (Visibility.AGENT, ())
    assert (smallest.permissions, smallest.configuration.fields, smallest.configuration_test) == ((), (), None)
    assert (tool.title, tool.output_schema, tool.permissions, tool.timeout_seconds) == ("", None, (), 10)
    hints = tool.annotations
    assert (hints.read_only, hints.destructive, hints.idempotent, hints.open_world) == (False, True, False, True)


def test_the_support_desk_example_reads_as_it_is_written() -> None:
    desk = example("support_desk")
    assert (desk.slug, desk.version, desk.base_url) == ("SUPPORT_DESK", "1.0.0", "http://support-desk.localhost/tools")
    assert [tool.name for tool in desk.tools] == [
        "create_support_ticket",
        "find_support_ticket",
        "close_support_ticket",
        "request_callback",
    ]
    assert [(field.name, field.kind, field.required) for field in desk.configuration.fields] == [
        ("defaultQueue", FieldKind.STRING, True),
        ("apiKey", FieldKind.SECRET, False),
    ]
    assert [(permission.key, permission.default) for permission in desk.permissions] == [
        ("support:tickets:create", True),
        ("support:tickets:read", False),
        ("support:tickets:close", True),
    ]


def test_the_gas_example_reads_as_it_is_written() -> None:
    gas = example("gas_os")
    assert (gas.slug, gas.base_url) == ("GAS_OS", "http://gas-os.localhost/tools")
    assert [(tool.name, tool.annotations.read_only) for tool in gas.tools] == [
        ("list_products", True),
        ("quote_order", True),
    ]
    assert gas.configuration.defaults() == {"region": "nairobi", "chargeDelivery": True}
    assert gas.configuration_test is not None
    assert (gas.configuration_test.tool, gas.configuration_test.timeout_seconds) == ("list_products", 5)


@pytest.mark.parametrize("quantity", [0, 21, 2.0, "2", True])
def test_the_gas_example_takes_one_to_twenty_pieces(quantity: object) -> None:
    tool = example("gas_os").tool("quote_order")
    assert tool is not None
    value = {"product": "GAS-13KG", "quantity": quantity, "estate": "Kileleshwa"}
    assert [violation.pointer for violation in tool.input_validator.violations(value, at="/input")] == [
        "/input/quantity"
    ]
    assert tool.input_validator.violations({**value, "quantity": 2}) == []


def test_oauth_and_toolkits_are_kept() -> None:
    auth = {
        "type": "oauth2",
        "authorizationUrl": "https://id.example.com/authorize?tenant=1",
        "tokenUrl": "https://id.example.com/token",
        "scopes": ["read"],
        "subject": "customer",
    }
    found = parsed(auth=auth, requires=[{"toolkit": "PAYMENTS"}, {"toolkit": "SCHEDULING"}], visibility="dependency")
    assert (found.auth.type, found.auth.token_url) == (AuthType.OAUTH2, "https://id.example.com/token")
    assert (found.auth.scopes, found.auth.subject, found.auth.revocation_url) == (("read",), "customer", "")
    assert found.requirements_of(found.tools[0]).toolkits == (Toolkit.PAYMENTS, Toolkit.SCHEDULING)
    assert found.visibility is Visibility.DEPENDENCY


@pytest.mark.parametrize("key", BRIDGE_ACTIONS)
def test_the_words_of_a_bridge_permission_are_the_platforms(key: str) -> None:
    asked = {"key": key, "label": "Harmless", "description": "Does nothing.", "reason": "To remind customers."}
    permission = parsed(permissions=[asked]).permission(key)
    assert permission is not None
    assert permission.is_bridge
    assert (permission.label, permission.description) == (BRIDGE_ACTIONS[key].label, BRIDGE_ACTIONS[key].description)
    assert permission.reason == "To remind customers."


def test_members_that_begin_with_x_are_kept_and_ignored() -> None:
    assert parsed(**{"x-team": {"any": ["thing"]}}).document["x-team"] == {"any": ["thing"]}


@pytest.mark.parametrize("version", ["0.0.0", "1.0.0", "1.1.0-dev.3", "10.20.30-rc.1.a-b", "1.0.0-0a"])
def test_semantic_versions_are_taken(version: str) -> None:
    assert parsed(version=version).version == version


def test_the_longest_members_are_taken() -> None:
    longest = parsed(slug="A" * 48, name="é" * 60, description="\U0001f600" * 500, tools=[{**TOOL, "name": "abc"}])
    assert document.agent_name(longest.slug, longest.tools[0].name) == "a" * 48 + "__abc"


def test_an_unknown_tool_or_permission_is_none() -> None:
    assert parsed().tool("find_ticket") == parsed().tools[0]
    assert parsed().tool("nothing") is None
    assert parsed().permission("a:b") is None


def test_a_stored_snapshot_loads_as_it_was_read() -> None:
    read = example("support_desk")
    stored = json.loads(json.dumps(read.document))
    assert document.load(stored, read.digest) == read


def test_the_digest_is_the_same_in_any_order_and_spacing() -> None:
    members = list(MANIFEST.items())
    random.Random(7).shuffle(members)
    spaced = json.dumps(dict(members), indent=3, ensure_ascii=True).encode()
    assert document.parse(spaced, is_allowed_host=nobody_allowed).digest == parsed().digest


def test_the_digest_is_the_one_of_the_canonical_document() -> None:
    canonical = json.dumps(MANIFEST, sort_keys=True, separators=(",", ":")).encode()
    assert parsed().digest == hashlib.sha256(canonical).hexdigest()
    assert parsed().digest == "59e441a034c629d3baa41ee268c34fa5c73d7f84e62b4146ef6922f3e4b58cf1"


def test_any_change_changes_the_digest() -> None:
    assert len({parsed().digest, parsed(name="Support desk").digest, parsed(**{"x-a": 1}).digest}) == 3


def test_the_served_schema_is_itself_a_valid_schema_and_takes_the_examples() -> None:
    served = json_schema.compile(json.loads(json.dumps(MANIFEST_SCHEMA)))
    for name in ("support_desk", "gas_os"):
        assert served.violations(example(name).document) == []


def test_requirements_of_every_kind_are_kept_with_their_reasons() -> None:
    found = parsed(
        requires=[
            {"toolkit": "SCHEDULING", "reason": "Reminders."},
            {"plugin": "DELIVERY_DESK"},
            {"access": "chat"},
            {"anyOf": [{"toolkit": "PAYMENTS", "reason": "Status."}, {"plugin": "SHOP_DESK"}], "reason": "Paid?"},
        ],
        tools=[{**TOOL, "requires": [{"toolkit": "MESSAGING"}]}],
    )
    scheduling, plugin, chat, choice = found.requirements
    assert (scheduling.kind, scheduling.name, scheduling.reason) == ("toolkit", "SCHEDULING", "Reminders.")
    assert (plugin.kind, plugin.name, plugin.reason) == ("plugin", "DELIVERY_DESK", "")
    assert (chat.kind, chat.name) == ("access", "chat")
    assert (choice.kind, choice.reason) == ("anyOf", "Paid?")
    assert [(part.kind, part.name, part.reason) for part in choice.parts()] == [
        ("toolkit", "PAYMENTS", "Status."),
        ("plugin", "SHOP_DESK", ""),
    ]
    assert [each.name for each in found.tools[0].requirements] == ["MESSAGING"]
    required = found.requirements_of(found.tools[0])
    assert required.toolkits == (Toolkit.MESSAGING, Toolkit.SCHEDULING)
    assert required.others == (plugin, chat, choice)
    assert found.required_kinds == {"toolkit", "plugin", "access"}


def test_workflows_are_kept_step_by_step() -> None:
    steps = [
        {"toolkit": "ECOMMERCE", "does": "Creates the order."},
        {"plugin": "DELIVERY_DESK", "does": "Books a rider."},
        {"tool": "find_ticket", "does": "Tells how far it is."},
    ]
    (workflow,) = parsed(workflows=[{"title": "Paid delivery order", "steps": steps}]).workflows
    assert workflow.title == "Paid delivery order"
    assert [{step.owner.value: step.name, "does": step.does} for step in workflow.steps] == steps
