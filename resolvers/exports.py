"""Files of usage, asked for with a range and a filter, and fetched by a link."""

from datetime import datetime
from typing import Annotated

import strawberry

from models.actions import exports as actions
from models.rules.exports import LINK_LASTS, ExportFormat, ExportWish, link_to
from models.rules.refusals import NotFound
from models.rules.viewers import Permission
from resolvers.context import Info
from resolvers.inputs import described
from resolvers.permissions import mutation
from resolvers.ranges import RangeInput, UsageFilter
from resolvers.refusals import Payload
from resolvers.usage_scopes import scope_of


@strawberry.input(description="A file of usage.")
class ExportInput:
    tenant_id: strawberry.ID = strawberry.field(description="Whose usage.")
    range: RangeInput = strawberry.field(description="Which days, in the tenant's time zone.")
    format: ExportFormat = strawberry.field(description="What kind of file.")
    filter: UsageFilter | None = strawberry.field(
        description="Only what fits; everything where left out. A few hundred ids at most, since the link holds them."
    )


@strawberry.type(description="A file of usage that can be fetched.")
class Export:
    url: str = strawberry.field(
        description="Where the file is, from the root of this server: `/exports/...`. Pages of the same origin link to "
        "it as it is; others join it with the address that they send operations to, as `new URL(url, endpoint)` does. "
        "It needs no key, works for GET and HEAD, and ends at expiresAt. The file is made when it is fetched."
    )
    file_name: str = strawberry.field(description="What the file is called when it is saved.")
    rows: int = strawberry.field(description="How many rows of usage it has now, without its header and totals.")
    expires_at: datetime = strawberry.field(description="When the link ends, 15 minutes from now.")


@strawberry.type(description="The file, or why it was refused.")
class ExportPayload(Payload):
    export: Export | None = strawberry.field(default=None, description="The file; null where refused.")


@strawberry.type
class ExportMutations:
    @mutation(
        needs=Permission.READ_BOOKS,
        description="Gives a link to a file of the usage in a range: a row for each day, opening, agent, member, "
        "activity, model and direction, with interviews by their states as columns; and a row of totals, whose credits "
        "are those of usage.totals. The link works for 15 minutes, for whoever has it.",
    )
    async def export_usage(
        self, info: Info, input: Annotated[ExportInput, described("Which usage, and as what.")]
    ) -> ExportPayload:
        context = info.context
        tenant = await context.loaders.tenant(context.tenant_id(input.tenant_id, "tenant_id"))
        if tenant is None:
            raise NotFound("There is no such tenant.", ("tenant_id",))
        scope = await scope_of(context, "tenant", tenant, input.range, input.filter)
        wish = ExportWish(tenant.id, scope.days, input.format, scope.question().filters)
        until = (context.now + LINK_LASTS).replace(microsecond=0)
        name = wish.file_name(tenant.name)
        key = await actions.signing_key(context.books, context.key_pepper)
        url = link_to(wish, name, until, key)
        async with context.books.reading(long=True) as reader:
            rows = await actions.count_rows(reader, wish)
        return ExportPayload(export=Export(url=url, file_name=name, rows=rows, expires_at=until))
