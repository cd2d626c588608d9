"""Which version the wizard installs, and what it says while another one is installed."""

import pytest

from grants.models import PluginGrant
from installations.models import Installation
from kasilabs.accounts.models import Member
from kasilabs.whatsapp.models import Instance
from plugins.models import Version
from tests.grants.conftest import CREATE
from tests.grants.install_steps import PAGE, SOUND
from tests.support import factories
from tests.support.visits import As, page, send

HTMX = {"HX-Request": "true"}


@pytest.fixture
def newer(support_desk: Version, cast: factories.Cast) -> Version:
    """A development version that came in after the first one was installed."""
    factories.installation(cast.organization, **support_desk.document)
    return factories.version(cast.organization, version="1.1.0-dev.1")


@pytest.mark.parametrize("step", ["", "permissions/", "numbers/", "configuration/"])
def test_every_step_says_that_another_version_is_installed(
    newer: Version, cast: factories.Cast, as_: As, step: str
) -> None:
    removal = f"/o/kasi-legal/installations/{Installation.objects.get().public_id}/remove/"
    for answer in (as_(cast.admin).get(PAGE + step), as_(cast.admin).get(f"{PAGE}{step}?version=1.1.0-dev.1")):
        assert answer.status_code == 409
        assert "Version 1.0.0 is installed. Remove it to install version 1.1.0-dev.1." in page(answer)
        assert f'href="{removal}"' in page(answer)


def test_a_form_of_another_version_installs_nothing(newer: Version, cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.admin).post(PAGE + "configuration/", SOUND)
    assert answer.status_code == 409
    assert Installation.objects.get().version.semver == "1.0.0"


def test_the_test_step_stays_with_the_installed_version(newer: Version, cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.admin).get(PAGE + "test/")
    assert answer.status_code == 200
    assert "version 1.0.0" in page(answer)


def test_an_older_version_is_installed_by_its_name(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    factories.version(cast.organization, version="1.1.0")
    admin, query = as_(cast.admin), "?version=1.0.0"
    assert admin.get(PAGE + query)["Location"] == f"{PAGE}permissions/{query}"
    first = send(admin, f"{PAGE}permissions/{query}", {"permissions": [CREATE]})
    assert first["Location"] == f"{PAGE}numbers/{query}"
    second = send(admin, f"{PAGE}numbers/{query}", {"numbers": [legal.public_id]})
    assert second["Location"] == f"{PAGE}configuration/{query}"
    checked = f'hx-post="{PAGE}configuration/fields/defaultQueue/{query}"'
    assert checked in page(admin.get(f"{PAGE}configuration/{query}"))
    third = send(admin, f"{PAGE}configuration/{query}", SOUND)
    assert third["Location"] == PAGE + "test/"
    assert Installation.objects.get().version == support_desk
    assert PluginGrant.objects.get().instance == legal


def test_the_draft_of_another_version_does_not_count(support_desk: Version, cast: factories.Cast, as_: As) -> None:
    factories.version(cast.organization, version="1.1.0")
    admin = as_(cast.admin)
    send(admin, PAGE + "permissions/", {"permissions": [CREATE]})
    assert admin.get(PAGE + "?version=1.0.0")["Location"] == f"{PAGE}permissions/?version=1.0.0"
    assert "Look at what version 1.0.0 asks for" in page(admin.get(PAGE + "permissions/?version=1.0.0"))


@pytest.mark.parametrize("semver", ["9.9.9", "1.0.0%00", "%F0%9F%98%80"])
def test_a_version_that_is_not_there_is_not_found(
    support_desk: Version, cast: factories.Cast, as_: As, semver: str
) -> None:
    for step in ("", "permissions/"):
        assert as_(cast.admin).get(f"{PAGE}{step}?version={semver}").status_code == 404


def test_the_page_of_a_version_leads_to_that_version(support_desk: Version, cast: factories.Cast, as_: As) -> None:
    factories.version(cast.organization, version="1.1.0")
    admin = as_(cast.admin)
    assert f'href="{PAGE}?version=1.0.0"' in page(admin.get("/o/kasi-legal/developer/SUPPORT_DESK/1.0.0/"))
    assert f'href="{PAGE}?version=1.1.0"' in page(admin.get("/o/kasi-legal/developer/SUPPORT_DESK/"))
    offered = page(admin.get(PAGE + "?version=1.0.0", headers=HTMX))
    assert f'<a class="btn btn-primary" href="{PAGE}?version=1.0.0">' in offered


def test_the_page_of_a_version_says_that_it_is_installed(newer: Version, cast: factories.Cast, as_: As) -> None:
    offered = page(as_(cast.developer).get(PAGE + "?version=1.0.0", headers=HTMX))
    assert f"/o/kasi-legal/installations/{Installation.objects.get().public_id}/" in offered
    assert "Open the installed plugin" in offered


def test_the_page_of_a_later_version_leads_to_the_removal(newer: Version, cast: factories.Cast, as_: As) -> None:
    removal = f"/o/kasi-legal/installations/{Installation.objects.get().public_id}/remove/"
    offered = page(as_(cast.developer).get(PAGE + "?version=1.1.0-dev.1", headers=HTMX))
    assert f'1.0.0 is installed; <a href="{removal}">remove it</a> to install this version.' in offered


def test_who_may_not_remove_is_told_who_may(newer: Version, cast: factories.Cast, as_: As) -> None:
    Member.objects.filter(user=cast.developer).update(withdrawn=["installations.remove_sandbox"])
    offered = page(as_(cast.developer).get(PAGE + "?version=1.1.0-dev.1", headers=HTMX))
    assert "These people may remove it, so that this version can be: Owner, Admin." in offered
    assert "/remove/" not in offered
    refused = page(as_(cast.developer).get(PAGE + "?version=1.1.0-dev.1"))
    assert "These people may remove it: Owner, Admin." in refused
    assert "/remove/" not in refused


def test_what_cannot_be_installed_at_all_is_said_in_place_of_the_button(
    support_desk: Version, cast: factories.Cast, as_: As
) -> None:
    Version.objects.filter(pk=support_desk.pk).update(state=Version.State.QUARANTINED)
    offered = page(as_(cast.admin).get(PAGE + "?version=1.0.0", headers=HTMX))
    assert offered == "<span>This version is quarantined. Nobody can install it.</span>"
