"""API keys: listed, made and revoked. No list shows a secret."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from models.actions import keys as actions
from models.rules.viewers import Permission
from models.rules.words import Role
from models.tables import lists
from resolvers.context import Context, Info, parse_id
from resolvers.inputs import described
from resolvers.nodes import FromRow, Node, register
from resolvers.pages import After, Before, Connection, First, Last, Wish, read_page
from resolvers.permissions import field, mutation, query
from resolvers.refusals import Payload

if TYPE_CHECKING:
    from resolvers.tenants import Tenant

TenantOf = Annotated["Tenant", strawberry.lazy("resolvers.tenants")]


@strawberry.type(description="A key that a person or program shows in its Authorization header.")
class ApiKey(Node):
    kind = "api_key"

    name: str = strawberry.field(description="What it is called, so that it is known which to revoke.")
    role: Role = strawberry.field(description="What its holder may do.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it ceases to count; null where it never does.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was used last, to the minute; null where it never was."
    )
    revoked_at: datetime | None = strawberry.field(description="Since when it counts no more; null while it counts.")

    @field(description="Whose key it is; null for an operator's, who has every tenant.")
    async def tenant(self, info: Info) -> TenantOf | None:
        from resolvers.tenants import Tenant

        if self.row.tenant_id is None:
            return None
        return Tenant.of(await info.context.loaders.tenant(self.row.tenant_id))


async def _load(context: Context, id: UUID) -> ApiKey | None:
    async with context.books.reading() as reader:
        row = await actions.key_with_id(reader, context.viewer, id)
    return ApiKey.of(row) if row else None


register("api_key", _load, needs=Permission.MANAGE_TENANT)

IsRevoked = Annotated[
    bool | None, described("Only those that were revoked, or only those that were not; all where left out.")
]


async def _read_keys(
    context: Context, tenant_id: UUID | None, wish: Wish, is_revoked: bool | None
) -> Connection[ApiKey]:
    """A page of a tenant's keys, or of the operators'."""
    listing = lists.api_keys(operators=tenant_id is None, is_revoked=is_revoked)
    values = {"tenant_id": tenant_id} if tenant_id else {}
    return await read_page(context, listing, values, wish, ApiKey.of)


@strawberry.type
class KeysOfTenant(FromRow):
    @field(
        needs=Permission.MANAGE_TENANT,
        description="The tenant's keys, revoked and ended ones among them, the newest first. No secret is ever shown "
        "again.",
    )
    async def api_keys(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        is_revoked: IsRevoked = None,
    ) -> Connection[ApiKey]:
        return await _read_keys(info.context, self.row.id, Wish(first, after, last, before), is_revoked)


@strawberry.type
class KeyQueries:
    @query(
        needs=Permission.OPERATE,
        description="The operators' keys, which are no tenant's, the newest first. A tenant's are listed by "
        "Tenant.apiKeys. The key of the server's own settings is in no list.",
    )
    async def operator_keys(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        is_revoked: IsRevoked = None,
    ) -> Connection[ApiKey]:
        return await _read_keys(info.context, None, Wish(first, after, last, before), is_revoked)


@strawberry.input(description="A new key.")
class CreateApiKeyInput:
    tenant_id: strawberry.ID | None = strawberry.field(
        description="Whose key it is to be; left out for an operator's key."
    )
    name: str = strawberry.field(description="What it is called, in 1 to 200 characters.")
    role: Role = strawberry.field(description="What its holder may do.")
    expires_at: datetime | None = strawberry.field(description="When it ceases to count; left out for never.")


@strawberry.type(description="The key, or why it was refused.")
class ApiKeyPayload(Payload):
    api_key: ApiKey | None = strawberry.field(default=None, description="The key as it is now; null where refused.")
    secret: str | None = strawberry.field(
        default=None, description="What its holder sends: Authorization: Bearer .... Shown this once."
    )


@strawberry.type
class KeyMutations:
    @mutation(needs=Permission.MANAGE_TENANT, description="Makes a key, and shows its secret this once.")
    async def create_api_key(
        self, info: Info, input: Annotated[CreateApiKeyInput, described("The new key.")]
    ) -> ApiKeyPayload:
        context = info.context
        tenant_id = context.tenant_id(input.tenant_id, "tenant_id") if input.tenant_id is not None else None
        wish = actions.KeyWish(input.name, input.role, tenant_id, input.expires_at)
        async with context.work() as work:
            key, secret = await actions.create_key(work, context.viewer, wish, context.key_pepper)
        return ApiKeyPayload(api_key=ApiKey.of(key), secret=secret)

    @mutation(needs=Permission.MANAGE_TENANT, description="Revokes a key: within two seconds it counts no more.")
    async def revoke_api_key(self, info: Info, id: Annotated[strawberry.ID, described("The key.")]) -> ApiKeyPayload:
        key_id = parse_id(id, "api_key", "id")
        async with info.context.work() as work:
            key = await actions.revoke_key(work, info.context.viewer, key_id)
        return ApiKeyPayload(api_key=ApiKey.of(key))
