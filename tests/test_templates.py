"""What holds for every template: length of lines, icons, no inline code, pages that work without script."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from kasilabs.dashboard import navigation
from kasilabs.templatetags import states

FOLDER = Path(settings.BASE_DIR) / "templates"
TEMPLATES = {str(path.relative_to(FOLDER)): path.read_text() for path in sorted(FOLDER.rglob("*.*"))}
PAGES = {name: text for name, text in TEMPLATES.items() if name.endswith(".html")}
CODE = "\n".join(
    path.read_text()
    for room in ("kasilabs", "plugins", "installations", "grants", "bridges")
    for path in sorted((Path(settings.BASE_DIR) / room).rglob("*.py"))
)
STATIC = Path(settings.BASE_DIR) / "static"
SPRITE = (STATIC / "img/icons.svg").read_text()
INCLUDED = Counter(name for text in PAGES.values() for name in set(re.findall(r'{% include "([^"]+)"', text)))
OF_LIBRARY = ("account/", "allauth/", "mfa/")


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_line_is_longer_than_120_columns(name: str) -> None:
    assert [line for line in TEMPLATES[name].splitlines() if len(line) > 120] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_template_carries_an_inline_style_or_handler(name: str) -> None:
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", PAGES[name], re.IGNORECASE)


@pytest.mark.parametrize("name", PAGES)
def test_what_htmx_loads_can_be_opened_without_script_too(name: str) -> None:
    loaded = set(re.findall(r'hx-get="([^"]+)"', PAGES[name]))
    assert loaded <= set(re.findall(r'(?:href|action)="([^"]+)"', PAGES[name]))


def test_a_template_with_an_underscore_is_shared_by_several() -> None:
    shared = {name: INCLUDED[name] + CODE.count(f'"{name}"') for name in PAGES if Path(name).name.startswith("_")}
    assert {name for name, uses in shared.items() if uses < 2} == set()


def test_every_template_is_used() -> None:
    extended = set(re.findall(r'{% extends "([^"]+)"', "\n".join(PAGES.values())))
    named = {*extended, *INCLUDED, *re.findall(r'"([\w/]+\.html)', CODE)}
    assert [name for name in PAGES if name not in named and not name.startswith(OF_LIBRARY)] == []


def test_every_icon_is_in_the_sprite() -> None:
    named = set(re.findall(r'{% (?:icon|tag|state "\w+") "([\w-]+)"', "\n".join(PAGES.values())))
    named |= {state.icon for state in states.STATES.values()} | {risk.icon for risk, _ in states.RISKS.values()}
    named |= {item.icon for _heading, items in navigation.ENTRIES for item in items}
    assert [name for name in sorted(named) if f'id="{name}"' not in SPRITE] == []


def test_every_class_of_the_style_sheets_is_used() -> None:
    sheets = "\n".join(path.read_text() for path in sorted((STATIC / "css").glob("*.css")))
    named = set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/|url\(.*?\)", "", sheets, flags=re.DOTALL)))
    scripts = [path.read_text() for path in sorted((STATIC / "js").glob("*.js"))]
    words = set(re.findall(r"[\w-]+", "\n".join([*PAGES.values(), *scripts, CODE])))
    assert named - words == {"htmx-request"}
