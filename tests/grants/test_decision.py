"""The standing gates and their order; that a call is refused by each of them is in tests/agent/test_calls.py."""

from collections.abc import Callable

from grants.changes import plugins, toolkits
from grants.decision import reasons
from grants.decision.context import DecisionContext
from grants.decision.gates import decide
from grants.models import PluginGrant, ToolGrant
from installations import lifecycle
from kasilabs.accounts.permissions import Role
from kasilabs.logs.gates import STANDING
from kasilabs.logs.models import Call
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp import chat_answerers, numbers
from plugins.models import Version
from tests.support import factories
from tests.support.factories import ACTOR
from tests.support.platform import Build, Platform

SLUG = "SUPPORT_DESK"
KEY = "support:tickets:create"


def refusing_gate(platform: Platform) -> str | None:
    platform.legal.refresh_from_db()
    context = DecisionContext.load(platform.legal, slug=SLUG)
    plugin = context.plugins[SLUG]
    return decide(context, plugin, plugin.manifest.tools[0]).gate


def test_the_gates_refuse_in_order_whatever_else_is_wrong(build: Build) -> None:
    platform = build("https://plugin.example/tools", requires=[{"toolkit": "PAYMENTS"}, {"access": "chat"}])
    owner = factories.member(platform.organization, Role.OWNER)
    legal, installation = platform.legal, platform.installation
    lifecycle.configure(installation=installation, values={}, actor=ACTOR)
    plugins.revoke_plugin(instance=legal, installation=installation, actor=ACTOR)
    Version.objects.update(state=Version.State.QUARANTINED)
    lifecycle.suspend(installation=installation, actor=ACTOR)
    numbers.suspend(instance=legal, actor=ACTOR)

    def grant_nothing_of_it() -> None:
        plugins.grant_plugin(instance=legal, installation=installation, tools=[], permissions=[], actor=ACTOR)

    def turn_the_tool_on() -> None:
        on = ToolGrant.State.ON
        plugins.set_tool(grant=PluginGrant.objects.get(), tool="create_support_ticket", state=on, actor=ACTOR)

    mend: dict[str, Callable[[], object]] = {
        "number": lambda: numbers.resume(instance=legal, actor=ACTOR),
        "organization_installation": lambda: lifecycle.resume(installation=installation, actor=ACTOR),
        "plugin_state": lambda: Version.objects.update(state=Version.State.DRAFT),
        "instance_grant": grant_nothing_of_it,
        "tool_grant": turn_the_tool_on,
        "permission_grant": lambda: plugins.set_permission(
            grant=PluginGrant.objects.get(), key=KEY, on=True, actor=ACTOR
        ),
        "toolkit_installation": lambda: toolkits.install(
            organization=platform.organization, toolkit=Toolkit.PAYMENTS, actor=ACTOR
        ),
        "toolkit_grant": lambda: toolkits.grant(instance=legal, toolkit=Toolkit.PAYMENTS, actor=ACTOR),
        "requirement": lambda: chat_answerers.add(instance=legal, member=owner, actor=ACTOR),
        "configuration": lambda: lifecycle.configure(
            installation=installation, values={"defaultQueue": "billing"}, actor=ACTOR
        ),
    }
    refused = []
    for act in mend.values():
        refused.append(refusing_gate(platform))
        act()
    assert refused == list(mend) == list(STANDING)
    assert refusing_gate(platform) is None


def test_every_reason_fits_its_column_of_the_log() -> None:
    assert max(map(len, reasons.MESSAGES)) <= (Call._meta.get_field("reason").max_length or 0)
