"""Creating an organization: together with its first owner, and never without one."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from kasilabs.accounts import audit, members
from kasilabs.accounts.models import Organization, User
from kasilabs.accounts.permissions import Role
from kasilabs.lib.refusal import Refused


def create(*, slug: str, name: str, owner_email: str, owner_name: str, actor: audit.Actor) -> members.Added:
    """Creates an organization and its first owner, or nothing. Raises Refused (`slug_taken`, `invalid_input`).

    Like `members.add` it sends no mail.
    """
    organization, owner = Organization(slug=slug, name=name.strip()), User(email=owner_email, name=owner_name.strip())
    errors = _errors(organization, {"slug": "/slug", "name": "/name"})
    errors += _errors(owner, {"email": "/ownerEmail", "name": "/ownerName"})
    if errors:
        raise Refused("invalid_input", _("Some of this cannot be used. Nothing was changed."), errors)
    with audit.together():
        with audit.act(actor=actor, action="organization.created", organization=organization) as act:
            _insert(organization)
            act.on(organization.public_id, organization.name)
            act.change(after={"slug": slug})
        return members.add(
            organization=organization, email=owner.email, name=owner.name, role=Role.OWNER, by=None, actor=actor
        )


def _insert(organization: Organization) -> None:
    try:
        with transaction.atomic():
            organization.save(force_insert=True)
    except IntegrityError:
        sentence = _("There is an organization %(slug)s already. Nothing was changed.")
        raise Refused("slug_taken", sentence % {"slug": organization.slug}) from None


def _errors(row: models.Model, pointers: Mapping[str, str]) -> list[dict[str, object]]:
    """Returns what is wrong with the named columns of an unsaved row."""
    try:
        row.clean_fields(exclude={field.name for field in row._meta.fields} - pointers.keys())
    except ValidationError as error:
        return [
            {"pointer": pointers[name], "code": first.code, "message": first.messages[0]}
            for name, (first, *_rest) in error.error_dict.items()
        ]
    return []
