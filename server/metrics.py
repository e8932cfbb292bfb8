"""What Prometheus reads: how many requests there were, how they went, and how long they took."""

import hmac
from collections.abc import Callable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from server.edge import CLIENT_LEFT, Visit, shown_path
from server.errors import UNAUTHENTICATED, BadRequest

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The numbers of one process."""

    def __init__(self, key: SecretStr | None) -> None:
        self._key = key
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "tallygraph_requests", "Requests answered.", ("path", "kind", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "tallygraph_request_seconds",
            "Time from a request's head to the end of its answer.",
            ("path", "kind"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._parts = cache(self._parts_of)

    def gauge(self, name: str, meaning: str, read: Callable[[], int]) -> None:
        """A number that is read when it is asked for."""
        Gauge(name, meaning, registry=self.registry).set_function(read)

    def observe(self, scope: Scope, visit: Visit, seconds: float) -> None:
        # A label is kept for ever, so addresses that clients make up all count as one.
        path = shown_path(scope["path"])
        count, times = self._parts(path, visit.kind or "none", CLIENT_LEFT if visit.left else visit.status)
        count.inc()
        times.observe(seconds)

    def _parts_of(self, path: str, kind: str, status: int) -> tuple[Counter, Histogram]:
        return self._requests.labels(path, kind, status), self._seconds.labels(path, kind)

    async def __call__(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if self._key is not None and not hmac.compare_digest(
            given.encode(), f"Bearer {self._key.get_secret_value()}".encode()
        ):
            raise BadRequest(401, UNAUTHENTICATED, "Send the metrics key.", {"WWW-Authenticate": "Bearer"})
        return Response(generate_latest(self.registry), media_type="text/plain; version=0.0.4")
