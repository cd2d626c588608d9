from functools import partial

import pytest

from grants.changes import plugins, toolkits
from grants.models import OrganizationToolkit, PluginGrant, ToolGrant, ToolkitGrant
from installations import lifecycle
from kasilabs.accounts import audit
from kasilabs.accounts.models import AuditEntry
from kasilabs.logs.models import Mode
from kasilabs.toolkits.catalogue import Toolkit
from tests import make
from tests.at_once import at_once, or_error
from tests.grants.conftest import MANIFEST

pytestmark = pytest.mark.django_db(transaction=True)
TOOL = "create_support_ticket"


def test_granting_both_modes_at_once_leaves_one_with_its_own_cells() -> None:
    organization = make.organization()
    number, sandbox = make.number(organization), make.installation(organization, **MANIFEST)
    live = lifecycle.install(
        organization=organization, version=sandbox.version, mode=Mode.LIVE, user=None, actor=make.ACTOR
    ).installation
    grant = partial(plugins.grant_plugin, instance=number, tools=[TOOL], permissions=[], actor=make.ACTOR)
    at_once(*[partial(grant, installation=each) for each in (sandbox, live, sandbox, live)])
    assert PluginGrant.objects.count() == 1
    assert list(PluginGrant.objects.get().tools.values_list("tool", flat=True)) == [TOOL]
    assert audit.verify(organization.id.hex).is_whole


def test_one_tool_turned_on_by_four_at_once_is_noted_once() -> None:
    organization = make.organization()
    installation = make.installation(organization, **MANIFEST)
    grant = plugins.grant_plugin(
        instance=make.number(organization), installation=installation, tools=[], permissions=[], actor=make.ACTOR
    )
    at_once(*[partial(plugins.set_tool, grant=grant, tool=TOOL, state=ToolGrant.State.ON, actor=make.ACTOR)] * 4)
    assert ToolGrant.objects.count() == 1
    assert AuditEntry.objects.filter(action="grant.tool_set").count() == 1


def test_a_tool_turned_on_while_its_plugin_is_taken_back_leaves_nothing_behind() -> None:
    organization = make.organization()
    installation = make.installation(organization, **MANIFEST)
    grant = plugins.grant_plugin(
        instance=make.number(organization), installation=installation, tools=[], permissions=[], actor=make.ACTOR
    )
    turn_on = partial(plugins.set_tool, grant=grant, tool=TOOL, state=ToolGrant.State.ON, actor=make.ACTOR)
    done = at_once(or_error(turn_on), or_error(partial(plugins.ungrant, grant=grant, actor=make.ACTOR)))
    assert done[1] is None
    assert not ToolGrant.objects.exists()


def test_a_toolkit_installed_and_granted_by_three_at_once_is_there_once() -> None:
    organization = make.organization()
    number = make.number(organization)
    at_once(*[partial(toolkits.install, organization=organization, toolkit=Toolkit.PAYMENTS, actor=make.ACTOR)] * 3)
    at_once(*[partial(toolkits.grant, instance=number, toolkit=Toolkit.PAYMENTS, actor=make.ACTOR)] * 3)
    assert (OrganizationToolkit.objects.count(), ToolkitGrant.objects.count()) == (1, 1)
    assert AuditEntry.objects.filter(action__startswith="toolkit.").count() == 2
