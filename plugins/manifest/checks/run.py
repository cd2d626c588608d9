"""All checks of a manifest in their order, from bytes to a document that `plugins.manifest.document.load` may trust.

First the closed schema, then the rules it cannot say. Each later check looks only at parts that are free of errors so
far, so no shape of input can surprise it.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.gate.rules import check_config_schema
from kasilabs.lib.documents import strict_json
from kasilabs.lib.documents.errors import DocumentError, ErrorList, TooManyErrors
from plugins.manifest.checks.addresses import check_addresses
from plugins.manifest.checks.errors import BadManifest
from plugins.manifest.checks.permissions import check_permissions
from plugins.manifest.checks.requirements import check_requirements, check_workflows
from plugins.manifest.checks.structure import check_structure
from plugins.manifest.checks.tools import check_configuration_test, check_tools
from plugins.manifest.checks.values import check_values

MAX_BYTES = 256 * 1024

IsAllowedHost = Callable[[str, int], bool]


def check_manifest(raw: bytes, *, is_allowed_host: IsAllowedHost) -> dict[str, Any]:
    """Returns the document in `raw`. Raises BadManifest with every error in it."""
    errors = ErrorList()
    document = _read(raw, errors)
    with suppress(TooManyErrors):
        check_structure(document, errors)
        check_values(document, errors)
        check_addresses(document, errors, is_allowed_host)
        check_permissions(document, errors)
        if isinstance(document.get("configurationSchema"), dict):
            check_config_schema(document["configurationSchema"], "/configurationSchema", errors)
        check_tools(document, errors)
        check_configuration_test(document, errors)
        check_requirements(document, errors)
        check_workflows(document, errors)
    if errors:
        raise BadManifest(errors.located_in(raw.decode()))
    return document


def _read(raw: bytes, errors: ErrorList) -> dict[str, Any]:
    """Returns the parsed document; names that stand twice are errors among others. Raises BadManifest."""
    if len(raw) > MAX_BYTES:
        message = _("The manifest is larger than %(limit)d KiB.") % {"limit": MAX_BYTES // 1024}
        raise BadManifest((DocumentError("", "too_large", message, line=1),))

    def add_duplicate(pointer: str, _line: int) -> None:
        errors.add(pointer, "duplicate_key", _("This name stands twice in the same object."))

    try:
        return strict_json.loads(raw, on_duplicate=add_duplicate)
    except strict_json.NotJson as error:
        raise BadManifest((DocumentError(error.pointer, error.code, error.detail, line=error.line),)) from None
