from uuid import UUID

import django
import pytest
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries

from kasilabs.lib.db.compiled import compiled
from kasilabs.whatsapp.models import Instance
from tests.support import factories

pytestmark = pytest.mark.django_db
built: list[str] = []


@compiled
def numbers(*, organization: UUID, name: str | None) -> QuerySet[Instance]:
    built.append("all" if name is None else "one")
    rows = Instance.objects.select_related("organization").filter(organization=organization).order_by("name")
    return rows if name is None else rows.filter(name=name)


@compiled
def beginning(*, name: str) -> QuerySet[Instance]:
    return Instance.objects.filter(name__startswith=name)


@compiled
def pairs(*, number: UUID) -> "QuerySet[Instance, tuple[UUID, str]]":
    return Instance.objects.filter(id=number).values_list("organization_id", "name")


def test_each_call_gets_the_rows_of_its_own_values(cast: factories.Cast) -> None:
    ours = (
        factories.number(cast.organization, "Billing Support"),
        factories.number(cast.organization, "Legal Consultations"),
    )
    theirs = factories.number(cast.rival, "Billing Support")
    assert numbers(organization=cast.organization.id, name=None) == list(ours)
    assert numbers(organization=cast.rival.id, name=None) == [theirs]
    assert numbers(organization=cast.organization.id, name="Legal Consultations") == [ours[1]]
    assert numbers(organization=cast.rival.id, name="Legal Consultations") == []


def test_a_queryset_is_built_once_for_each_shape(cast: factories.Cast) -> None:
    for name in ("Billing Support", "Legal Consultations", None, "%s", None):
        numbers(organization=cast.organization.id, name=name)
    before = len(built)
    for name in ("Sales", None):
        numbers(organization=cast.rival.id, name=name)
    assert len(built) == before
    assert set(built) == {"one", "all"}


def test_related_rows_come_along(cast: factories.Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    factories.number(cast.organization)
    with django_assert_num_queries(1):
        (number,) = numbers(organization=cast.organization.id, name=None)
        assert number.organization == cast.organization


def test_values_come_as_their_fields_have_them(cast: factories.Cast) -> None:
    number = factories.number(cast.organization, "Billing Support")
    assert pairs(number=number.id) == [(cast.organization.id, "Billing Support")]


def test_a_value_that_is_changed_on_its_way_to_the_sql_is_refused() -> None:
    with pytest.raises(TypeError, match="name does not reach the SQL as it is"):
        beginning(name="Billing")


def test_it_holds_for_this_version_of_django() -> None:
    # A new minor version: read its SQL compiler and ModelIterable beside kasilabs/lib/db/compiled.py first.
    assert django.VERSION[:2] == (5, 2)
