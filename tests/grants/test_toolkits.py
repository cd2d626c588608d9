from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.changes import toolkits
from grants.models import OrganizationToolkit, ToolkitGrant
from grants.toolkits import overview
from kasilabs.accounts.models import AuditEntry
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from tests.grants.conftest import Desk
from tests.support import factories
from tests.support.factories import ACTOR
from tests.support.visits import As, hidden_fields, page, send

PAGE = "/o/kasi-legal/toolkits/"
HTMX = {"HX-Request": "true"}


def installed(desk: Desk, *numbers: Instance) -> None:
    toolkits.install(organization=desk.organization, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    for number in numbers:
        toolkits.grant(instance=number, toolkit=Toolkit.PAYMENTS, actor=ACTOR)


def test_each_toolkit_says_what_reaches_it_and_which_numbers_have_it(desk: Desk) -> None:
    installed(desk, desk.legal)
    found = {usage.toolkit: usage for usage in overview.toolkits_of_organization(desk.organization)}
    assert list(found) == list(Toolkit)
    payments = found[Toolkit.PAYMENTS]
    assert (payments.is_installed, payments.numbers, payments.plugins) == (
        True,
        ["Legal Consultations"],
        ["Support Desk"],
    )
    assert (found[Toolkit.MESSAGING].is_installed, found[Toolkit.MESSAGING].plugins) == (False, [])


def test_a_toolkit_is_installed_from_the_page(desk: Desk, cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.admin).post(f"{PAGE}PAYMENTS/install/", follow=True)
    assert "PAYMENTS is installed. Grant it to the numbers that need it." in page(answer)
    assert OrganizationToolkit.objects.get().toolkit == "PAYMENTS"
    assert AuditEntry.objects.get(action="toolkit.installed").actor == cast.admin.email


def test_removing_a_toolkit_says_what_it_touches_and_asks_first(desk: Desk, cast: factories.Cast, as_: As) -> None:
    installed(desk, desk.legal, desk.billing)
    asked = page(as_(cast.admin).get(f"{PAGE}PAYMENTS/remove/"))
    assert "It is taken back from these numbers: Billing Support, Legal Consultations." in asked
    assert "Plugins that use it may stop working there: Support Desk." in asked
    assert OrganizationToolkit.objects.exists()
    send(as_(cast.admin), f"{PAGE}PAYMENTS/remove/", {})
    assert not OrganizationToolkit.objects.exists()
    assert not ToolkitGrant.objects.exists()


def test_a_toolkit_is_taken_from_no_number_that_the_page_did_not_name(
    desk: Desk, cast: factories.Cast, as_: As
) -> None:
    installed(desk, desk.legal)
    admin, url = as_(cast.admin), f"{PAGE}PAYMENTS/remove/"
    opened = hidden_fields(admin.get(url))
    toolkits.grant(instance=desk.billing, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    for stale in (opened, {}):
        answer = admin.post(url, stale)
        assert answer.status_code == 409
        assert "Now it is: Billing Support, Legal Consultations" in page(answer)
        assert (OrganizationToolkit.objects.count(), ToolkitGrant.objects.count()) == (1, 2)
    admin.post(url, hidden_fields(answer))
    assert not ToolkitGrant.objects.exists()


def test_somebody_who_may_only_look_sees_states_and_no_button(desk: Desk, cast: factories.Cast, as_: As) -> None:
    installed(desk, desk.legal)
    shown = page(as_(cast.viewer).get(PAGE))
    assert "1 number" in shown
    assert "/install/" not in shown
    assert "/remove/" not in shown


def test_there_is_no_toolkit_of_another_name(desk: Desk, cast: factories.Cast, as_: As) -> None:
    assert as_(cast.admin).post(f"{PAGE}BANKING/install/").status_code == 404
    assert as_(cast.admin).get(f"{PAGE}payments/remove/").status_code == 404


def test_a_toolkit_is_granted_to_a_number_and_taken_back(desk: Desk, cast: factories.Cast, as_: As) -> None:
    installed(desk)
    url = f"/o/kasi-legal/numbers/{desk.legal.public_id}/toolkits/"
    granted = as_(cast.admin).post(f"{url}PAYMENTS/grant/", follow=True)
    assert granted.redirect_chain == [(url, 302)]
    assert ToolkitGrant.objects.get().instance == desk.legal
    as_(cast.admin).post(f"{url}PAYMENTS/take-back/")
    assert not ToolkitGrant.objects.exists()


def test_the_same_page_is_a_fragment_of_the_numbers_own(desk: Desk, cast: factories.Cast, as_: As) -> None:
    installed(desk)
    url = f"/o/kasi-legal/numbers/{desk.legal.public_id}/toolkits/"
    answer = as_(cast.admin).get(url, headers=HTMX)
    assert answer["Vary"].count("HX-Request") == 1
    assert page(answer).lstrip().startswith('<section class="card" id="toolkits"')
    swapped = page(as_(cast.admin).post(f"{url}PAYMENTS/grant/", headers=HTMX))
    assert 'aria-label="Take back PAYMENTS from Legal Consultations"' in swapped
    assert '<div id="status" hx-swap-oob="innerHTML">PAYMENTS is on for Legal Consultations</div>' in swapped


def test_a_toolkit_that_is_not_installed_is_not_granted(desk: Desk, cast: factories.Cast, as_: As) -> None:
    url = f"/o/kasi-legal/numbers/{desk.legal.public_id}/toolkits/"
    answer = as_(cast.admin).post(f"{url}PAYMENTS/grant/", headers=HTMX)
    assert "PAYMENTS is not installed for this organization." in page(answer)
    assert not ToolkitGrant.objects.exists()


def test_more_numbers_and_plugins_cost_no_further_query(desk: Desk, cast: factories.Cast, as_: As) -> None:
    installed(desk, desk.legal)
    client = as_(cast.admin)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    for index in range(3):
        installed(desk, factories.number(desk.organization, f"Desk {index}"))
        factories.installation(desk.organization, slug=f"DESK_{index}")
    client.get(PAGE)
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)
    assert len(many) == len(few) <= 11
