import sys
from contextlib import redirect_stdout
from typing import Any

from django.core.management.base import CommandParser

from kasilabs.accounts import audit, organizations, password_links, welcome
from kasilabs.accounts.members import Added
from kasilabs.accounts.models import OutgoingMail
from kasilabs.jobs import attempt, sources
from kasilabs.lib.commands import JsonCommand

ACTOR = audit.Actor.command("create_organization")


class Command(JsonCommand):
    help = "Make an organization with its first owner, and send them the link that sets a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", required=True, help="stands in every address, such as kasi-legal")
        parser.add_argument("--name", required=True)
        parser.add_argument("--owner-email", required=True, metavar="EMAIL")
        parser.add_argument("--owner-name", required=True, metavar="NAME")
        parser.add_argument(
            "--print-link",
            action="store_true",
            help="print the link instead of sending it; whoever has it is the owner",
        )

    def run(self, *, print_link: bool, **options: Any) -> dict[str, object]:
        given = {name: options[name] for name in ("slug", "name", "owner_email", "owner_name")}
        added = organizations.create(**given, actor=ACTOR)
        organization, owner = added.member.organization, added.member.user
        return {
            "organization": {"id": organization.public_id, "slug": organization.slug},
            "owner": owner.email,
            **_invited(added, print_link=print_link),
        }


def _invited(added: Added, *, print_link: bool) -> dict[str, object]:
    """Says how the owner comes to a password. The console mail backend writes to stdout, where only our JSON may be."""
    if not added.needs_password:
        return {"mail": "not_needed"}
    if print_link:
        return {"mail": "not_sent", "passwordLink": password_links.link(added.member.user)}
    mail = welcome.enqueue(added.member)
    with redirect_stdout(sys.stderr):
        attempt.run(sources.of(mail), mail.pk)
    return {"mail": "failed" if OutgoingMail.objects.filter(pk=mail.pk).exists() else "sent"}
