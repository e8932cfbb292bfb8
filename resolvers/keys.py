"""API keys: made and revoked."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from models.actions import keys as actions
from models.rules.viewers import Permission
from models.rules.words import Role
from resolvers.context import Context, Info, parse_id
from resolvers.inputs import described
from resolvers.nodes import Node, register
from resolvers.permissions import field, mutation
from resolvers.refusals import Payload
from resolvers.tenants import Tenant


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
    async def tenant(self, info: Info) -> Tenant | None:
        if self.row.tenant_id is None:
            return None
        return Tenant.of(await info.context.loaders.tenant(self.row.tenant_id))


async def _load(context: Context, id: UUID) -> ApiKey | None:
    async with context.books.reading() as reader:
        row = await actions.key_with_id(reader, context.viewer, id)
    return ApiKey.of(row) if row else None


register("api_key", _load, needs=Permission.MANAGE_TENANT)


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
