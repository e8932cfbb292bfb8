"""An account as it is folded on ahead of its time."""

from typing import Any

from sqlalchemy import Select, Table, bindparam, select

from models.tables import credits
from models.tables.base import metadata

_FILL_THE_METADATA = (credits,)

ACCOUNT: Table = metadata.tables["account"]

ACCOUNT_AHEAD: Select[Any] = select(ACCOUNT.c.next_boundary, ACCOUNT.c.overdrawn, ACCOUNT.c.held).where(
    ACCOUNT.c.tenant_id == bindparam("tenant_id")
)
"""What of the account of :tenant_id is not told by its grants, and the number of its next billing boundary."""
