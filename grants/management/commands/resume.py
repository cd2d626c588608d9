from grants.management.suspension import SuspensionCommand
from installations import lifecycle
from kasilabs.whatsapp import numbers


class Command(SuspensionCommand):
    help = "Let the calls of a suspended WhatsApp number, or of a suspended plugin, through again."
    name = "resume"
    change_number = staticmethod(numbers.resume)
    change_installation = staticmethod(lifecycle.resume)
