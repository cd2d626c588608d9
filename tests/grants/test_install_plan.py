from dataclasses import replace

import pytest

from grants.install.plan import InstallPlan, set_up_plugin
from kasilabs.accounts.models import AuditEntry
from kasilabs.configuration.command_line import read_settings
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.models import Version
from tests.grants.install_steps import CANARY, nothing_was_installed
from tests.support import factories
from tests.support.factories import ACTOR


def test_a_plan_touches_no_installation_somebody_made_meanwhile(support_desk: Version, cast: factories.Cast) -> None:
    plan = InstallPlan(cast.organization, support_desk, Mode.SANDBOX)
    installation = set_up_plugin(plan, user=None, actor=ACTOR).installation
    noted = AuditEntry.objects.count()
    settings = read_settings(support_desk.manifest.configuration, ["defaultQueue=mine"], [])
    with pytest.raises(Refused) as refused:
        set_up_plugin(replace(plan, settings=settings, only_new=True), user=None, actor=ACTOR)
    installation.refresh_from_db()
    assert (refused.value.code, installation.values, AuditEntry.objects.count()) == ("installed_meanwhile", {}, noted)


def test_a_plan_that_fails_at_its_end_has_done_nothing(
    support_desk: Version, legal: Instance, cast: factories.Cast
) -> None:
    noted = AuditEntry.objects.count()
    settings = read_settings(support_desk.manifest.configuration, ["defaultQueue=mine"], [f"apiKey={CANARY}"])
    plan = InstallPlan(
        cast.organization,
        support_desk,
        Mode.SANDBOX,
        settings,
        [legal],
        permissions=["bridge:messaging:send"],
        toolkits=[Toolkit.ESCALATIONS],
    )
    with pytest.raises(Refused, match="has no permission"):
        set_up_plugin(plan, user=None, actor=ACTOR)
    assert nothing_was_installed()
    assert AuditEntry.objects.count() == noted
