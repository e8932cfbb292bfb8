"""For orchestrators: whether the process lives, and whether it can do its work."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

# Raises, or takes too long, where something is not as it should be.
Check = Callable[[], Awaitable[None]]

CHECK_SECONDS = 2.0
# Anybody may ask: however often they do, the checks run once a second.
REMEMBERED_SECONDS = 1.0

log = structlog.get_logger(source="health")


async def live(request: Request) -> Response:
    """The process answers. Says nothing of its database: a restart would not mend that."""
    return Response(b'{"alive":true}', media_type="application/json")


class Readiness:
    """Runs the checks, all at once."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._lock = asyncio.Lock()
        self._found: dict[str, str] = {}
        self._found_at = float("-inf")

    async def __call__(self, request: Request) -> Response:
        found = await self.found()
        ready = all(state == "ok" for state in found.values())
        body = orjson.dumps({"ready": ready, "checks": found})
        return Response(body, status_code=200 if ready else 503, media_type="application/json")

    async def found(self) -> dict[str, str]:
        """The state of each part by its name: ok or failed. Why it failed stands in the log."""
        async with self._lock:
            if time.monotonic() - self._found_at > REMEMBERED_SECONDS:
                states = await asyncio.gather(*(_state(*part) for part in self._checks.items()))
                self._found = dict(zip(self._checks, states, strict=True))
                self._found_at = time.monotonic()
            return self._found


async def _state(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:
        log.warning("not ready", check=name, reason=f"{type(error).__name__}: {error}"[:500])
        return "failed"
    return "ok"
