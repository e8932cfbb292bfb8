"""What Alembic runs, with the connection that server.migrations hands it."""

from typing import Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from server.migrations import tables


def _plain(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Migrations outlive the libraries of the day: they name the types of SQLAlchemy only."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables(),
    transactional_ddl=True,
    # SQLite cannot alter a table: it is made anew. The first tables have nothing to alter.
    render_as_batch=not context.config.attributes.get("first"),
    render_item=_plain,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
