"""The shape of process logs: JSON lines in production, plain lines in the demo; never a body or a header."""

import logging
import re
from typing import Any

import structlog

_KEY_IN_PATH = re.compile(r"/(accounts/password/reset/key|accounts/confirm-email|invitations)/[^/\s'\"]+")

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)


def formatter(*, as_json: bool, **_: object) -> logging.Formatter:
    """Returns the formatter of every handler, for records of structlog and of the standard library alike.

    Tracebacks are plain: with the values of local variables, they would write secrets and phone numbers into the log.
    """
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer() if as_json else console
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _trace_faults_alone,
            structlog.processors.format_exc_info,
            _mask_keys_everywhere,
            renderer,
        ],
    )


def mask_keys(text: str) -> str:
    """Leaves out of the paths in a text the keys that would open an account to whoever reads the log."""
    return _KEY_IN_PATH.sub(r"/\1/…", text)


def _mask_keys_everywhere(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Masks what any logger says: Django's own write the path of each request that is refused."""
    return {name: mask_keys(value) if isinstance(value, str) else value for name, value in event.items()}


def _trace_faults_alone(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Leaves the traceback out where a request was refused: Django logs one with every 403."""
    if event["level"] == "warning":
        event.pop("exc_info", None)
    return event
