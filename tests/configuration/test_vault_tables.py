"""The vault over a second concrete table, as the providers of toolkits will have their own below installations."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from kasilabs.accounts.models import Organization
from kasilabs.configuration import vault
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib import ids
from tests.support import factories

CANARY = "sk-canary-4417-zulu-9Q2X"

with isolate_apps():

    class Provider(models.Model):
        organization_id: UUID
        secrets: Any

        id = models.UUIDField(primary_key=True, default=ids.uuid7)
        organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
        objects: ClassVar[Any] = models.Manager()

        class Meta:
            app_label = "tests"

        def __str__(self) -> str:
            return str(self.pk)

    class ProviderSecret(vault.SealedSecret):
        organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
        owner = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="secrets")
        objects: ClassVar[Any] = models.Manager()

        class Meta:
            app_label = "tests"
            constraints = [models.UniqueConstraint(fields=["owner", "pointer"], name="one_provider_secret")]


@pytest.fixture
def provider(transactional_db: None) -> Iterator[Provider]:
    tables = (Provider, ProviderSecret)
    with connection.schema_editor() as editor:
        for table in tables:
            editor.create_model(table)
    yield Provider.objects.create(organization=factories.organization())
    with connection.schema_editor() as editor:
        for table in reversed(tables):
            editor.delete_model(table)


def test_put_states_and_open_rows_work_over_any_table(provider: Provider) -> None:
    vault.put(provider, "/consumerSecret", CANARY, actor_name="ana@example.com")
    state = vault.states(provider)["/consumerSecret"]
    assert (state.is_set, state.is_readable, state.hint, state.set_by) == (True, True, "9Q2X", "ana@example.com")
    assert vault.open_rows(provider.secrets.all()).values == {"/consumerSecret": CANARY}
    assert CANARY not in ProviderSecret.objects.get().value


def test_changes_replace_and_clear_rows_of_any_table(provider: Provider) -> None:
    replace, clear = SecretChange("/a", Action.REPLACE, CANARY), SecretChange("/b", Action.CLEAR)
    vault.put(provider, "/a", "the old one", actor_name="ana")
    vault.put(provider, "/b", "another one", actor_name="ana")
    vault.apply(provider, [replace, clear, SecretChange("/c", Action.KEEP)], actor_name="wanjiru")
    assert vault.open_rows(provider.secrets.all()).values == {"/a": CANARY}
    assert {pointer: state.set_by for pointer, state in vault.states(provider).items()} == {"/a": "wanjiru"}


def test_a_value_of_an_installation_does_not_open_in_another_table(provider: Provider) -> None:
    """Everything else equal: the same row id, organization, owner id and pointer."""
    installation = factories.installation(provider.organization)
    twin = Provider.objects.create(id=installation.pk, organization=provider.organization)
    vault.put(installation, "/apiKey", CANARY, actor_name="ana")
    row = installation.secrets.get()
    columns = {"pointer": row.pointer, "value": row.value, "set_by": row.set_by, "set_at": row.set_at}
    copied = ProviderSecret(id=row.pk, organization=provider.organization, owner=twin, **columns)
    copied.save(force_insert=True)
    assert vault.open_rows(twin.secrets.all()).unreadable == ("/apiKey",)
    assert vault.open_rows(installation.secrets.all()).values == {"/apiKey": CANARY}


def test_a_value_copied_to_another_owner_or_field_does_not_open(provider: Provider) -> None:
    other = Provider.objects.create(organization=provider.organization)
    vault.put(provider, "/a", CANARY, actor_name="ana")
    row = provider.secrets.get()
    ProviderSecret.objects.filter(pk=row.pk).update(owner=other)
    assert vault.open_rows(other.secrets.all()).unreadable == ("/a",)
    ProviderSecret.objects.filter(pk=row.pk).update(owner=provider, pointer="/b")
    assert vault.open_rows(provider.secrets.all()).unreadable == ("/b",)
