"""One log for everything: JSON lines for machines, or readable text. On standard error.

Neither keys nor variables nor the text of queries are ever handed to it. What errors and others' libraries say is
cleaned before it is written.
"""

import asyncio
import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from server.settings import Settings
from server.tracebacks import traceback_of, without_secrets

# The least of others' lines that is worth writing, whatever our own level is: below it libraries tell the statements,
# frames and headers that they carry.
OTHERS = logging.WARNING
# We write our own line for each request, and our own for each error.
# What uvicorn says at higher levels, some of it with a traceback, when a client breaks a protocol.
CLIENTS_MISTAKES = (
    "Invalid HTTP request",
    "Invalid UTF-8 sequence",
    "Unsupported upgrade request",
    "No supported WebSocket",
)
SILENCED = ("uvicorn.access", "strawberry")


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
    level = max(OTHERS, logging.getLevelName(settings.log_level))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for is_worth_it in (is_no_cancelled_request, is_no_clients_mistake):
        logging.getLogger("uvicorn.error").addFilter(is_worth_it)
    for name in ("uvicorn.error", "asyncio", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(level)
    for name in SILENCED:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def is_no_cancelled_request(record: logging.LogRecord) -> bool:
    """Whether a line is about more than a request that a stopping server could not wait for."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def is_no_clients_mistake(record: logging.LogRecord) -> bool:
    """Whether a line is about more than bytes that a client should not have sent: those are one line of ours."""
    # Some hand over an error itself in place of a text.
    message = str(record.msg)
    if not message.startswith(CLIENTS_MISTAKES):
        return True
    structlog.get_logger(source="access").info("broken bytes", reason=message.partition(".")[0])
    return False


def _facts() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]


def _rendering(form: str) -> list[Processor]:
    if form == "json":
        renderer: Processor = structlog.processors.JSONRenderer(serializer=_as_json)
        return [*CLEANING, _most_telling_first, renderer]
    return [
        *CLEANING,
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            timestamp_key="time",
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]


def _cleaned(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Failures without what they must not say."""
    if isinstance(reason := event.get("reason"), str):
        event["reason"] = without_secrets(reason)
    return event


CLEANING: list[Processor] = [
    structlog.processors.ExceptionRenderer(lambda failure: traceback_of(failure[1])),
    _cleaned,
]


def _logger_of(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event["source"] = logger.name if logger else event["_record"].name
    event["event"] = without_secrets(str(event["event"]))
    return event


def _most_telling_first(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    first = {name: event.pop(name, None) for name in ("time", "level", "event")}
    return {**first, **event}


def _as_json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
