"""Files of usage: what is asked for, what the file is called, and the signed link that carries the wish.

A link holds all that is needed to make its file, so that any process can make it, and nothing is kept until then.
"""

import base64
import hmac
import re
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import orjson

from models.rules.ranges import DayRange
from models.rules.refusals import Expired, Forbidden, Invalid

FOLDER = "/exports/"
LINK_LASTS = timedelta(minutes=15)
LONGEST_LINK = 7_000
"""In characters: proxies take a line of 8 KB, and some of it is theirs."""

_LONGEST_NAME = 60
_NOT_IN_NAMES = re.compile(r"[\W_]+")


class ExportFormat(StrEnum):
    """What kind of file it is to be."""

    CSV = "CSV"
    XLSX = "XLSX"


Filters = tuple[tuple[str, Any], ...]
"""Which usage is meant: lists of ids and words by the names that models.tables.usage_sums has for them."""


@dataclass(frozen=True, slots=True)
class ExportWish:
    """One file: whose usage, on which days, narrowed by what."""

    tenant_id: UUID
    days: DayRange
    format: ExportFormat
    filters: Filters = ()

    def file_name(self, tenant_name: str) -> str:
        """What the file is called, harmless wherever it is saved."""
        spelt = unicodedata.normalize("NFC", tenant_name)
        name = _NOT_IN_NAMES.sub("-", spelt)[:_LONGEST_NAME].strip("-")
        parts = [*([name] if name else []), "usage", self.days.first.isoformat(), self.days.last.isoformat()]
        return f"{'-'.join(parts)}.{self.format.lower()}"


# ---------------------------------------------------------------- links


def link_to(wish: ExportWish, file_name: str, until: datetime, key: bytes) -> str:
    """An address on this server that gives the file until a moment."""
    packed = _packed(wish, until)
    query = urlencode({"wish": packed, "signature": _signature(key, file_name, packed)})
    link = f"{FOLDER}{quote(file_name)}?{query}"
    if len(link) > LONGEST_LINK:
        raise Invalid("This filter names more than a link can hold: leave some of it out.", ("filter",))
    return link


def wish_in(file_name: str, packed: str, signature: str, now: datetime, key: bytes) -> ExportWish:
    """What a link asks for. Forbidden where we did not make it as it stands, Expired where its time is over."""
    if not hmac.compare_digest(_signature(key, file_name, packed).encode(), signature.encode()):
        raise Forbidden("This link is not one of ours, or not whole. Ask for a new one.")
    wish, until = _unpacked(packed)
    if now >= until:
        raise Expired("This link has ended. Ask for a new one.")
    return wish


def _signature(key: bytes, file_name: str, packed: str) -> str:
    digest = hmac.digest(key, f"{file_name}\n{packed}".encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _packed(wish: ExportWish, until: datetime) -> str:
    filters = [[name, value if isinstance(value, str) else _plain(value)] for name, value in wish.filters]
    days = wish.days.first.isoformat(), wish.days.last.isoformat()
    plain = orjson.dumps([wish.tenant_id.hex, days, wish.format.value, filters, until.isoformat()])
    return base64.urlsafe_b64encode(zlib.compress(plain, 9)).rstrip(b"=").decode()


def _plain(values: Iterable[Any]) -> list[str]:
    return [value.hex if isinstance(value, UUID) else str(value) for value in values]


def _unpacked(packed: str) -> tuple[ExportWish, datetime]:
    """What was packed. Only ever called with what we have signed."""
    plain = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    tenant, (first, last), format, filters, until = orjson.loads(plain)
    days = DayRange(date.fromisoformat(first), date.fromisoformat(last))
    read = tuple((name, _read(name, value)) for name, value in filters)
    return ExportWish(UUID(hex=tenant), days, ExportFormat(format), read), datetime.fromisoformat(until)


def _read(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return value
    return tuple(UUID(hex=text) if name.endswith("_ids") else text for text in value)
