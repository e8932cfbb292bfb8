"""Heavy operations in slices, so that whoever asks for little never waits long for those who ask for much.

An answer is put together without a pause: one of thousands of objects would hold up everybody for a fifth of a second.
A heavy operation is stopped between two objects instead once its slice is over, and goes on in another one. There is
one slice for all of them in a turn of the loop, and none for a while where others are under way. Light operations
are only counted.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextvars import ContextVar
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from typing import Any, TypeVar

from graphql import get_nullable_type, is_leaf_type
from greenlet import getcurrent, greenlet

from resolvers.bulk import ReadsInBulk

SLICE_SECONDS = 0.000_5
PATIENCE_SECONDS = 0.002
"""For so long a slice is put off while light operations are under way: heavy ones always get on."""
MOST_WOKEN = 16
"""So many go on in one slice; each may need but a part of it."""

Result = TypeVar("Result")


class Pacer:
    """Gives out the slices of one process."""

    def __init__(self, ticks: Callable[[], float] = time.perf_counter) -> None:
        self._ticks = ticks
        self._ends = 0.0
        self._is_fresh = False
        """Whether a slice was given that nobody has begun."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._planned: asyncio.Handle | None = None
        self._patient_until = 0.0
        self._light = 0

    def enter_light(self) -> None:
        self._light += 1

    def leave_light(self) -> None:
        self._light -= 1
        if not self._light and self._waiting:
            self._plan()

    def is_over(self) -> bool:
        """Whether a heavy operation has to wait for a slice before it goes on."""
        return self._ticks() >= self._ends

    async def turn(self) -> None:
        """Wait for a slice."""
        waits = self._waiting.append
        while True:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waits(turn)
            self._plan()
            await turn
            if self._is_fresh:
                # Only now: others may have run since the slice was given.
                self._is_fresh, self._ends = False, self._ticks() + SLICE_SECONDS
                return
            if not self.is_over():
                return
            waits = self._waiting.appendleft

    def _plan(self) -> None:
        """Have the next slice given in the loop's next turn, or as soon as patience is over."""
        if self._planned is not None:
            self._planned.cancel()
        loop = asyncio.get_running_loop()
        if self._light and loop.time() < self._patient_until:
            self._planned = loop.call_at(self._patient_until, self._give)
        else:
            self._planned = loop.call_soon(self._give)

    def _give(self) -> None:
        self._planned = None
        now = asyncio.get_running_loop().time()
        if self._light and now < self._patient_until:
            self._plan()
            return
        self._is_fresh, self._patient_until = True, now + PATIENCE_SECONDS
        woken = 0
        while self._waiting and woken < MOST_WOKEN:
            turn = self._waiting.popleft()
            if not turn.done():  # Else it was cancelled.
                turn.set_result(None)
                woken += 1
        if self._waiting:
            self._plan()


class Pace:
    """How one heavy operation goes on."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._seconds = 0.0
        self._made: list[Coroutine[Any, Any, Any]] = []

    @property
    def seconds(self) -> float:
        """The processor's time that it has taken so far."""
        return self._seconds

    async def go_on(self) -> None:
        """Wait where the slice is over."""
        if self._pacer.is_over():
            await self._pacer.turn()

    async def in_slices(self, work: Callable[..., Result], *given: Any) -> Result:
        """Run a function that calls `pause` between its steps."""
        await self.go_on()
        stack = greenlet(work)
        stack.gr_context = getcurrent().gr_context
        began = time.thread_time()
        result = stack.switch(*given)
        while not stack.dead:
            self._seconds += time.thread_time() - began
            try:
                await self._pacer.turn()
            except BaseException as error:
                # What is under way inside is unwound, as if it had waited itself.
                stack.throw(error)
                raise
            began = time.thread_time()
            result = stack.switch()
        self._seconds += time.thread_time() - began
        return result  # type: ignore[no-any-return]

    async def stand_back(self) -> None:
        """Wait behind all that is waiting."""
        await self._pacer.turn()

    def pause(self) -> None:
        """Let others run where the slice is over. Only within `in_slices`."""
        if self._pacer.is_over() and (parent := getcurrent().parent) is not None:
            parent.switch()

    def note(self, made: object) -> None:
        """Remember what is to be awaited."""
        if iscoroutine(made):
            self._made.append(made)

    def close(self) -> None:
        """Give up what was made and never awaited, because the operation was cancelled in between."""
        for made in self._made:
            if getcoroutinestate(made) == CORO_CREATED:
                made.close()
        self._made.clear()


async def at_leisure(made: Iterable[Result]) -> list[Result]:
    """A list that takes long to be made: in slices, where its operation goes on in slices."""
    pace = PACE.get()
    return list(made) if pace is None else await pace.in_slices(_each, made, pace)


def _each(made: Iterable[Result], pace: "Pace") -> list[Result]:
    found = []
    for one in made:
        found.append(one)
        pace.pause()
    return found


class Gathering:
    """What a loader needs of a loop: calls what is to be called soon once all that waits for a slice had one.

    So what many fields ask for is fetched together, although they begin one slice after the other.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._calls: set[asyncio.Task[None]] = set()

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_future()

    def call_soon(self, call: Callable[[], None]) -> None:
        task = asyncio.create_task(self._call(call))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _call(self, call: Callable[[], None]) -> None:
        await self._pace.stand_back()
        call()


PACE: ContextVar[Pace | None] = ContextVar("pace", default=None)
"""That of the operation under way; None for a light one."""


class InSlices(ReadsInBulk):
    """Runs a heavy operation, whose pace is set."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        pace = PACE.get()
        assert pace is not None, "Heavy operations have a pace."
        self._pace = pace

    def execute_operation(self, serially: bool | None = None) -> Any:
        return self._execute(serially)

    async def _execute(self, serially: bool | None) -> Any:
        result = await self._pace.in_slices(super().execute_operation, serially)
        return await result if self.is_awaitable(result) else result

    def execute_fields(self, *given: Any) -> Any:
        self._pace.pause()
        return self._noted(super().execute_fields(*given))

    def execute_field(self, *given: Any) -> Any:
        return self._noted(super().execute_field(*given))

    def complete_list_value(self, *given: Any) -> Any:
        return self._noted(super().complete_list_value(*given))

    def complete_list_item_value(self, item: Any, results: list[Any], *given: Any) -> bool:
        waits = super().complete_list_item_value(item, results, *given)
        if waits:
            self._pace.note(results[-1])
        return waits

    def complete_awaitable_value(
        self, return_type: Any, fields: Any, info: Any, path: Any, result: Any, position: Any
    ) -> Any:
        self._pace.note(result)
        return self._complete_later(return_type, fields, info, path, result, position)

    async def _complete_later(
        self, return_type: Any, fields: Any, info: Any, path: Any, result: Any, position: Any
    ) -> Any:
        """What graphql-core does with a value that is waited for, in slices."""
        pace = self._pace
        try:
            await pace.go_on()
            value = await result
            completed = await pace.in_slices(self.complete_value, return_type, fields, info, path, value, position)
            return await completed if self.is_awaitable(completed) else completed
        except Exception as error:
            self.handle_field_error(error, return_type, fields, path)
            return None

    def _shower(self, type: Any, field_details_list: Any) -> Any:
        """What shows a plain value; a list of thousands of objects in slices too."""
        show = super()._shower(type, field_details_list)
        if show is None or is_leaf_type(get_nullable_type(type)):
            return show
        pause = self._pace.pause

        def show_in_slices(value: Any) -> Any:
            pause()
            return show(value)

        return show_in_slices

    def _noted(self, made: Any) -> Any:
        if self.is_awaitable(made):
            self._pace.note(made)
        return made
