from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from kasilabs.accounts.models import Organization
from kasilabs.lib import ids
from kasilabs.lib.db import one_row
from kasilabs.logs.models import Call, CallState
from kasilabs.whatsapp.models import Instance
from tests.support.factories import Cast

pytestmark = pytest.mark.django_db


def columns(row: models.Model) -> dict[str, Any]:
    stored = type(row)._default_manager.get(pk=row.pk)
    return {field.name: getattr(stored, field.attname) for field in row._meta.concrete_fields}


def call(of: Organization, **changes: Any) -> Call:
    about = {"organization": of, "instance_id": of.id, "tool": "create_support_ticket", "state": CallState.OPEN}
    said = {"request": {"input": {"subject": "Ça va? %s"}}, "timings": {"wait_ms": 41.5}, "created": timezone.now()}
    return Call(**{**about, **said, **changes})


def test_a_row_is_inserted_as_saving_it_would(cast: Cast) -> None:
    saved, inserted = call(cast.organization), call(cast.organization)
    saved.save(force_insert=True)
    inserted.created = saved.created
    one_row.insert(inserted)
    assert columns(inserted) == {**columns(saved), "id": inserted.id}
    inserted.save()
    assert Call.objects.count() == 2


def test_a_row_that_is_there_already_is_an_integrity_error(cast: Cast) -> None:
    first = call(cast.organization)
    one_row.insert(first)
    with pytest.raises(IntegrityError), transaction.atomic():
        one_row.insert(call(cast.organization, id=first.id))


def test_dates_that_fields_set_themselves_are_set(cast: Cast) -> None:
    number = Instance(id=ids.uuid7(), organization=cast.organization, name="Sales", number="+254700000199")
    before = timezone.now()
    one_row.insert(number)
    assert before <= Instance.objects.get(pk=number.pk).created <= timezone.now()


def test_only_the_columns_named_are_written(cast: Cast) -> None:
    row = call(cast.organization)
    one_row.insert(row)
    row.state, row.response, row.tool = CallState.SUCCEEDED, {"status": "created"}, "another"
    assert one_row.update(row, ("state", "response"), only_if=("state", CallState.OPEN))
    assert columns(row) == {
        **columns(row),
        "state": "succeeded",
        "response": {"status": "created"},
        "tool": "create_support_ticket",
    }


def test_a_row_that_is_something_else_by_now_stays_as_it_is(cast: Cast) -> None:
    row, other = call(cast.organization, state=CallState.LOST), call(cast.organization)
    for each in (row, other):
        one_row.insert(each)
    row.state = CallState.SUCCEEDED
    assert not one_row.update(row, ("state",), only_if=("state", CallState.OPEN))
    assert sorted(Call.objects.values_list("state", flat=True)) == ["lost", "open"]


def test_nothing_is_stored_as_nothing(cast: Cast) -> None:
    row = call(cast.organization, response={"status": "created"})
    one_row.insert(row)
    row.response = None
    one_row.update(row, ("response",), only_if=("state", CallState.OPEN))
    assert Call.objects.filter(response__isnull=True).get() == row
