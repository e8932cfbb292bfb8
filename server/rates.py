"""How much each key and each address may ask for over time: points, which come back as time passes.

A point is about the work of one object in an answer. An operation takes ten and its cost; a document that was not read
before takes what its reading took. Operations start in one place, and there points are taken: alike for requests,
sockets and streams.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from server.addresses import network_of
from server.errors import LIMIT_REACHED, BadRequest
from server.settings import Settings

POINT_SECONDS = 0.000_02
"""The processor's time that a point stands for, where work is measured and not estimated."""
MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key or token, from an address."""

    key: str
    address: str | None
    tenant_id: UUID | None = None

    @classmethod
    def of(cls, authorization: str, address: str | None, tenant_id: UUID | None = None) -> Self:
        """By the header, however its scheme was written: one key has one share."""
        return cls(authorization.strip().partition(" ")[2].strip(), address, tenant_id)

    @property
    def who(self) -> str:
        """Who has one turn where others wait: a tenant with all its keys, or an operator's key."""
        return self.key if self.tenant_id is None else str(self.tenant_id)

    @property
    def authorization(self) -> str:
        return f"Bearer {self.key}"


class Bucket:
    """The points of one key or address, as they were at a moment."""

    __slots__ = ("at", "left", "quota", "untold", "who")

    def __init__(self, quota: "Quota", who: str, at: float) -> None:
        self.quota, self.who, self.at = quota, who, at
        self.left: float = quota.most
        self.untold = 0
        """What was taken here and no other process knows of."""

    def fill(self, now: float) -> None:
        self.left = min(self.left + (now - self.at) * self.quota.rate, self.quota.most)
        self.at = now

    def take(self, points: int) -> None:
        self.left -= points
        self.untold += points
        if self.untold >= self.quota.worth_telling:
            self.quota.busy.add(self)

    def lacks(self, points: int) -> float:
        """How many points are missing. What is more than can be saved up needs all that can."""
        return min(points, self.quota.most) - self.left

    def headers(self) -> dict[str, str]:
        """What is left, in the fields that HTTP is to have for it."""
        left, full = max(int(self.left), 0), math.ceil((self.quota.most - self.left) / self.quota.rate)
        return {"RateLimit-Policy": self.quota.policy, "RateLimit": f'"{self.quota.name}";r={left};t={full}'}


class Quota:
    """What everybody of one kind is given: so many points a second, saved up for so many seconds."""

    def __init__(self, name: str, rate: int, seconds: int) -> None:
        self.name, self.rate, self.seconds = name, rate, seconds
        self.most = rate * seconds
        self.policy = f'"{name}";q={self.most};w={seconds};qu="points"'
        # Others need not be told of who asks little: that would cost more than it saves.
        self.worth_telling = self.most / 100
        self.busy: set[Bucket] = set()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def bucket_of(self, who: str, now: float) -> Bucket:
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = Bucket(self, who, now)
            if len(self._buckets) > MOST_REMEMBERED:
                # Who has not asked for longest has most of its points again.
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(who)
            bucket.fill(now)
        return bucket


class TooMuchAsked(BadRequest):
    """The points of a key or of an address are used up."""

    def __init__(self, bucket: Bucket, points: int) -> None:
        self.retry_after = max(math.ceil(bucket.lacks(points) / bucket.quota.rate), 1)
        again = f"Try again in {self.retry_after} seconds."
        super().__init__(
            429,
            LIMIT_REACHED,
            f"Too much was asked for at once with this {bucket.quota.name}. {again}",
            {"Retry-After": str(self.retry_after), **bucket.headers()},
        )


class Rates:
    """The points of all keys and addresses, as one process knows them."""

    def __init__(self, settings: Settings, ticks: Callable[[], float] = time.monotonic) -> None:
        seconds = settings.rate_limit_seconds
        self.keys = Quota("key", settings.rate_limit_per_key, seconds)
        self.addresses = Quota("address", settings.rate_limit_per_address, seconds)
        self._ticks = ticks

    def take(self, caller: Caller, points: int) -> None:
        """Take points for what is about to be done. Raises TooMuchAsked, and takes nothing then."""
        buckets = self._buckets_of(caller)
        for bucket in buckets:
            if bucket.lacks(points) > 0:
                raise TooMuchAsked(bucket, points)
        for bucket in buckets:
            bucket.take(points)

    def take_for_time(self, caller: Caller, seconds: float) -> None:
        """Take points for what was done already, even if that leaves less than none."""
        for bucket in self._buckets_of(caller):
            bucket.take(int(seconds / POINT_SECONDS))

    def headers(self, caller: Caller) -> dict[str, str]:
        """What is left to a key; nothing where there is no limit."""
        return self.keys.bucket_of(caller.key, self._ticks()).headers() if self.keys.rate else {}

    def _buckets_of(self, caller: Caller) -> list[Bucket]:
        now, buckets = self._ticks(), []
        if self.keys.rate:
            buckets.append(self.keys.bucket_of(caller.key, now))
        if self.addresses.rate and (network := network_of(caller.address)) is not None:
            buckets.append(self.addresses.bucket_of(network, now))
        return buckets
