"""What pages weigh and ask for over the network, and when some of them are painted first, in Chromium."""

from statistics import median

from playwright.sync_api import Page

from tests.benchmarks import servers
from tests.benchmarks.results import Result, most
from tests.browser import chromium, pages, seed, weight
from tests.browser.weight import Weight

PAINTED = ("account_login", "overview", "configuration", "logs", "matrix")
PAINTS = 15
FIRST_PAINT = """
() => new Promise(done => {
  new PerformanceObserver(list => list.getEntriesByName("first-paint").forEach(entry => done(entry.startTime)))
    .observe({ type: "paint", buffered: true });
})
"""
TARGETS = (
    most("most_html_kb", weight.MOST_HTML_KB),
    most("most_first_visit_kb", weight.MOST_FIRST_VISIT_KB),
    most("most_requests", weight.MOST_REQUESTS),
)


def measure() -> Result:
    result = Result(TARGETS)
    seeded = seed.build()
    seed.fill_lists(seeded)
    weights: list[Weight] = []
    with (
        servers.platform() as platform,
        chromium.running() as browser,
        chromium.windows(browser, f"http://127.0.0.1:{platform.port}") as open_window,
    ):
        for case, window in pages.visit_all(seeded, open_window):
            weights.append(weight.measure(case, window.page))
            if case.name in PAINTED:
                result.add(f"first_paint_of_{case.name}_ms", _first_paint(window.page))
            result.add_errors(dict.fromkeys(window.errors, 1))
            window.errors.clear()
    result.add("most_html_kb", max(each.html or 0 for each in weights))
    result.add("most_first_visit_kb", max(each.first_visit or 0 for each in weights))
    result.add("most_requests", max(each.requests or 0 for each in weights))
    return result


def _first_paint(page: Page) -> float:
    """Return the median of some first paints of a page that has been visited before."""
    painted: list[float] = []
    for _ in range(PAINTS):
        page.reload()
        painted.append(page.evaluate(FIRST_PAINT))
    return median(painted)
