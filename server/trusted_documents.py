"""Trusted documents: what an application's build found in its own code, asked for by hash.

They are read from manifests when the server starts, and no client can add one: who could would be trusted by nobody.
Where nothing else is answered, a stolen key asks no question that the application does not ask.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from server.answers import RequestErrors
from server.asked import PERSISTED, Asked
from server.errors import INVALID, error_of
from server.settings import BadSettings, Settings

# The first two are the codes that clients of persisted queries react to; the third is what others use for it too.
NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
NOT_TRUSTED = "QUERY_NOT_IN_SAFELIST"

PREFIX = "sha256:"
HASH = re.compile(r"[0-9a-f]{64}")
APOLLO_FORMAT = "apollo-persisted-query-manifest"


class TrustedDocuments:
    """The documents by their hashes, and whether others are answered too."""

    def __init__(self, texts: Mapping[str, str], *, only: bool = False) -> None:
        self._texts = texts
        self._trusted = frozenset(texts.values())
        self._only = only

    def resolved(self, asked: Asked) -> Asked:
        """The operation with its document. Raises RequestErrors."""
        given = hash_given(asked)
        if given is None:
            if self._only and asked.query not in self._trusted:
                raise refused("Only trusted documents are answered: send the hash of one.", NOT_TRUSTED)
            return asked
        if asked.query:
            # Clients that were told that a hash is unknown send both, so that servers may remember it. This one does
            # not, but answers what it answers without the hash.
            if hash_of(asked.query) != given:
                raise refused("The hash is not that of the document that was sent with it.", INVALID)
            return self.resolved(without_hash(asked))
        text = self._texts.get(given)
        if text is None and not self._texts:
            raise refused("This server has no trusted documents: send the document itself.", NOT_SUPPORTED)
        if text is None:
            raise refused("There is no trusted document with this hash.", NOT_FOUND)
        return replace(asked, query=text)


def hash_given(asked: Asked) -> str | None:
    """The hash that an operation names its document by, in one of the two ways that clients know."""
    persisted = asked.extensions.get(PERSISTED)
    by_extension = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if persisted is not None and not isinstance(by_extension, str):
        raise refused("extensions.persistedQuery needs a sha256Hash.", INVALID)
    if asked.document_id is not None and (asked.query or by_extension):
        raise refused("Send a documentId, a sha256Hash or a query, and only one of them.", INVALID)
    given = asked.document_id if asked.document_id is not None else by_extension
    return given.lower().removeprefix(PREFIX) if given is not None else None


def without_hash(asked: Asked) -> Asked:
    extensions = {name: value for name, value in asked.extensions.items() if name != PERSISTED}
    return replace(asked, document_id=None, extensions=extensions)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def refused(message: str, code: str) -> RequestErrors:
    return RequestErrors([error_of(message, code)])


# ------------------------------------------------------------------ reading manifests


def trusted_by(settings: Settings) -> TrustedDocuments:
    """The documents that the settings name. Raises BadSettings where they cannot be trusted to be what they say."""
    if settings.trusted_documents is None:
        return TrustedDocuments({})
    texts = read_documents(settings.trusted_documents)
    if not texts:
        raise BadSettings(f"TALLYGRAPH_TRUSTED_DOCUMENTS: {settings.trusted_documents} holds no documents")
    return TrustedDocuments(texts, only=settings.only_trusted_documents)


def read_documents(place: Path) -> dict[str, str]:
    """Every document of a manifest, of a file of GraphQL, or of a folder of both, by its hash."""
    files = sorted(file for file in place.rglob("*") if file.is_file()) if place.is_dir() else [place]
    texts: dict[str, str] = {}
    for file in files:
        if file.suffix == ".json":
            texts |= _in_manifest(file)
        elif file.suffix in (".graphql", ".gql") or not place.is_dir():
            text = file.read_text(encoding="utf-8")
            texts[hash_of(text)] = text
    return texts


def _in_manifest(file: Path) -> dict[str, str]:
    try:
        manifest = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise _bad(file, f"is no JSON: {error}") from None
    texts = {}
    for id, text in _entries(file, manifest):
        hash = id.lower().removeprefix(PREFIX)
        if not HASH.fullmatch(hash):
            raise _bad(file, f"names a document {id[:80]!r}: give sha256 hashes, see docs/trusted-documents.md")
        if hash != hash_of(text):
            raise _bad(file, f"holds a document under {id[:80]} that has another hash")
        texts[hash] = text
    return texts


def _entries(file: Path, manifest: Any) -> Iterator[tuple[str, str]]:
    """Ids and documents: of Apollo's manifest, or of a plain object as Relay and graphql-codegen write it."""
    if not isinstance(manifest, dict):
        raise _bad(file, "must hold a JSON object")
    entries: Iterable[tuple[object, object]] = manifest.items()
    if manifest.get("format") == APOLLO_FORMAT:
        operations = manifest.get("operations")
        if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
            raise _bad(file, "must hold a list of operations")
        entries = ((operation.get("id"), operation.get("body")) for operation in operations)
    for id, text in entries:
        if not isinstance(id, str) or not isinstance(text, str):
            raise _bad(file, "must give each document as a text, under its hash")
        yield id, text


def _bad(file: Path, why: str) -> BadSettings:
    return BadSettings(f"TALLYGRAPH_TRUSTED_DOCUMENTS: {file} {why}")
