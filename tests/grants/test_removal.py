import pytest

from grants.changes import removal
from grants.decision.tool_list import ToolList
from grants.models import PermissionGrant, PluginGrant, ToolGrant
from installations import lifecycle
from installations.models import Installation, InstallationSecret
from kasilabs.accounts.models import AuditEntry
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.refusal import Refused
from kasilabs.logs.models import Call
from plugins.models import SigningSecret
from tests.grants.conftest import MANIFEST, Desk
from tests.support import factories
from tests.support.concurrency import at_once, or_error
from tests.support.factories import ACTOR
from tests.support.visits import As, hidden_fields, page, send


def url(installation: Installation) -> str:
    return f"/o/{installation.organization.slug}/installations/{installation.public_id}/remove/"


def keep_a_secret(desk: Desk) -> Installation:
    """Install a second plugin, with a secret in its configuration."""
    changed = {**MANIFEST, "configurationSchema": factories.SUPPORT_DESK["configurationSchema"]}
    made = factories.installation(desk.organization, **changed, slug="HELP_DESK")
    secret = SecretChange("/apiKey", Action.REPLACE, "sk-canary-4417-zulu-9Q2X")
    return lifecycle.configure(installation=made, values={"defaultQueue": "a"}, secret_changes=[secret], actor=ACTOR)


def test_a_removal_takes_grants_and_secrets_and_leaves_log_audit_and_signing_secrets(desk: Desk) -> None:
    made = keep_a_secret(desk)
    desk.installation = made
    desk.grant()
    factories.call(desk.legal)
    removal.remove(installation=made, actor=ACTOR)
    made.refresh_from_db()
    assert made.state == "removed"
    counts = [table.objects.count() for table in (PluginGrant, ToolGrant, PermissionGrant, InstallationSecret)]
    assert counts == [0, 0, 0, 0]
    assert (Call.objects.count(), SigningSecret.objects.count()) == (1, 4)
    actions = list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))
    assert actions[-2:] == ["grant.taken_back", "installation.removed"]


def test_only_the_numbers_of_this_installation_lose_something(desk: Desk) -> None:
    desk.grant()
    other = keep_a_secret(desk)
    removal.remove(installation=other, actor=ACTOR)
    assert [tool.name for tool in ToolList.for_instance(desk.legal).tools] == [
        "support_desk__create_support_ticket",
        "support_desk__find_support_ticket",
    ]


def test_a_second_removal_is_refused_and_notes_nothing(desk: Desk) -> None:
    removal.remove(installation=desk.installation, actor=ACTOR)
    noted = AuditEntry.objects.count()
    with pytest.raises(Refused) as refused:
        removal.remove(installation=desk.installation, actor=ACTOR)
    assert (refused.value.code, AuditEntry.objects.count()) == ("removed", noted)


def test_the_page_says_which_number_loses_which_tools(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant()
    desk.grant(desk.billing, tools=[], permissions=[])
    shown = page(as_(cast.admin).get(url(desk.installation)))
    assert "loses 2 tools: <code>create_support_ticket, find_support_ticket</code>" in shown
    assert "loses the grant; no tool of it is on there" in shown
    assert "Plugin logs and the audit trail." in shown
    assert "installed anew, it sees the same customers again" in shown


def test_the_page_counts_the_secrets_that_are_deleted(desk: Desk, cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.admin).get(url(keep_a_secret(desk))))
    assert "1 secret is deleted" in shown


@pytest.mark.parametrize("typed", ["", "support_desk", "SUPPORT_DESK2"])
def test_another_name_removes_nothing(desk: Desk, cast: factories.Cast, as_: As, typed: str) -> None:
    desk.grant()
    answer = as_(cast.admin).post(url(desk.installation), {"typed": typed})
    assert answer.status_code == 422
    assert "This is not SUPPORT_DESK. Nothing was removed." in page(answer)
    assert (PluginGrant.objects.count(), Installation.objects.get().state) == (1, "active")


def test_the_typed_slug_removes_and_says_so(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant()
    answer = send(as_(cast.admin), url(desk.installation), {"typed": " SUPPORT_DESK "}, follow=True)
    assert answer.redirect_chain == [("/o/kasi-legal/installations/", 302)]
    assert "Support Desk is removed." in page(answer)
    assert AuditEntry.objects.filter(actor=cast.admin.email, action="installation.removed").count() == 1
    assert as_(cast.admin).get(url(desk.installation)).status_code == 404


def test_a_developer_removes_a_sandbox_installation_of_their_organization(
    desk: Desk, cast: factories.Cast, as_: As
) -> None:
    developer = as_(cast.developer)
    assert url(desk.installation) in page(developer.get(url(desk.installation).removesuffix("remove/")))
    send(developer, url(desk.installation), {"typed": "SUPPORT_DESK"})
    assert Installation.objects.get().state == "removed"


def test_a_removal_takes_nothing_away_that_its_page_did_not_name(desk: Desk, cast: factories.Cast, as_: As) -> None:
    made, admin = keep_a_secret(desk), as_(cast.admin)
    opened = hidden_fields(admin.get(url(made)))
    desk.installation = made
    desk.grant()
    for stale in (opened, {}):
        answer = admin.post(url(made), {**stale, "typed": "HELP_DESK"})
        assert answer.status_code == 409
        assert "Now it is: Legal Consultations (create_support_ticket, find_support_ticket), 1 secret" in page(answer)
    assert "The page said: 1 secret" in page(admin.post(url(made), {**opened, "typed": "HELP_DESK"}))
    assert (PluginGrant.objects.count(), InstallationSecret.objects.count()) == (1, 1)
    assert admin.post(url(made), {**hidden_fields(answer), "typed": "HELP_DESK"}).status_code == 302
    assert PluginGrant.objects.count() == 0


def test_a_developer_removes_nothing_live_and_is_told_the_permission(desk: Desk, cast: factories.Cast, as_: As) -> None:
    live, developer = desk.install_live(), as_(cast.developer)
    assert url(live) not in page(developer.get(url(live).removesuffix("remove/")))
    for answer in (developer.get(url(live)), developer.post(url(live), {"typed": "SUPPORT_DESK"})):
        assert answer.status_code == 403
        assert "installations.remove</code>" in page(answer)
    live.refresh_from_db()
    assert live.state == "active"


def test_a_removed_plugin_can_be_installed_anew(desk: Desk) -> None:
    removal.remove(installation=desk.installation, actor=ACTOR)
    again = factories.installation(desk.organization, **MANIFEST)
    assert again.pk != desk.installation.pk
    assert ToolList.for_instance(desk.legal).tools == []


@pytest.mark.django_db(transaction=True)
def test_a_grant_at_the_same_moment_never_outlives_the_removal(desk: Desk) -> None:
    desk.grant()
    at_once(
        or_error(lambda: removal.remove(installation=desk.installation, actor=ACTOR)),
        or_error(lambda: desk.grant(desk.billing)),
    )
    assert Installation.objects.get().state == "removed"
    assert PluginGrant.objects.count() == 0
