"""Who asks: the holder of an API key, of a token of the platform's own, or of the operator key in the settings."""

import asyncio
import hashlib
import hmac
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from models.actions.keys import USES_ARE_NOTED_EVERY, Key, hash_of, key_with_hash, note_uses, tenant_named
from models.rules.viewers import Viewer
from models.rules.words import Role
from models.unit_of_work import Books
from server.addresses import network_of
from server.errors import LIMIT_REACHED, BadRequest, Unauthenticated
from server.settings import Settings
from server.tokens import LONGEST_TOKEN, KeySet, Tokens, WrongKey

# A revoked key may count this long: from the first second on it is looked up again, while others still use it.
FRESH_SECONDS = 1.0
VALID_SECONDS = 2.0
MOST_REMEMBERED = 10_000

FREE_FAILURES = 10
FAILURES_COUNT_SECONDS = 60.0
MOST_ADDRESSES = 10_000

OPERATOR_KEY_NAME = "operator key of the settings"

_KEY = re.compile(r"tg_[A-Za-z0-9_-]{43}", re.ASCII)
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)

log = structlog.get_logger(source="keys")


class TooManyFailures(BadRequest):
    """An address has sent so many wrong keys that it has to wait with the next unknown one."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            429,
            LIMIT_REACHED,
            f"Too many wrong keys came from this address. Try again in {retry_after} seconds.",
            {"Retry-After": str(retry_after)},
        )
        self.retry_after = retry_after


@dataclass(slots=True)
class Known:
    """What was found out about a key or token a moment ago."""

    answer: Viewer | Unauthenticated
    found_at: float
    ends_at: float = math.inf
    """When the key or token expires; seconds since 1970."""
    is_being_looked_up: bool = False


class Keyring:
    """Tells who sends a key. Remembers answers for a moment, so that a busy key costs no look-up a request."""

    def __init__(
        self,
        books: Books,
        settings: Settings,
        *,
        key_set: KeySet | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        if key_set is None and settings.jwks_url is not None:
            key_set = KeySet(settings.jwks_url)
        operator_key = _revealed(settings.operator_key)
        self._books, self._ticks = books, ticks
        self._pepper = _revealed(settings.key_pepper) or ""
        self._operator = operator_key and _digest(operator_key)
        self._tokens = Tokens(_revealed(settings.jwt_secret), key_set)
        # Apart, so that a flood of wrong keys never pushes out right ones.
        self._right: OrderedDict[str, Known] = OrderedDict()
        self._wrong: OrderedDict[str, Known] = OrderedDict()
        self._failures = Failures()
        self._uses = Uses(books)

    async def viewer_of(self, authorization: str | None, address: str | None = None) -> Viewer:
        """Whose key an Authorization header holds. Raises Unauthenticated, or TooManyFailures.

        Keys that were right before are never held up by the wrong ones that others send from the same address.
        """
        secret = _bearer(authorization)
        if self._operator and hmac.compare_digest(_digest(secret), self._operator):
            return Viewer(Role.OPERATOR, key_name=OPERATOR_KEY_NAME)
        hash = hash_of(secret, self._pepper)
        if hash not in self._right:
            self._failures.check(address, self._ticks())
        answer = self._remembered(hash) or await self._look_up(hash, secret)
        if isinstance(answer, Viewer):
            return answer
        if isinstance(answer, WrongKey):
            self._failures.count(address, self._ticks())
        raise type(answer)(str(answer))

    async def close(self) -> None:
        """Write down the last uses, and let go of connections."""
        await self._uses.close()
        await self._tokens.close()

    def _remembered(self, hash: str) -> Viewer | Unauthenticated | None:
        known = self._right.get(hash) or self._wrong.get(hash)
        if known is None or self._books.clock().timestamp() >= known.ends_at:
            return None
        age = self._ticks() - known.found_at
        is_usable = age < FRESH_SECONDS or (known.is_being_looked_up and age < VALID_SECONDS)
        return known.answer if is_usable else None

    async def _look_up(self, hash: str, secret: str) -> Viewer | Unauthenticated:
        earlier = self._right.get(hash)
        if earlier:
            earlier.is_being_looked_up = True
        # What is found now was true when it was read, not when it came back.
        found_at = self._ticks()
        try:
            known = Known(*await self._found(hash, secret, found_at))
        finally:
            if earlier:
                earlier.is_being_looked_up = False
        self._remember(hash, known)
        return known.answer

    async def _found(self, hash: str, secret: str, found_at: float) -> tuple[Viewer | Unauthenticated, float, float]:
        try:
            if _TOKEN.fullmatch(secret):
                viewer, ends_at = await self._holder_of_token(secret)
            else:
                viewer, ends_at = await self._holder_of_key(hash, secret)
        except Unauthenticated as refused:
            # A new one, since what was raised holds on to all that stood around it.
            return type(refused)(str(refused)), found_at, math.inf
        return viewer, found_at, ends_at

    async def _holder_of_key(self, hash: str, secret: str) -> tuple[Viewer, float]:
        if not _KEY.fullmatch(secret):
            raise WrongKey("This is neither a key nor a token.")
        async with self._books.reading() as reader:
            key = await key_with_hash(reader, hash)
        if key is None:
            raise WrongKey("There is no such key.")
        now = self._books.clock()
        _check_counts(key, now)
        self._uses.note(key, now)
        viewer = Viewer(Role(key.role), key.tenant_id, key.name, key.id)
        return viewer, key.expires_at.timestamp() if key.expires_at else math.inf

    async def _holder_of_token(self, token: str) -> tuple[Viewer, float]:
        claims = await self._tokens.claims_of(token)
        if claims.tenant is None:
            return Viewer(claims.role), claims.ends_at
        async with self._books.reading() as reader:
            tenant_id = await tenant_named(reader, claims.tenant)
        if tenant_id is None:
            raise Unauthenticated("The token names a tenant that does not exist.")
        return Viewer(claims.role, tenant_id), claims.ends_at

    def _remember(self, hash: str, known: Known) -> None:
        self._right.pop(hash, None)
        self._wrong.pop(hash, None)
        kept = self._right if isinstance(known.answer, Viewer) else self._wrong
        kept[hash] = known
        if len(kept) > MOST_REMEMBERED:
            kept.popitem(last=False)


class Failures:
    """How many wrong keys each address has sent in the last minute. Holds a bounded number of addresses."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def check(self, address: str | None, now: float) -> None:
        """Raises TooManyFailures. Without an address, behind a local socket, nobody can be told apart."""
        count, ends_at = self._counts.get(network_of(address) or "", (0, now))
        if count >= FREE_FAILURES and now < ends_at:
            raise TooManyFailures(retry_after=math.ceil(ends_at - now))

    def count(self, address: str | None, now: float) -> None:
        if (network := network_of(address)) is None:
            return
        count, ends_at = self._counts.pop(network, (0, now))
        if now >= ends_at:
            count, ends_at = 0, now + FAILURES_COUNT_SECONDS
        self._counts[network] = (count + 1, ends_at)
        if len(self._counts) > MOST_ADDRESSES:
            self._counts.popitem(last=False)


class Uses:
    """Writes down when keys were last used, at most once a minute a key, while no request waits for it."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._pending: dict[UUID, datetime] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, key: Key, at: datetime) -> None:
        if key.last_used_at is not None and at - key.last_used_at < USES_ARE_NOTED_EVERY:
            return
        self._pending[key.id] = at
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def close(self) -> None:
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._pending:
            uses, self._pending = self._pending, {}
            try:
                async with self._books.work() as work:
                    await note_uses(work, uses)
            except (SQLAlchemyError, OSError) as error:
                log.warning("uses of keys not noted", keys=len(uses), reason=str(error)[:500])


def _bearer(authorization: str | None) -> str:
    if not authorization:
        raise Unauthenticated
    scheme, _, secret = authorization.strip().partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise Unauthenticated
    if not secret.isascii() or len(secret) > LONGEST_TOKEN:
        raise WrongKey("This is neither a key nor a token.")
    return secret


def _check_counts(key: Key, now: datetime) -> None:
    if key.revoked_at is not None:
        raise Unauthenticated("This key was revoked.")
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated("This key has expired.")


def _digest(secret: str) -> bytes:
    # Of one length, so that comparing tells nothing of the secret's.
    return hashlib.sha256(secret.encode()).digest()


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
