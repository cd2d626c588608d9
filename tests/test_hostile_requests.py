"""Requests no browser sends: each gets an ordinary refusal and costs nothing."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from kasilabs.accounts.models import User
from tests import make


def test_a_large_file_is_refused_before_anything_reads_it(db: None) -> None:
    """The form would be refused too, for lack of a token; by then the file would be on disk."""
    file = SimpleUploadedFile("manifest.json", b"x" * 3_000_000)
    answer = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"file": file})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path", ["developer/SUPPORT_DESK/1.0%00/", "grants/explain/?number={}&tool=A%00__b", "logs/?plugin=%00"]
)
def test_a_nul_in_an_address_is_refused(cast: make.Cast, as_: Callable[[User], Client], path: str) -> None:
    number = make.number(cast.organization)
    answer = as_(cast.owner).get(f"/o/{cast.organization.slug}/{path.format(number.public_id)}")
    assert answer.status_code in {404, 422}
