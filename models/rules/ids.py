"""Ids: time-ordered UUIDs inside, TypeIDs (`call_01jd...`: type, underscore, 26 characters) in the graph."""

import re
from datetime import datetime
from functools import lru_cache
from uuid import UUID, SafeUUID

from uuid_utils.compat import uuid7

# Crockford's base 32: no i, l, o and u.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Three characters, 15 bits, at a time: fewer steps, from a table that is still small.
_TRIPLES = [a + b + c for a in _ALPHABET for b in _ALPHABET for c in _ALPHABET]
_PAIRS = [a + b for a in _ALPHABET[:8] for b in _ALPHABET]
_15_BITS = (1 << 15) - 1
_60_BITS = (1 << 60) - 1
# int() reads 0-9a-v as base 32; whatever is not ours becomes a character that it refuses.
_TO_INT = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[_ALPHABET.index(chr(code))] if chr(code) in _ALPHABET else ord("!")
    for code in range(256)
)
_SUFFIX = 26
_LONGEST_PREFIX = 63
_PREFIX = re.compile(r"[a-z](?:[a-z_]*[a-z])?", re.ASCII)

_new, _set, _UNKNOWN = object.__new__, object.__setattr__, SafeUUID.unknown


def new_id() -> UUID:
    """An id that sorts after those that this process made before."""
    return uuid7()


def type_id(kind: str, uuid: UUID) -> str:
    """The id as the graph shows it; kind is the type's name in snake case."""
    number: int = uuid.int
    # In parts of 60 bits, since small numbers are quick.
    low = number & _60_BITS
    middle = number >> 60 & _60_BITS
    triple = _TRIPLES
    return (
        f"{kind}_{_PAIRS[number >> 120]}"
        f"{triple[middle >> 45]}{triple[middle >> 30 & _15_BITS]}"
        f"{triple[middle >> 15 & _15_BITS]}{triple[middle & _15_BITS]}"
        f"{triple[low >> 45]}{triple[low >> 30 & _15_BITS]}"
        f"{triple[low >> 15 & _15_BITS]}{triple[low & _15_BITS]}"
    )


def parse_type_id(text: str) -> tuple[str, UUID]:
    """The type's name and the UUID of an id; ValueError for what type_id() would not have made."""
    kind, suffix = text[: -_SUFFIX - 1], text[-_SUFFIX:]
    if len(kind) > _LONGEST_PREFIX or not _is_prefix(kind) or text[-_SUFFIX - 1] != "_":
        raise ValueError("This is not an id: it does not begin with the name of a type.")
    if suffix[0] > "7":
        raise ValueError("This is not an id: what follows its type is larger than any id.")
    try:
        number = int(suffix.encode("ascii").translate(_TO_INT), 32)
    except ValueError:
        raise ValueError("This is not an id: it has a character that ids do not have.") from None
    # UUID(int=number) checks again what is known here, and takes longer than all the rest.
    uuid = _new(UUID)
    _set(uuid, "int", number)
    _set(uuid, "is_safe", _UNKNOWN)
    return kind, uuid


@lru_cache(maxsize=1_000)
def _is_prefix(kind: str) -> bool:
    return _PREFIX.fullmatch(kind) is not None


# ---------------------------------------------------------------- entries
#
# An entry's id is made from what is its key anyway, so that the largest table needs no index for it: a UUIDv7 of the
# moment it was recorded, with its seq and enough of its tenant's id to tell tenants apart in place of the random bits.

_SEQ_BITS = 40
_TENANT_BITS = 34


def entry_id(tenant_id: UUID, seq: int, recorded_at: datetime) -> UUID:
    """The id of the entry of a tenant's ledger with this seq."""
    assert 0 < seq < 1 << _SEQ_BITS
    milliseconds = int(recorded_at.timestamp()) * 1000 + recorded_at.microsecond // 1000
    tenant = tenant_of_entry(tenant_id)
    high, low = tenant >> 22, tenant & (1 << 22) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low << _SEQ_BITS | seq)


def entry_parts(uuid: UUID) -> tuple[int, int]:
    """Which tenants it can be of, as `tenant_of_entry` gives them, and the seq of an entry with this id."""
    number: int = uuid.int
    tenant = (number >> 64 & 0xFFF) << 22 | number >> _SEQ_BITS & (1 << 22) - 1
    return tenant, number & (1 << _SEQ_BITS) - 1


def tenant_of_entry(tenant_id: UUID) -> int:
    """The part of a tenant's id that its entries' ids hold."""
    return int(tenant_id.int) & (1 << _TENANT_BITS) - 1
