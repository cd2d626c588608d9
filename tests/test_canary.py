"""One distinctive phone number and one distinctive secret through every flow, then searched in all that can be seen."""

import base64
import json
import re
from typing import Any

import pytest
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client
from django.urls import reverse

from installations import lifecycle
from kasilabs.accounts.permissions import Role
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.crypto.fields import EncryptedField
from kasilabs.logs.models import Call
from tests.support import factories, fake_plugin_server
from tests.support.fake_plugin_server import FakePluginServer, message
from tests.support.platform import PHONE, SECRET, Build, Platform, Serve

DIGITS = PHONE.removeprefix("+")
NATIONAL = DIGITS.removeprefix("254")
OTHER_SECRET = "pw-rotated-98765-canary-XK4M"
FORMS = [
    *(NATIONAL, f"{NATIONAL[:3]} {NATIONAL[3:6]} {NATIONAL[6:]}", f"{NATIONAL[:3]}-{NATIONAL[3:6]}"),
    *(base64.b64encode(form.encode()).decode().rstrip("=") for form in (PHONE, DIGITS, SECRET, OTHER_SECRET)),
    *(SECRET, OTHER_SECRET, SECRET[:20]),
]


def leaks(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


def echo(visit: fake_plugin_server.Visit) -> None:
    """Give back everything the platform sent, which is what a careless or hostile plugin would do."""
    for request in visit.requests():
        body = request.partition(b"\r\n\r\n")[2]
        visit.send(message(json.dumps({"echo": json.loads(body)}).encode()))


@pytest.fixture
def lived(build: Build, serve: Serve) -> tuple[Platform, FakePluginServer]:
    """A platform on which every flow that touches a phone number or a secret has happened."""
    plugin = serve(echo)
    platform = build(plugin.url())
    customer = {"phone": PHONE}
    calls: list[dict[str, Any]] = [
        {"conversation": {"id": PHONE, "customer": customer}},
        {"conversation": {"id": DIGITS, "customer": {**customer, "userId": "KE.canary"}}, "input": {"subject": "abc"}},
        {"conversation": {"id": "c", "customer": customer}, "input": {"subject": "x"}},
        {"conversation": {"id": "d", "customer": {"phone": NATIONAL}}},
        {"tool": f"nothing__{NATIONAL}", "conversation": {"id": "e", "customer": customer}},
        {"headers": {"Idempotency-Key": "canary-key-000001"}, "conversation": {"id": "f", "customer": customer}},
    ]
    for members in calls:
        platform.agent.call(**members)
    known = {"id": PHONE}
    refused: list[dict[str, Any]] = [
        {"conversation": known, "input": {"subject": NATIONAL, "colour": DIGITS}},
        {"conversation": known, "tool": f"lookup_{DIGITS}"},
        {"conversation": {**known, "customer": {"phone": "+254799000111"}}, "input": {"subject": PHONE}},
        {"conversation": known, "input": {"subject": DIGITS}, "colour": 1},
        {"conversation": known, "headers": {"Idempotency-Key": f"wamid-{DIGITS}-01", "X-Request-Id": f"req-{DIGITS}"}},
    ]
    for members in refused:
        platform.agent.call(**members)
    platform.other_agent.call(conversation=known, input={"subject": NATIONAL})
    platform.other_agent.call(conversation={"id": "g", "customer": customer})
    lifecycle.configure(
        installation=platform.installation,
        values={"defaultQueue": "billing"},
        secret_changes=[SecretChange("/apiKey", Action.REPLACE, OTHER_SECRET)],
        actor=factories.ACTOR,
    )
    return platform, plugin


def test_no_table_shows_the_phone_or_the_secret(lived: tuple[Platform, FakePluginServer]) -> None:
    assert Call.objects.count() == 13
    for model in apps.get_models():
        open_fields = [field for field in model._meta.concrete_fields if not isinstance(field, EncryptedField)]
        for row in model._default_manager.values(*[field.attname for field in open_fields]):
            assert leaks(json.dumps(row, cls=DjangoJSONEncoder, default=repr)) == [], model


def test_the_database_itself_does_not_hold_them(lived: tuple[Platform, FakePluginServer]) -> None:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert leaks(repr(cursor.fetchall())) == [], table


def test_the_plugin_sees_its_secret_and_never_the_phone(
    lived: tuple[Platform, FakePluginServer],
) -> None:
    _ground, plugin = lived
    seen = b"".join(plugin.requests).decode()
    assert SECRET in seen
    assert NATIONAL not in re.sub(r"[^0-9a-z]", "", seen)


def test_no_page_shows_them(lived: tuple[Platform, FakePluginServer]) -> None:
    platform, _plugin = lived
    client = Client()
    client.force_login(factories.member(platform.organization, Role.OWNER).user)
    slug = platform.organization.slug
    pages = [
        reverse(name, args=[slug, *args])
        for name, *args in [
            ("overview",),
            ("logs:list",),
            ("installations:list",),
            ("installations:detail", platform.installation.public_id),
            ("installations:configuration", platform.installation.public_id),
            ("grants:matrix",),
            ("whatsapp:detail", platform.legal.public_id),
            ("plugins:detail", "SUPPORT_DESK"),
            *(("logs:detail", call.public_id) for call in platform.rows()),
        ]
    ]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert leaks(answer.content.decode()) == [], page


def test_no_process_log_line_shows_them(
    build: Build, serve: Serve, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    platform = build(serve(echo).url())
    with caplog.at_level("DEBUG"):
        platform.agent.call(conversation={"id": PHONE, "customer": {"phone": PHONE}})
        platform.agent.post(b'{"tool": "x", "conversation": {"id": "' + PHONE.encode() + b'"}}')
    out, err = capfd.readouterr()
    without_sql = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert leaks(without_sql + out + err) == []
