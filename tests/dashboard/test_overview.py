"""The overview of an organization."""

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from grants.changes import plugins
from kasilabs.logs.models import CallState
from tests.support import factories
from tests.support.visits import As, page

OVERVIEW = "/o/kasi-legal/"


def next_step(client: Client) -> str | None:
    """Return the label of the link to what is missing next."""
    step = client.get(OVERVIEW).context["next_step"]
    return str(step.label) if step else None


def test_it_names_the_next_step_until_a_number_may_use_a_plugin(cast: factories.Cast, as_: As) -> None:
    client, named = as_(cast.owner), []
    named.append(next_step(client))
    number = factories.number(cast.organization)
    named.append(next_step(client))
    installation = factories.installation(cast.organization)
    named.append(next_step(client))
    plugins.grant_plugin(
        instance=number, installation=installation, tools=None, permissions=None, actor=factories.ACTOR
    )
    named.append(next_step(client))
    assert named == ["Add a number", "Open the developer area", "Open the permission matrix", None]


def test_it_names_no_step_to_somebody_who_may_not_take_it(cast: factories.Cast, as_: As) -> None:
    assert next_step(as_(cast.viewer)) is None


def test_the_last_failures_are_for_those_who_may_read_the_log(cast: factories.Cast, as_: As) -> None:
    factories.call(factories.number(cast.organization), state="plugin_fault", code="plugin_error", reason="http_status")
    assert "http_status" in page(as_(cast.operator).get(OVERVIEW))
    cast.organization.members.filter(user=cast.operator).update(withdrawn=["logs.view"])
    assert "http_status" not in page(as_(cast.operator).get(OVERVIEW))


def figures(markup: str) -> dict[str, tuple[str, str]]:
    """Return each figure with the log it leads to, by its word."""
    found = re.findall(
        r'<a href="([^"]+)">\s*<span class="k-st[^>]+>.*?</svg>(.*?)</span>\s*<b\s*(.*?)</b>', markup, re.S
    )
    return {word: (number, leads_to) for leads_to, word, number in found}


def test_it_counts_how_the_calls_of_a_day_ended(cast: factories.Cast, as_: As) -> None:
    number, rivals = factories.number(cast.organization), factories.number(cast.rival)
    states = [CallState.SUCCEEDED] * 3 + [CallState.DECLINED] * 2 + [CallState.PLUGIN_FAULT]
    for state in states:
        factories.call(number, state=state)
        factories.call(number, state=state, at=timezone.now() - timedelta(hours=25))
        factories.call(rivals, state=state)
    shown = figures(page(as_(cast.operator).get(OVERVIEW)))
    assert {word: number for word, (number, _leads_to) in shown.items()} == {
        "Succeeded": ">3",
        "Declined": ">2",
        "Plugin fault": 'class="bad">1',
        "Our fault": ">0",
        "Refused": ">0",
    }
    assert shown["Declined"][1] == "/o/kasi-legal/logs/?status=declined&amp;range=day"


def test_a_decline_is_among_no_failures(cast: factories.Cast, as_: As) -> None:
    factories.call(factories.number(cast.organization), state=CallState.DECLINED, gate="business", reason="no_stock")
    shown = page(as_(cast.operator).get(OVERVIEW))
    assert "No call has failed." in shown
    assert "no_stock" not in shown
    assert "failures today" not in shown


def test_the_figures_are_for_those_who_may_read_the_log(cast: factories.Cast, as_: As) -> None:
    factories.call(factories.number(cast.organization))
    cast.organization.members.filter(user=cast.operator).update(withdrawn=["logs.view"])
    assert "k-stats" not in page(as_(cast.operator).get(OVERVIEW))
