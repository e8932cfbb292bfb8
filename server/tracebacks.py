"""What a failure may say in the log: where it happened and of what kind it was, and no text that a client has sent.

Errors of databases, of conversions and of look-ups repeat the values that they failed on. Theirs is left out; that of
slips in the code is kept, since it names things of the code. What looks like a secret or an address is cut out of all.
"""

import re
import traceback
from collections.abc import Iterator
from types import TracebackType

# Their texts name attributes, arguments, files and states, not values.
TELLING = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    NameError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
)
LEFT_OUT = "(its text is left out: it may hold what a client has sent)"
MOST_CAUSES = 10
LONGEST = 20_000

SECRETS = re.compile(
    r"""
    tg_[\w-]{20,}                                # a key
    | whsec_[\w+/=-]+                            # what webhooks are signed with
    | eyJ[\w-]+\.[\w-]+(\.[\w-]*)?               # a token
    | (?<=[Bb]earer\s)\S+
    | (?<=://)[^\s/@]+(?=@)                      # who logs in at an address, and with what
    | (?<=password=)\S+
    | [\w.+-]+@[\w-]+(\.[\w-]+)+                 # a person's address
    """,
    re.VERBOSE | re.ASCII,
)


def without_secrets(text: str) -> str:
    return SECRETS.sub("***", text)


def traceback_of(error: BaseException) -> str:
    """Where it happened, its causes first."""
    return without_secrets("".join(_lines(error, set())))[:LONGEST]


def reason_of(error: BaseException) -> str:
    """What an error may say in a line."""
    return without_secrets(f"{type(error).__name__}: {_text(error)}")[:300]


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(cause) not in seen and len(seen) < MOST_CAUSES:
        yield from _lines(cause, seen)
        yield "\nWhich led to:\n"
    yield "Traceback (most recent call last):\n"
    yield from _places(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_text(error)}\n".removeprefix("builtins.")
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions[:MOST_CAUSES]:
            yield "One of them:\n"
            yield from _lines(part, seen)


def _places(where: TracebackType | None) -> Iterator[str]:
    yield from traceback.format_tb(where, limit=-50)


def _text(error: BaseException) -> str:
    # Those of databases are also of these kinds in some libraries, with rows in their texts.
    if isinstance(error, TELLING) and not hasattr(error, "sqlstate"):
        return str(error)
    return LEFT_OUT
