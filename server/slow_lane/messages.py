"""What the server and its slow lane tell each other: pickled, each message behind its length."""

import pickle
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from models.rules.viewers import Viewer
from server.answers import Answer, RequestErrors
from server.asked import Asked, Unread
from server.engine import Operation, Outline, RequestInfo
from server.errors import BadRequest
from server.rates import Caller
from server.settings import Settings

LENGTH_BYTES = 4

# ------------------------------------------------------------------ from the server


@dataclass(frozen=True, slots=True)
class Begin:
    """The first message: what to serve, as "package.module:function", and by which settings."""

    factory: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class OutlineWish:
    """Read a document, and say what is to be run of it."""

    asked: Asked | Unread
    caller: Caller


@dataclass(frozen=True, slots=True)
class RunWish:
    """Run an operation. It comes without its document: the lane has read it, or reads it again."""

    operation: Operation
    viewer: Viewer
    request: RequestInfo


@dataclass(frozen=True, slots=True)
class Wish:
    """Each is answered by one Done, also one that was cancelled."""

    id: int
    wish: OutlineWish | RunWish


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody waits for a wish any more."""

    id: int


@dataclass(frozen=True, slots=True)
class TurnGiven:
    """The lane may write."""

    id: int


# ------------------------------------------------------------------ from the lane


@dataclass(frozen=True, slots=True)
class Ready:
    """Wishes can be sent."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A Cancel has come: who says so does not hang."""

    id: int


@dataclass(frozen=True, slots=True)
class Outlined:
    outline: Outline
    comes_again: bool
    """Whether the document was read here before."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a wish; None where it was cancelled."""

    id: int
    result: Outlined | Answer | RequestErrors | BadRequest | None


@dataclass(frozen=True, slots=True)
class Spent:
    """A caller has taken so many seconds of a processor beyond its points."""

    caller: Caller
    seconds: float


class Bell(Enum):
    """What is to be told after a commit, and to whom."""

    LEDGER = auto()
    ALERTS = auto()
    OUTBOX = auto()


@dataclass(frozen=True, slots=True)
class Rung:
    """The lane has committed something: tenants are at new seqs."""

    bell: Bell
    rung: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class TurnWish:
    """The lane wants to write, in its turn. Each is ended by one TurnOver, given or not."""

    id: int


@dataclass(frozen=True, slots=True)
class TurnOver:
    id: int


Message = Begin | Wish | Cancel | TurnGiven | Ready | Heard | Done | Spent | Rung | TurnWish | TurnOver


def send(writer: StreamWriter, message: Message) -> None:
    """Never waits. Once the other end is gone, nothing happens."""
    text = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    if not writer.is_closing():
        writer.write(len(text).to_bytes(LENGTH_BYTES))
        writer.write(text)


async def receive(reader: StreamReader) -> Message:
    """The next message. Raises IncompleteReadError or ConnectionError where the other end is gone."""
    length = int.from_bytes(await reader.readexactly(LENGTH_BYTES))
    message: Message = pickle.loads(await reader.readexactly(length))
    return message
