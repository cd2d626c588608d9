"""A real rotation: sealed under k1 by a call that touches every encrypted column, moved to k2, opened without k1."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from installations.models import InstallationSecret
from kasilabs.accounts import audit, keyring, outbox
from kasilabs.accounts.models import AuditEntry, StoredKey
from kasilabs.lib.crypto import aes, fields
from tests.support import bridges, trail
from tests.support.concurrency import at_once
from tests.support.fake_plugin_server import FakePluginServer
from tests.support.platform import PHONE, Platform

K1, K2 = aes.make_key("k1"), aes.make_key("k2")
KEY = {"Idempotency-Key": "0123456789abcdef"}
CUSTOMER = {"id": "chat-1", "customer": {"phone": PHONE}}
COLUMNS = {
    "accounts_outgoingmail.subject",
    "accounts_outgoingmail.text",
    "accounts_storedkey.value",
    "bridges_bridgecall.answer",
    "bridges_bridgecall.request",
    "installations_installationsecret.value",
    "logs_callanswer.body",
    "plugins_signingsecret.value",
    "whatsapp_conversation.external_id",
    "whatsapp_customerhandle.value",
}


@pytest.fixture(autouse=True)
def old_key() -> Iterator[None]:
    with override_settings(ENCRYPTION_KEYS=K1):
        yield


@pytest.fixture
def sealed(old_key: None, platform: Platform) -> Platform:
    """The platform after one call inside a conversation, its answer kept, a mail waiting: no sealed column is empty."""
    outbox.enqueue(recipient="nia@x.example", subject="Habari", text="A link")
    assert platform.agent.call(conversation=CUSTOMER, headers=KEY).status_code == 200
    bridges.unfinished_call(platform.installation, platform.legal)
    return platform


def rotate(*keys: str) -> tuple[int, dict[str, Any]]:
    """Run the command with these ENCRYPTION_KEYS, in a process that remembers no key; return its exit and answer."""
    out, exit_code = StringIO(), 0
    keyring.clear_cache()
    with override_settings(ENCRYPTION_KEYS=",".join(keys)):
        try:
            call_command("rotate_keys", "--json", stdout=out)
        except CommandError as error:
            exit_code = error.returncode
    answer: dict[str, Any] = json.loads(out.getvalue())
    return exit_code, answer


def key_ids() -> set[str]:
    """The ids of the keys that any stored value names."""
    return {
        value.split(".")[1]
        for model, field in fields.columns()
        for value in model._default_manager.values_list(field.name, flat=True)
    }


def test_every_encrypted_column_moves_to_the_first_key(sealed: Platform) -> None:
    exit_code, answer = rotate(K2, K1)
    assert (exit_code, answer["primary"], set(answer["columns"])) == (0, "k2", COLUMNS)
    assert all(column["moved"] > 0 for column in answer["columns"].values())
    assert {(column["unreadable"], column["left"]) for column in answer["columns"].values()} == {(0, 0)}
    assert key_ids() == {"k2"}


def test_everything_works_without_the_old_key(sealed: Platform, plugin: FakePluginServer) -> None:
    before = sealed.row()
    rotate(K2, K1)
    keyring.clear_cache()
    with override_settings(ENCRYPTION_KEYS=K2):
        replayed = sealed.agent.call(conversation=CUSTOMER, headers=KEY)
        fresh = sealed.agent.call(conversation=CUSTOMER)
    assert (replayed["Idempotent-Replayed"], replayed.json()["id"]) == ("true", before.public_id)
    assert fresh.status_code == 200
    assert sealed.rows()[1].alias == before.alias
    assert b'"apiKey":"sk-live-0123456789-canary-7F2Q"' in plugin.requests[1]


def test_a_second_run_moves_nothing_and_leaves_no_trace(sealed: Platform) -> None:
    rotate(K2, K1)
    entries = AuditEntry.objects.count()
    exit_code, answer = rotate(K2, K1)
    assert exit_code == 0
    assert {column["moved"] for column in answer["columns"].values()} == {0}
    assert AuditEntry.objects.count() == entries


def test_the_rotation_is_in_the_audit_trail_without_a_key(sealed: Platform) -> None:
    rotate(K2, K1)
    entry = trail.entries().get(chain=audit.PLATFORM)
    assert (entry.actor, entry.action) == ("command:rotate_keys", "keys.rotated")
    assert entry.after["primary"] == "k2"
    assert entry.after["moved"]["installations_installationsecret.value"] == 1
    assert audit.verify(audit.PLATFORM).is_whole


def test_two_at_once_move_each_value_once(sealed: Platform) -> None:
    keyring.clear_cache()
    everything = [(model, field, model._default_manager.count()) for model, field in fields.columns()]
    with override_settings(ENCRYPTION_KEYS=f"{K2},{K1}"):
        for model, field, count in everything:
            first, second = at_once(*[lambda m=model, f=field: fields.rotate(m, f)] * 2)
            assert (first.moved + second.moved, first.unreadable + second.unreadable) == (count, 0)
    assert key_ids() == {"k2"}


def test_a_value_that_cannot_be_opened_is_counted_and_the_others_move(sealed: Platform) -> None:
    secret = InstallationSecret.objects.get()
    InstallationSecret.objects.filter(pk=secret.pk).update(value=secret.value[:-8] + "AAAAAAAA")
    exit_code, answer = rotate(K2, K1)
    assert (exit_code, answer["code"]) == (1, "unreadable")
    assert answer["columns"]["installations_installationsecret.value"] == {"moved": 0, "unreadable": 1, "left": 1}
    assert answer["columns"]["plugins_signingsecret.value"]["left"] == 0


def test_nothing_moves_when_no_audit_entry_could_be_written(sealed: Platform) -> None:
    exit_code, answer = rotate(K2)
    assert (exit_code, answer["code"]) == (1, "unreadable")
    assert "columns" not in answer
    assert key_ids() == {"k1"}


def test_an_empty_platform_has_nothing_to_rotate(transactional_db: None) -> None:
    exit_code, answer = rotate(K2, K1)
    assert exit_code == 0
    assert {column["left"] for column in answer["columns"].values()} == {0}
    assert StoredKey.objects.get().purpose == StoredKey.Purpose.AUDIT_CHAIN
