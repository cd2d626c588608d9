"""The shape of process logs: JSON lines in production, plain lines in the demo; never a body or a header."""

import logging
import re
import sys
from typing import Any

import structlog

from kasilabs.lib.db import connection

_SLASH = r"(?:\\*/|%(?:25)*2f)+"
_KEY_IN_PATH = re.compile(
    # The paths of views whose address is the key, however often they were encoded; not files of the same name.
    rf"(accounts{_SLASH}password{_SLASH}reset{_SLASH}key|accounts{_SLASH}confirm-email|invitations)"
    rf"({_SLASH})(?!\w+\.py\b)(?:(?!{_SLASH})[^\s'\"])+",
    re.IGNORECASE,
)

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def formatter(*, as_json: bool, **_: object) -> logging.Formatter:
    """Returns the formatter of every handler, for records of structlog and of the standard library alike.

    Tracebacks are plain: with the values of local variables, they would write secrets and phone numbers into the log.
    """
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer() if as_json else console
    return _Formatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _trace_faults_alone,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Masks what any logger says: Django's own write the path of each request that is refused."""

    def format(self, record: logging.LogRecord) -> str:
        return mask_keys(super().format(record))


def mask_keys(text: str) -> str:
    """Leaves out of the paths in a text the keys that would open an account to whoever reads the log."""
    return _KEY_IN_PATH.sub(r"\1\2…", text)


def _trace_faults_alone(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Leaves the traceback out where a request was refused (Django logs one with every 403) or had no database."""
    match event.get("exc_info"):
        case (_, BaseException() as error, _) | (BaseException() as error):
            is_unavailable = isinstance(error, connection.UNAVAILABLE)
        case given:
            is_unavailable = bool(given) and isinstance(sys.exc_info()[1], connection.UNAVAILABLE)
    if event["level"] == "warning" or is_unavailable:
        event.pop("exc_info", None)
    return event


structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        _trace_faults_alone,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
