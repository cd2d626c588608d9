from kasilabs.accounts.models import User
from kasilabs.accounts.permissions import Role
from tests.support import factories
from tests.support.visits import As, page


def belongs_to_both(cast: factories.Cast, person: User) -> None:
    cast.rival.members.create(user=person, role=Role.OWNER)


def test_somebody_in_several_organizations_can_go_to_each(cast: factories.Cast, as_: As) -> None:
    belongs_to_both(cast, cast.viewer)
    shown = page(as_(cast.viewer).get("/o/kasi-legal/"))
    assert shown.count("<details") == 1
    assert 'href="/o/kasi-legal/" aria-current="true"' in shown
    assert f'href="/o/{cast.rival.slug}/"' in shown


def test_somebody_in_one_organization_has_nothing_to_switch(cast: factories.Cast, as_: As) -> None:
    belongs_to_both(cast, cast.admin)
    shown = page(as_(cast.viewer).get("/o/kasi-legal/"))
    assert "k-orgs" not in shown
    assert cast.rival.slug not in shown


def test_pages_of_a_person_lead_to_their_organizations(cast: factories.Cast, as_: As) -> None:
    belongs_to_both(cast, cast.viewer)
    shown = page(as_(cast.viewer).get("/notices/"))
    assert 'href="/o/kasi-legal/"' in shown
    assert f'href="/o/{cast.rival.slug}/"' in shown
