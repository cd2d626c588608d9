from grants.management.suspension import SuspensionCommand
from installations import lifecycle
from kasilabs.whatsapp import numbers


class Command(SuspensionCommand):
    help = "Stop every call of a WhatsApp number, or of an installed plugin, until it is resumed."
    name = "suspend"
    change_number = staticmethod(numbers.suspend)
    change_installation = staticmethod(lifecycle.suspend)
