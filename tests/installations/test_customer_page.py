"""The page of a customer: found by any alias, and whose it is by the organization."""

from collections.abc import Callable

import pytest
from django.test import Client

from installations import aliases
from kasilabs.accounts.models import Member
from kasilabs.lib.money import Money
from kasilabs.toolkits.orders import changes
from kasilabs.toolkits.payments import collect
from kasilabs.toolkits.scope import Origin
from tests.support import factories
from tests.support.factories import Cast
from tests.support.visits import page

PHONE = "+254700000141"


@pytest.fixture
def origin(cast: Cast) -> Origin:
    return factories.origin(factories.number(cast.organization), phone=PHONE)


@pytest.fixture
def known_as(cast: Cast, origin: Origin) -> list[str]:
    """Two plugins know the customer."""
    made = [factories.installation(cast.organization, **each) for each in ({}, {"slug": "GAS_OS"})]
    return [aliases.get_or_create(each, origin.customer.id) for each in made]


def url(alias: str) -> str:
    return f"/o/kasi-legal/customers/{alias}/"


def test_a_customer_is_found_by_the_alias_of_any_plugin(
    cast: Cast, as_: Callable[..., Client], origin: Origin, known_as: list[str]
) -> None:
    collect.initiate(origin, amount=Money(105_000, "KES"), reference="ORDER-1", description="")
    other = factories.origin(origin.instance)
    collect.initiate(other, amount=Money(5_000, "KES"), reference="OTHER", description="")
    changes.place(origin, items=[changes.Item("A", "Gas", 1, 700)], currency="KES", delivery=None, reference="BASKET-3")
    for alias in known_as:
        shown = page(as_(cast.operator).get(url(alias)))
        for words in (*known_as, "KES 1,050", "ORDER-1", "BASKET-3"):
            assert words in shown
        assert "OTHER" not in shown
        assert "700000141" not in shown.replace(" ", "")


def test_who_may_not_see_payments_sees_none_here_either(
    cast: Cast, as_: Callable[..., Client], origin: Origin, known_as: list[str]
) -> None:
    collect.initiate(origin, amount=Money(105_000, "KES"), reference="ORDER-1", description="")
    Member.objects.filter(user=cast.operator).update(withdrawn=["payments.view"])
    assert "ORDER-1" not in page(as_(cast.operator).get(url(known_as[0])))


@pytest.mark.parametrize("alias", ["cus_nobody", "x", "%00", "cus_" + "a" * 200])
def test_an_alias_of_nobody_is_not_found(cast: Cast, as_: Callable[..., Client], alias: str) -> None:
    assert as_(cast.owner).get(url(alias)).status_code == 404


def test_a_customer_of_another_organization_is_not_found(
    cast: Cast, as_: Callable[..., Client], known_as: list[str]
) -> None:
    answer = as_(cast.stranger).get(f"/o/rival-law/customers/{known_as[0]}/")
    assert answer.status_code == 404
