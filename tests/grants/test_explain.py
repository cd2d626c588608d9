import pytest

from grants.changes import plugins, toolkits
from grants.matrix.cells_html import header_id
from grants.matrix.explain import Explanation, explain_row
from grants.models import ToolGrant
from installations.models import Installation
from kasilabs.logs.gates import STANDING
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.models import Version
from tests.grants.conftest import Desk
from tests.support import factories
from tests.support.factories import ACTOR
from tests.support.visits import As, page

PAGE = "/o/kasi-legal/grants/explain/"
TOOL, KEY, PAY = "create_support_ticket", "support:tickets:create", "bridge:payments:initiate"


def explained(desk: Desk, name: str = TOOL) -> Explanation:
    found = explain_row(Instance.objects.get(pk=desk.legal.pk), "SUPPORT_DESK", name, lambda _permission: True)
    assert found is not None
    return found


def gate_results(desk: Desk, name: str = TOOL) -> list[str]:
    return [step.result for step in explained(desk, name).steps]


def fix(desk: Desk, name: str = TOOL) -> str:
    found = explained(desk, name).fix
    return found.url if found else ""


def test_every_gate_is_passed_by_a_tool_that_works(desk: Desk) -> None:
    desk.grant()
    found = explained(desk)
    assert [step.name for step in found.steps] == [gate.value for gate in STANDING]
    assert gate_results(desk) == ["passed"] * 10
    assert (found.message, found.fix, found.is_set) == ("", None, True)


def test_the_gate_that_refuses_says_why_and_those_behind_it_are_not_reached(desk: Desk) -> None:
    grant = desk.grant()
    plugins.set_tool(grant=grant, tool=TOOL, state=ToolGrant.State.OFF, actor=ACTOR)
    assert gate_results(desk) == ["passed"] * 4 + ["refused"] + ["not_reached"] * 5
    assert explained(desk).steps[4].message == "The tool create_support_ticket is off for Legal Consultations."


def test_each_refusal_leads_to_what_would_change_it(desk: Desk) -> None:
    number, installation = desk.legal.public_id, desk.installation.public_id
    matrix = f"/o/kasi-legal/grants/?plugin=SUPPORT_DESK&number={number}"
    stem = header_id(desk.legal, desk.installation)
    assert fix(desk) == f"{matrix}#{stem}"
    grant = desk.grant(tools=[], permissions=[])
    assert fix(desk) == f"{matrix}#{stem}-0"
    plugins.set_tool(grant=grant, tool=TOOL, state=ToolGrant.State.ON, actor=ACTOR)
    assert fix(desk) == f"{matrix}#{stem}-2"
    Installation.objects.update(state="suspended")
    assert fix(desk) == f"/o/kasi-legal/installations/{installation}/"
    Instance.objects.filter(pk=desk.legal.pk).update(state="suspended")
    assert fix(desk) == f"/o/kasi-legal/numbers/{number}/"


def test_what_only_the_platform_can_lift_has_no_link(desk: Desk) -> None:
    desk.grant()
    Version.objects.update(state=Version.State.QUARANTINED)
    assert explained(desk).message == "Support Desk 1.0.0 is in quarantine."
    assert explained(desk).fix is None


def test_a_configuration_that_is_not_complete_leads_to_its_form(desk: Desk) -> None:
    desk.grant()
    Installation.objects.update(state="needs_configuration")
    assert fix(desk) == f"/o/kasi-legal/installations/{desk.installation.public_id}/configuration/"


def test_a_bridge_permission_names_its_toolkit(desk: Desk) -> None:
    desk.grant(permissions=[PAY])
    assert explained(desk, PAY).message == "Not installed for this organization: PAYMENTS."
    assert fix(desk, PAY) == "/o/kasi-legal/toolkits/"
    toolkits.install(organization=desk.organization, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    assert fix(desk, PAY) == f"/o/kasi-legal/numbers/{desk.legal.public_id}/toolkits/"
    toolkits.grant(instance=desk.legal, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    assert gate_results(desk, PAY) == ["passed"] * 7


def test_a_permission_that_is_off_stops_at_its_own_gate(desk: Desk) -> None:
    desk.grant(permissions=[])
    assert gate_results(desk, KEY) == ["passed"] * 4 + ["refused"] + ["not_reached"] * 2
    assert explained(desk, KEY).is_off


def test_the_page_answers_the_link_of_a_refusal(desk: Desk, cast: factories.Cast, as_: As) -> None:
    query = {"number": desk.legal.public_id, "tool": "support_desk__create_support_ticket"}
    shown = page(as_(cast.admin).get(PAGE, query))
    assert "Why is this blocked?" in shown
    assert "Support Desk is not granted to Legal Consultations." in shown
    assert "Grant it in the matrix" in shown
    assert shown.count("Not reached") == 6


def test_somebody_who_may_only_look_reads_why_and_gets_no_link_that_would_refuse(
    desk: Desk, cast: factories.Cast, as_: As
) -> None:
    desk.grant(permissions=[])
    query = {"number": desk.legal.public_id, "plugin": "SUPPORT_DESK", "permission": KEY}
    shown = page(as_(cast.viewer).get(PAGE, query))
    assert "Why is this off?" in shown
    assert "in the matrix" not in shown
    assert "Turn it on" not in shown


def test_a_blocked_cell_is_turned_off_from_its_explanation(desk: Desk, cast: factories.Cast, as_: As) -> None:
    grant = desk.grant(permissions=[])
    query = {"number": desk.legal.public_id, "tool": "support_desk__create_support_ticket"}
    shown = page(as_(cast.admin).get(PAGE, query))
    assert f'name="off" value="{grant.id.hex}:{TOOL}"' in shown
    as_(cast.admin).post("/o/kasi-legal/grants/cells/", {"off": f"{grant.id.hex}:{TOOL}"})
    assert not explained(desk).is_set


def test_without_a_question_the_page_lets_choose_one(desk: Desk, cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.viewer).get(PAGE))
    assert "Choose a number and a tool" in shown
    assert "<option>support_desk__find_support_ticket</option>" in shown


@pytest.mark.parametrize(
    "asked",
    [
        {"tool": "support_desk__nope"},
        {"tool": "no_desk__create_support_ticket"},
        {"plugin": "SUPPORT_DESK", "permission": "nope"},
        {"number": "wa_0", "tool": "support_desk__create_support_ticket"},
    ],
)
def test_what_the_organization_has_not_is_not_found(
    desk: Desk, cast: factories.Cast, as_: As, asked: dict[str, str]
) -> None:
    assert as_(cast.viewer).get(PAGE, {"number": desk.legal.public_id, **asked}).status_code == 404


def test_a_number_of_another_organization_is_not_found(desk: Desk, cast: factories.Cast, as_: As) -> None:
    theirs = factories.number(cast.rival, "Rival Desk")
    query = {"number": theirs.public_id, "tool": "support_desk__create_support_ticket"}
    assert as_(cast.owner).get(PAGE, query).status_code == 404


def test_an_installation_shows_its_numbers_as_page_and_as_fragment(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant()
    url = f"/o/kasi-legal/installations/{desk.installation.public_id}/access/"
    fragment = page(as_(cast.viewer).get(url, headers={"HX-Request": "true"}))
    assert fragment.lstrip().startswith('<section class="card" aria-labelledby="access_title">')
    assert "3 of 5" in fragment
    assert fragment.count("Not granted") == 1
    assert "Access of Support Desk</h1>" in page(as_(cast.viewer).get(url))
