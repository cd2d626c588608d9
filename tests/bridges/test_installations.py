"""A plugin asks where it may act."""

from dataclasses import replace

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bridges.actions.installations import list_installations
from grants.changes import plugins, toolkits
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.lib import ids
from kasilabs.logs.models import Call, CallKind, CallState
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, Toolkit
from tests.support import bridges, factories
from tests.support.bridges import BridgePlugin


def test_a_plugin_lists_where_it_may_act(gas: BridgePlugin) -> None:
    answer = replace(gas.signer, issuer="GAS_OS").get("installations")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == {
        "installations": [
            {
                "id": gas.installation.public_id,
                "organization": gas.organization.public_id,
                "instances": [{"id": gas.number.public_id, "name": "Orders", "permissions": sorted(BRIDGE_ACTIONS)}],
            }
        ]
    }


def test_only_permissions_in_force_are_listed(gas: BridgePlugin) -> None:
    toolkits.revoke(instance=gas.number, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    plugins.set_permission(grant=gas.grant, key="bridge:background", on=False, actor=factories.ACTOR)
    answer = replace(gas.signer, issuer="GAS_OS").get("installations").json()
    listed = set(answer["installations"][0]["instances"][0]["permissions"])
    assert set(BRIDGE_ACTIONS) - listed == {
        "bridge:background",
        "bridge:payments:initiate",
        "bridge:payments:read",
        "bridge:payments:refund",
    }


def _install_elsewhere(gas: BridgePlugin, organization: Organization) -> None:
    """Install and grant the plugin in an organization that does not own it, as a review will allow."""
    installation = Installation.objects.get(pk=gas.installation.pk)
    installation.pk, installation.organization = ids.uuid7(), organization
    installation.save(force_insert=True)
    plugins.grant_plugin(
        instance=factories.number(organization),
        installation=installation,
        tools=None,
        permissions=list(BRIDGE_ACTIONS),
        actor=factories.ACTOR,
    )


def test_one_organization_more_is_one_query_more(gas: BridgePlugin) -> None:
    secret, counts = bridges.secret_of(gas.installation), []
    for name in ("kasi-two", "kasi-three", "kasi-four"):
        with CaptureQueriesContext(connection) as queries:
            listed = list_installations(secret)
        counts.append((len(listed), len(queries)))
        _install_elsewhere(gas, factories.organization(name))
    assert counts == [(1, 3), (2, 4), (3, 5)]


def test_a_suspended_installation_is_not_listed(gas: BridgePlugin) -> None:
    lifecycle.suspend(installation=gas.installation, actor=factories.ACTOR)
    assert replace(gas.signer, issuer="GAS_OS").get("installations").json() == {"installations": []}


def test_another_plugin_is_not_listed(gas: BridgePlugin) -> None:
    other = bridges.build("PIZZA_OS", organization=factories.organization("kasi-pizza"))
    listed = replace(gas.signer, issuer="GAS_OS").get("installations").json()["installations"]
    assert [each["id"] for each in listed] == [gas.installation.public_id]
    assert replace(other.signer, issuer="GAS_OS").get("installations").status_code == 401


def test_the_listing_leaves_a_row_for_the_owner_of_the_plugin(gas: BridgePlugin) -> None:
    replace(gas.signer, issuer="GAS_OS").get("installations")
    row = Call.objects.get()
    assert (row.kind, row.state, row.status) == (CallKind.BRIDGE, CallState.SUCCEEDED, 200)
    assert (row.organization, row.plugin, row.mode, row.tool) == (
        gas.organization,
        "GAS_OS",
        "sandbox",
        "installations",
    )
    assert (row.instance_id, row.installation_id, row.public_id[:4]) == (None, None, "brc_")


def test_too_many_requests_are_refused_and_said_when_to_come_back(gas: BridgePlugin, settings: object) -> None:
    settings.RATE_LIMIT_BRIDGE = 2  # type: ignore[attr-defined]
    signer = replace(gas.signer, issuer="GAS_OS")
    answers = [signer.get("installations") for _each in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[2].json()["code"], answers[2].json()["gate"]) == ("rate_limited", "rate_limit")
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert [row.state for row in Call.objects.order_by("id")] == ["succeeded", "succeeded", "refused"]
