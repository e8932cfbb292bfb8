"""Keys for rows without an id, made of what they say: the same in every run, for the same row of any file.

A row that repeats within a file is another event each time, so the keys of its repeats are numbered. How often each
was seen is kept in a temporary file once it is too much for the memory.
"""

import sqlite3
from hashlib import blake2b
from typing import Self

MEMORY_KIB = 16_384

_COUNT = "INSERT INTO seen VALUES (?, 1) ON CONFLICT (row) DO UPDATE SET times = times + 1 RETURNING times"


class RowKeys:
    """Counts the rows of one run over one file."""

    def __init__(self, source: str = "") -> None:
        # A name of its own keeps a source's equal rows apart from those of others.
        self._source = source.encode()
        # Without a name, SQLite keeps a database in a temporary file that nobody else sees.
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("PRAGMA journal_mode=OFF")
        self._seen.execute("PRAGMA synchronous=OFF")
        self._seen.execute(f"PRAGMA cache_size=-{MEMORY_KIB}")
        self._seen.execute("CREATE TABLE seen (row BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID")
        # One transaction that never ends: all of it is thrown away.
        self._seen.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._seen.close()

    def key_of(self, content: str) -> str:
        row = blake2b(content.encode(), digest_size=16, key=blake2b(self._source).digest()).digest()
        (times,) = self._seen.execute(_COUNT, (row,)).fetchone()
        return f"row-{row.hex()}" if times == 1 else f"row-{row.hex()}-{times}"
