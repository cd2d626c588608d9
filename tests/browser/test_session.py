"""A session that ends while a page is open: whatever is done on the page next leads to sign-in and back to it."""

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from tests.browser import stage
from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.visitor import Visitor
from tests.support import factories

pytestmark = pytest.mark.browser
UNSAVED = "Your last change was not saved, because you had been signed out."


@pytest.fixture
def built(transactional_db: None) -> Stage:
    return stage.build()


def sign_in(visitor: Visitor, built: Stage) -> None:
    visitor.page.get_by_label("Email").fill(built.cast.owner.email)
    visitor.page.get_by_label("Password").fill(factories.PASSWORD)
    visitor.press("Sign in")


def test_a_click_and_a_field_lead_to_sign_in_and_back(built: Stage, visit: Visit) -> None:
    org, desk = built.cast.organization.slug, built.desk.public_id
    matrix = reverse("grants:matrix", args=[org])
    configuration = reverse("installations:configuration", args=[org, desk])
    visitor = visit(built.cast.owner)
    visitor.page.on("dialog", lambda dialog: dialog.accept())

    visitor.open(matrix)
    Session.objects.all().delete()
    visitor.press("support:tickets:read for Legal Consultations: Off")
    visitor.reads("your last change was not saved")
    sign_in(visitor, built)
    visitor.page.wait_for_url(f"**{matrix}")
    visitor.said(UNSAVED)
    visitor.page.get_by_role("button", name="support:tickets:read for Legal Consultations: Off").wait_for()

    visitor.open(configuration)
    Session.objects.all().delete()
    visitor.page.get_by_label("Default queue").fill("sales")
    visitor.page.get_by_label("Default queue").press("Tab")
    visitor.reads("your last change was not saved")
    sign_in(visitor, built)
    visitor.page.wait_for_url(f"**{configuration}")
    visitor.said(UNSAVED)


def test_signing_in_twice_in_two_tabs_lets_the_person_in(built: Stage, visit: Visit) -> None:
    first = visit()
    first.open("/")
    second = Visitor(first.page.context.new_page(), first.origin)
    second.open("/")
    for tab in (first, second):
        sign_in(tab, built)
        tab.page.get_by_role("heading", name="Overview", level=1).wait_for()
    second.said(f"You are signed in as {built.cast.owner}.")
    assert second.faults == []
