"""What Prometheus is told of watching."""

from prometheus_client import CollectorRegistry, Counter


class WatchingMetrics:
    """The numbers of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.executions = Counter(
            "tallygraph_watch_executions",
            "Subscription events run, once for all who share them: a change, a snapshot, or what was missed.",
            ("kind",),
            registry=registry,
        )
        self.pushes = Counter("tallygraph_watch_pushes", "Events sent to subscribers.", registry=registry)
        self.closed = Counter(
            "tallygraph_sockets_closed", "Sockets that the server closed, by code.", ("code",), registry=registry
        )
