from grants.management.switching import SwitchCommand
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.whatsapp import numbers
from kasilabs.whatsapp.models import Instance


class Command(SwitchCommand):
    help = "Let the calls of a suspended WhatsApp number, or of a suspended plugin, through again."
    name = "resume"

    def switch_number(self, number: Instance, actor: audit.Actor) -> Instance:
        return numbers.resume(instance=number, actor=actor)

    def switch_installation(self, installation: Installation, actor: audit.Actor) -> Installation:
        return lifecycle.resume(installation=installation, actor=actor)
