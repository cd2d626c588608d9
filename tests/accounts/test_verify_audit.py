import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kasilabs.accounts import audit
from kasilabs.accounts.models import AuditEntry, AuditHead, Organization
from tests.support import factories

COMMAND = audit.Actor.command("test")


def verify() -> tuple[int, dict[str, Any]]:
    out = StringIO()
    try:
        call_command("verify_audit", "--json", stdout=out)
    except CommandError as error:
        return error.returncode, json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


@pytest.fixture
def organization(db: None) -> Organization:
    organization = factories.organization()
    for _ in range(2):
        with audit.act(actor=COMMAND, action="thing.changed", organization=organization):
            pass
    return organization


@pytest.fixture
def platform(db: None) -> None:
    with audit.act(actor=COMMAND, action="key.made", organization=None):
        pass


def test_whole_chains_are_printed_with_their_heads(organization: Organization) -> None:
    head = AuditEntry.objects.get(organization=organization, seq=2).mac
    chain = {"chain": organization.public_id, "entries": 2, "head": head, "whole": True}
    note = AuditEntry.objects.get(chain=audit.PLATFORM).mac
    platform = {"chain": "platform", "entries": 1, "head": note, "whole": True}
    assert verify() == (0, {"chains": [chain, platform], "whole": True})


def test_a_chain_that_is_gone_is_named_by_the_organization_it_was_of(organization: Organization) -> None:
    AuditEntry.objects.filter(organization=organization).delete()
    AuditHead.objects.filter(chain=organization.id.hex).delete()
    code, answer = verify()
    gone = {"chain": organization.public_id, "entries": 0, "head": "", "whole": False, "brokenAt": 1}
    assert (code, answer["chains"][0], answer["detail"]) == (1, gone, f"Broken: {organization.public_id}.")


def test_a_chain_that_never_began_is_broken_at_zero(organization: Organization) -> None:
    AuditEntry.objects.filter(chain=audit.PLATFORM).delete()
    AuditHead.objects.filter(chain=audit.PLATFORM).delete()
    code, answer = verify()
    assert (code, answer["chains"][0]["brokenAt"]) == (1, 0)


def test_a_broken_chain_ends_with_one_and_says_where(organization: Organization, platform: None) -> None:
    AuditEntry.objects.filter(organization=organization, seq=2).update(actor="somebody else")
    code, answer = verify()
    assert (code, answer["whole"], answer["chains"][0]["brokenAt"]) == (1, False, 2)
    assert answer["code"] == "audit_broken"
    assert answer["detail"] == f"Broken: {organization.public_id}."
    assert [chain["chain"] for chain in answer["chains"]] == [organization.public_id, "platform"]


def test_a_chain_that_belongs_to_nobody_is_broken_under_its_own_name(
    organization: Organization, platform: None
) -> None:
    AuditEntry.objects.filter(seq=1, organization=organization).update(chain="of nobody")
    code, answer = verify()
    assert (code, answer["code"]) == (1, "audit_broken")
    assert answer["detail"] == f"Broken: {organization.public_id}, of nobody."


def test_no_entry_yet_is_whole(db: None) -> None:
    assert verify() == (0, {"chains": [], "whole": True})
