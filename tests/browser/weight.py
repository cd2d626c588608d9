"""What a page weighs over the network: its HTML and everything that the page loads, gzipped."""

import gzip
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.pages import PageCase

MOST_HTML_KB, MOST_FIRST_VISIT_KB, MOST_REQUESTS = 15, 150, 12
OF_ANY_SIZE = ("matrix", "version")
"""The matrix has a budget of its own (tests/benchmarks), and a schema is as long as its author made it."""

WITH_EVERY_STYLE = "components"
RESOURCES = "performance.getEntriesByType('resource').map(each => each.encodedBodySize)"
"""What each file measures as it is sent; the static files are sent gzipped, also when the browser has one already."""


@dataclass(frozen=True)
class Weight:
    """Kilobytes of HTML and of a first visit with all its files, and the requests; None where there is no budget."""

    html: float | None
    first_visit: float | None
    requests: int | None


def measure(case: PageCase, page: Page) -> Weight:
    """Weigh the page as it stands, with what it has loaded by itself."""
    html = len(gzip.compress(page.content().encode(), 6))
    files: list[int] = page.evaluate(RESOURCES)
    has_own_files = case.name != WITH_EVERY_STYLE
    return Weight(
        html=None if case.name.startswith(OF_ANY_SIZE) else html / 1024,
        first_visit=(html + sum(files)) / 1024 if has_own_files else None,
        requests=1 + len(files) if has_own_files and not case.act else None,
    )


def over_budget(weight: Weight) -> list[str]:
    """Return a line for every budget that a page exceeds."""
    lines = []
    if weight.html and weight.html > MOST_HTML_KB:
        lines.append(f"{weight.html:.1f} KB of HTML")
    if weight.first_visit and weight.first_visit > MOST_FIRST_VISIT_KB:
        lines.append(f"{weight.first_visit:.0f} KB in all")
    if weight.requests and weight.requests > MOST_REQUESTS:
        lines.append(f"{weight.requests} requests")
    return lines
