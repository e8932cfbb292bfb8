"""A caller's key makes a thing happen once: what was made when it came before is answered again."""

from hashlib import blake2b
from uuid import UUID

from models.rules.refusals import Conflict
from models.tables.dialects import taken_keys
from models.tables.recording import TAKEN_KEY
from models.unit_of_work import UnitOfWork


async def made_before(work: UnitOfWork, tenant_id: UUID, kind: str, key: str, wish: object) -> UUID | None:
    """What was made when this key was used before; a wish with other content is refused."""
    row = await work.first(*taken_keys(work.dialect, [(tenant_id, kind, key)]))
    if row is None:
        return None
    if row.digest != _digest(wish):
        raise Conflict("This key was used for something else.", ("key",))
    made: UUID = row.subject_id
    return made


async def take_key(work: UnitOfWork, tenant_id: UUID, kind: str, key: str, wish: object, made: UUID) -> None:
    """Keep what was made, for when the key comes again."""
    await work.insert(TAKEN_KEY, [(tenant_id, kind, key, _digest(wish), made)])


def _digest(wish: object) -> bytes:
    return blake2b(repr(wish).encode(), digest_size=16).digest()
