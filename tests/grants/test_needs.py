"""What a plugin needs on a number, on every page that shows it, with its reasons and the link that mends it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.changes import plugins, toolkits
from installations.models import Installation
from kasilabs.accounts.models import Member
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp import chat_answerers
from kasilabs.whatsapp.models import Instance
from tests.support import factories
from tests.support.factories import ACTOR, Cast
from tests.support.visits import As, page, send

REQUIRES = [
    {"anyOf": [{"toolkit": "PAYMENTS"}, {"toolkit": "ECOMMERCE"}], "reason": "A rider leaves for paid <b>orders</b>."},
    {"plugin": "SHOP_DESK"},
    {"access": "chat", "reason": "Somebody has to take complaints."},
]
TOOL = {
    **factories.SUPPORT_DESK["tools"][0],
    "name": "create_delivery_job",
    "title": "Create a delivery job",
    "requires": [{"toolkit": "MESSAGING", "reason": "Tells the customer."}],
    "permissions": ["bridge:escalations:create"],
}
WORKFLOWS = [
    {
        "title": "Paid delivery order",
        "steps": [
            {"toolkit": "ECOMMERCE", "does": "Creates the order."},
            {"toolkit": "PAYMENTS", "does": "Confirms the payment."},
            {"tool": "create_delivery_job", "does": "Books a rider."},
        ],
    }
]
MANIFEST: dict[str, Any] = {
    "slug": "DELIVERY_DESK",
    "name": "Delivery Desk",
    "configurationSchema": None,
    "requires": REQUIRES,
    "workflows": WORKFLOWS,
    "permissions": [{"key": "bridge:escalations:create", "reason": "A late rider.", "default": True}],
    "tools": [TOOL],
}
DECLARED = [
    ("PAYMENTS or ECOMMERCE", "A rider leaves for paid &lt;b&gt;orders&lt;/b&gt;."),
    ("The plugin SHOP_DESK", ""),
    ("Somebody who answers its chats", "Somebody has to take complaints."),
    ("MESSAGING", "Tells the customer."),
    ("ESCALATIONS", "A late rider."),
]


@pytest.fixture
def number(cast: Cast) -> Instance:
    return factories.number(cast.organization)


@pytest.fixture
def installation(cast: Cast, number: Instance) -> Installation:
    made = factories.installation(cast.organization, **MANIFEST)
    plugins.grant_plugin(instance=number, installation=made, tools=None, permissions=None, actor=ACTOR)
    return made


def give_all(cast: Cast, number: Instance) -> None:
    for toolkit in (Toolkit.PAYMENTS, Toolkit.MESSAGING, Toolkit.ESCALATIONS):
        toolkits.install(organization=cast.organization, toolkit=toolkit, actor=ACTOR)
        toolkits.grant(instance=number, toolkit=toolkit, actor=ACTOR)
    shop = factories.installation(cast.organization, slug="SHOP_DESK", configurationSchema=None)
    plugins.grant_plugin(instance=number, installation=shop, tools=None, permissions=None, actor=ACTOR)
    chat_answerers.add(instance=number, member=Member.objects.get(user=cast.operator), actor=ACTOR)


def test_step_1_and_the_pages_of_version_and_installation_show_needs_with_reasons(
    cast: Cast, as_: As, installation: Installation
) -> None:
    factories.version(cast.organization, **{**MANIFEST, "slug": "DELIVERY_TWO"})
    for url in (
        "/o/kasi-legal/installations/new/DELIVERY_TWO/permissions/",
        "/o/kasi-legal/developer/DELIVERY_DESK/1.0.0/",
        f"/o/kasi-legal/installations/{installation.public_id}/",
    ):
        shown = page(as_(cast.owner).get(url))
        for text, reason in DECLARED:
            assert f"<strong>{text}</strong>" in shown
            assert reason in shown
        assert "Without it these do not work: Create a delivery job" in shown
        assert "Without it these do not work: Hand a conversation to a person" in shown


def test_workflows_are_shown_step_by_step_with_who_decides_what(
    cast: Cast, as_: As, installation: Installation
) -> None:
    for url in (
        "/o/kasi-legal/developer/DELIVERY_DESK/1.0.0/",
        f"/o/kasi-legal/installations/{installation.public_id}/",
    ):
        shown = page(as_(cast.viewer).get(url))
        places = [
            shown.index(text)
            for text in (
                "Paid delivery order",
                "<strong> ECOMMERCE: </strong> Creates the order. <small>Decides the state of orders and their",
                "<strong> PAYMENTS: </strong> Confirms the payment. <small>Decides whether a payment is confirmed",
                "<strong> Delivery Desk: </strong> Books a rider. <small>Decides the action it performs",
            )
        ]
        assert places == sorted(places)


def test_step_2_offers_alternatives_and_says_on_which_numbers_the_rest_holds(
    cast: Cast, as_: As, number: Instance
) -> None:
    factories.version(cast.organization, **MANIFEST)
    owner, step = as_(cast.owner), "/o/kasi-legal/installations/new/DELIVERY_DESK/"
    send(owner, f"{step}permissions/", {"permissions": ["bridge:escalations:create"]})
    shown = page(owner.get(f"{step}numbers/"))
    for toolkit in ("PAYMENTS", "ECOMMERCE", "MESSAGING", "ESCALATIONS"):
        assert f'name="toolkits" value="{toolkit}"' in shown
    assert "SCHEDULING" not in shown
    assert shown.count("One of these is enough: PAYMENTS or ECOMMERCE") == 2
    assert "Without it these do not work there: Create a delivery job" in shown
    assert shown.count("On no number yet") == 2
    chat_answerers.add(instance=number, member=Member.objects.get(user=cast.operator), actor=ACTOR)
    shown = page(owner.get(f"{step}numbers/"))
    assert "There on Legal Consultations" in shown
    assert shown.count("On no number yet") == 1


def test_the_access_of_an_installation_says_what_each_number_lacks(
    cast: Cast, as_: As, number: Instance, installation: Installation
) -> None:
    url = f"/o/kasi-legal/installations/{installation.public_id}/access/"
    shown = page(as_(cast.owner).get(url))
    assert "Lacks PAYMENTS (not installed) or ECOMMERCE (not installed)" in shown
    assert "Lacks the plugin SHOP_DESK (not installed)" in shown
    assert "Lacks somebody who answers its chats (nobody is named)" in shown
    assert f'<a href="/o/kasi-legal/numbers/{number.public_id}/#answerers">Name who answers its chats</a>' in shown
    assert "Name who answers its chats" not in page(as_(cast.viewer).get(url))
    give_all(cast, number)
    assert "Lacks" not in page(as_(cast.owner).get(url))


def test_the_overview_says_that_nothing_works_and_where_to_mend_it(
    cast: Cast, as_: As, number: Instance, installation: Installation
) -> None:
    owner = as_(cast.owner)
    shown = page(owner.get("/o/kasi-legal/"))
    assert "Delivery Desk is installed, active, and nothing works on Legal Consultations:" in shown
    assert "Not installed for this organization: MESSAGING, ESCALATIONS." in shown
    assert '<a href="/o/kasi-legal/toolkits/">Install the toolkit</a>' in shown
    assert "Install the toolkit" not in page(as_(cast.viewer).get("/o/kasi-legal/"))
    give_all(cast, number)
    assert "nothing works" not in page(owner.get("/o/kasi-legal/"))


def test_a_plugin_with_a_tool_that_works_is_not_named_on_the_overview(cast: Cast, as_: As, number: Instance) -> None:
    free = {**TOOL, "name": "find_job", "requires": [], "permissions": []}
    made = factories.installation(cast.organization, **{**MANIFEST, "requires": [], "tools": [TOOL, free]})
    plugins.grant_plugin(instance=number, installation=made, tools=None, permissions=None, actor=ACTOR)
    assert "nothing works" not in page(as_(cast.owner).get("/o/kasi-legal/"))


def test_explain_lists_every_need_as_it_stands(
    cast: Cast, as_: As, number: Instance, installation: Installation
) -> None:
    give_all(cast, number)
    chat_answerers.remove(instance=number, member=Member.objects.get(user=cast.operator), actor=ACTOR)
    query = {"number": number.public_id, "tool": "delivery_desk__create_delivery_job"}
    shown = page(as_(cast.owner).get("/o/kasi-legal/grants/explain/", query))
    sentence = "lacks what create_delivery_job requires: somebody who answers its chats (nobody is named)."
    assert f"Legal Consultations {sentence}" in shown
    assert "What it needs on this number" in shown
    assert (shown.count("There</span>"), shown.count("Missing</span>")) == (4, 1)
    fix = f'<a class="btn btn-primary" href="/o/kasi-legal/numbers/{number.public_id}/#answerers">'
    assert f"{fix}Name who answers its chats</a>" in shown


@pytest.mark.parametrize(
    ("lack", "label", "url"),
    [
        ("not installed", "Install it from the developer area", "/o/kasi-legal/developer/"),
        ("not granted", "Grant it in the matrix", "/o/kasi-legal/grants/?plugin=SHOP_DESK&amp;number={number}"),
        ("suspended", "Open the plugin", "/o/kasi-legal/installations/{shop}/"),
    ],
)
def test_a_missing_plugin_leads_to_the_page_that_mends_it(
    cast: Cast, as_: As, number: Instance, lack: str, label: str, url: str
) -> None:
    made = factories.installation(cast.organization, **{**MANIFEST, "requires": [{"plugin": "SHOP_DESK"}]})
    plugins.grant_plugin(instance=number, installation=made, tools=None, permissions=None, actor=ACTOR)
    shop = ""
    if lack != "not installed":
        other = factories.installation(cast.organization, slug="SHOP_DESK", configurationSchema=None)
        shop = other.public_id
        if lack == "suspended":
            plugins.grant_plugin(instance=number, installation=other, tools=None, permissions=None, actor=ACTOR)
            Installation.objects.filter(pk=other.pk).update(state="suspended")
    shown = page(as_(cast.owner).get(f"/o/kasi-legal/numbers/{number.public_id}/tools/"))
    assert f"SHOP_DESK ({lack})" in shown
    assert f'<a href="{url.format(number=number.public_id, shop=shop)}">{label}</a>' in shown


def test_the_number_lists_its_plugins_tools_and_suppressed_toolkits(cast: Cast, as_: As, number: Instance) -> None:
    commerce = {"key": "bridge:commerce:create_order", "reason": "Orders of gas.", "default": True}
    off = {**TOOL, "name": "find_job", "title": "Find a job", "requires": [], "permissions": []}
    bare = {"name": "cancel_job", **{member: off[member] for member in ("description", "inputSchema")}}
    changes = {"requires": [], "workflows": [], "tools": [off, bare], "permissions": [commerce]}
    made = factories.installation(cast.organization, **{**MANIFEST, **changes})
    plugins.grant_plugin(instance=number, installation=made, tools=["find_job"], permissions=None, actor=ACTOR)
    url = f"/o/kasi-legal/numbers/{number.public_id}/tools/"
    shown = page(as_(cast.viewer).get(url))
    assert "<strong>Find a job</strong>" in shown
    assert "<strong>Cancel job</strong>" in shown
    assert "<code>delivery_desk__find_job</code>" in shown
    assert "hides its own tools" not in shown

    toolkits.install(organization=cast.organization, toolkit=Toolkit.ECOMMERCE, actor=ACTOR)
    toolkits.grant(instance=number, toolkit=Toolkit.ECOMMERCE, actor=ACTOR)
    shown = page(as_(cast.viewer).get(url, headers={"HX-Request": "true"}))
    assert "The agent hides its own tools of ECOMMERCE: Delivery Desk has their place." in shown
    assert "<html" not in shown


def test_a_number_without_plugins_says_so(cast: Cast, as_: As, number: Instance) -> None:
    shown = page(as_(cast.viewer).get(f"/o/kasi-legal/numbers/{number.public_id}/tools/"))
    assert "No plugin is granted to this number, so its agent gets no tool." in shown


@pytest.mark.parametrize("path", ["", "numbers/{number}/tools/", "numbers/{number}/", "installations/{first}/access/"])
def test_pages_cost_the_same_for_one_plugin_and_ten(cast: Cast, as_: As, number: Instance, path: str) -> None:
    installed: list[Installation] = []
    owner = as_(cast.owner)

    def cost() -> int:
        url = "/o/kasi-legal/" + path.format(number=number.public_id, first=installed[0].public_id)
        owner.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(url).status_code == 200
        return len(queries)

    costs = []
    for count in (1, 10):
        while len(installed) < count:
            made = factories.installation(cast.organization, **{**MANIFEST, "slug": f"DESK_{len(installed)}"})
            plugins.grant_plugin(instance=number, installation=made, tools=None, permissions=None, actor=ACTOR)
            installed.append(made)
        costs.append(cost())
    assert costs[0] == costs[1] <= 8 + 3
