"""Thousands of damaged manifests: each is read or refused with faults, and nothing else ever comes out."""

import copy
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kasilabs.lib.documents import json_pointer
from kasilabs.lib.documents.errors import DocumentError
from plugins.manifest import checklist
from plugins.manifest import document as manifest
from plugins.manifest.checks.errors import BadManifest
from plugins.manifest.document import Manifest
from tests.plugins.manifests import MANIFEST, TOOL, nobody_allowed

CODES = {
    "required",
    "unknown_key",
    "wrong_type",
    "bad_format",
    "too_long",
    "too_short",
    "duplicate",
    "duplicate_key",
    "not_json",
    "too_large",
    "platform_permission",
    "unknown_permission",
    "unknown_bridge",
    "unsupported_keyword",
    "bad_pattern",
    "too_deep",
    "bad_schema",
    "name_too_long",
    "host_not_allowed",
    "version_exists",
    "too_many",
}

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

FULL: dict[str, Any] = {
    **MANIFEST,
    "description": "Opens tickets and tells customers how far they are.",
    "author": {"name": "Kasi", "email": "a@example.com", "url": "https://example.com"},
    "tags": ["support"],
    "auth": {
        "type": "oauth2",
        "authorizationUrl": "https://id.example.com/a",
        "tokenUrl": "https://id.example.com/t",
        "scopes": ["read"],
        "subject": "customer",
    },
    "visibility": "agent",
    "requires": [
        {"toolkit": "MESSAGING", "reason": "Reminders."},
        {"plugin": "SHOP_DESK"},
        {"anyOf": [{"toolkit": "PAYMENTS"}, {"access": "chat", "reason": "Questions."}]},
    ],
    "workflows": [{"title": "Follow up", "steps": [{"plugin": "SHOP_DESK", "does": "Asks."}]}],
    "permissions": [
        {"key": "support:tickets:read", "label": "Read", "description": "Reads.", "default": True},
        {"key": "bridge:messaging:send", "reason": "Reminders."},
    ],
    "configurationSchema": {
        "type": "object",
        "required": ["queue"],
        "properties": {
            "queue": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 9, "default": "abc", "x-order": 1},
            "region": {"type": "string", "oneOf": [{"const": "ke", "title": "Kenya"}], "default": "ke"},
            "retries": {"type": "integer", "minimum": 1, "exclusiveMaximum": 9, "default": 3},
            "share": {"type": "number", "maximum": 0.5, "multipleOf": 0.25},
            "site": {"type": "string", "format": "uri", "x-allow-http": True},
            "apiKey": {"type": "string", "x-secret": True, "minLength": 9},
        },
    },
    "configurationTest": {"tool": "find_ticket", "input": {"reference": "T-1"}, "timeoutSeconds": 5},
    "tools": [
        {
            **TOOL,
            "title": "Find",
            "permissions": ["support:tickets:read"],
            "annotations": {"readOnlyHint": True},
            "timeoutSeconds": 9,
            "examples": [{"message": "Where is T-1?", "input": {"reference": "T-1"}}],
            "outputSchema": {
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/b"}},
                "patternProperties": {"^x": {"items": {"anyOf": [{"type": ["integer", "null"]}]}}},
                "$defs": {"b": {"type": "string", "enum": ["a"], "format": "uuid"}},
            },
        }
    ],
}

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    2**53,
    "",
    "x",
    "a\x00b",
    "\u202e",
    "(",
    "(?=a)",
    "#/$defs/b",
]
VALUES += [[], [[]], {}, {"": {}}, {"type": "object"}, {"$ref": "#/$defs/a"}, ["a", "a"], "object", "bridge:x", "~/~1"]
NAMES = ["", "x-a", "type", "$ref", "$defs", "properties", "items", "enum", "const", "default", "required", "pattern"]
NAMES += [
    "format",
    "name",
    "key",
    "input",
    "tool",
    "apiToken",
    "Queue",
    "a/b~c",
    "additionalProperties",
    "oneOf",
    "\x00",
]


def containers(value: Any) -> list[Any]:
    found = [value] if isinstance(value, dict | list) else []
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += containers(child)
    return found


def damage(document: Any, chance: random.Random) -> None:
    """Change one place: another value, a part from elsewhere, a new member, one less."""
    places = containers(document)
    place = chance.choice(places)
    value = copy.deepcopy(chance.choice([*VALUES, chance.choice(places)]))
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    if keys and chance.random() < 0.3:
        del place[chance.choice(keys)]
    elif isinstance(place, dict):
        place[chance.choice([*keys, chance.choice(NAMES)])] = value
    elif keys and chance.random() < 0.7:
        place[chance.choice(keys)] = value
    else:
        place.append(value)


def read(raw: bytes) -> Manifest | tuple[DocumentError, ...]:
    try:
        return manifest.parse(raw, is_allowed_host=nobody_allowed)
    except BadManifest as bad:
        return bad.errors


def outcome(raw: bytes) -> str:
    """Read a manifest and hold what comes out against the promises; say how it ended."""
    found = read(raw)
    if isinstance(found, Manifest):
        hold_manifest(found, json.loads(raw))
        return "read"
    assert found
    for error in found:
        assert error.code in CODES
        assert error.message
        assert json_pointer.join(json_pointer.split(error.pointer)) == error.pointer
    return found[0].code


def hold_manifest(found: Manifest, document: dict[str, Any]) -> None:
    """What was read once loads again, and everything that is compiled later compiles."""
    assert manifest.load(document, found.digest) == found
    assert found.configuration.plain_validator().violations({}) is not None
    assert all(tool.input_validator.violations({}) is not None for tool in found.tools)
    assert len(checklist.judge(found)) == len(checklist.CHECKLIST) + 1


def test_six_thousand_damaged_documents_are_read_or_refused() -> None:
    chance = random.Random(20261124)
    seeds = [FULL, FULL, *(json.loads(path.read_bytes()) for path in EXAMPLES.glob("*/manifest.json"))]
    ends: Counter[str] = Counter()
    for _round in range(6_000):
        document = copy.deepcopy(chance.choice(seeds))
        for _change in range(chance.randint(1, 4)):
            damage(document, chance)
        ends[outcome(json.dumps(document).encode())] += 1
    assert ends["read"] > 50
    assert len(ends) > 10


def test_two_thousand_damaged_texts_are_read_or_refused() -> None:
    chance = random.Random(7)
    text = json.dumps(FULL)
    ends: Counter[str] = Counter()
    for _round in range(2_000):
        at = chance.randrange(len(text))
        cut = chance.randrange(0, 40)
        inserted = "".join(chance.choices('{}[]",:\\u0d89\n\x00é\ud800', k=chance.randrange(4)))
        ends[outcome((text[:at] + inserted + text[at + cut :]).encode("utf-8", "surrogatepass"))] += 1
    assert ends["not_json"] > 500
    assert ends["read"] > 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(member=st.sampled_from([*sorted(FULL)]), value=JSON)
def test_any_json_in_any_member_is_read_or_refused(member: str, value: Any) -> None:
    assert outcome(json.dumps({**FULL, member: value}).encode())


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(rules=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5))
def test_any_json_as_a_schema_is_read_or_refused(rules: dict[str, Any]) -> None:
    schema = {**rules, "type": "object"}
    field = {"type": "object", "properties": {"queue": rules}}
    document = {**FULL, "tools": [{**TOOL, "inputSchema": schema}], "configurationSchema": field}
    assert outcome(json.dumps(document).encode())
