import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from grants.models import OrganizationToolkit, PluginGrant, ToolkitGrant
from installations.models import Installation, InstallationSecret
from kasilabs.accounts.models import AuditEntry, Member
from kasilabs.accounts.permissions import Role
from kasilabs.configuration import vault
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.models import Instance
from plugins import signing_secrets
from plugins.models import Plugin, SigningSecret, Version
from tests.grants.conftest import FIND
from tests.support import factories
from tests.support.factories import ACTOR
from tests.support.fake_plugin_server import FakePluginServer, answers, message
from tests.support.gunicorn import database_url

CANARY = "sk-canary-4417-zulu-9Q2X"
CREATE, PAY = "support:tickets:create", "bridge:payments:initiate"
MANIFEST: dict[str, Any] = {
    "permissions": [*factories.SUPPORT_DESK["permissions"], {"key": PAY, "reason": "Collects the fee of a ticket."}],
    "tools": [*factories.SUPPORT_DESK["tools"], FIND],
}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.json"
    path.write_bytes(factories.manifest(**MANIFEST))
    return path


def install(manifest: object, *flags: str, organization: str = "kasi-legal", mode: str = "sandbox") -> dict[str, Any]:
    out = StringIO()
    call_command("install_plugin", str(manifest), "--organization", organization, "--mode", mode, *flags, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def refused(manifest: object, *flags: str, **where: str) -> dict[str, Any]:
    out = StringIO()
    place = {"organization": "kasi-legal", "mode": "sandbox"} | where
    named = [f"--{name}={value}" for name, value in place.items()]
    with pytest.raises(CommandError) as error:
        call_command("install_plugin", str(manifest), *named, *flags, stdout=out)
    assert error.value.returncode == 1
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def nothing_was_done() -> bool:
    tables = (Plugin, Version, Installation, PluginGrant, OrganizationToolkit, SigningSecret, AuditEntry)
    return not any(table.objects.exists() for table in tables)


def test_it_does_the_first_three_steps_and_prints_what_came_of_them(manifest: Path, legal: Instance) -> None:
    answer = install(
        manifest, "--set", "defaultQueue=billing", "--secret", f"apiKey={CANARY}", "--grant", "Legal Consultations"
    )
    installed, plugin = Installation.objects.get(), Plugin.objects.get()
    secrets = {secret.purpose: secret for secret in SigningSecret.objects.all()}
    assert answer == {
        "installation": installed.public_id,
        "plugin": "SUPPORT_DESK",
        "version": "1.0.0",
        "mode": "sandbox",
        "toolSecret": secrets["tool"].reveal(),
        "bridgeSecret": secrets["bridge"].reveal(),
        "kid": {"tool": secrets["tool"].kid, "bridge": secrets["bridge"].kid},
        "instances": [{"id": legal.public_id, "name": "Legal Consultations"}],
    }
    assert (installed.state, installed.values, plugin.owner.slug) == (
        "active",
        {"defaultQueue": "billing"},
        "kasi-legal",
    )
    assert vault.open_rows(installed.secrets.all()).values == {"/apiKey": CANARY}


def test_no_names_mean_all_tools_and_the_permissions_that_are_ticked(manifest: Path, legal: Instance) -> None:
    install(manifest, "--grant", legal.name)
    grant = PluginGrant.objects.get()
    assert sorted(grant.tools.values_list("tool", flat=True)) == ["create_support_ticket", "find_support_ticket"]
    assert list(grant.permissions.values_list("key", flat=True)) == [CREATE]


def test_named_tools_permissions_and_toolkits_are_given_to_every_named_number(manifest: Path, legal: Instance) -> None:
    numbers = ["--grant", legal.name, "--grant", "Billing Support"]
    chosen = ["--tools", "find_support_ticket", "--permissions", f"{CREATE},{PAY}", "--toolkits", "PAYMENTS,MESSAGING"]
    answer = install(manifest, *numbers, *chosen)
    assert [number["name"] for number in answer["instances"]] == ["Billing Support", "Legal Consultations"]
    for grant in PluginGrant.objects.all():
        assert list(grant.tools.values_list("tool", flat=True)) == ["find_support_ticket"]
        assert sorted(grant.permissions.values_list("key", flat=True)) == [PAY, CREATE]
    assert sorted(OrganizationToolkit.objects.values_list("toolkit", flat=True)) == ["MESSAGING", "PAYMENTS"]
    assert ToolkitGrant.objects.count() == 4


def test_permissions_can_be_none_at_all(manifest: Path, legal: Instance) -> None:
    install(manifest, "--grant", legal.name, "--permissions", "")
    assert not PluginGrant.objects.get().permissions.exists()


def test_the_first_owner_acts_unless_somebody_else_is_named(
    manifest: Path, legal: Instance, cast: factories.Cast
) -> None:
    factories.member(cast.organization, Role.OWNER, email="second@kasi-legal.example")
    install(manifest)
    assert set(AuditEntry.objects.values_list("actor", flat=True)) == {cast.owner.email}
    install(manifest, "--as", cast.admin.email.upper(), "--set", "defaultQueue=billing")
    assert AuditEntry.objects.latest("seq").actor == cast.admin.email


def test_secrets_are_printed_once_and_then_count_as_shown(
    manifest: Path, legal: Instance, cast: factories.Cast
) -> None:
    assert {"toolSecret", "bridgeSecret"} < set(install(manifest))
    assert not {"toolSecret", "bridgeSecret"} & set(install(manifest))
    actor = ACTOR
    assert signing_secrets.show_once(plugin=Plugin.objects.get(), mode=Mode.SANDBOX, actor=actor) == []


def test_who_may_not_develop_sees_no_signing_secret(manifest: Path, legal: Instance, cast: factories.Cast) -> None:
    factories.version(cast.organization, **MANIFEST)
    Member.objects.filter(user=cast.admin).update(withdrawn=["plugins.develop"])
    answer = install(manifest, "--as", cast.admin.email)
    assert not {"toolSecret", "bridgeSecret"} & set(answer)
    assert SigningSecret.objects.filter(shown=None).count() == 2


def test_running_it_again_changes_and_notes_nothing(manifest: Path, legal: Instance) -> None:
    flags = ["--set", "defaultQueue=billing", "--grant", legal.name, "--toolkits", "PAYMENTS"]
    first = install(manifest, *flags)
    noted = AuditEntry.objects.count()
    again = install(manifest, *flags)
    assert again == {name: value for name, value in first.items() if not name.endswith("Secret")}
    assert AuditEntry.objects.count() == noted


def test_a_second_run_sets_what_is_named_and_adds_grants(manifest: Path, legal: Instance) -> None:
    install(manifest, "--set", "defaultQueue=billing", "--secret", f"apiKey={CANARY}", "--grant", legal.name)
    answer = install(manifest, "--set", "defaultQueue=legal", "--grant", "Billing Support")
    installed = Installation.objects.get()
    assert installed.values == {"defaultQueue": "legal"}
    assert vault.open_rows(installed.secrets.all()).values == {"/apiKey": CANARY}
    assert len(answer["instances"]) == PluginGrant.objects.count() == 2


def test_another_version_is_refused_and_not_even_registered(manifest: Path, legal: Instance, tmp_path: Path) -> None:
    install(manifest)
    newer = tmp_path / "newer.json"
    newer.write_bytes(factories.manifest(**MANIFEST, version="1.1.0"))
    assert refused(newer)["code"] == "other_version_installed"
    assert list(Version.objects.values_list("semver", flat=True)) == ["1.0.0"]


def test_an_unpublished_slug_of_somebody_else_is_not_available(
    manifest: Path, legal: Instance, cast: factories.Cast
) -> None:
    factories.version(cast.rival, **MANIFEST)
    noted = AuditEntry.objects.count()
    for mode in Mode.values:
        assert refused(manifest, mode=mode)["code"] == "plugin_not_available"
    assert (Version.objects.count(), AuditEntry.objects.count()) == (1, noted)


def test_what_somebody_else_published_is_installed_live_and_its_secrets_stay_theirs(
    manifest: Path, legal: Instance, cast: factories.Cast
) -> None:
    theirs = factories.version(cast.rival, **MANIFEST)
    Version.objects.update(state=Version.State.PUBLISHED)
    assert refused(manifest)["code"] == "sandbox_elsewhere"
    answer = install(manifest, "--grant", legal.name, mode="live")
    assert (answer["mode"], Installation.objects.get().version) == ("live", theirs)
    assert not {"toolSecret", "bridgeSecret"} & set(answer)
    assert set(answer["kid"]) == {"tool", "bridge"}


def test_every_fault_of_a_manifest_is_in_the_answer(legal: Instance, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(factories.manifest(version="1.0.0.0", nam="x"))
    answer = refused(path)
    assert answer["code"] == "bad_manifest"
    assert {error["pointer"] for error in answer["errors"]} == {"/version", "/nam"}
    assert nothing_was_done()


def test_every_fault_of_the_settings_is_in_the_answer(manifest: Path, legal: Instance) -> None:
    answer = refused(manifest, "--set", "nope=1", "--set", "apiKey=abc", "--secret", "apiKey=short")
    assert answer["code"] == "bad_settings"
    assert [error["code"] for error in answer["errors"]] == ["unknown_key", "is_secret", "too_short"]
    assert "short" not in json.dumps(answer["errors"][2]["message"])
    assert nothing_was_done()


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--grant", "Nobody"], "unknown_number"),
        (["--grant", "Rival Front Desk"], "unknown_number"),
        (["--grant", "Legal Consultations", "--tools", "nope"], "unknown_tool"),
        (["--grant", "Legal Consultations", "--permissions", "no:such"], "unknown_permission"),
        (["--toolkits", "PAYMENTS,NOPE"], "unknown_toolkit"),
        (["--as", "stranger@rival-law.example"], "not_a_member"),
        (["--organization", "nowhere"], "unknown_organization"),
        (["--set", f"defaultQueue={'x' * 41}"], "invalid_configuration"),
    ],
)
def test_what_is_not_there_is_refused_and_nothing_is_done(
    manifest: Path, legal: Instance, cast: factories.Cast, flags: list[str], code: str
) -> None:
    factories.number(cast.rival, "Rival Front Desk")
    assert refused(manifest, *flags)["code"] == code
    assert nothing_was_done()


@pytest.mark.parametrize(
    ("role", "flags", "missing"),
    [
        ("operator", [], "installations.install"),
        ("viewer", [], "installations.install"),
        ("developer", ["--grant", "Legal Consultations"], "grants.change"),
        ("developer", ["--toolkits", "PAYMENTS"], "toolkits.change"),
    ],
)
def test_a_member_does_nothing_the_dashboard_would_refuse(
    manifest: Path, legal: Instance, cast: factories.Cast, role: str, flags: list[str], missing: str
) -> None:
    answer = refused(manifest, "--as", getattr(cast, role).email, *flags)
    assert answer["code"] == "missing_permission"
    assert missing in answer["detail"]
    assert nothing_was_done()


@pytest.mark.parametrize(
    ("withdrawn", "flags"),
    [
        ("installations.configure", ["--set", "defaultQueue=billing"]),
        ("installations.secrets", ["--secret", f"apiKey={CANARY}"]),
        ("plugins.develop", []),
    ],
)
def test_a_withdrawn_permission_closes_its_part(
    manifest: Path, legal: Instance, cast: factories.Cast, withdrawn: str, flags: list[str]
) -> None:
    Member.objects.filter(user=cast.developer).update(withdrawn=[withdrawn])
    answer = refused(manifest, "--as", cast.developer.email, *flags)
    assert withdrawn in answer["detail"]
    assert nothing_was_done()


def test_a_secret_is_read_from_a_file_and_from_the_environment(
    manifest: Path, legal: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(CANARY + "\n")
    install(manifest, "--secret", f"apiKey=@{tmp_path / 'key'}")
    assert vault.open_rows(InstallationSecret.objects.all()).values == {"/apiKey": CANARY}
    monkeypatch.setenv("DESK_KEY", "another long secret")
    install(manifest, "--secret", "apiKey=env:DESK_KEY")
    assert vault.open_rows(InstallationSecret.objects.all()).values == {"/apiKey": "another long secret"}


def test_the_plugin_is_not_called_and_its_manifest_may_come_from_an_address(legal: Instance, settings: Any) -> None:
    with FakePluginServer(answers(message(factories.manifest(**MANIFEST)))) as server:
        settings.PLUGIN_HOSTS_ALLOWED = f"127.0.0.1:{server.port}"
        answer = install(server.url())
        assert [request.split()[0] for request in server.requests] == [b"GET"]
    assert answer["plugin"] == "SUPPORT_DESK"


def test_tools_without_a_number_are_a_usage_error(manifest: Path, legal: Instance) -> None:
    with pytest.raises(CommandError, match="name a number") as error:
        install(manifest, "--tools", "find_support_ticket")
    assert error.value.returncode == 2
    assert nothing_was_done()


def start(manifest: Path, *flags: str) -> "subprocess.Popen[str]":
    """Start the command as a process of its own on the database of this test."""
    command = [sys.executable, "manage.py", "install_plugin", str(manifest), "--organization", "kasi-legal"]
    own = {
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    return subprocess.Popen(
        [*command, "--mode", "sandbox", *flags], stdout=subprocess.PIPE, text=True, env={**os.environ, **own}
    )


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_install_once_and_one_of_them_gets_the_secrets(manifest: Path, legal: Instance) -> None:
    flags = ["--set", "defaultQueue=billing", "--secret", f"apiKey={CANARY}", "--grant", legal.name]
    processes = [start(manifest, *flags), start(manifest, *flags)]
    printed = [json.loads(process.communicate()[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert printed[0]["installation"] == printed[1]["installation"]
    assert sorted("toolSecret" in answer for answer in printed) == [False, True]
    counts = [
        table.objects.count() for table in (Installation, PluginGrant, InstallationSecret, SigningSecret, Version)
    ]
    assert counts == [1, 1, 1, 2, 1]


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_usage_error_ends_with_two_and_nothing_on_stdout(manifest: Path) -> None:
    process = start(manifest, "--mode", "nowhere")
    assert process.communicate()[0] == ""
    assert process.returncode == 2
    assert Plugin.objects.count() == 0
