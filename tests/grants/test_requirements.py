"""What a plugin requires beside itself: the gate `requirement`, the toolkits of bridges, and what it costs."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.changes import plugins, toolkits
from grants.decision import reasons
from grants.decision.context import DecisionContext
from grants.decision.gates import Decision, decide, permissions_in_force, suppressed_toolkits
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts.models import Member, Organization, User
from kasilabs.accounts.permissions import Role
from kasilabs.lib.states import Mode
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp import chat_answerers
from kasilabs.whatsapp.models import Instance
from plugins.models import Version
from tests.support import factories
from tests.support.factories import ACTOR, Cast

SLUG = "DELIVERY_DESK"


def install(organization: Organization, slug: str = SLUG, *, needs: str = "", **manifest: Any) -> Installation:
    """Installs a plugin with one tool; `needs` is a permission of its own or a bridge, which the tool needs."""
    tool = {**factories.SUPPORT_DESK["tools"][0], "permissions": [needs] if needs else []}
    asked = {"key": needs, "default": True, "reason": "Asks the platform."}
    if needs and not needs.startswith("bridge:"):
        asked |= {"label": needs, "description": needs}
    made = {"slug": slug, "tools": [tool], "permissions": [asked] if needs else [], "configurationSchema": None}
    return factories.installation(organization, **{**made, **manifest})


def grant(number: Instance, installation: Installation) -> None:
    plugins.grant_plugin(instance=number, installation=installation, tools=None, permissions=None, actor=ACTOR)


def give(number: Instance, toolkit: Toolkit) -> None:
    toolkits.install(organization=number.organization, toolkit=toolkit, actor=ACTOR)
    toolkits.grant(instance=number, toolkit=toolkit, actor=ACTOR)


def decision(number: Instance, slug: str = SLUG) -> Decision:
    """Decides the plugin's tool as a call does, and sees that a list decides the same."""
    context = DecisionContext.load(number, slug=slug)
    plugin = context.plugin(slug)
    assert plugin is not None
    found = decide(context, plugin, plugin.manifest.tools[0])
    whole = DecisionContext.load(number)
    of_list = decide(whole, whole.grants[slug].plugin, plugin.manifest.tools[0])
    assert (of_list.gate, of_list.reason) == (found.gate, found.reason)
    return found


@pytest.fixture
def number(cast: Cast) -> Instance:
    return factories.number(cast.organization)


# The table "Merchant must also grant" of the developer overview: its own permission, what it requires, and the ways in
# which a merchant can grant that.
TABLE: dict[str, tuple[str, list[dict[str, Any]], list[str]]] = {
    "create delivery after payment": (
        "delivery:jobs:create",
        [
            {
                "anyOf": [{"toolkit": "PAYMENTS"}, {"toolkit": "ECOMMERCE"}],
                "reason": "Payment or order status before a rider is sent.",
            }
        ],
        ["PAYMENTS", "ECOMMERCE"],
    ),
    "create invoice after checkout": (
        "accounting:invoices:create",
        [{"toolkit": "PAYMENTS", "reason": "Payment confirmation."}],
        ["PAYMENTS"],
    ),
    "book appointment and remind customer": (
        "bookings:appointments:create",
        [{"toolkit": "SCHEDULING", "reason": "Reminders."}],
        ["SCHEDULING"],
    ),
    "send paid order to warehouse": (
        "warehouse:orders:create",
        [{"toolkit": "ECOMMERCE", "reason": "Paid order state."}],
        ["ECOMMERCE"],
    ),
    "create customer support ticket": (
        "support:tickets:create",
        [{"anyOf": [{"toolkit": "ESCALATIONS"}, {"access": "chat"}], "reason": "Human follow-up."}],
        ["ESCALATIONS", "chat"],
    ),
}
ROWS = [(name, way) for name, (_key, _requires, ways) in TABLE.items() for way in ways]


@pytest.mark.parametrize(("row", "way"), ROWS, ids=[f"{name} with {way}" for name, way in ROWS])
def test_merchant_must_also_grant(cast: Cast, number: Instance, row: str, way: str) -> None:
    key, requires, ways = TABLE[row]
    grant(number, install(cast.organization, needs=key, requires=requires))
    is_choice = len(ways) > 1

    assert decision(number).gate == ("requirement" if is_choice else "toolkit_installation")
    if way == "chat":
        chat_answerers.add(instance=number, member=Member.objects.get(user=cast.operator), actor=ACTOR)
    else:
        toolkits.install(organization=cast.organization, toolkit=Toolkit(way), actor=ACTOR)
        assert decision(number).gate == ("requirement" if is_choice else "toolkit_grant")
        toolkits.grant(instance=number, toolkit=Toolkit(way), actor=ACTOR)
    assert decision(number).allowed


def test_a_required_plugin_is_granted_active_and_not_quarantined(cast: Cast, number: Instance) -> None:
    grant(number, install(cast.organization, requires=[{"plugin": "SHOP_DESK"}]))
    found = [reasons.message(decision(number))]

    shop = install(cast.organization, "SHOP_DESK", configurationSchema=factories.SUPPORT_DESK["configurationSchema"])
    found.append(reasons.message(decision(number)))
    grant(number, shop)
    found.append(reasons.message(decision(number)))
    lifecycle.configure(installation=shop, values={"defaultQueue": "billing"}, actor=ACTOR)
    assert decision(number).allowed
    lifecycle.suspend(installation=shop, actor=ACTOR)
    found.append(reasons.message(decision(number)))
    Version.objects.filter(pk=shop.version_id).update(state=Version.State.QUARANTINED)
    found.append(reasons.message(decision(number)))

    lacks = ["not installed", "not granted", "needs configuration", "suspended", "in quarantine"]
    sentence = "Legal Consultations lacks what create_support_ticket requires: the plugin SHOP_DESK ({})."
    assert found == [sentence.format(lack) for lack in lacks]


def test_a_required_plugin_may_be_there_in_either_mode(cast: Cast, number: Instance) -> None:
    grant(number, install(cast.organization, requires=[{"plugin": "SHOP_DESK"}]))
    sandbox = install(cast.organization, "SHOP_DESK")
    live = lifecycle.install(
        organization=cast.organization, version=sandbox.version, mode=Mode.LIVE, user=None, actor=ACTOR
    )
    grant(number, live.installation)
    assert decision(number).allowed


def test_what_a_required_plugin_requires_itself_is_not_asked(cast: Cast, number: Instance) -> None:
    grant(number, install(cast.organization, requires=[{"plugin": "SHOP_DESK"}]))
    grant(number, install(cast.organization, "SHOP_DESK", requires=[{"plugin": SLUG}, {"access": "chat"}]))
    assert decision(number).allowed
    assert decision(number, "SHOP_DESK").gate == "requirement"


def test_a_plugin_on_another_number_or_of_another_organization_does_not_count(cast: Cast, number: Instance) -> None:
    grant(number, install(cast.organization, requires=[{"plugin": "SHOP_DESK"}]))
    rival = factories.organization()
    shop = factories.version(rival, slug="SHOP_DESK", configurationSchema=None)
    theirs = lifecycle.install(organization=rival, version=shop, mode=Mode.SANDBOX, user=None, actor=ACTOR)
    grant(factories.number(rival), theirs.installation)
    assert "the plugin SHOP_DESK (not installed)" in reasons.message(decision(number))


def test_an_answerer_counts_while_active_a_member_and_allowed(cast: Cast, number: Instance) -> None:
    grant(number, install(cast.organization, requires=[{"access": "chat"}]))
    member = Member.objects.get(user=cast.operator)
    chat_answerers.add(instance=number, member=member, actor=ACTOR)
    assert decision(number).allowed

    User.objects.filter(pk=cast.operator.pk).update(is_active=False)
    suspended = reasons.message(decision(number))
    User.objects.filter(pk=cast.operator.pk).update(is_active=True)
    Member.objects.filter(pk=member.pk).update(withdrawn=["chats.answer"])
    withdrawn = reasons.message(decision(number))
    Member.objects.filter(pk=member.pk).update(withdrawn=[], role=Role.VIEWER)
    as_viewer = reasons.message(decision(number))
    Member.objects.filter(pk=member.pk).update(extra=["chats.answer"])
    assert decision(number).allowed
    member.delete()

    sentence = "requires: somebody who answers its chats (nobody is named)."
    for found in (suspended, withdrawn, as_viewer, reasons.message(decision(number))):
        assert found.endswith(sentence)


def test_an_answerer_of_another_number_does_not_count(cast: Cast, number: Instance) -> None:
    grant(number, install(cast.organization, requires=[{"access": "chat"}]))
    other = factories.number(cast.organization, "Billing Support")
    chat_answerers.add(instance=other, member=Member.objects.get(user=cast.owner), actor=ACTOR)
    assert decision(number).gate == "requirement"


def test_an_unmet_choice_says_what_is_the_matter_with_each_alternative(cast: Cast, number: Instance) -> None:
    choice = {"anyOf": [{"toolkit": "PAYMENTS"}, {"plugin": "SHOP_DESK"}]}
    grant(number, install(cast.organization, requires=[{"access": "chat"}, choice]))
    toolkits.install(organization=cast.organization, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    assert reasons.message(decision(number)) == (
        "Legal Consultations lacks what create_support_ticket requires: somebody who answers its chats (nobody is "
        "named); PAYMENTS (not granted) or the plugin SHOP_DESK (not installed)."
    )


def test_a_tool_requires_for_itself_alone(cast: Cast, number: Instance) -> None:
    first = {**factories.SUPPORT_DESK["tools"][0], "permissions": [], "requires": [{"toolkit": "PAYMENTS"}]}
    second = {**first, "name": "find_ticket", "requires": []}
    grant(number, install(cast.organization, tools=[first, second]))
    context = DecisionContext.load(number, slug=SLUG)
    plugin = context.grants[SLUG].plugin
    assert [decide(context, plugin, tool).gate for tool in plugin.manifest.tools] == ["toolkit_installation", None]


def test_a_tool_needs_the_toolkits_of_its_bridges(cast: Cast, number: Instance) -> None:
    grant(number, install(cast.organization, needs="bridge:messaging:schedule"))
    found = []
    for toolkit in (Toolkit.MESSAGING, Toolkit.SCHEDULING):
        found.append(reasons.message(decision(number)))
        toolkits.install(organization=cast.organization, toolkit=toolkit, actor=ACTOR)
    for toolkit in (Toolkit.MESSAGING, Toolkit.SCHEDULING):
        found.append(reasons.message(decision(number)))
        toolkits.grant(instance=number, toolkit=toolkit, actor=ACTOR)
    assert found == [
        "Not installed for this organization: MESSAGING, SCHEDULING.",
        "Not installed for this organization: SCHEDULING.",
        "Not granted to Legal Consultations: MESSAGING, SCHEDULING.",
        "Not granted to Legal Consultations: SCHEDULING.",
    ]
    assert decision(number).allowed


def test_a_bridge_is_in_force_and_hides_commerce_only_with_its_toolkit(cast: Cast, number: Instance) -> None:
    key = "bridge:commerce:create_order"
    installation = install(cast.organization, needs=key)
    grant(number, installation)

    def in_force() -> tuple[list[str], list[str]]:
        context = DecisionContext.load(number)
        return permissions_in_force(context, context.grants[SLUG].plugin), suppressed_toolkits(context)

    nothing: tuple[list[str], list[str]] = ([], [])
    held = ([key], ["ECOMMERCE"])
    found = [in_force()]
    toolkits.install(organization=cast.organization, toolkit=Toolkit.ECOMMERCE, actor=ACTOR)
    found.append(in_force())
    toolkits.grant(instance=number, toolkit=Toolkit.ECOMMERCE, actor=ACTOR)
    found.append(in_force())
    lifecycle.suspend(installation=installation, actor=ACTOR)
    found.append(in_force())
    assert found == [nothing, nothing, held, nothing]


def test_requirements_cost_no_query_more(cast: Cast, number: Instance) -> None:
    requires = [{"plugin": f"SHOP_{n}"} for n in range(5)] + [{"access": "chat"}]
    grant(number, install(cast.organization, requires=requires))
    for n in range(5):
        grant(number, install(cast.organization, f"SHOP_{n}"))
    DecisionContext.load(number)
    for slug in (SLUG, None):
        with CaptureQueriesContext(connection) as queries:
            DecisionContext.load(number, slug=slug)
        assert len(queries) == 2
