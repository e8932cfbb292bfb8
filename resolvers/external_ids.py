"""Things by the ids that other systems know them by."""

from typing import Annotated, TypeVar
from uuid import UUID

from models.actions.storing import LONGEST_EXTERNAL_ID
from models.rules.reports import check_name
from resolvers.context import Info
from resolvers.inputs import described
from resolvers.nodes import Node

AnyNode = TypeVar("AnyNode", bound=Node)

ExternalId = Annotated[str, described("Your own id of it, exactly as you gave it.")]
RecordedAs = Annotated[str, described("Your own id of it: the key that it was recorded with.")]


async def found_by_external_id(info: Info, made: type[AnyNode], tenant_id: UUID, external_id: str) -> AnyNode | None:
    """A tenant's thing of a type; None where there is none with this external id."""
    check_external_id(external_id)
    row = await info.context.loaders.named(made.kind, tenant_id, external_id)
    return made.of(row) if row else None


def check_external_id(external_id: str) -> None:
    """Refuses what nothing could be called."""
    check_name(external_id, "external_id", LONGEST_EXTERNAL_ID)
