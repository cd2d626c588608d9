"""The rule all commands keep (contracts, section 6): exactly one JSON object on stdout, progress on stderr.

Exit 0 when done, 1 when refused with `{"code", "detail", "errors"?}`, 2 for a usage error.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, SystemCheckError

from kasilabs.lib.refusal import Refused


class JsonCommand(BaseCommand):
    """A command that answers with one JSON object: write `run`, and raise Refused where it says no."""

    exit_code = 0

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="Changes nothing: the answer is always JSON.")
        return parser

    def run(self, *args: Any, **options: Any) -> Mapping[str, object]:
        """Do the work and return the answer; options come by name. Raises Refused.

        `exit_code` may be set for an answer that is bad news.
        """
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        try:
            self._answer(self.run(**options))
        except Refused as refused:
            self._refuse(refused)
        if self.exit_code:
            raise CommandError(f"Exit {self.exit_code}.", returncode=self.exit_code)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; a configuration that the system checks refuse is an answer as well."""
        try:
            return super().execute(*args, **options)
        except SystemCheckError as error:
            self._answer(
                {"code": "system_check", "detail": "The settings are not whole; what is missing is on stderr."}
            )
            raise CommandError(str(error), returncode=1) from error

    def _answer(self, document: Mapping[str, object]) -> None:
        self.stdout.write(json.dumps(document))

    def _refuse(self, refused: Refused) -> None:
        document: dict[str, object] = {"code": refused.code, "detail": str(refused)}
        self._answer(document | ({"errors": list(refused.errors)} if refused.errors else {}))
        raise CommandError(str(refused), returncode=1) from refused
