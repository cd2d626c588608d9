"""The exception that a manifest with errors raises."""

from django.utils.translation import ngettext

from kasilabs.lib.documents.errors import DocumentError


class BadManifest(Exception):
    """Not a manifest that can be accepted; `errors` holds every error, in the order of the text."""

    def __init__(self, errors: tuple[DocumentError, ...]) -> None:
        words = ngettext("The manifest has %(n)d fault.", "The manifest has %(n)d faults.", len(errors))
        super().__init__(words % {"n": len(errors)})
        self.errors = errors
