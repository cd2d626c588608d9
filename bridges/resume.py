"""Finishing what a process left behind: a worker carries out a bridge call whose lease is over."""

from bridges import checks, idempotency
from bridges.actions.commands import COMMANDS
from bridges.models import BridgeCall
from kasilabs.jobs.sources import JobFailed
from kasilabs.lib.crypto import fields
from kasilabs.lib.documents import strict_json
from kasilabs.toolkits.catalogue import BACKGROUND
from kasilabs.whatsapp import customers


def resume(call: BridgeCall) -> None:
    """Carries out a claimed call once more. Raises JobFailed while its permission is not in force, and LostLease.

    What was asked for stands sealed in its row; the plugin reads the answer when it asks again.
    """
    command = COMMANDS[call.action]
    needed = [command.permission] if call.made_in else [command.permission, BACKGROUND]
    installation = call.plugin.installations.with_version().select_related("organization").get(id=call.installation_id)
    if not checks.decide(installation, call.instance, needed).allowed:
        raise JobFailed("refused")
    body = command.body.model_validate(strict_json.loads(fields.reveal(call, "request").encode()))
    phones = customers.phones(call.customer_id) if call.customer_id else ()
    idempotency.execute(call, command, body, phones=phones)


def describe(call: BridgeCall) -> str:
    return f"{call.plugin.slug} {call.action}"
