import html
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.changes import toolkits
from grants.models import OrganizationToolkit, PluginGrant, ToolkitGrant
from installations.models import Installation, InstallationSecret
from kasilabs.accounts.models import AuditEntry, Member
from kasilabs.configuration import vault
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.models import Version
from tests.grants.conftest import CREATE, ORDER, PAY
from tests.grants.install_steps import CANARY, PAGE, SOUND, choose, nothing_was_installed
from tests.support import factories
from tests.support.factories import ACTOR
from tests.support.visits import As, page, send

HTMX = {"HX-Request": "true"}


def test_the_wizard_opens_at_the_first_step_that_is_not_done(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin = as_(cast.admin)
    opened = [admin.get(PAGE)["Location"]]
    send(admin, PAGE + "permissions/", {"permissions": [CREATE]})
    opened.append(admin.get(PAGE)["Location"])
    send(admin, PAGE + "numbers/", {"numbers": [legal.public_id]})
    opened.append(admin.get(PAGE)["Location"])
    send(admin, PAGE + "configuration/", SOUND)
    opened.append(admin.get(PAGE)["Location"])
    assert opened == [f"{PAGE}{step}/" for step in ("permissions", "numbers", "configuration", "test")]


def test_nobody_jumps_over_a_step(support_desk: Version, cast: factories.Cast, as_: As) -> None:
    admin = as_(cast.admin)
    for step in ("numbers", "configuration", "test"):
        assert admin.get(f"{PAGE}{step}/")["Location"] == PAGE + "permissions/"
    assert send(admin, PAGE + "configuration/", SOUND)["Location"] == PAGE + "permissions/"
    assert nothing_was_installed()


def test_permissions_are_told_in_plain_words_and_ticked_as_the_manifest_says(
    support_desk: Version, cast: factories.Cast, as_: As
) -> None:
    shown = page(as_(cast.admin).get(PAGE + "permissions/"))
    assert [f'value="{key}"' in shown for key in (CREATE, ORDER, PAY)] == [True, True, True]
    assert shown.count(" checked>") == 1
    assert "Create an order in your shop" in shown
    assert "Writes the fee into the shop." in shown
    assert "Moves money" in shown
    assert "Without it these do not work: Create support ticket" in " ".join(shown.split())


def test_the_panel_follows_the_boxes_and_keeps_nothing(support_desk: Version, cast: factories.Cast, as_: As) -> None:
    admin = as_(cast.admin)
    shown = page(send(admin, PAGE + "permissions/", {"permissions": [ORDER], "preview": "yes"}, headers=HTMX))
    assert shown.strip().startswith('<section class="card" id="consent"')
    assert "own E-Commerce tools are hidden" in shown
    alone, not_allowed = shown.split("Not allowed")[0:2]
    assert "Create an order in your shop" in alone
    assert "Find support ticket" in alone
    assert "Create tickets" in not_allowed
    assert admin.get(PAGE)["Location"] == PAGE + "permissions/"


@pytest.mark.parametrize("step", ["permissions", "numbers"])
def test_a_step_says_what_the_plugin_is_told_about_customers(cast: factories.Cast, as_: As, step: str) -> None:
    tool = {**factories.SUPPORT_DESK["tools"][0], "name": "request_callback"}
    marked = {"type": "object", "properties": {"phone": {"type": "string", "x-personal": "phone"}}}
    factories.version(cast.organization, tools=[{**tool, "inputSchema": marked}])
    admin = as_(cast.admin)
    send(admin, PAGE + "permissions/", {})
    shown = " ".join(html.unescape(page(admin.get(f"{PAGE}{step}/"))).split())
    assert "Support Desk is told the customer's phone number: request_callback" in shown
    assert "Never the customer’s phone number" not in shown


def test_a_step_promises_that_a_plugin_without_marks_sees_no_phone_number(
    support_desk: Version, cast: factories.Cast, as_: As
) -> None:
    assert "Never the customer’s phone number" in page(as_(cast.admin).get(PAGE + "permissions/"))


def test_the_panel_follows_without_script_too(support_desk: Version, cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.admin).post(PAGE + "permissions/", {"permissions": [ORDER], "preview": "yes"}))
    assert shown.count(" checked>") == 1
    assert "own E-Commerce tools are hidden" in shown
    assert "<h1" in shown


def test_a_permission_the_plugin_does_not_ask_for_is_refused(
    support_desk: Version, cast: factories.Cast, as_: As
) -> None:
    admin = as_(cast.admin)
    answer = send(admin, PAGE + "permissions/", {"permissions": [PAY, "bridge:messaging:send"]})
    assert answer.status_code == 422
    assert "One of these is not offered any more." in page(answer)
    assert page(answer).count(" checked>") == 1
    assert admin.get(PAGE)["Location"] == PAGE + "permissions/"


def test_no_number_and_no_toolkit_is_ticked_at_first(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin = as_(cast.admin)
    toolkits.install(organization=cast.organization, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    toolkits.grant(instance=legal, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    send(admin, PAGE + "permissions/", {"permissions": [PAY]})
    shown = " ".join(page(admin.get(PAGE + "numbers/")).split())
    assert " checked" not in shown
    assert "Granted to Legal Consultations" in shown
    assert "Install ESCALATIONS and grant it to these numbers" in shown
    assert "ECOMMERCE" not in shown


def test_a_number_of_somebody_else_is_refused(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin, theirs = as_(cast.admin), factories.number(cast.rival, "Rival Front Desk")
    send(admin, PAGE + "permissions/", {"permissions": [CREATE]})
    answer = send(admin, PAGE + "numbers/", {"numbers": [legal.public_id, theirs.public_id]})
    assert answer.status_code == 422
    assert "Rival Front Desk" not in page(answer)
    assert page(answer).count(" checked>") == 1
    assert admin.get(PAGE)["Location"] == PAGE + "numbers/"


def test_the_third_step_installs_grants_and_configures_at_once(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin = as_(cast.admin)
    choose(admin, [legal.public_id], CREATE, PAY, toolkits=("ESCALATIONS",))
    answer = send(admin, PAGE + "configuration/", SOUND)
    installed, grant = Installation.objects.get(), PluginGrant.objects.get()
    assert answer["Location"] == PAGE + "test/"
    assert (installed.state, installed.mode, installed.values) == ("active", "sandbox", {"defaultQueue": "billing"})
    assert vault.open_rows(installed.secrets.all()).values == {"/apiKey": CANARY}
    assert grant.instance == legal
    assert sorted(grant.tools.values_list("tool", flat=True)) == ["create_support_ticket", "find_support_ticket"]
    assert sorted(grant.permissions.values_list("key", flat=True)) == [PAY, CREATE]
    assert list(ToolkitGrant.objects.values_list("instance_id", "toolkit")) == [(legal.pk, "ESCALATIONS")]


def test_everything_the_third_step_does_is_in_the_audit_trail(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin = as_(cast.admin)
    choose(admin, [legal.public_id], CREATE, toolkits=("ESCALATIONS",))
    send(admin, PAGE + "configuration/", SOUND)
    entries = AuditEntry.objects.filter(actor=cast.admin.email).order_by("seq")
    assert [entry.action for entry in entries] == [
        "signing_secret.made",
        "installation.installed",
        "installation.configured",
        "toolkit.installed",
        "grant.made",
        "toolkit.granted",
    ]
    assert CANARY not in json.dumps([[entry.before, entry.after] for entry in entries])


def test_a_form_that_was_not_sound_keeps_all_but_secrets_and_installs_nothing(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin = as_(cast.admin)
    choose(admin, [legal.public_id], CREATE)
    answer = send(admin, PAGE + "configuration/", SOUND | {"defaultQueue": "x" * 41})
    assert answer.status_code == 422
    assert f'value="{"x" * 41}"' in page(answer)
    assert "2 fields need another look" in page(answer)
    assert "Enter it again." in page(answer)
    assert CANARY not in page(answer)
    assert nothing_was_installed()


def test_a_developer_installs_and_configures_but_grants_nothing(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    developer = as_(cast.developer)
    assert '<fieldset id="id_permissions" tabindex="-1" disabled' in page(developer.get(PAGE + "permissions/"))
    choose(developer, [legal.public_id], ORDER, PAY, toolkits=("ESCALATIONS",))
    numbers = page(developer.get(PAGE + "numbers/"))
    assert "These people decide which WhatsApp numbers may use it: Owner, Admin." in numbers
    send(developer, PAGE + "configuration/", SOUND)
    assert Installation.objects.get().state == "active"
    assert (PluginGrant.objects.count(), OrganizationToolkit.objects.count()) == (0, 0)
    assert "These people may grant it: Owner, Admin." in page(developer.get(PAGE + "test/"))


def test_who_may_not_set_secrets_leaves_them_to_somebody_else(
    support_desk: Version, cast: factories.Cast, as_: As
) -> None:
    Member.objects.filter(user=cast.developer).update(withdrawn=["installations.secrets"])
    developer = as_(cast.developer)
    choose(developer, [])
    send(developer, PAGE + "configuration/", SOUND)
    assert Installation.objects.get().values == {"defaultQueue": "billing"}
    assert InstallationSecret.objects.count() == 0


def test_who_may_not_configure_installs_all_the_same(support_desk: Version, cast: factories.Cast, as_: As) -> None:
    Member.objects.filter(user=cast.developer).update(withdrawn=["installations.configure"])
    developer = as_(cast.developer)
    choose(developer, [])
    shown = page(developer.get(PAGE + "configuration/"))
    assert "You may install plugins, but not configure them." in shown
    assert "defaultQueue" not in shown
    send(developer, PAGE + "configuration/", SOUND)
    installed = Installation.objects.get()
    assert (installed.state, installed.values, vault.states(installed)) == ("needs_configuration", {}, {})


def test_one_field_is_checked_by_itself(support_desk: Version, cast: factories.Cast, as_: As) -> None:
    url, admin = PAGE + "configuration/fields/", as_(cast.admin)
    answer = admin.post(url + "defaultQueue/", {"defaultQueue": "x" * 41})
    assert page(answer).startswith('<div id="id_defaultQueue_field"')
    assert "41" not in page(answer).split("invalid-feedback")[0].split("value=")[0]
    assert "invalid-feedback" in page(answer)
    assert f'hx-post="{url}defaultQueue/"' in page(answer)
    assert admin.post(url + "apiKey/", {"apiKey": CANARY}).status_code == 404


def test_an_installed_plugin_leads_to_the_test_step_and_nothing_is_done_twice(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin = as_(cast.admin)
    choose(admin, [legal.public_id], CREATE)
    send(admin, PAGE + "configuration/", SOUND)
    noted = AuditEntry.objects.count()
    for step in ("permissions", "numbers", "configuration"):
        assert send(admin, f"{PAGE}{step}/", SOUND)["Location"] == PAGE + "test/"
    assert AuditEntry.objects.count() == noted


def test_a_plugin_of_another_organization_is_not_found(cast: factories.Cast, as_: As) -> None:
    factories.version(cast.rival)
    for step in ("", "permissions/", "numbers/", "configuration/", "test/"):
        assert as_(cast.admin).get(PAGE + step).status_code == 404


def test_a_plugin_that_cannot_be_installed_says_why(cast: factories.Cast, as_: As) -> None:
    delegated = {
        "authorizationUrl": "https://a.example/a",
        "tokenUrl": "https://a.example/t",
        "subject": "organization",
    }
    factories.version(cast.organization, auth={"type": "oauth2", "scopes": ["read"], **delegated})
    answer = as_(cast.admin).get(PAGE + "permissions/")
    assert answer.status_code == 409
    assert "Plugins that need delegated accounts cannot be installed yet." in page(answer)
    assert as_(cast.admin).post(PAGE + "permissions/", {}).status_code == 409


def test_a_version_in_quarantine_is_passed_over(support_desk: Version, cast: factories.Cast, as_: As) -> None:
    bad = factories.version(cast.organization, version="1.1.0")
    Version.objects.filter(pk=bad.pk).update(state=Version.State.QUARANTINED)
    assert "Kasi Legal, version 1.0.0" in page(as_(cast.admin).get(PAGE + "permissions/"))


def test_words_of_an_author_are_written_out(legal: Instance, cast: factories.Cast, as_: As) -> None:
    asked = [{"key": CREATE, "label": "<b>Create</b>", "description": "<script>x</script>\u202e", "default": True}]
    tool = {**factories.SUPPORT_DESK["tools"][0], "title": "<img src=x>"}
    factories.version(cast.organization, name="<i>Desk</i>", permissions=asked, tools=[tool])
    admin = as_(cast.admin)
    shown = page(admin.get(PAGE + "permissions/"))
    choose(admin, [legal.public_id], CREATE)
    shown += page(admin.get(PAGE + "numbers/"))
    send(admin, PAGE + "configuration/", SOUND)
    shown += page(admin.get(PAGE + "test/"))
    assert not [bad for bad in ("<script>x", "<img src=x", "<b>Create", "<i>Desk", "\u202e") if bad in shown]
    assert "&lt;b&gt;Create" in shown


def test_ten_and_a_hundred_numbers_cost_the_same_queries(support_desk: Version, cast: factories.Cast, as_: As) -> None:
    admin, counts = as_(cast.admin), []
    send(admin, PAGE + "permissions/", {"permissions": [PAY]})
    for first, last in ((0, 10), (10, 100)):
        for serial in range(first, last):
            factories.number(cast.organization, f"Number {serial}")
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(PAGE + "numbers/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8 + 3


def test_every_step_stays_within_eight_queries(
    support_desk: Version, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    admin, counts = as_(cast.admin), {}
    choose(admin, [legal.public_id], PAY)
    for step in ("permissions", "numbers", "configuration", "test"):
        if step == "test":
            send(admin, PAGE + "configuration/", SOUND)
            admin.get(PAGE + "test/")
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(f"{PAGE}{step}/").status_code == 200
        counts[step] = len(queries)
    assert max(counts.values()) <= 8 + 3, counts
