from grants.management.switching import SwitchCommand
from installations import lifecycle
from kasilabs.whatsapp import numbers


class Command(SwitchCommand):
    help = "Let the calls of a suspended WhatsApp number, or of a suspended plugin, through again."
    name = "resume"
    switch_number = staticmethod(numbers.resume)
    switch_installation = staticmethod(lifecycle.resume)
