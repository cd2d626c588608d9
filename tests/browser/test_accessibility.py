"""Every page a person can open: axe finds nothing in light and dark, no text is faint, one region announces."""

import pytest

from tests.browser import axe, contrast, pages, stage
from tests.browser.conftest import Visit
from tests.support.url_map import routes

pytestmark = pytest.mark.browser


def test_no_page_has_a_finding_in_light_or_dark(visit: Visit) -> None:
    found: dict[str, list[str]] = {}
    opened: set[str] = set()
    for place, visitor in pages.tour(stage.build(), visit):
        for scheme in ("light", "dark"):
            visitor.page.emulate_media(color_scheme=scheme)
            found[f"{place.name}, {scheme}"] = axe.findings(visitor.page) + contrast.too_faint(visitor.page)
        assert visitor.page.get_by_role("heading", level=1).count() == 1, place.name
        assert visitor.page.locator("[role=status], [aria-live]").count() == 1, place.name
        opened |= {place.route, pages.route(visitor.page.url)}
    assert {where: lines for where, lines in found.items() if lines} == {}
    assert {route.name for route in routes()} - pages.NOT_PAGES - opened == set()


def test_with_reduced_motion_nothing_moves(visit: Visit) -> None:
    visitor = visit(stage.build().cast.owner, reduced_motion="reduce")
    visitor.open("/components/")
    durations = "[...document.getAnimations()].map(each => each.effect.getComputedTiming().duration)"
    assert set(visitor.page.evaluate(durations)) <= {0}
    assert "0s" in visitor.page.locator(".k-toasts").evaluate("each => getComputedStyle(each).transitionDuration")
