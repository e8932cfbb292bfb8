"""Every setting of the server: its name, default, meaning and bounds. Read once, when a process starts."""

import os
import re
from base64 import b64decode
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "TALLYGRAPH_"
FOR_TESTS = "TALLYGRAPH_TEST_"
# Shorter secrets are taken, with a warning; the shortest are surely a mistake.
SAFE_SECRET = 32
SHORTEST_SECRET = 8

SECRETS = ("operator_key", "key_pepper", "jwt_secret", "metrics_key", "webhook_secret")

ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")
HOST = re.compile(r"\*|(\*\.)?[a-z0-9]([a-z0-9.\-]*[a-z0-9])?")

# Given as one text, the parts separated by commas.
Texts = Annotated[tuple[str, ...], NoDecode]


class BadSettings(Exception):
    """The environment holds a setting that makes no sense. The message names each of them."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    database_url: str = Field(
        "sqlite:///tallygraph.db",
        description="Where the books are kept: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.",
    )
    broadcast_url: str = Field(
        "memory://",
        description="What rings the doorbell between processes: `memory://`, `redis://...` or `postgresql://...`.",
    )
    operator_key: SecretStr | None = Field(
        None, description="An operator key that always works, for a first start and for containers."
    )
    key_pepper: SecretStr | None = Field(
        None, description="Mixed into the hashes of stored keys. Changing it makes every stored key invalid."
    )
    jwt_secret: SecretStr | None = Field(
        None, description="Secret that the platform's own tokens (JWT, HS256) are signed with."
    )
    jwks_url: str | None = Field(None, description="Address of the key set that the platform's tokens are signed with.")
    metrics_key: SecretStr | None = Field(
        None, description="Key that `/metrics` asks for as a bearer token; without it everyone may read them."
    )
    webhook_url: str | None = Field(
        None, description="Address that is told of top-ups to be paid and of alerts, by signed messages."
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that those messages are signed with, `whsec_` and 24 to 64 bytes in base64."
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(
        1,
        ge=1,
        le=256,
        validation_alias=AliasChoices(f"{PREFIX}WORKERS", "WEB_CONCURRENCY", "workers"),
        description="Processes that serve; more than one needs PostgreSQL and a broadcast between processes.",
    )
    slow_lane: bool = Field(
        True,
        description="Whether each process that serves has two others beside it for what is heavy, long or not known "
        "yet, so that nobody else waits for it, see `docs/limits.md`.",
    )
    allowed_hosts: Texts = Field(
        ("localhost",),
        description="Names that requests may address the server by, `*.example.com` and `*` among them. "
        "Plain IP addresses always may.",
    )
    allowed_origins: Texts = Field(
        (),
        description="Origins of other sites whose pages may send requests and open sockets; "
        "the server's own origin always may.",
    )
    max_body_bytes: int = Field(1_000_000, ge=1_000, description="Longest body of a request.")
    max_header_bytes: int = Field(32_000, ge=1_000, le=65_000, description="Longest head of a request.")
    max_tokens: int = Field(5_000, ge=100, description="Most tokens in a document.")
    max_depth: int = Field(15, ge=1, description="Most levels of fields in an operation.")
    max_fields: int = Field(500, ge=1, description="Most fields in an operation, fragments written out.")
    max_aliases: int = Field(100, ge=0, description="Most aliases in an operation, fragments written out.")
    max_cost: int = Field(5_000, ge=1, description="Highest cost of an operation: objects in its answer.")
    max_root_mutations: int = Field(5, ge=1, description="Most mutations in one operation.")
    max_operations: int = Field(20, ge=1, description="Most operations in one document, of which one is run.")
    max_list: int = Field(1_000, ge=1, description="Most items in a list that is sent as input.")
    max_operations_per_socket: int = Field(50, ge=1, description="Most operations that a socket may have at once.")
    max_streams_per_key: int = Field(
        8_000, ge=1, description="Most sockets and event streams that may be open with one key, in each process."
    )
    operation_seconds: float = Field(10, gt=0, le=3600, description="Longest time for an operation.")
    rate_limit_per_key: int = Field(
        20_000,
        ge=0,
        description="Points that a key is given each second: an operation takes 10 and its cost, see `docs/limits.md`. "
        "0 sets no limit.",
    )
    rate_limit_per_address: int = Field(
        40_000, ge=0, description="Points that an address is given each second, for all its keys. 0 sets no limit."
    )
    rate_limit_seconds: int = Field(
        5, ge=1, le=3600, description="For how many seconds points are saved up while they are not used."
    )
    rate_limit_url: str | None = Field(
        None,
        description="Redis through which processes tell each other what was taken, `redis://...`; "
        "without it the broadcast's, where that is Redis, else each process counts for itself.",
    )
    trusted_proxies: Texts = Field(
        (),
        description="Addresses and networks of proxies before the server, whose `X-Forwarded-For` is believed.",
    )
    trusted_documents: Path | None = Field(
        None,
        description="File or folder of documents that clients may ask for by hash, see `docs/trusted-documents.md`.",
    )
    only_trusted_documents: bool = Field(
        False, description="Whether nothing else is answered: no other document, no introspection, no GraphiQL."
    )
    request_seconds: float = Field(
        10, gt=0, le=3600, description="Longest time that a client may take to send its request."
    )
    max_connections: int = Field(10_000, ge=1, description="Most connections at once; others get a 503.")
    stop_seconds: int = Field(5, ge=0, le=600, description="How long a stopping server waits for running requests.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least that is logged.")
    log_format: Literal["json", "text"] = Field(
        "json", description="`json`: one object a line; `text`: for people at a terminal."
    )

    @field_validator("allowed_hosts", "allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        if isinstance(given, str):
            return tuple(part.strip().lower() for part in given.split(",") if part.strip())
        return given

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not HOST.fullmatch(host):
                raise ValueError(f"{host!r} is no host name; give it like books.example.com, without a port")
        return hosts

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin; give it like https://app.example.com, without a path")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            if not _is_network(network):
                raise ValueError(f"{network!r} is no address or network; give it like 10.0.0.0/8")
        return networks

    @field_validator("rate_limit_url")
    @classmethod
    def _is_redis(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("redis://", "rediss://")):
            raise ValueError("give redis://...")
        return url

    @field_validator("trusted_documents")
    @classmethod
    def _is_there(cls, place: Path | None) -> Path | None:
        if place is not None and not place.exists():
            raise ValueError(f"there is no file or folder {place}")
        return place

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, url: str) -> str:
        if url.startswith(("postgresql://", "postgres://")):
            return url
        file = url.removeprefix("sqlite:///")
        if file == url or not file or ":memory:" in file:
            raise ValueError("give sqlite:///FILE (never :memory:) or postgresql://USER:PASSWORD@HOST/NAME")
        return url

    @field_validator("broadcast_url")
    @classmethod
    def _is_broadcast(cls, url: str) -> str:
        known = ("memory://", "redis://", "rediss://", "postgresql://", "postgres://")
        if not url.startswith(known):
            raise ValueError("give memory://, redis://... or postgresql://...")
        return url

    @field_validator("jwks_url", "webhook_url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError("give an address that begins with https://")
        return url

    @field_validator(*SECRETS)
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"give at least {SHORTEST_SECRET} characters, so that it cannot be guessed")
        return secret

    @field_validator("webhook_secret")
    @classmethod
    def _can_sign(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _is_signing_key(secret.get_secret_value()):
            raise ValueError("give whsec_ and 24 to 64 random bytes in base64")
        return secret

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @model_validator(mode="after")
    def _webhooks_are_signed(self) -> Self:
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError("WEBHOOK_URL: messages are always signed, so give WEBHOOK_SECRET too")
        return self

    @model_validator(mode="after")
    def _something_is_answered(self) -> Self:
        if self.only_trusted_documents and self.trusted_documents is None:
            raise ValueError("ONLY_TRUSTED_DOCUMENTS: give TRUSTED_DOCUMENTS too, or nothing is answered")
        return self

    @model_validator(mode="after")
    def _workers_can_share(self) -> Self:
        if self.workers > 1 and self.database_url.startswith("sqlite"):
            raise ValueError("WORKERS (or WEB_CONCURRENCY): more than one needs PostgreSQL")
        if self.workers > 1 and self.broadcast_url.startswith("memory:"):
            raise ValueError("WORKERS (or WEB_CONCURRENCY): more than one cannot share memory://")
        return self


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _is_signing_key(secret: str) -> bool:
    text = secret.removeprefix("whsec_")
    try:
        key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False
    return 24 <= len(key) <= 64


def read_settings(**given: Any) -> Settings:
    """The settings of the environment, those given instead of it. Raises BadSettings."""
    try:
        return Settings(**given)
    except ValidationError as errors:
        # Values are left out: some of them are secrets.
        lines = (_line_of(error["loc"], error["msg"]) for error in errors.errors(include_input=False))
        raise BadSettings("\n".join(lines)) from None


def weak_secrets(settings: Settings) -> list[str]:
    """Which secrets are so short that they could be guessed."""
    secrets = ((name, getattr(settings, name)) for name in SECRETS)
    return [variable_of(name) for name, secret in secrets if secret and len(secret) < SAFE_SECRET]


def unknown_settings(environment: Mapping[str, str] = os.environ) -> list[str]:
    """What looks like a setting but is none, perhaps misspelt; with the one that may be meant."""
    known = [variable_of(name) for name in Settings.model_fields]
    meant = (name for name in environment if name.startswith(PREFIX) and not name.startswith(FOR_TESTS))
    strange = sorted(set(meant).difference(known))
    return [" -> ".join([name, *get_close_matches(name, known, n=1)]) for name in strange]


def settings_table() -> str:
    """Every setting as a Markdown table, for the README."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{variable_of(name)}` | {_shown(field.default)} | {field.description} |")
    return "\n".join(rows) + "\n"


def variable_of(name: str) -> str:
    return PREFIX + name.upper()


def _line_of(place: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    if not place:
        return PREFIX + message
    return f"{variable_of(str(place[0]).removeprefix(PREFIX).lower())}: {message}"


def _shown(default: object) -> str:
    if default is None or default == ():
        return "none"
    return f"`{','.join(default)}`" if isinstance(default, tuple) else f"`{default}`"
