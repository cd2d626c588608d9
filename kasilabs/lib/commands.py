"""The base of all commands (docs/operators/commands.md): exactly one JSON object on stdout, progress on stderr.

The exit code is 0 when the work is done, 1 when it is refused with `{"code", "detail", "errors"?}`, and 2 for a usage
error.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, SystemCheckError
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, InternalError, NotSupportedError

from kasilabs.lib.refusal import Refused


class JsonCommand(BaseCommand):
    """A command that answers with one JSON object. Subclasses write `run`, and raise Refused to say no."""

    exit_code = 0

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="Changes nothing: the answer is always JSON.")
        return parser

    def run(self, *args: Any, **options: Any) -> Mapping[str, object]:
        """Does the work and returns the answer; options come by name. Raises Refused.

        It may set `exit_code` when the answer is bad news.
        """
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        try:
            self._print(self.run(**options))
        except Refused as refused:
            document: dict[str, object] = {"code": refused.code, "detail": str(refused)}
            if refused.errors:
                document["errors"] = list(refused.errors)
            self._print(document)
            raise CommandError(str(refused), returncode=1) from refused
        if self.exit_code:
            raise CommandError(f"Exit {self.exit_code}.", returncode=self.exit_code)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Runs the command; settings that are not whole, and a database that is not there, are answers as well."""
        try:
            return super().execute(*args, **options)
        except SystemCheckError as error:
            faults = re.findall(r"\(\w+\.E[0-9]+\) (.*)", str(error))
            self._print({"code": "system_check", "detail": " ".join(faults)})
            raise CommandError(str(error), returncode=1) from error
        except (DatabaseError, InterfaceError) as error:
            if isinstance(error, IntegrityError | DataError | InternalError | NotSupportedError):
                raise
            # It is gone, no database, or without its tables.
            detail = f"The database cannot be used: {str(error).splitlines()[0]}."
            self._print({"code": "unavailable", "detail": detail})
            raise CommandError(detail, returncode=1) from error

    def _print(self, document: Mapping[str, object]) -> None:
        self.stdout.write(json.dumps(document))
