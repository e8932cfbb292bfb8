"""Tokens of the platform's own (JWT): signed with a shared secret, or with keys that it publishes (JWKS)."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import jwt
import structlog

from models.rules.words import Role
from server.errors import Unauthenticated

LEEWAY_SECONDS = 30
LONGEST_TOKEN = 8_000
# A key decides its algorithm, never the token: a public key is no secret to sign with.
SECRET_ALGORITHM = "HS256"
PUBLISHED_ALGORITHMS = ("RS256", "ES256", "EdDSA")

KEY_SET_LASTS_SECONDS = 300.0
KEY_SET_PAUSE_SECONDS = 10.0
FETCH_SECONDS = 5.0

log = structlog.get_logger(source="tokens")


class WrongKey(Unauthenticated):
    """A key or signature that is nobody's: perhaps a guess, so it counts against its address."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, once its signature was found right."""

    role: Role
    tenant: str | None
    ends_at: float
    """When it stops counting, leeway included; seconds since 1970."""


class Tokens:
    """Reads tokens. Without a secret and without an address of keys it refuses all of them."""

    def __init__(self, secret: str | None, key_set: "KeySet | None") -> None:
        self._secret, self._key_set = secret, key_set

    async def claims_of(self, token: str) -> Claims:
        key, algorithm = await self._key_for(token)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                leeway=LEEWAY_SECONDS,
                # Whom a token is meant for stands in its tenant and role.
                options={"require": ["exp"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("The token has expired.") from None
        except jwt.MissingRequiredClaimError:
            raise Unauthenticated("The token never expires: it needs the claim exp.") from None
        except jwt.ImmatureSignatureError:
            raise Unauthenticated("The token does not count yet.") from None
        except (jwt.InvalidTokenError, ValueError, ArithmeticError, RecursionError):
            raise WrongKey("The token is not one of ours: its signature is wrong.") from None
        return _read(claims)

    async def _key_for(self, token: str) -> tuple[Any, str]:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise WrongKey("This is neither a key nor a token.") from None
        algorithm = header.get("alg")
        if algorithm == SECRET_ALGORITHM and self._secret is not None:
            return self._secret, SECRET_ALGORITHM
        if algorithm in PUBLISHED_ALGORITHMS and self._key_set is not None:
            return await self._key_set.key(header.get("kid"), algorithm), algorithm
        raise WrongKey("The server takes no tokens that are signed in this way.")

    async def close(self) -> None:
        if self._key_set is not None:
            await self._key_set.close()


class KeySet:
    """The keys that the platform publishes, as last fetched. Asks for them rarely, whatever tokens come in."""

    def __init__(
        self,
        url: str,
        transport: httpx2.AsyncBaseTransport | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._ticks = url, ticks
        self._client = httpx2.AsyncClient(timeout=FETCH_SECONDS, transport=transport)
        self._keys: list[jwt.PyJWK] = []
        self._fetched_at = self._tried_at = -math.inf
        self._fetching = asyncio.Lock()

    async def key(self, key_id: object, algorithm: str) -> jwt.PyJWK:
        if self._ticks() - self._fetched_at > KEY_SET_LASTS_SECONDS:
            await self._fetch()
        found = self._find(key_id, algorithm)
        if found is None:
            # The platform may have changed its keys since.
            await self._fetch()
            found = self._find(key_id, algorithm)
        if found is None and self._fetched_at == -math.inf:
            raise Unauthenticated("Tokens cannot be checked at the moment: the platform's keys could not be fetched.")
        if found is None:
            raise WrongKey("The token is signed with a key that the platform does not publish.")
        return found

    async def close(self) -> None:
        await self._client.aclose()

    def _find(self, key_id: object, algorithm: str) -> jwt.PyJWK | None:
        fitting = [key for key in self._keys if key.algorithm_name == algorithm]
        if key_id is None:
            return fitting[0] if len(fitting) == 1 else None
        return next((key for key in fitting if key.key_id == key_id), None)

    async def _fetch(self) -> None:
        """Fetch the set, unless that was tried a moment ago: whoever sends unknown keys cannot make us ask more."""
        asked_at = self._ticks()
        async with self._fetching:
            if asked_at - self._tried_at < KEY_SET_PAUSE_SECONDS:
                return
            self._tried_at = self._ticks()
            try:
                answer = await self._client.get(self._url)
                answer.raise_for_status()
                published = jwt.PyJWKSet.from_dict(answer.json())
            except (httpx2.HTTPError, jwt.PyJWTError, ValueError, AttributeError) as error:
                # The keys of before go on being right, most likely.
                log.warning("key set not fetched", reason=f"{type(error).__name__}: {error}"[:500])
                return
            self._keys = [
                key
                for key in published.keys
                if key.algorithm_name in PUBLISHED_ALGORITHMS and key.public_key_use in (None, "sig")
            ]
            self._fetched_at = self._ticks()


def _read(claims: dict[str, Any]) -> Claims:
    role, tenant = claims.get("role"), claims.get("tenant")
    if role not in list(Role):
        raise Unauthenticated(f"The token's claim role must be one of {', '.join(Role)}.")
    if role == Role.OPERATOR and tenant is not None:
        raise Unauthenticated("An operator's token is for every tenant: it has no claim tenant.")
    if role != Role.OPERATOR and not (isinstance(tenant, str) and tenant):
        raise Unauthenticated("The token's claim tenant must name a tenant by its id or its external id.")
    return Claims(Role(role), tenant, int(claims["exp"]) + LEEWAY_SECONDS)
