from grants.management.switching import SwitchCommand
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.whatsapp import numbers
from kasilabs.whatsapp.models import Instance


class Command(SwitchCommand):
    help = "Stop every call of a WhatsApp number, or of an installed plugin, until it is resumed."
    name = "suspend"

    def switch_number(self, number: Instance, actor: audit.Actor) -> Instance:
        return numbers.suspend(instance=number, actor=actor)

    def switch_installation(self, installation: Installation, actor: audit.Actor) -> Installation:
        return lifecycle.suspend(installation=installation, actor=actor)
