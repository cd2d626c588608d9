"""Refusals as people read them, and as machines do."""

from django.test import Client

from tests.support import factories
from tests.support.visits import As, page


def test_a_wrong_method_has_a_page_of_its_own(cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.owner).get(f"/o/{cast.organization.slug}/members/add/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address is not a page" in page(answer)


def test_a_machine_that_uses_a_wrong_method_gets_a_problem(db: None) -> None:
    answer = Client().post("/healthz")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
