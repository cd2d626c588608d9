"""What the model vendors refuse in the input of a tool, and with it the whole list of tools it stands in."""

import re
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_pointer, subschemas
from kasilabs.lib.documents.access import object_member
from kasilabs.lib.documents.errors import ErrorList
from plugins.manifest.checks.tool_metaschema import PROPERTY_NAME


def check_vendor_rules(schema: dict[str, Any], at: str, errors: ErrorList) -> None:
    """Adds what a vendor refuses in an input schema."""
    for keyword in subschemas.IN_PLACE_LISTS:
        if keyword in schema:
            message = _("Model vendors refuse this at the top of an input.")
            hint = _("Name all properties, and say in the description which of them belong together.")
            errors.add(f"{at}/{keyword}", "bad_schema", message, hint)
    for name in object_member(schema, "properties"):
        if not re.fullmatch(PROPERTY_NAME.strip("^$"), name):
            message = _("Model vendors refuse this name: they take 1 to 64 letters, digits and _ . -")
            errors.add(at + json_pointer.join(["properties", name]), "bad_schema", message)
    for path, part in subschemas.walk(schema):
        types = part.get("type")
        is_array = types == "array" or (isinstance(types, list) and "array" in types)
        # That the input itself is an object is asked elsewhere.
        if path and is_array and not {"items", "prefixItems"} & part.keys():
            message = _("Model vendors refuse a list that does not say what is in it.")
            hint = _('Add items, such as "items": {"type": "string"}.')
            errors.add(at + json_pointer.join(path), "bad_schema", message, hint)
