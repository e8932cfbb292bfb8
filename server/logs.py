"""One log for everything: JSON lines for machines, or readable text. On standard error.

Neither keys nor variables nor the text of queries are ever handed to it.
"""

import asyncio
import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from server.settings import Settings

# Others' loggers, and the least of theirs that is worth a line: we write our own line for each request,
# and our own for each error.
QUIETED = {
    "uvicorn.error": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "strawberry": logging.CRITICAL,
    "asyncio": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
}


def start_logging(settings: Settings) -> None:
    """Make every logger, ours and others', write to one place in one form."""
    # Our own lines take the short way: one of them is written for every request.
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *_facts(), *_rendering(settings.log_format)],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_facts(), _logger_of],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(settings.log_format),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    logging.getLogger("uvicorn.error").addFilter(is_no_cancelled_request)
    for name, level in QUIETED.items():
        logging.getLogger(name).setLevel(max(level, logging.getLevelName(settings.log_level)))


def is_no_cancelled_request(record: logging.LogRecord) -> bool:
    """Whether a line is about more than a request that a stopping server could not wait for."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _facts() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]


def _rendering(form: str) -> list[Processor]:
    if form == "json":
        renderer: Processor = structlog.processors.JSONRenderer(serializer=_as_json)
        return [structlog.processors.format_exc_info, _most_telling_first, renderer]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            timestamp_key="time",
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


def _logger_of(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event["source"] = logger.name if logger else event["_record"].name
    return event


def _most_telling_first(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    first = {name: event.pop(name, None) for name in ("time", "level", "event")}
    return {**first, **event}


def _as_json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
