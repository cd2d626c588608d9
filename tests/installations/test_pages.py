import html

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts.models import AuditEntry, Member
from kasilabs.configuration import vault
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.crypto import aes
from plugins.models import Version
from tests.support import factories
from tests.support.visits import As, page

CANARY = "sk-canary-4417-zulu-9Q2X"
FIRST = {"config__version": "1"}
SOUND = {"label": "Desk", "region": "nakuru", "retries": "3", "apiKey__action": "replace", "apiKey": CANARY}


@pytest.fixture
def installation(cast: factories.Cast) -> Installation:
    return factories.installation(cast.organization, configurationSchema=factories.EVERY_KIND)


@pytest.fixture
def configured(installation: Installation) -> Installation:
    return lifecycle.configure(
        installation=installation,
        values={"label": "Desk", "host": "https://a.example"},
        secret_changes=[SecretChange("/apiKey", Action.REPLACE, CANARY)],
        actor=factories.ACTOR,
    )


def url(installation: Installation, rest: str = "") -> str:
    return f"/o/{installation.organization.slug}/installations/{installation.public_id}/{rest}"


def test_the_list_says_what_is_installed_and_what_it_waits_for(
    installation: Installation, cast: factories.Cast, as_: As
) -> None:
    shown = page(as_(cast.admin).get("/o/kasi-legal/installations/"))
    assert "Support Desk" in shown
    assert "Needs configuration" in shown
    assert url(installation, "configuration/") in shown


def test_a_viewer_is_offered_nothing_to_change(installation: Installation, cast: factories.Cast, as_: As) -> None:
    viewer = as_(cast.viewer)
    shown = page(viewer.get("/o/kasi-legal/installations/")) + page(viewer.get(url(installation)))
    assert "The configuration is not complete" in shown
    for rest in ("configuration/", "suspend/", "resume/"):
        assert url(installation, rest) not in shown


def test_the_page_says_what_a_plugin_is_told_about_customers(cast: factories.Cast, as_: As) -> None:
    tool = {**factories.SUPPORT_DESK["tools"][0], "name": "request_callback"}
    marked = {"type": "object", "properties": {"phone": {"type": "string", "x-personal": "phone"}}}
    plain = factories.installation(cast.organization, slug="PLAIN_DESK")
    told = factories.installation(cast.organization, tools=[{**tool, "inputSchema": marked}])
    viewer, words = as_(cast.viewer), "Support Desk is told the customer's phone number: request_callback"
    shown = [" ".join(html.unescape(page(viewer.get(url(each)))).split()) for each in (told, plain)]
    assert [words in text for text in shown] == [True, False]
    assert ["Never the customer’s phone number" in text for text in shown] == [False, True]


def test_the_list_leads_to_what_can_be_installed(installation: Installation, cast: factories.Cast, as_: As) -> None:
    full = page(as_(cast.developer).get("/o/kasi-legal/installations/"))
    lifecycle.remove(installation=installation, actor=factories.ACTOR)
    empty = page(as_(cast.developer).get("/o/kasi-legal/installations/"))
    for shown in (full, empty):
        assert shown.count("Install a plugin") == 1
        assert '<a class="btn btn-primary" href="/o/kasi-legal/developer/">' in shown


def test_who_may_not_install_is_not_led_there(installation: Installation, cast: factories.Cast, as_: As) -> None:
    full = page(as_(cast.operator).get("/o/kasi-legal/installations/"))
    lifecycle.remove(installation=installation, actor=factories.ACTOR)
    empty = page(as_(cast.operator).get("/o/kasi-legal/installations/"))
    assert "Install a plugin" not in full + empty


def test_a_removed_installation_is_gone_from_the_pages(
    installation: Installation, cast: factories.Cast, as_: As
) -> None:
    lifecycle.remove(installation=installation, actor=factories.ACTOR)
    admin = as_(cast.admin)
    assert "No plugin is installed yet" in page(admin.get("/o/kasi-legal/installations/"))
    assert admin.get(url(installation)).status_code == 404


def test_a_rival_does_not_find_it_under_an_organization_of_their_own(
    installation: Installation, cast: factories.Cast, as_: As
) -> None:
    theirs = url(installation).replace("kasi-legal", "rival-law")
    assert as_(cast.stranger).get(theirs).status_code == 404
    assert as_(cast.stranger).post(theirs + "suspend/").status_code == 404
    assert Installation.objects.get().state == Installation.State.NEEDS_CONFIGURATION


def test_ten_and_a_hundred_installations_cost_the_same_queries(cast: factories.Cast, as_: As) -> None:
    owner, counts = as_(cast.owner), []
    for first, last in ((0, 10), (10, 100)):
        for serial in range(first, last):
            vault.put(
                factories.installation(cast.organization, slug=f"DESK{serial}"), "/apiKey", CANARY, actor_name="ana"
            )
        with CaptureQueriesContext(connection) as queries:
            assert owner.get("/o/kasi-legal/installations/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8 + 3


def test_the_list_goes_on_where_a_page_ends(cast: factories.Cast, as_: As) -> None:
    for serial in range(51):
        factories.installation(cast.organization, slug=f"DESK{serial}")
    owner = as_(cast.owner)
    first = page(owner.get("/o/kasi-legal/installations/"))
    older = first.split('href="?after=')[1].split('"')[0]
    assert "<code>DESK0</code>" not in first
    assert "<code>DESK0</code>" in page(owner.get(f"/o/kasi-legal/installations/?after={older}"))
    assert owner.get("/o/kasi-legal/installations/?after=forged").status_code == 404


def test_the_detail_page_says_who_set_a_secret_but_never_which(
    configured: Installation, cast: factories.Cast, as_: As
) -> None:
    answer = as_(cast.viewer).get(url(configured))
    assert "Set, ends 9Q2X" in page(answer)
    assert "by command:tests" in page(answer)
    assert CANARY not in page(answer)
    assert "no-store" in answer["Cache-Control"]


def test_the_detail_page_names_what_is_missing(installation: Installation, cast: factories.Cast, as_: As) -> None:
    assert "Calls are refused until these are set: Label, API key." in page(as_(cast.viewer).get(url(installation)))


def test_quarantine_and_an_unreadable_secret_are_said(configured: Installation, cast: factories.Cast, as_: As) -> None:
    Version.objects.update(state=Version.State.QUARANTINED)
    with override_settings(ENCRYPTION_KEYS=aes.make_key("other")):
        words = [page(as_(cast.admin).get(place)) for place in (url(configured), "/o/kasi-legal/installations/")]
    assert all("A secret cannot be opened" in shown for shown in words)
    assert "This version is quarantined." in words[0]


def test_the_form_shows_values_and_no_secret(configured: Installation, cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.admin).get(url(configured, "configuration/"))
    assert 'value="https://a.example"' in page(answer)
    assert CANARY not in page(answer)
    assert "no-store" in answer["Cache-Control"]


def test_saving_configures_and_leads_back(installation: Installation, cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.developer).post(url(installation, "configuration/"), SOUND | FIRST, follow=True)
    row = Installation.objects.get()
    assert answer.redirect_chain == [(url(installation), 302)]
    assert "The configuration of Support Desk was saved." in page(answer)
    assert (row.state, row.values) == ("active", {"label": "Desk", "region": "nakuru", "retries": 3})
    assert vault.open_rows(row.secrets.all()).values == {"/apiKey": CANARY}


def test_spaces_around_a_secret_are_said_to_be_gone(installation: Installation, cast: factories.Cast, as_: As) -> None:
    spaced = SOUND | FIRST | {"apiKey": f" {CANARY} "}
    answer = as_(cast.developer).post(url(installation, "configuration/"), spaced, follow=True)
    assert "Spaces around API key were left out." in page(answer)


def test_an_error_keeps_what_was_typed_except_secrets(
    installation: Installation, cast: factories.Cast, as_: As
) -> None:
    answer = as_(cast.admin).post(
        url(installation, "configuration/"), SOUND | FIRST | {"retries": "6", "label": "Wakili"}
    )
    assert answer.status_code == 422
    assert 'value="Wakili"' in page(answer)
    assert "This must be at most 5." in page(answer)
    assert "Enter it again." in page(answer)
    assert CANARY not in page(answer)
    assert (Installation.objects.get().values, vault.states(installation)) == ({}, {})


def test_somebody_elses_save_is_shown_beside_mine_and_not_lost(
    configured: Installation, cast: factories.Cast, as_: As
) -> None:
    mine = {"label": "Mine", "host": "https://a.example", "region": "nairobi", "retries": "2", "config__version": "1"}
    answer = as_(cast.admin).post(url(configured, "configuration/"), mine | {"apiKey__action": "keep"})
    assert answer.status_code == 409
    assert "Somebody saved this configuration meanwhile." in page(answer)
    assert "Everything else is kept." not in page(answer)
    assert '<td class="k-wrap">Desk</td><td class="k-wrap">Mine</td>' in page(answer)
    assert f'name="config__version" value="{configured.config_version}"' in page(answer)
    assert Installation.objects.get().values["label"] == "Desk"


def test_saving_again_after_a_conflict_puts_mine_in_its_place(
    configured: Installation, cast: factories.Cast, as_: As
) -> None:
    mine = {"label": "Mine", "host": "https://a.example", "region": "nairobi", "retries": "2", "apiKey__action": "keep"}
    version = str(configured.config_version)
    answer = as_(cast.admin).post(url(configured, "configuration/"), mine | {"config__version": version})
    assert answer.status_code == 302
    assert Installation.objects.get().values["label"] == "Mine"


@pytest.mark.parametrize("version", [{}, {"config__version": ""}, {"config__version": "newest"}])
def test_a_save_that_does_not_say_what_it_saw_changes_nothing(
    configured: Installation, cast: factories.Cast, as_: As, version: dict[str, str]
) -> None:
    mine = {"label": "Mine", "host": "https://a.example", "region": "nairobi", "retries": "2", "apiKey__action": "keep"}
    answer = as_(cast.admin).post(url(configured, "configuration/"), mine | version)
    assert (answer.status_code, Installation.objects.get().values["label"]) == (422, "Desk")
    assert "It is not known what was saved when you began." in page(answer)
    assert 'value="Mine"' in page(answer)
    assert f'name="config__version" value="{configured.config_version}"' in page(answer)


def test_a_stale_secret_has_to_be_entered_again(configured: Installation, cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.admin).post(url(configured, "configuration/"), SOUND | {"config__version": "1"})
    assert answer.status_code == 409
    assert "Enter it again." in page(answer)
    assert CANARY not in page(answer)


def test_one_field_is_checked_by_itself(installation: Installation, cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.admin).post(url(installation, "configuration/fields/retries/"), {"retries": "6"})
    assert answer.status_code == 200
    assert page(answer).startswith('<div id="id_retries_field"')
    assert "This must be at most 5." in page(answer)
    assert "Label" not in page(answer)


@pytest.mark.parametrize("name", ["apiKey", "nope", "config__version", "apiKey__action"])
def test_secrets_and_unknown_names_are_not_checked_by_themselves(
    installation: Installation, cast: factories.Cast, as_: As, name: str
) -> None:
    answer = as_(cast.admin).post(url(installation, f"configuration/fields/{name}/"), {name: CANARY})
    assert answer.status_code == 404
    assert CANARY not in page(answer)


def test_who_may_not_replace_secrets_changes_everything_but_them(
    configured: Installation, cast: factories.Cast, as_: As
) -> None:
    Member.objects.filter(user=cast.admin).update(withdrawn=["installations.secrets"])
    typed = SOUND | {"host": "https://a.example", "apiKey": "my own long key"}
    typed["config__version"] = str(configured.config_version)
    assert as_(cast.admin).post(url(configured, "configuration/"), typed).status_code == 302
    row = Installation.objects.get()
    assert row.values["retries"] == 3
    assert vault.open_rows(row.secrets.all()).values == {"/apiKey": CANARY}


def test_an_operator_suspends_and_resumes(configured: Installation, cast: factories.Cast, as_: As) -> None:
    operator = as_(cast.operator)
    suspended = operator.post(url(configured, "suspend/"), follow=True)
    assert "This plugin is suspended." in page(suspended)
    assert Installation.objects.get().state == "suspended"
    operator.post(url(configured, "resume/"))
    assert Installation.objects.get().state == "active"
    assert AuditEntry.objects.filter(actor=cast.operator.email).count() == 2


def test_a_hostile_name_and_title_are_written_out(cast: factories.Cast, as_: As) -> None:
    rules = {"type": "string", "title": "<img src=x onerror=alert(1)>", "description": "{{ secret }}<b>"}
    made = factories.installation(
        cast.organization, name="<script>x</script>", configurationSchema={"type": "object", "properties": {"a": rules}}
    )
    admin = as_(cast.admin)
    shown = "".join(page(admin.get(url(made, rest))) for rest in ("", "configuration/"))
    shown += page(admin.get("/o/kasi-legal/installations/"))
    assert "<script>x" not in shown
    assert "<img src" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
