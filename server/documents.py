"""From a document's text to what can be run: parsed, measured, valid.

What passed is kept under its text: the same few are asked again and again, and reading them costs far more than running
them. Long texts are read beside the loop, so that nobody else waits while somebody's document is made to be slow.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate

from resolvers.limits import DocumentLimits, Limits, refused_shape
from server.answers import RequestErrors, raise_if
from server.errors import shown

# Of all documents together: what is made of a character takes some hundreds of bytes.
KEPT_CHARACTERS = 200_000
# Longer documents are read anew each time.
LONGEST_KEPT = 20_000
# Shorter ones are read sooner than another thread would have begun.
LONGEST_READ_AT_ONCE = 250

Read = tuple[DocumentNode, DocumentLimits]
Spend = Callable[[float], None]
"""Told the seconds of a processor that something took."""
Result = TypeVar("Result")
Timed = tuple[Result | None, Exception | None, float]


class Aside:
    """One thread for what would hold up everybody else: one after the other, and measured."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")

    async def run(self, work: Callable[[], Result], spend: Spend) -> Result:
        """What comes of some work. It is paid for even if nobody waits any more; what was not begun is then left."""
        loop = asyncio.get_running_loop()
        working = self._thread.submit(timed, work)

        def pay(done: "Future[Timed[Result]]") -> None:
            if not done.cancelled():
                with suppress(RuntimeError):  # The server has stopped.
                    loop.call_soon_threadsafe(spend, done.result()[2])

        working.add_done_callback(pay)
        result, error, _ = await asyncio.wrap_future(working)
        if error is not None:
            raise error
        assert result is not None
        return result

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


class Documents:
    """The documents of one schema."""

    def __init__(
        self, schema: GraphQLSchema, limits: Limits, max_tokens: int, aside: Aside, most_characters: int
    ) -> None:
        self._schema, self._limits, self._max_tokens, self._aside = schema, limits, max_tokens, aside
        self._most_characters = most_characters
        self._kept: OrderedDict[str, Read] = OrderedDict()
        self._kept_characters = 0

    def kept(self, text: str) -> Read | None:
        """A document that was read before."""
        known = self._kept.get(text)
        if known is not None:
            self._kept.move_to_end(text)
        return known

    async def read(self, text: str, spend: Spend, *, is_valid: bool = False) -> Read:
        """Read a document, and check it unless it `is_valid` already. Raises RequestErrors."""
        read = self._parsed if is_valid else self._checked
        if len(text) > LONGEST_READ_AT_ONCE:
            return await self._aside.run(lambda: read(text), spend)
        found, error, seconds = timed(lambda: read(text))
        spend(seconds)
        if error is not None:
            raise error
        assert found is not None
        return found

    def keep(self, text: str, read: Read) -> None:
        """Have it at hand from now on, and forget what was not asked for the longest where that is too much."""
        if text in self._kept or len(text) > LONGEST_KEPT:
            return
        self._kept[text] = read
        self._kept_characters += len(text)
        while self._kept_characters > self._most_characters:
            self._kept_characters -= len(self._kept.popitem(last=False)[0])

    def _checked(self, text: str) -> Read:
        document, limits = self._parsed(text)
        # Before validation, which is slow on documents that are made to be.
        raise_if(refused_shape(limits.measure({}, None), self._limits))
        raise_if(validate(self._schema, document, max_errors=20, hide_suggestions=True))
        return document, limits

    def _parsed(self, text: str) -> Read:
        try:
            document = parse(text, max_lexical_tokens=self._max_tokens, max_comments=self._max_tokens)
        except GraphQLError as error:
            raise RequestErrors(shown([error])) from None
        _unlink(document)
        return document, DocumentLimits(document, self._limits)


def _unlink(document: DocumentNode) -> None:
    """Let a document's words forget their neighbours: thousands that hold each other would wait for the collector."""
    word = document.loc.start_token if document.loc else None
    while word is not None:
        following, word.prev, word.next = word.next, None, None
        word = following


def timed(work: Callable[[], Result]) -> Timed[Result]:
    """What comes of some work, and the processor's time that it took, whether it fails or not."""
    began = time.thread_time()
    try:
        return work(), None, time.thread_time() - began
    except Exception as error:
        return None, error, time.thread_time() - began
