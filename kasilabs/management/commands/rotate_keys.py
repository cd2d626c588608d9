from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.accounts import audit, keyring
from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.crypto import fields
from kasilabs.lib.refusal import Refused


class Command(JsonCommand):
    help = (
        "Re-encrypt every stored secret with the first key of ENCRYPTION_KEYS. May run while the platform works, "
        "again, and twice at once. Exit 1 when values cannot be opened: their key is not in ENCRYPTION_KEYS any more."
    )

    def run(self, **_options: Any) -> dict[str, object]:
        _require_audit_key()
        columns = {
            f"{model._meta.db_table}.{field.column}": fields.rotate(model, field) for model, field in fields.columns()
        }
        primary = fields.primary_key_id()
        moved = {name: rotated.moved for name, rotated in columns.items() if rotated.moved}
        with audit.act(actor=audit.Actor.command("rotate_keys"), action="keys.rotated", organization=None) as act:
            act.change(after={"primary": primary, "moved": moved})
            if not moved:
                act.nothing()
        answer: dict[str, object] = {
            "columns": {name: asdict(rotated) for name, rotated in columns.items()},
            "primary": primary,
        }
        unreadable = sum(rotated.unreadable for rotated in columns.values())
        if not unreadable:
            return answer
        self.exit_code = 1
        detail = _("%(number)d values cannot be opened: ENCRYPTION_KEYS lacks the key they were sealed with.")
        return {**answer, "code": "unreadable", "detail": detail % {"number": unreadable}}


def _require_audit_key() -> None:
    """Raises Refused, before the first change, when no entry could be written about it."""
    try:
        keyring.platform_key(keyring.Purpose.AUDIT_CHAIN)
    except fields.CannotOpen:
        detail = _("The key of the audit trail cannot be opened: ENCRYPTION_KEYS lacks the key it was sealed with.")
        raise Refused("unreadable", detail) from None
