"""`tallygraph key create|list|revoke`"""

import asyncio
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from models.actions import keys
from models.actions.keys import Key, KeyWish
from models.rules.ids import parse_type_id, type_id
from models.rules.viewers import Viewer
from models.rules.words import Role
from models.unit_of_work import utc_now
from server.commands.books import opened, tenant_of_option
from server.settings import Settings, read_settings

OPERATOR = Viewer(Role.OPERATOR)
"""Whoever can reach the database from here may do everything."""

COLUMNS = ("id", "name", "role", "tenant", "created", "last used", "expires", "state")

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)

Tenant = Annotated[str | None, typer.Option("--tenant", help="The tenant's id or external id.", show_default=False)]


@app.command()
def create(
    role: Annotated[Role, typer.Option(help="What the key may do.", case_sensitive=False)],
    tenant: Tenant = None,
    name: Annotated[str, typer.Option(help="What people will know it by.")] = "Made at the command line",
    expires: Annotated[
        str | None,
        typer.Option(help="When it stops counting: 2027-01-31, or 2027-01-31T09:30:00Z.", show_default=False),
    ] = None,
) -> None:
    """Make a key, and print its secret, which is shown this once."""
    expires_at = _instant(expires) if expires else None
    key, secret = asyncio.run(_create(read_settings(), tenant, KeyWish(name, role, expires_at=expires_at)))
    # Apart, so that a script can take the secret from the output.
    typer.echo(f"{type_id('api_key', key.id)} ({key.name}, {key.role}). The secret is shown this once:", err=True)
    typer.echo(secret)


@app.command("list")
def list_(tenant: Tenant = None) -> None:
    """List keys, the newest first. Secrets are not stored, so they are not shown."""
    now = utc_now()
    rows = [_shown(key, now) for key in asyncio.run(_list(read_settings(), tenant))]
    console = Console()
    if not console.is_terminal:
        for row in [COLUMNS, *rows]:
            typer.echo("\t".join(row))
        return
    table = Table()
    for column in COLUMNS:
        # What somebody may want to copy stays whole.
        table.add_column(column, no_wrap=column == "id", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table, markup=False)


@app.command()
def revoke(id: Annotated[str, typer.Argument(help="The key's id, api_key_..., as `key list` shows it.")]) -> None:
    """Make a key count no more. Running servers know within two seconds."""
    key = asyncio.run(_revoke(read_settings(), _key_id(id)))
    typer.echo(f"{key.name} was revoked at {_text(key.revoked_at)}.")


async def _create(settings: Settings, tenant: str | None, wish: KeyWish) -> tuple[Key, str]:
    pepper = settings.key_pepper.get_secret_value() if settings.key_pepper else ""
    async with opened(settings) as books, books.work() as work:
        tenant_id = await tenant_of_option(work, tenant) if tenant else None
        wish = KeyWish(wish.name, wish.role, tenant_id, wish.expires_at)
        return await keys.create_key(work, OPERATOR, wish, pepper)


async def _list(settings: Settings, tenant: str | None) -> list[Key]:
    async with opened(settings) as books, books.reading() as reader:
        tenant_id = await tenant_of_option(reader, tenant) if tenant else None
        return list(await keys.keys_of(reader, OPERATOR, tenant_id))


async def _revoke(settings: Settings, key_id: UUID) -> Key:
    async with opened(settings) as books, books.work() as work:
        return await keys.revoke_key(work, OPERATOR, key_id)


def _key_id(text: str) -> UUID:
    try:
        kind, key_id = parse_type_id(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if kind != "api_key":
        raise typer.BadParameter("This is the id of something else: a key's begins with api_key_.")
    return key_id


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("Give a day or an instant: 2027-01-31.", param_hint="--expires") from None
    if instant.tzinfo is None and len(text) > len("2027-01-31"):
        raise typer.BadParameter("Say in which zone: 2027-01-31T09:30:00Z.", param_hint="--expires")
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _shown(key: Key, now: datetime) -> tuple[str, ...]:
    return (
        type_id("api_key", key.id),
        key.name,
        key.role,
        type_id("tenant", key.tenant_id) if key.tenant_id else "",
        _text(key.created_at),
        _text(key.last_used_at),
        _text(key.expires_at),
        _state(key, now),
    )


def _state(key: Key, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "counts"


def _text(instant: datetime | None) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%SZ") if instant else ""
