"""The platform-wide refusal: what a person or a script asks for and may not have."""

from collections.abc import Mapping, Sequence

from django.utils.functional import Promise


class Refused(Exception):
    """Nothing was changed. `code` is stable and for machines, `detail` is a sentence for people.

    Each of `errors` has the members `pointer`, `code`, `message` and perhaps `hint`.
    """

    def __init__(self, code: str, detail: str | Promise, errors: Sequence[Mapping[str, object]] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = errors

    def __str__(self) -> str:
        return str(self.detail)
