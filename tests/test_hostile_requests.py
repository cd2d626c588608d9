"""Requests no browser sends: each gets an ordinary refusal and costs nothing."""

import gzip
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from grants.models import PluginGrant
from tests.support import factories
from tests.support.visits import As


def test_a_large_file_is_refused_before_anything_reads_it(db: None) -> None:
    """The form would be refused too, for lack of a token; by then the file would be on disk."""
    file = SimpleUploadedFile("manifest.json", b"x" * 6_000_000)
    answer = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"file": file})
    assert answer.status_code == 400


def test_pages_are_compressed_and_how_long_they_are_says_little(db: None) -> None:
    """Against the BREACH attack, the length of a page that says the same varies at random."""
    answers = [Client().get(reverse("account_login"), headers={"Accept-Encoding": "gzip"}) for _ in range(30)]
    assert {answer["Content-Encoding"] for answer in answers} == {"gzip"}
    assert "Accept-Encoding" in answers[0]["Vary"]
    assert b"<h1" in gzip.decompress(answers[0].content)
    lengths = [int(answer["Content-Length"]) for answer in answers]
    assert max(lengths) - min(lengths) > 20
    assert "Content-Encoding" not in Client().get(reverse("account_login")).headers


def test_what_machines_get_is_not_compressed(db: None) -> None:
    answer = Client().get("/schemas/manifest-v1.json", headers={"Accept-Encoding": "gzip"})
    assert len(answer.content) > 1000
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Host": "elsewhere.example"}},
        {"data": b"x" * 6_000_000, "content_type": "text/plain"},
    ],
)
@pytest.mark.parametrize("path", ["/accounts/login/", "/agent/v1/calls", "/static/nothing.css"])
def test_a_page_that_is_refused_early_is_as_closed_as_any_other(db: None, path: str, options: dict[str, Any]) -> None:
    answer = Client().generic("POST", path, **options)
    assert 400 <= answer.status_code < 500
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["developer/SUPPORT_DESK/1.0%00/", "grants/explain/?number={}&tool=A%00__b", "logs/?plugin=%00"]
)
def test_a_nul_in_an_address_is_refused(cast: factories.Cast, as_: As, path: str) -> None:
    number = factories.number(cast.organization)
    answer = as_(cast.owner).get(f"/o/{cast.organization.slug}/{path.format(number.public_id)}")
    assert answer.status_code in {404, 422}


@pytest.mark.parametrize(("path", "name"), [("grant", "grant"), ("take-back", "take_back")])
def test_ids_of_another_organization_in_a_form_are_not_found(
    cast: factories.Cast, as_: As, path: str, name: str
) -> None:
    ours, theirs = factories.number(cast.organization), factories.number(cast.rival, "Front Desk")
    own, foreign = factories.installation(cast.organization), factories.installation(cast.rival, slug="RIVAL_DESK")
    for number, installation in ((ours, foreign), (theirs, own), (theirs, foreign)):
        pair = f"{number.public_id}:{installation.public_id}"
        answer = as_(cast.owner).post(f"/o/{cast.organization.slug}/grants/{path}/", {name: pair})
        assert (answer.status_code, PluginGrant.objects.count()) == (404, 0)
