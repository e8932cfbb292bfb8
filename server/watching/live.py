"""What all sockets and streams of a process share."""

import asyncio

from server.http import Authenticate
from server.metrics import Metrics
from server.operations import Operations
from server.settings import Settings
from server.watching.metrics import WatchingMetrics
from server.watching.rights import Rights
from server.watching.sharing import Runner, Sharing
from server.watching.watcher import Watchers


class Live:
    """Opened and closed with the server."""

    def __init__(
        self,
        operations: Operations,
        settings: Settings,
        metrics: Metrics,
        watchers: Watchers,
        authenticate: Authenticate,
    ) -> None:
        self.operations, self.settings = operations, settings
        self.authenticate = authenticate
        self.metrics = WatchingMetrics(metrics.registry)
        self.rights = Rights(authenticate, settings.max_streams_per_key)
        self._watchers = watchers
        runner = Runner(operations, settings.operation_seconds, self.metrics)
        self.sharing = Sharing(runner, watchers)
        metrics.gauge("tallygraph_streams", "Sockets and event streams that are open.", self.rights.__len__)
        metrics.gauge("tallygraph_watch_operations", "Distinct operations that are watched.", self.sharing.__len__)
        metrics.gauge("tallygraph_watched_tenants", "Tenants whose ledgers are followed.", watchers.__len__)

    async def open(self) -> None:
        self.rights.open()
        await self._watchers.open()

    async def close(self) -> None:
        await asyncio.gather(self.rights.close(), self._watchers.close())
