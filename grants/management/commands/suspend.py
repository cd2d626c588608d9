from grants.management.switching import SwitchCommand
from installations import lifecycle
from kasilabs.whatsapp import numbers


class Command(SwitchCommand):
    help = "Stop every call of a WhatsApp number, or of an installed plugin, until it is resumed."
    name = "suspend"
    switch_number = staticmethod(numbers.suspend)
    switch_installation = staticmethod(lifecycle.suspend)
