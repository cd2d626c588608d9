import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from kasilabs.accounts import keyring
from kasilabs.accounts.models import StoredKey
from tests.support import factories

Purpose = keyring.Purpose


@pytest.mark.django_db(transaction=True)
def test_a_key_whose_transaction_failed_is_not_used_again() -> None:
    """What it had signed would never verify again once the process ends, and other processes would use another one."""
    with transaction.atomic():
        lost = keyring.platform_key(Purpose.AUDIT_CHAIN)
        transaction.set_rollback(True)
    used = keyring.platform_key(Purpose.AUDIT_CHAIN)
    keyring.clear_cache()
    assert keyring.platform_key(Purpose.AUDIT_CHAIN) == used != lost


@pytest.mark.django_db(transaction=True)
def test_a_key_is_read_once_its_transaction_is_over(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    organization = factories.organization()
    with transaction.atomic():
        made = keyring.organization_key(organization.id, Purpose.ALIAS)
        assert keyring.organization_key(organization.id, Purpose.ALIAS) == made
    with django_assert_num_queries(0):
        assert keyring.organization_key(organization.id, Purpose.ALIAS) == made
    assert StoredKey.objects.count() == 1
