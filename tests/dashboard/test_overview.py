"""The overview of an organization."""

from django.test import Client

from grants.changes import plugins
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
