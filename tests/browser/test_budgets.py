"""What a page costs, with full lists: bytes, requests, the largest row, the first paint on loopback.

The matrix has a budget of its own (tests/benchmarks), a schema is as long as its author made it, and the page of all
components loads the styles of every other page.
"""

import pytest

from kasilabs.accounts.permissions import Role
from tests.browser import pages, stage
from tests.browser.conftest import Visit
from tests.browser.pages import Place
from tests.browser.stage import Stage
from tests.browser.visitor import Visitor
from tests.support import factories

pytestmark = pytest.mark.browser
MOST_BYTES, MOST_REQUESTS, MOST_ROW_BYTES, MOST_PAINT_MS = 60_000, 12, 1_000, 200
BEST_OF = 8
OF_ANY_SIZE = ("matrix", "version")

REQUESTS = "performance.getEntriesByType('resource').length + 1"
PAINTED = """
() => new Promise(done => {
  const until = performance.now() + 2000;
  const look = () => {
    const entry = performance.getEntriesByName("first-paint")[0];
    if (entry || performance.now() > until) done(entry ? entry.startTime : 1e9);
    else requestAnimationFrame(look);
  };
  look();
})
"""
LARGEST_ROW = """
() => Math.max(0, ...[...document.querySelectorAll("table:not(.k-mx table) tbody tr")]
  .map(row => new TextEncoder().encode(row.outerHTML).length))
"""


def crowd(built: Stage) -> None:
    """Fill every list that can be long."""
    ours = built.cast.organization
    for place in range(20):
        factories.number(ours, f"Branch {place}")
        factories.member(ours, Role.VIEWER, email=f"viewer{place}@kasi-legal.example")
        factories.installation(ours, **{**stage.SHOP, "slug": f"SHOP_{place}"})
        for _ in range(5):
            factories.call(built.legal, **stage.CASES[place % len(stage.CASES)])


def test_no_page_costs_more_than_its_budget(visit: Visit) -> None:
    built = stage.build()
    crowd(built)
    over = {place.name: _over(place, visitor) for place, visitor in pages.tour(built, visit)}
    assert {name: lines for name, lines in over.items() if lines} == {}


def _over(place: Place, visitor: Visitor) -> list[str]:
    size = len(visitor.page.content().encode())
    row = visitor.page.evaluate(LARGEST_ROW)
    lines = [f"{size} bytes"] if size > MOST_BYTES and not place.name.startswith(OF_ANY_SIZE) else []
    lines += [f"a row of {row} bytes"] if row > MOST_ROW_BYTES else []
    return lines if place.act else lines + _over_while_loading(place, visitor)


def _over_while_loading(place: Place, visitor: Visitor) -> list[str]:
    """Look at what was measured while the page loaded; one that answers a form loads what the page of the form does."""
    requests = visitor.page.evaluate(REQUESTS)
    lines = [f"{requests} requests"] if requests > MOST_REQUESTS and place.name != "components" else []
    painted = 0 if place.name.startswith(OF_ANY_SIZE) else _best_paint(place, visitor)
    return lines + ([f"painted after {painted:.0f} ms"] if painted > MOST_PAINT_MS else [])


def _best_paint(place: Place, visitor: Visitor) -> float:
    """Return the best of a few first paints in milliseconds."""
    painted = [float(visitor.page.evaluate(PAINTED))]
    while min(painted) > MOST_PAINT_MS and len(painted) < BEST_OF:
        place.show(visitor)
        painted.append(float(visitor.page.evaluate(PAINTED)))
    return min(painted)
