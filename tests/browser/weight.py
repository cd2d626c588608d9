"""What a page weighs over the network: its HTML and everything that the page loads, gzipped."""

import gzip
from dataclasses import dataclass

from playwright.sync_api import Page

RESOURCES = "performance.getEntriesByType('resource').map(each => each.encodedBodySize)"
"""What each file measures as it is sent; the static files are sent gzipped, also when the browser has one already."""


@dataclass(frozen=True)
class Weight:
    """Kilobytes of HTML, of a first visit with all its files, and how many requests that takes."""

    html: float
    first_visit: float
    requests: int


def measure(page: Page) -> Weight:
    """Weigh the page as it stands, with what it has loaded by itself."""
    html = len(gzip.compress(page.content().encode(), 6))
    files: list[int] = page.evaluate(RESOURCES)
    return Weight(html / 1024, (html + sum(files)) / 1024, 1 + len(files))
