"""The exception that a manifest with errors raises."""

from django.utils.translation import ngettext

from kasilabs.lib.documents.errors import Fault


class BadManifest(Exception):
    """Not a manifest; `faults` holds all of them in the order of the text."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        words = ngettext("The manifest has %(n)d fault.", "The manifest has %(n)d faults.", len(faults))
        super().__init__(words % {"n": len(faults)})
        self.faults = faults
