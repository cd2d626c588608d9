import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from kasilabs.accounts.models import AuditEntry
from kasilabs.lib.crypto.fields import CannotOpen
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from plugins import signing_secrets
from plugins.models import Plugin, SigningSecret
from plugins.signing_secrets import Purpose
from tests.support import factories
from tests.support.concurrency import at_once
from tests.support.factories import ACTOR, Cast


@pytest.fixture
def plugin(cast: Cast) -> Plugin:
    return factories.version(cast.organization).plugin


def ensure(plugin: Plugin, mode: Mode = Mode.SANDBOX) -> list[SigningSecret]:
    return signing_secrets.create_missing(plugin=plugin, mode=mode, actor=ACTOR)


def show(plugin: Plugin) -> list[signing_secrets.ShownSecret]:
    return signing_secrets.show_once(plugin=plugin, mode=Mode.SANDBOX, actor=ACTOR)


def rotate(plugin: Plugin, purpose: Purpose = Purpose.TOOL) -> signing_secrets.ShownSecret:
    return signing_secrets.rotate(plugin=plugin, mode=Mode.SANDBOX, purpose=purpose, actor=ACTOR)


def kids(plugin: Plugin, purpose: Purpose) -> list[str]:
    return [
        secret.kid for secret in plugin.signing_secrets.live().filter(mode=Mode.SANDBOX, purpose=purpose).in_order()
    ]


def test_one_secret_per_purpose_is_made_and_a_second_time_none(plugin: Plugin) -> None:
    made = ensure(plugin)
    assert [secret.purpose for secret in made] == ["tool", "bridge"]
    assert [secret.reveal()[:6] for secret in made] == ["plsec_", "brsec_"]
    assert ensure(plugin) == []
    assert SigningSecret.objects.count() == 2


def test_modes_have_secrets_of_their_own(plugin: Plugin) -> None:
    sandbox, live = ensure(plugin), ensure(plugin, Mode.LIVE)
    texts = {secret.reveal() for secret in [*sandbox, *live]}
    assert len(texts) == 4
    assert plugin.signing_secrets.get_current(Mode.LIVE, Purpose.TOOL).kid == live[0].kid


def test_a_stored_secret_is_sealed_and_bound_to_its_row(plugin: Plugin) -> None:
    tool, bridge = ensure(plugin)
    assert "plsec_" not in SigningSecret.objects.get(pk=tool.pk).value
    tool.value = bridge.value
    with pytest.raises(CannotOpen):
        tool.reveal()


def test_secrets_are_shown_once(plugin: Plugin) -> None:
    tool, bridge = ensure(plugin)
    shown = show(plugin)
    assert [(secret.purpose, secret.kid) for secret in shown] == [("tool", tool.kid), ("bridge", bridge.kid)]
    assert [secret.text for secret in shown] == [tool.reveal(), bridge.reveal()]
    assert show(plugin) == []


def test_showing_is_in_the_audit_trail_without_the_text(plugin: Plugin) -> None:
    ensure(plugin)
    shown = show(plugin)
    entries = AuditEntry.objects.filter(action__startswith="signing_secret.").order_by("seq")
    assert [entry.action for entry in entries] == ["signing_secret.made", "signing_secret.shown"]
    assert entries[1].after == {"mode": "sandbox", "kids": [secret.kid for secret in shown]}
    assert not [secret for secret in shown if secret.text in json.dumps([entry.after for entry in entries])]


def test_a_secret_that_cannot_be_opened_does_not_count_as_shown(plugin: Plugin) -> None:
    tool, _bridge = ensure(plugin)
    SigningSecret.objects.filter(pk=tool.pk).update(value="v1.gone.AAAA")
    with pytest.raises(CannotOpen):
        show(plugin)
    assert SigningSecret.objects.filter(shown=None).count() == 2


def test_the_text_of_a_shown_secret_is_not_in_its_repr(plugin: Plugin) -> None:
    ensure(plugin)
    assert not [secret for secret in show(plugin) if secret.text in repr(secret)]


def test_after_a_rotation_the_old_secret_works_for_a_day(plugin: Plugin) -> None:
    old, _bridge = ensure(plugin)
    before = timezone.now()
    new = rotate(plugin)
    after = timezone.now()
    assert plugin.signing_secrets.get_current(Mode.SANDBOX, Purpose.TOOL).kid == new.kid
    assert kids(plugin, Purpose.TOOL) == [new.kid, old.kid]
    assert new.retires == SigningSecret.objects.get(pk=old.pk).retires
    assert new.retires is not None
    assert before <= new.retires - timedelta(hours=24) <= after


def test_a_retired_secret_is_not_live(plugin: Plugin) -> None:
    old, _bridge = ensure(plugin)
    new = rotate(plugin)
    SigningSecret.objects.filter(pk=old.pk).update(retires=timezone.now())
    assert kids(plugin, Purpose.TOOL) == [new.kid]


def test_a_third_rotation_within_a_day_ends_the_oldest_at_once(plugin: Plugin) -> None:
    ensure(plugin)
    second, third = rotate(plugin), rotate(plugin)
    assert kids(plugin, Purpose.TOOL) == [third.kid, second.kid]
    assert len(kids(plugin, Purpose.BRIDGE)) == 1


def test_a_rotated_secret_was_shown_by_the_rotation(plugin: Plugin) -> None:
    ensure(plugin)
    new = rotate(plugin)
    assert new.kid not in [secret.kid for secret in show(plugin)]


def test_nothing_is_rotated_before_the_first_installation(plugin: Plugin) -> None:
    with pytest.raises(Refused) as caught:
        rotate(plugin)
    assert caught.value.code == "no_secret"
    assert (SigningSecret.objects.count(), AuditEntry.objects.filter(action__startswith="signing").count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_installations_at_once_make_one_set() -> None:
    plugin = factories.version(factories.organization()).plugin

    def install() -> int:
        with transaction.atomic():
            return len(ensure(plugin))

    assert sum(at_once(install, install, install)) == 2
    assert SigningSecret.objects.filter(retires=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_leave_one_current_and_two_live() -> None:
    plugin = factories.version(factories.organization()).plugin
    ensure(plugin)
    at_once(lambda: rotate(plugin), lambda: rotate(plugin), lambda: rotate(plugin))
    assert SigningSecret.objects.filter(purpose="tool", retires=None).count() == 1
    assert len(kids(plugin, Purpose.TOOL)) == 2
    assert SigningSecret.objects.filter(purpose="tool").count() == 4


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_sees_the_secrets() -> None:
    plugin = factories.version(factories.organization()).plugin
    ensure(plugin)
    outcomes = at_once(lambda: len(show(plugin)), lambda: len(show(plugin)))
    assert sum(outcomes) == 2


def command(*arguments: str) -> dict[str, str]:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    answer: dict[str, str] = json.loads(out.getvalue())
    return answer


def test_the_command_rotates_and_prints_the_new_secret(plugin: Plugin) -> None:
    ensure(plugin)
    answer = command("rotate_secret", "--plugin", "SUPPORT_DESK", "--mode", "sandbox", "--purpose", "bridge", "--json")
    secret = plugin.signing_secrets.get_current(Mode.SANDBOX, Purpose.BRIDGE)
    assert answer.pop("retires", "")[-1] == "Z"
    assert answer == {
        "plugin": "SUPPORT_DESK",
        "mode": "sandbox",
        "purpose": "bridge",
        "kid": secret.kid,
        "secret": secret.reveal(),
    }
    assert AuditEntry.objects.get(action="signing_secret.rotated").actor == "command:rotate_secret"


@pytest.mark.parametrize(
    ("slug", "mode", "code"), [("NOBODY", "sandbox", "unknown_plugin"), ("SUPPORT_DESK", "live", "no_secret")]
)
def test_the_command_refuses_with_a_code(plugin: Plugin, slug: str, mode: str, code: str) -> None:
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("rotate_secret", "--plugin", slug, "--mode", mode, "--purpose", "tool", stdout=out)
    assert caught.value.returncode == 1
    assert json.loads(out.getvalue())["code"] == code
