"""What the documents say is what the code does: links, examples, tables of names, each in both directions."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bridges.api import api as bridges_api
from kasilabs import checks
from kasilabs.logs.gates import Gate
from kasilabs.logs.models import CallState
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS
from plugins.manifest import document as manifest
from plugins.manifest.checks import manifest_schema
from plugins.manifest.checks.errors import BadManifest
from tests.docs import codes, pages

MANIFESTS = sorted((pages.DOCS / "examples").glob("*/manifest.json"))
SAMPLES = {"support-desk.localhost", "gas-os.localhost"}


def by_name(path: Path) -> str:
    return str(path.relative_to(pages.ROOT))


@pytest.mark.parametrize("page", pages.PAGES, ids=by_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in pages.links(page):
        target, _hash, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), link
        assert not anchor or anchor in pages.anchors(path), link


@pytest.mark.parametrize("page", pages.PAGES, ids=by_name)
def test_every_json_block_is_json(page: Path) -> None:
    for block in pages.blocks(page, "json"):
        json.loads(block)


def test_every_manifest_in_a_page_is_valid() -> None:
    raw = [block for page in pages.PAGES for block in pages.blocks(page, "json") if '"slug"' in block]
    found = [manifest.parse(block.encode(), is_allowed_host=lambda _host, _port: False).slug for block in raw]
    assert found == ["ACME_DELIVERY"]


@pytest.mark.parametrize("path", MANIFESTS, ids=by_name)
def test_every_sample_manifest_is_valid_in_the_demo(path: Path) -> None:
    read = manifest.parse(path.read_bytes(), is_allowed_host=lambda host, _port: host in SAMPLES)
    assert read.slug == path.parent.name.upper()


def _in_a_manifest(**members: Any) -> bytes:
    document = json.loads(pages.blocks(pages.DOCS / "authors" / "manifest.md", "json")[0])
    return json.dumps({**document, **members}).encode()


def test_the_examples_of_settings_and_permissions_are_valid() -> None:
    (settings,) = pages.blocks(pages.DOCS / "authors" / "configuration.md", "json")
    (permissions,) = pages.blocks(pages.DOCS / "authors" / "permissions.md", "json")
    raw = _in_a_manifest(configurationSchema=json.loads(settings), **json.loads(permissions))
    read = manifest.parse(raw, is_allowed_host=lambda _host, _port: False)
    assert [field.name for field in read.configuration.fields] == ["workspace", "region", "apiKey"]
    assert len(read.permissions) == 2


@pytest.mark.parametrize(
    "keyword", ["x-show-when", "dependentRequired", "x-groups", "x-group", "x-generate", "x-widget", "x-renamed-from"]
)
def test_what_is_said_to_wait_is_refused(keyword: str) -> None:
    assert f"`{keyword}`" in pages.text("authors/configuration.md")
    field = {"type": "string", keyword: "x"}
    raw = _in_a_manifest(configurationSchema={"type": "object", "properties": {"region": field}})
    with pytest.raises(BadManifest) as refused:
        manifest.parse(raw, is_allowed_host=lambda _host, _port: False)
    assert {error.code for error in refused.value.errors} == {"unsupported_keyword"}


def test_every_member_of_a_manifest_is_explained() -> None:
    said = pages.text("authors/manifest.md") + pages.text("authors/permissions.md")
    closed = [manifest_schema.MANIFEST_SCHEMA, manifest_schema.AUTHOR, manifest_schema.OAUTH, manifest_schema.TOOL]
    closed += [manifest_schema.PERMISSION, manifest_schema.ANNOTATIONS, manifest_schema.CONFIGURATION_TEST]
    names = {name for rules in closed for name in rules["properties"]}
    assert {name for name in names if f"`{name}`" not in said and f'"{name}"' not in said} == set()
    tables = pages.section("authors/manifest.md", "## Members").partition("### ")[0]
    assert pages.named(tables) == set(manifest_schema.MANIFEST_SCHEMA["properties"])


def test_the_fault_codes_are_those_of_the_check() -> None:
    rooms = ("plugins", "kasilabs/configuration", "kasilabs/lib/documents")
    found = set().union(*(codes.error_codes(pages.ROOT / room) for room in rooms))
    assert pages.named(pages.section("authors/manifest.md", "## Faults")) == found


def test_every_module_that_is_named_is_there() -> None:
    said = pages.text("architecture.md")
    modules = {
        name.replace(".", "/")
        for name in re.findall(r"`((?:kasilabs|plugins|installations|grants|bridges)\.[\w.]+)`", said)
    }
    files = set(re.findall(r"`((?:kasilabs|plugins|installations|grants|bridges|tests)/[\w/]+\.py)`", said))
    assert len(modules) > 15
    assert [name for name in sorted(files) if not (pages.ROOT / name).exists()] == []
    assert [name for name in sorted(modules) if not _is_there(name)] == []


def _is_there(name: str) -> bool:
    """Say whether a module, or the module something is defined in, exists."""
    places = (name, f"{name}.py", str(Path(name).parent) + ".py")
    return any((pages.ROOT / place).exists() for place in places)


def test_the_gates_are_those_of_the_code() -> None:
    assert pages.named(pages.section("architecture.md", "## The gates")) == set(Gate)


def test_the_bridge_permissions_are_those_of_the_catalogue() -> None:
    rows = pages.section("authors/permissions.md", "## Bridge permissions")
    assert pages.named(rows) == set(BRIDGE_ACTIONS)
    for action in BRIDGE_ACTIONS.values():
        kits = " + ".join(kit.value for kit in action.toolkits) or "-"
        assert f"| `{action.permission}` | {action.label} | {kits} |" in rows


def test_the_states_of_a_call_are_those_of_the_log() -> None:
    assert pages.named(pages.section("operators/logs.md", "## The plugin log")) == set(CallState.values)


def test_the_check_ids_are_those_of_the_code() -> None:
    source = Path(checks.__file__).read_text()
    found = {f"kasilabs.E{int(number):03}" for number in re.findall(r"_error\(\s*(\d+),", source)}
    assert pages.named(pages.section("operators/settings.md", "## Checks")) == found


def test_the_code_in_the_guide_is_the_code_that_was_tried() -> None:
    page = (pages.DOCS / "authors" / "verify-token.md").read_text()
    copies = re.findall(r"<!-- from (\S+) -->\n```\w+\n(.*?)\n```", page, re.DOTALL)
    assert [Path(source).suffix for source, _code in copies] == [".py", ".mjs", ".php"]
    for source, code in copies:
        assert code in (pages.DOCS / "authors" / source).read_text()


def test_no_guide_names_a_port_where_the_demo_prints_its_address() -> None:
    guides = [pages.ROOT / "README.md", *sorted((pages.DOCS / "authors").glob("*.md"))]
    assert [page.name for page in guides if re.search(r"(127\.0\.0\.1|localhost):8\d\d\d", page.read_text())] == []


def test_no_document_names_a_person_to_please_or_shouts() -> None:
    for page in pages.PAGES:
        words = re.sub(
            r"`[^`]*`|!\[", "", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        )
        assert not re.search(r"\b(please|oops|successfully)\b|\w!", words, re.IGNORECASE), page


def test_the_addresses_of_the_bridges_are_those_of_the_document() -> None:
    document = bridges_api.get_openapi_schema(path_prefix="/bridges/v1/")
    served = {
        f"{method.upper()} {re.sub(r'{.+?}', '{id}', path).removeprefix('/bridges/v1/')}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    told = re.findall(r"\| `((?:GET|POST) \S+)` \|", pages.text("authors/bridges.md"))
    assert sorted(told) == sorted(served)


def test_the_codes_of_the_bridges_are_those_of_the_code() -> None:
    sources = [*(pages.ROOT / "bridges").rglob("*.py"), pages.ROOT / "kasilabs/lib/machine_api/problems.py"]
    sources.append(pages.ROOT / "kasilabs/lib/request_bodies.py")
    toolkits = pages.ROOT / "kasilabs/toolkits"
    sources += [toolkits / "payments/collect.py", toolkits / "payments/refunds.py", toolkits / "orders/after_sale.py"]
    sources += [toolkits / "providers/__init__.py", toolkits / "providers/base.py"]
    calls = (
        r'(?:RequestRefused\(\d+, |problems\.response\(\d+, |response\(\s*\d+, |Refused\(\s*|\d+: \(|= \()"([a-z_]+)"'
    )
    found = {code for source in sources for code in re.findall(calls, source.read_text())}
    found |= set(re.findall(r'"(server_error)"', (pages.ROOT / "bridges/api.py").read_text()))
    assert pages.named(pages.section("authors/bridges.md", "## Errors")) == found - {"bad_request"}
