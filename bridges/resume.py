"""Finishing what a process left behind: a worker carries out a bridge call whose lease is over."""

from django.utils.translation import gettext_lazy as _

from bridges import checks, idempotency
from bridges.actions.commands import COMMANDS
from bridges.models import BridgeCall
from kasilabs.jobs.sources import JobFailed
from kasilabs.lib import ids
from kasilabs.lib.crypto import fields
from kasilabs.lib.documents import strict_json
from kasilabs.toolkits.effects.models import Effect
from kasilabs.whatsapp import customers

NOT_IN_FORCE = "not_in_force"
ERRORS = {NOT_IN_FORCE: _("The plugin may not do this any more: its permission on this number is not in force.")}
"""What dead letters say, by the code of a failure."""


def resume(call: BridgeCall) -> None:
    """Carries out a claimed call once more. Raises JobFailed while its permission is not in force, and LostLease.

    What was asked for stands sealed in its row; the plugin reads the answer when it asks again.
    """
    command = COMMANDS[call.action]
    if not is_in_force(call):
        raise JobFailed(NOT_IN_FORCE)
    body = command.body.model_validate(strict_json.loads(fields.reveal(call, "request").encode()))
    phones = customers.phones(call.customer_id) if call.customer_id else ()
    idempotency.execute(call, command, body, phones=phones)


def is_in_force(call: BridgeCall) -> bool:
    """Returns whether the plugin may still do now what it has asked for."""
    permission = COMMANDS[call.action].permission
    installation = call.plugin.installations.with_version().select_related("organization").get(id=call.installation_id)
    return checks.decide(installation, call.instance, permission, in_chat=call.made_in is not None).allowed


def refusal(effect: Effect) -> str:
    """Returns why what a bridge call has prepared may not be sent any more, or an empty text."""
    call_id = ids.decode(ids.Prefix.BRIDGE_CALL, effect.origin)
    call = BridgeCall.objects.select_related("plugin", "instance").filter(id=call_id).first() if call_id else None
    return "" if call is None or is_in_force(call) else NOT_IN_FORCE


def describe(call: BridgeCall) -> str:
    return f"{call.plugin.slug} {call.action}"
