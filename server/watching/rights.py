"""Rights over time: keys of open streams are looked at again and again, and their streams end when they do."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import Protocol

import structlog

from models.rules.viewers import Viewer
from server.errors import BadRequest, Unauthenticated
from server.http import Authenticate

LOOK_SECONDS = 1.0

log = structlog.get_logger(source="watching")


class Stream(Protocol):
    """Something that is open for as long as its key counts."""

    def refuse(self, message: str) -> None:
        """Tell the client why, and end."""


Holders = dict[Stream, Viewer]


class Rights:
    """The open streams of a process by the key that opened them."""

    def __init__(self, authenticate: Authenticate, most_for_a_key: int) -> None:
        self._authenticate = authenticate
        self._most = most_for_a_key
        self._streams: defaultdict[str, Holders] = defaultdict(dict)
        self._looking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._streams.values()))

    def open(self) -> None:
        self._looking = asyncio.create_task(self._look(), name="look at keys")

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def hold(self, authorization: str, viewer: Viewer, stream: Stream) -> bool:
        """Count a stream; False where its key has as many as it may have."""
        if len(self._streams.get(authorization, ())) >= self._most:
            return False
        self._streams[authorization][stream] = viewer
        return True

    def let_go(self, authorization: str, stream: Stream) -> None:
        holders = self._streams.get(authorization)
        if holders is not None:
            holders.pop(stream, None)
            if not holders:
                del self._streams[authorization]

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for authorization in list(self._streams):
                # What cannot be found out now counts as it did: the next look will tell.
                with suppress(BadRequest):
                    await self._look_at(authorization)

    async def _look_at(self, authorization: str) -> None:
        try:
            now = await self._authenticate(authorization, None)
        except Unauthenticated as refused:
            self._end(authorization, str(refused))
        except BadRequest:
            raise
        except Exception as error:
            log.warning("key not looked at", reason=f"{type(error).__name__}: {error}"[:300])
        else:
            if any((now.role, now.tenant_id) != (was.role, was.tenant_id) for was in self._holders(authorization)):
                self._end(authorization, "The rights of this key have changed.")

    def _holders(self, authorization: str) -> list[Viewer]:
        return list(self._streams.get(authorization, {}).values())

    def _end(self, authorization: str, message: str) -> None:
        for stream in list(self._streams.get(authorization, ())):
            stream.refuse(message)
