import json
from pathlib import Path
from typing import Any

import pytest

from kasilabs.lib.documents.errors import DocumentError
from plugins.manifest import document
from plugins.manifest.checks.errors import BadManifest
from tests.plugins.manifests import MANIFEST, TOOL, errors, nobody_allowed, tool_errors

FAULTY = Path(__file__).with_name("faulty_manifest.json").read_bytes()

EXPECTED = """
2 /$schema wrong_type
3 /slug bad_format
4 /version bad_format
5 /name too_short
6 /descripton unknown_key
7 /author/email bad_format
7 /author/phone unknown_key
8 /tags/1 bad_format
8 /tags/2 duplicate
9 /homepage bad_format
10 /baseUrl host_not_allowed
11 /auth/tokenUrl unknown_key
12 /visibility bad_format
13 /requires/0/toolkit bad_format
16 /permissions/0/key platform_permission
18 /permissions/1/reason required
19 /permissions/1/key unknown_bridge
20 /permissions/1/default wrong_type
23 /permissions/3/key duplicate
24 /permissions/4/key bad_format
28 /configurationSchema/required/0 bad_schema
30 /configurationSchema/properties/defaultQueue/minLenght unsupported_keyword
31 /configurationSchema/properties/apiKey bad_schema
32 /configurationSchema/properties/webhookSecret/default unsupported_keyword
33 /configurationSchema/properties/limits/type unsupported_keyword
34 /configurationSchema/properties/region/default bad_schema
35 /configurationSchema/properties/retries/maximum bad_schema
36 /configurationSchema/properties/Region duplicate
37 /configurationSchema/properties/prefix/pattern bad_pattern
38 /configurationSchema/properties/2fa bad_format
39 /configurationSchema/properties/contact/format unsupported_keyword
43 /configurationTest/tool bad_format
43 /configurationTest/timeoutSeconds bad_format
47 /tools/0/name bad_format
48 /tools/0/description too_short
49 /tools/0/inputSchema/$id unsupported_keyword
50 /tools/0/inputSchema/properties/reference/pattern bad_pattern
51 /tools/0/inputSchema/properties/number/maximum bad_format
52 /tools/0/permissions/0 unknown_permission
53 /tools/0/annotations/readOnly unknown_key
61 /tools/1/timeoutSeconds duplicate_key
61 /tools/1/timeoutSeconds bad_format
63 /tools/1/examples/0/input/subject too_long
64 /tools/1/examples/1/message required
64 /tools/1/examples/1/input/subject required
67 /tools/2/inputSchema required
67 /tools/2/name duplicate
67 /tools/2/title bad_format
"""


def read_faulty() -> tuple[DocumentError, ...]:
    with pytest.raises(BadManifest) as caught:
        document.parse(FAULTY, is_allowed_host=nobody_allowed)
    return caught.value.errors


def test_forty_and_more_faults_are_listed_at_once_with_line_pointer_and_code() -> None:
    found = [f"{error.line} {error.pointer} {error.code}" for error in read_faulty()]
    assert sorted(found) == sorted(EXPECTED.split("\n")[1:-1])
    assert [int(entry.split()[0]) for entry in found] == sorted(int(entry.split()[0]) for entry in found)


def test_faults_carry_a_sentence_and_no_word_of_the_value() -> None:
    assert all(error.message.endswith(".") for error in read_faulty())
    assert "10.0.0.7" not in " ".join(error.message for error in read_faulty())


HINTS = {
    "/slug": "Use upper-case letters, digits and single underscores, such as ACME_CRM.",
    "/auth/tokenUrl": None,
    "/descripton": "Did you mean description?",
    "/permissions/1/key": "Did you mean bridge:payments:initiate?",
    "/configurationSchema/required/0": "Did you mean defaultQueue?",
    "/configurationSchema/properties/defaultQueue/minLenght": "Did you mean minLength?",
    "/configurationSchema/properties/limits/type": (
        "Sections are not built yet. Give each setting a field of its own for now."
    ),
    "/tools/0/annotations/readOnly": "Did you mean readOnlyHint?",
    "/tools/0/permissions/0": "Did you mean support:tickets:create?",
}


@pytest.mark.parametrize(("pointer", "hint"), HINTS.items())
def test_a_near_miss_gets_a_hint(pointer: str, hint: str | None) -> None:
    assert [error.hint for error in read_faulty() if error.pointer == pointer] == [hint]


BYTES: dict[str, tuple[bytes, tuple[str, str, int | None]]] = {
    "empty": (b"", ("", "not_json", 1)),
    "array": (b"[]", ("", "not_json", 1)),
    "broken in line 3": (b'{\n"slug": "A",\n"name" "B"}', ("", "not_json", 3)),
    "33 levels": (b'{\n"x-a": ' + b"[" * 32 + b"]" * 32 + b"}", ("/x-a" + "/0" * 31, "too_deep", 2)),
    "256 KiB and one byte": (b" " * (256 * 1024 + 1), ("", "too_large", 1)),
    "byte order mark": (b"\xef\xbb\xbf" + json.dumps(MANIFEST).encode(), ("", "not_json", 1)),
}


@pytest.mark.parametrize(("raw", "expected"), BYTES.values(), ids=BYTES.keys())
def test_what_is_no_json_object_is_one_fault(raw: bytes, expected: tuple[str, str, int | None]) -> None:
    with pytest.raises(BadManifest) as caught:
        document.parse(raw, is_allowed_host=nobody_allowed)
    assert [(error.pointer, error.code, error.line) for error in caught.value.errors] == [expected]


def test_an_empty_object_lacks_every_required_member() -> None:
    with pytest.raises(BadManifest) as caught:
        document.parse(b"{}", is_allowed_host=nobody_allowed)
    required = ["/auth", "/baseUrl", "/name", "/slug", "/tools", "/version"]
    assert [(error.pointer, error.code) for error in caught.value.errors] == [(name, "required") for name in required]


MEMBERS: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "slug of 2": ({"slug": "AB"}, [("/slug", "too_short")]),
    "slug of 49": ({"slug": "A" * 49}, [("/slug", "too_long")]),
    "slug with a final underscore": ({"slug": "ACME_"}, [("/slug", "bad_format")]),
    "slug with a line feed": ({"slug": "ACME\n"}, [("/slug", "bad_format")]),
    "slug in other digits": ({"slug": "ACME\u0665"}, [("/slug", "bad_format")]),
    "build metadata": ({"version": "1.0.0+7"}, [("/version", "bad_format")]),
    "leading zero": ({"version": "1.02.0"}, [("/version", "bad_format")]),
    "empty pre-release": ({"version": "1.0.0-"}, [("/version", "bad_format")]),
    "numeric pre-release with zero": ({"version": "1.0.0-01"}, [("/version", "bad_format")]),
    "version as number": ({"version": 1.0}, [("/version", "wrong_type")]),
    "name of 61": ({"name": "n" * 61}, [("/name", "too_long")]),
    "blank name": ({"name": "   "}, [("/name", "bad_format")]),
    "name with a tab": ({"name": "Support\tDesk"}, [("/name", "bad_format")]),
    "description of 501": ({"description": "d" * 501}, [("/description", "too_long")]),
    "description with NUL": ({"description": "a\x00b"}, [("/description", "bad_format")]),
    "name of a member with a control character": ({"x-\x07": 1}, [("/x-\x07", "bad_format")]),
    "eleven tags": ({"tags": [f"tag-{n}" for n in range(11)]}, [("/tags", "too_long")]),
    "tag of one character": ({"tags": ["a"]}, [("/tags/0", "bad_format")]),
    "author as text": ({"author": "Kasi"}, [("/author", "wrong_type")]),
    "oauth without its addresses": (
        {"auth": {"type": "oauth2", "scopes": [], "subject": "customer"}},
        [("/auth/authorizationUrl", "required"), ("/auth/tokenUrl", "required")],
    ),
    "no tools": ({"tools": []}, [("/tools", "too_short")]),
    "null": ({"description": None}, [("/description", "wrong_type")]),
    "integer past 2^53-1": ({"x-n": [2**53]}, [("/x-n/0", "bad_format")]),
    "bridge without reason": (
        {"permissions": [{"key": "bridge:messaging:send"}]},
        [("/permissions/0/reason", "required")],
    ),
    "own permission without words": (
        {"permissions": [{"key": "a:b"}]},
        [("/permissions/0/description", "required"), ("/permissions/0/label", "required")],
    ),
    "unknown toolkit twice": (
        {"requires": [{"toolkit": "PAYMENTS"}, {"toolkit": "PAYMENTS"}, {"toolkit": "X"}]},
        [("/requires/1", "duplicate"), ("/requires/2/toolkit", "bad_format")],
    ),
    "requirements as an object": (
        {"requires": {"toolkits": ["PAYMENTS"]}},
        [("/requires", "wrong_type")],
    ),
    "requirement that names nothing": ({"requires": [{"reason": "Why."}]}, [("/requires/0", "required")]),
    "requirement that names two things": (
        {"requires": [{"toolkit": "PAYMENTS", "plugin": "SHOP_DESK"}]},
        [("/requires/0/plugin", "bad_format")],
    ),
    "requirement of another kind": (
        {"requires": [{"permission": "a:b"}]},
        [("/requires/0", "required"), ("/requires/0/permission", "unknown_key")],
    ),
    "plugin that requires itself": (
        {"requires": [{"plugin": MANIFEST["slug"]}, {"anyOf": [{"plugin": MANIFEST["slug"]}, {"access": "chat"}]}]},
        [("/requires/0/plugin", "bad_format"), ("/requires/1/anyOf/0/plugin", "bad_format")],
    ),
    "plugin that is no slug": ({"requires": [{"plugin": "shop"}]}, [("/requires/0/plugin", "bad_format")]),
    "access to something else": ({"requires": [{"access": "calls"}]}, [("/requires/0/access", "bad_format")]),
    "choice of one": ({"requires": [{"anyOf": [{"access": "chat"}]}]}, [("/requires/0/anyOf", "too_short")]),
    "choice within a choice": (
        {"requires": [{"anyOf": [{"access": "chat"}, {"anyOf": [{"toolkit": "PAYMENTS"}, {"access": "chat"}]}]}]},
        [("/requires/0/anyOf/1", "required"), ("/requires/0/anyOf/1/anyOf", "unknown_key")],
    ),
    "choice between twins": (
        {"requires": [{"anyOf": [{"access": "chat", "reason": "A."}, {"access": "chat", "reason": "B."}]}]},
        [("/requires/0/anyOf/1", "duplicate")],
    ),
    "the same choice in another order": (
        {
            "requires": [
                {"anyOf": [{"access": "chat"}, {"toolkit": "PAYMENTS"}]},
                {"anyOf": [{"toolkit": "PAYMENTS"}, {"access": "chat"}], "reason": "Again."},
            ]
        },
        [("/requires/1", "duplicate")],
    ),
    "tool that requires its own plugin": (
        {"tools": [{**TOOL, "requires": [{"plugin": MANIFEST["slug"]}]}]},
        [("/tools/0/requires/0/plugin", "bad_format")],
    ),
    "tool whose requirements are an object": (
        {"tools": [{**TOOL, "requires": {"toolkit": "PAYMENTS"}}]},
        [("/tools/0/requires", "wrong_type")],
    ),
    "eleven workflows": (
        {"workflows": [{"title": f"W{n}", "steps": [{"toolkit": "PAYMENTS", "does": "Pays."}]} for n in range(11)]},
        [("/workflows", "too_long")],
    ),
    "steps of nobody, of two, and of a tool that is not there": (
        {
            "workflows": [
                {
                    "title": "Paid delivery",
                    "steps": [
                        {"does": "Pays."},
                        {"toolkit": "PAYMENTS", "plugin": "SHOP_DESK", "does": "Pays."},
                        {"tool": "find_tickets", "does": "Looks."},
                        {"tool": TOOL["name"]},
                    ],
                },
                {"title": "Nothing", "steps": []},
            ]
        },
        [
            ("/workflows/0/steps/0", "required"),
            ("/workflows/0/steps/1/plugin", "bad_format"),
            ("/workflows/0/steps/2/tool", "bad_format"),
            ("/workflows/0/steps/3/does", "required"),
            ("/workflows/1/steps", "too_short"),
        ],
    ),
    "test without the input its tool needs": (
        {"configurationTest": {"tool": "find_ticket"}},
        [("/configurationTest/input/reference", "required")],
    ),
    "test with input of another kind": (
        {"configurationTest": {"tool": "find_ticket", "input": {"reference": 5, "x": 1}}},
        [("/configurationTest/input/reference", "wrong_type"), ("/configurationTest/input/x", "unknown_key")],
    ),
}


@pytest.mark.parametrize(("changes", "expected"), MEMBERS.values(), ids=MEMBERS.keys())
def test_a_wrong_member_is_a_fault_at_its_place(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert errors(**changes) == expected


@pytest.mark.parametrize("first", ["toolkit", "Toolkit", "PLATFORM", "kasilabs", "whatsApp", "org"])
@pytest.mark.parametrize("rest", ["", ":x", ":PAYMENTS:refund_manage"])
def test_no_plugin_claims_a_permission_of_the_platform(first: str, rest: str) -> None:
    claimed = {"key": first + rest, "label": "Refund", "description": "Gives money back."}
    assert errors(permissions=[claimed]) == [("/permissions/0/key", "platform_permission")]


@pytest.mark.parametrize("key", ["bridge:", "bridge:payments", "bridge:payments:steal", "bridge:Payments:read"])
def test_a_bridge_permission_must_be_in_the_catalogue(key: str) -> None:
    assert errors(permissions=[{"key": key, "reason": "Because."}]) == [("/permissions/0/key", "unknown_bridge")]


@pytest.mark.parametrize("key", ["support", "support:", ":a:b", "a:b:c:d:e", "a:B", "a b:c", "a:b\n", "1a:b"])
def test_an_own_permission_has_two_to_four_segments(key: str) -> None:
    assert errors(permissions=[{"key": key, "label": "A", "description": "B"}]) == [
        ("/permissions/0/key", "bad_format")
    ]


def test_slug_and_tool_name_fit_into_64_characters_together() -> None:
    name = "t" * 48
    assert errors(slug="S" * 14, tools=[{**TOOL, "name": name}]) == []
    assert errors(slug="S" * 15, tools=[{**TOOL, "name": name}]) == [("/tools/0/name", "name_too_long")]


TOOLS: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "name of 1": ({"name": "a"}, [("/name", "too_short")]),
    "name of 2": ({"name": "ab"}, []),
    "upper-case name": ({"name": "findTicket"}, [("/name", "bad_format")]),
    "double underscore": ({"name": "find__ticket"}, [("/name", "bad_format")]),
    "description of 19": ({"description": "d" * 19}, [("/description", "too_short")]),
    "description of 4,097": ({"description": "d" * 4097}, [("/description", "too_long")]),
    "timeout 0": ({"timeoutSeconds": 0}, [("/timeoutSeconds", "bad_format")]),
    "timeout 10.0": ({"timeoutSeconds": 10.0}, [("/timeoutSeconds", "wrong_type")]),
    "timeout true": ({"timeoutSeconds": True}, [("/timeoutSeconds", "wrong_type")]),
    "permission twice": ({"permissions": ["a:b", "a:b"]}, [
        ("/permissions/0", "unknown_permission"),
        ("/permissions/1", "duplicate"),
        ("/permissions/1", "unknown_permission"),
    ]),
    "example outside its schema": (
        {"examples": [{"message": "Hi", "input": {"reference": "T" * 21, "refrence": "T"}}]},
        [("/examples/0/input/reference", "too_long"), ("/examples/0/input/refrence", "unknown_key")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), TOOLS.values(), ids=TOOLS.keys())
def test_a_wrong_member_of_a_tool_is_a_fault(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert tool_errors(**changes) == expected


def test_a_dependency_may_have_no_tool() -> None:
    assert errors(visibility="dependency", tools=[]) == []


def test_the_list_of_faults_ends() -> None:
    with pytest.raises(BadManifest) as caught:
        document.parse(json.dumps({f"k{n}": n for n in range(5_000)}).encode(), is_allowed_host=nobody_allowed)
    assert len(caught.value.errors) == 101
    assert caught.value.errors[-1].code == "too_many"
    assert str(caught.value) == "The manifest has more than 100 faults."


def test_a_fault_after_windows_line_ends_keeps_its_line() -> None:
    raw = json.dumps({**MANIFEST, "name": "n"}, indent=1).replace("\n", "\r\n").encode()
    with pytest.raises(BadManifest) as caught:
        document.parse(raw, is_allowed_host=nobody_allowed)
    assert [(error.line, error.pointer) for error in caught.value.errors] == [(4, "/name")]


@pytest.mark.parametrize("requires", [{"toolkits": ["PAYMENTS"]}, "PAYMENTS", {}])
def test_requirements_that_are_no_list_get_a_hint_to_paste(requires: object) -> None:
    with pytest.raises(BadManifest) as caught:
        document.parse(json.dumps({**MANIFEST, "requires": requires}).encode(), is_allowed_host=nobody_allowed)
    (error,) = caught.value.errors
    assert (error.code, error.hint) == ("wrong_type", 'Write a list, such as [{"toolkit": "PAYMENTS"}].')
