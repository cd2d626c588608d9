"""What the runtime of a number reads of it: prompt, zone, currency, toolkits, and the revision of its tools."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.changes import plugins, toolkits
from kasilabs.accounts.models import Organization
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp import agent_keys, numbers
from kasilabs.whatsapp.models import AgentKey, Instance
from tests.support.factories import ACTOR
from tests.support.platform import Platform

PATH = "/agent/v1/instance"
PROMPT = "You answer for Kasi Legal.\nBe brief. “Karibu”"


@pytest.fixture
def platform(platform: Platform) -> Platform:
    Instance.objects.filter(pk=platform.legal.pk).update(system_prompt=PROMPT)
    return platform


def test_the_runtime_reads_what_it_needs_to_be_this_number(platform: Platform) -> None:
    Organization.objects.update(time_zone="Africa/Kampala", currency="UGX")
    toolkits.install(organization=platform.organization, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    toolkits.grant(instance=platform.legal, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    answer = platform.agent.get(PATH)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == {
        "instance": {
            "id": platform.legal.public_id,
            "name": "Legal Consultations",
            "state": "active",
            "prompt": PROMPT,
            "timezone": "Africa/Kampala",
            "currency": "UGX",
        },
        "toolkits": ["PAYMENTS"],
        "suppressedToolkits": [],
        "revision": platform.agent.get().json()["revision"],
    }


def test_another_number_reads_of_itself(platform: Platform) -> None:
    document = platform.other_agent.get(PATH).json()
    assert document["instance"]["name"] == "Billing Support"
    assert document["instance"]["prompt"] == ""


def test_it_revalidates_until_prompt_or_tools_change(platform: Platform) -> None:
    first = platform.agent.get(PATH)
    assert (first["Cache-Control"], first["Vary"]) == ("private, no-cache", "Authorization")
    again = platform.agent.get(PATH, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])

    Instance.objects.filter(pk=platform.legal.pk).update(system_prompt="Something else.")
    second = platform.agent.get(PATH, **{"If-None-Match": first["ETag"]})
    assert (second.status_code, second.json()["revision"]) == (200, first.json()["revision"])
    plugins.revoke_plugin(instance=platform.legal, installation=platform.installation, actor=ACTOR)
    third = platform.agent.get(PATH, **{"If-None-Match": second["ETag"]})
    assert third.status_code == 200
    assert third.json()["revision"] == platform.agent.get().json()["revision"] != first.json()["revision"]


def test_a_suspended_number_is_told_so_and_gets_nothing_to_work_with(platform: Platform) -> None:
    toolkits.install(organization=platform.organization, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    toolkits.grant(instance=platform.legal, toolkit=Toolkit.PAYMENTS, actor=ACTOR)
    before = platform.agent.get(PATH)
    numbers.suspend(instance=platform.legal, actor=ACTOR)
    answer = platform.agent.get(PATH, **{"If-None-Match": before["ETag"]})
    document = answer.json()
    assert answer.status_code == 200
    assert (document["instance"]["state"], document["instance"]["prompt"]) == ("suspended", "")
    assert (document["toolkits"], document["suppressedToolkits"]) == ([], [])
    assert platform.agent.get().status_code == 403


def test_the_key_is_asked_before_the_etag(platform: Platform) -> None:
    known = platform.agent.get(PATH)
    agent_keys.revoke(key=AgentKey.objects.get(instance=platform.legal), actor=ACTOR)
    answer = platform.agent.get(PATH, **{"If-None-Match": known["ETag"]})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")


def test_only_get_and_head_are_answered(platform: Platform) -> None:
    head = platform.agent.client.head(PATH, headers={"Authorization": f"Bearer {platform.agent.key}"})
    assert (head.status_code, head.content) == (200, b"")
    post = platform.agent.client.post(PATH, headers={"Authorization": f"Bearer {platform.agent.key}"})
    assert (post.status_code, post.json()["code"]) == (405, "method_not_allowed")


def test_it_costs_a_statement_more_than_the_tools_for_the_prompt(platform: Platform) -> None:
    platform.agent.get(PATH)
    with CaptureQueriesContext(connection) as queries:
        platform.agent.get(PATH)
    assert len(queries) == 4
