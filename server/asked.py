"""One operation as a client asks for it, read from JSON or from an address. Nonsense becomes a plain refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import orjson

from server.errors import INVALID, BadRequest

PERSISTED = "persistedQuery"
MOST_LEVELS = 200
"""More could not be written again, or told to another process."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation by its document, or by the hash of one that is trusted."""

    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    extensions: dict[str, Any] = field(default_factory=dict)
    document_id: str | None = None
    wants_cost: bool = False
    """Whether the answer is to tell what it cost."""


LARGE_BYTES = 20_000
"""What is longer takes longer to look into than others should wait."""


@dataclass(frozen=True, slots=True)
class Unread:
    """An operation as the client's bytes, too many to be looked into where others wait."""

    body: bytes
    wants_cost: bool = False

    def read(self) -> Asked:
        """Raises BadRequest."""
        asked = asked_in(loaded(self.body))
        return replace(asked, wants_cost=True) if self.wants_cost else asked


def loaded(body: bytes) -> object:
    """One careful load: whatever it holds, either a value or a plain refusal comes of it."""
    try:
        value = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise BadRequest(400, INVALID, f"That is no JSON in UTF-8: {error}") from None
    if body.count(b"[") + body.count(b"{") > MOST_LEVELS and _is_deeper(value, MOST_LEVELS):
        raise BadRequest(400, INVALID, f"Lists and objects are nested more than {MOST_LEVELS} levels deep.")
    return value


def asked_in(given: object) -> Asked:
    if isinstance(given, list):
        raise BadRequest(400, INVALID, "Send one operation a request: lists of them are not run.")
    if not isinstance(given, dict):
        raise BadRequest(400, INVALID, "The body must be a JSON object with a query.")
    document_id, name = _text(given, "documentId"), _text(given, "operationName")
    extensions = _object(given, "extensions")
    query = given.get("query")
    if query is None and (document_id is not None or PERSISTED in extensions):
        query = ""
    elif not isinstance(query, str) or not query.strip():
        raise BadRequest(400, INVALID, "query must be a text that holds a GraphQL document.")
    wants_cost = extensions.get("cost") is True
    return Asked(query, _object(given, "variables"), name or None, extensions, document_id, wants_cost)


def asked_in_query(query_string: bytes) -> Asked:
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise BadRequest(400, INVALID, "The address holds parameters that cannot be read.") from None
    given: dict[str, object] = {}
    for name, text in pairs:
        if name in given:
            raise BadRequest(400, INVALID, f"{name[:50]} is given twice.")
        given[name] = text or None
    for name in ("variables", "extensions"):
        if isinstance(json := given.get(name), str):
            given[name] = loaded(json.encode())
    return asked_in(given)


def _is_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects of plain JSON stand in each other on more levels."""
    level = [value]
    for _ in range(levels + 1):
        inner: list[object] = []
        for one in level:
            if isinstance(one, list):
                inner += one
            elif isinstance(one, dict):
                inner += one.values()
        level = [one for one in inner if isinstance(one, (list, dict))]
        if not level:
            return False
    return True


def _text(given: Mapping[str, object], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(400, INVALID, f"{name} must be a text.")
    return value


def _object(given: Mapping[str, object], name: str) -> dict[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(400, INVALID, f"{name} must be a JSON object.")
    return value
