"""The documents as the tests read them: headings, fenced blocks, tables, links."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    text: str


def text(page: str) -> str:
    return (DOCS / page).read_text()


def blocks(page: Path, language: str) -> list[str]:
    found = [Block(*match) for match in _BLOCK.findall(page.read_text())]
    return [block.text for block in found if block.language == language]


def links(page: Path) -> list[str]:
    """The links of a page that lead into this project."""
    found: list[str] = _LINK.findall(_BLOCK.sub("", page.read_text()))
    return [link for link in found if not link.startswith(("https://", "http://", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """What a link may name behind #: headings as web hosts turn them into ids."""
    headings = [words for _level, words in _HEADING.findall(_BLOCK.sub("", page.read_text()))]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(page: str, heading: str) -> str:
    """What stands between a heading and the next one of its level or above."""
    level = heading.partition(" ")[0]
    _before, _heading, rest = text(page).partition(f"\n{heading}\n")
    assert rest, f"{page} has no {heading}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def named(part: str) -> set[str]:
    """The words in code type in the first column of every table in `part`."""
    cells = re.findall(r"^\| (`[^|]*)\|", part.replace("\\|", "/"), re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}
