"""The exception for a manifest that is not accepted."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kasilabs.lib.documents.errors import MAX_ERRORS, DocumentError
from kasilabs.lib.refusal import Refused


class BadManifest(Exception):
    """Not a manifest that can be accepted; `errors` holds every error, in the order of the text."""

    def __init__(self, errors: tuple[DocumentError, ...]) -> None:
        count = len(errors)
        message = ngettext("The manifest has %(n)d fault.", "The manifest has %(n)d faults.", count)
        if errors and errors[-1].code == "too_many":
            count, message = MAX_ERRORS, _("The manifest has more than %(n)d faults.")
        super().__init__(message % {"n": count})
        self.errors = errors

    def as_refusal(self) -> Refused:
        """Returns the refusal that a command answers with."""
        documents = []
        for error in self.errors:
            document = {"pointer": error.pointer, "code": error.code, "message": error.message}
            documents.append(document | ({"hint": error.hint} if error.hint else {}))
        return Refused("bad_manifest", str(self), documents)
