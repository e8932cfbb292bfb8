"""Tokens that the platform signs itself, by a shared secret or by keys that it publishes."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from models.rules.ids import type_id
from models.rules.viewers import Viewer
from models.rules.words import Role
from models.unit_of_work import Books
from server.database import open_books
from server.keys import Keyring
from server.settings import read_settings
from server.tokens import KeySet
from tests.server.callers import Watch, add_tenant, refusal_of

pytestmark = pytest.mark.anyio

JWT_SECRET = "of the platform, and long enough to sign with"


@pytest.fixture
async def books(sqlite_url: str) -> AsyncIterator[Books]:
    books = open_books(sqlite_url)
    yield books
    await books.close()


@pytest.fixture(autouse=True)
async def tenant_id(books: Books) -> UUID:
    return await add_tenant(books, "acme")


@pytest.fixture
async def keyring(books: Books) -> AsyncIterator[Keyring]:
    keyring = Keyring(books, read_settings(jwt_secret=JWT_SECRET))
    yield keyring
    await keyring.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


def a_token(key: Any = JWT_SECRET, algorithm: str = "HS256", kid: str | None = None, **claims: Any) -> str:
    given = {"role": "ADMIN", "tenant": "acme", "exp": 2_000_000_000} | claims
    given = {name: value for name, value in given.items() if value is not None}
    return "Bearer " + jwt.encode(given, key, algorithm, headers={"kid": kid} if kid else None)


def seconds_from_now(seconds: float) -> int:
    return int(datetime.now(UTC).timestamp() + seconds)


async def test_a_token_names_its_tenant_by_either_id(keyring: Keyring, tenant_id: UUID) -> None:
    for tenant in ("acme", type_id("tenant", tenant_id)):
        assert await keyring.viewer_of(a_token(tenant=tenant)) == Viewer(Role.ADMIN, tenant_id)


async def test_a_token_without_tenant_may_be_an_operators(keyring: Keyring) -> None:
    assert await keyring.viewer_of(a_token(role="OPERATOR", tenant=None)) == Viewer(Role.OPERATOR)


async def test_a_token_that_does_not_fit_is_told_why(keyring: Keyring) -> None:
    unfit: list[tuple[dict[str, Any], str]] = [
        ({"role": "OPERATOR"}, "has no claim tenant"),
        ({"role": None}, "claim role"),
        ({"role": "admin"}, "claim role"),
        ({"role": ["ADMIN"]}, "claim role"),
        ({"tenant": None}, "claim tenant"),
        ({"tenant": ""}, "claim tenant"),
        ({"tenant": 7}, "claim tenant"),
        ({"tenant": "other"}, "does not exist"),
        ({"tenant": "\0"}, "does not exist"),
        ({"exp": None}, "exp"),
        ({"exp": 1_700_000_000}, "expired"),
        ({"nbf": 1_999_999_000}, "does not count yet"),
        ({"iat": 1_999_999_000}, "does not count yet"),
        ({"exp": float("inf")}, "signature"),
        ({"key": "another secret, just as long as ours is"}, "signature"),
    ]
    for claims, why in unfit:
        assert why in await refusal_of(keyring, a_token(**claims))


async def test_clocks_may_differ_by_half_a_minute(keyring: Keyring) -> None:
    assert await keyring.viewer_of(a_token(exp=seconds_from_now(-20), nbf=seconds_from_now(20)))
    await refusal_of(keyring, a_token(exp=seconds_from_now(-40)))


async def test_a_token_without_a_right_signature_is_refused(keyring: Keyring) -> None:
    claims = {"role": "ADMIN", "tenant": "acme", "exp": 2_000_000_000}
    headers: list[Any] = [{"alg": "none"}, {"alg": "None", "typ": "JWT"}, {}, [], {"alg": ["HS256"]}, {"alg": None}]
    for header in headers:
        await refusal_of(keyring, f"Bearer {part(header)}.{part(claims)}.")
    # Signed with the right secret, but not in the way that we ask for.
    for header in ({"alg": "HS512"}, {"alg": "RS256"}, {"alg": "HS256", "crit": ["x"], "x": 1}):
        await refusal_of(keyring, by_hand(header, claims, JWT_SECRET))
    deep = base64.urlsafe_b64encode(b"[" * 5_000).decode()
    for token in (f"{deep}.{part(claims)}.x", "a.b.c", f"{part(claims)}.{part(claims)}.{part(claims)}"):
        await refusal_of(keyring, f"Bearer {token}")
    assert await keyring.viewer_of(by_hand({"alg": "HS256"}, claims, JWT_SECRET))


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    """A token that libraries refuse to make."""
    signed = f"{part(header)}.{part(claims)}"
    signature = base64.urlsafe_b64encode(hmac.digest(secret.encode(), signed.encode(), "sha256"))
    return f"Bearer {signed}.{signature.decode().rstrip('=')}"


# ------------------------------------------------------------------ published keys

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def published(**more: Any) -> dict[str, Any]:
    return {
        "keys": [
            RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True) | {"kid": "rsa", **more},
            ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True) | {"kid": "ec"},
            OKPAlgorithm.to_jwk(ED_KEY.public_key(), as_dict=True) | {"kid": "ed"},
            {"kty": "oct", "k": base64.urlsafe_b64encode(JWT_SECRET.encode()).decode().rstrip("="), "kid": "oct"},
            {"kty": "of the future"},
        ]
    }


class Platform:
    """Publishes keys, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Callable[[], httpx2.Response] = lambda: httpx2.Response(200, json=published())

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        await asyncio.sleep(0.01)
        return self.answer()


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
async def with_key_set(books: Books, watch: Watch, platform: Platform) -> AsyncIterator[Keyring]:
    key_set = KeySet("https://platform.test/jwks", httpx2.MockTransport(platform), watch.ticks)
    keyring = Keyring(books, read_settings(), key_set=key_set, ticks=watch.ticks)
    yield keyring
    await keyring.close()


async def test_tokens_are_checked_with_the_keys_that_the_platform_publishes(
    with_key_set: Keyring, platform: Platform
) -> None:
    signed = [
        a_token(RSA_KEY, "RS256", "rsa"),
        a_token(EC_KEY, "ES256", "ec"),
        a_token(ED_KEY, "EdDSA", "ed"),
        a_token(ED_KEY, "EdDSA"),  # Without kid, where one key alone can be meant.
    ]
    viewers = await asyncio.gather(*(with_key_set.viewer_of(token) for token in signed))

    assert [viewer.role for viewer in viewers] == [Role.ADMIN] * 4
    assert platform.asked == 1


async def test_a_published_key_signs_only_by_its_own_algorithm(with_key_set: Keyring) -> None:
    claims = {"role": "ADMIN", "tenant": "acme", "exp": 2_000_000_000}
    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    public = (pem, pem.strip(), json.dumps(published()["keys"][0]))
    # The public key taken for a shared secret.
    for secret in public:
        await refusal_of(with_key_set, by_hand({"alg": "HS256", "kid": "rsa"}, claims, secret))
        await refusal_of(with_key_set, by_hand({"alg": "RS256", "kid": "rsa"}, claims, secret))
    for token in (
        a_token(JWT_SECRET, "HS256", "oct"),  # Shared secrets are not published.
        a_token(RSA_KEY, "PS256", "rsa"),
        a_token(RSA_KEY, "RS512", "rsa"),
        a_token(EC_KEY, "ES256", "rsa"),
        a_token(rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256", "rsa"),
    ):
        await refusal_of(with_key_set, token)


async def test_new_keys_of_the_platform_are_found_and_unknown_ones_asked_for_rarely(
    with_key_set: Keyring, platform: Platform, watch: Watch
) -> None:
    await with_key_set.viewer_of(a_token(RSA_KEY, "RS256", "rsa"))
    watch.seconds += 60
    platform.answer = lambda: httpx2.Response(200, json=published(kid="new"))

    assert await with_key_set.viewer_of(a_token(RSA_KEY, "RS256", "new"))
    assert platform.asked == 2
    unknown = [a_token(RSA_KEY, "RS256", f"unknown {n}") for n in range(5)]
    assert len(await asyncio.gather(*(refusal_of(with_key_set, token) for token in unknown))) == 5
    assert platform.asked == 2


async def test_a_platform_that_does_not_answer_leaves_the_keys_of_before(
    with_key_set: Keyring, platform: Platform, watch: Watch
) -> None:
    token = a_token(RSA_KEY, "RS256", "rsa")
    await with_key_set.viewer_of(token)
    for seconds, answer in ((400, httpx2.Response(503)), (800, httpx2.Response(200, text="<html>"))):
        watch.seconds = seconds
        platform.answer = lambda answer=answer: answer  # type: ignore[misc]
        assert await with_key_set.viewer_of(token)

    assert platform.asked == 3


async def test_without_any_published_key_tokens_cannot_be_checked(with_key_set: Keyring, platform: Platform) -> None:
    platform.answer = lambda: httpx2.Response(200, json=[])

    assert "could not be fetched" in await refusal_of(with_key_set, a_token(RSA_KEY, "RS256", "rsa"))
