"""What a row becomes: the fields of each kind, named as in the graph's inputs, and the reports made of them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from models.rules.amounts import parse_credits
from models.rules.refusals import Invalid
from models.rules.reports import (
    LONGEST_KEY,
    CallReport,
    DocumentReport,
    FactReport,
    InterviewReport,
    MessageReport,
    Report,
    TranscriptReport,
    check_name,
)
from models.rules.words import AgentChannel, CallDirection, InterviewStatus
from server.importing import values
from server.importing.files import Cell
from server.importing.values import Times

Value = TypeVar("Value")

NO_COLUMNS: Mapping[str, str] = MappingProxyType({})
MISSED = timedelta(seconds=-1)
"""As a duration: the call was never connected."""


class Kind(StrEnum):
    CALLS = "calls"
    MESSAGES = "messages"
    INTERVIEWS = "interviews"
    INTERACTIONS = "interactions"


class Said:
    """What one row says, by field. Every way of reading a field refuses with the field's name."""

    def __init__(self, cells: Mapping[str, Cell], times: Times, columns: Mapping[str, str] = NO_COLUMNS) -> None:
        self._cells, self._times, self.columns = cells, times, columns

    def __contains__(self, name: str) -> bool:
        return name in self._cells

    def any_of(self, piece: str) -> bool:
        return any(name.startswith(f"{piece}.") for name in self._cells)

    def text(self, name: str) -> str | None:
        cell = self._cells.get(name)
        if cell is None or isinstance(cell, str):
            return cell
        raise Invalid("This is a list or an object, not one value.", path_of(name))

    def texts(self, name: str) -> list[str | None]:
        """One text, or a list of them."""
        cell = self._cells.get(name)
        if not isinstance(cell, list):
            return [self.text(name)]
        if not all(isinstance(part, str) for part in cell):
            raise Invalid("This is a list of other things than texts.", path_of(name))
        return list(cell)

    def read(self, name: str, parse: Callable[[str], Value]) -> Value | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise Invalid(str(error), path_of(name)) from None

    def must_read(self, name: str, parse: Callable[[str], Value]) -> Value:
        found = self.read(name, parse)
        if found is None:
            raise self.missing(name)
        return found

    def missing(self, name: str) -> Invalid:
        """Says where a field that is needed was looked for."""
        column = self.columns.get(name)
        where = f": nothing stands in {column}" if column else ""
        return Invalid(f"This is missing{where}.", path_of(name))

    def instant(self, name: str) -> datetime:
        return self.must_read(name, self._times.instant)

    def instant_after(self, name: str, start: datetime) -> datetime | None:
        return self.read(name, lambda text: self._times.instant(text, start))


@dataclass(slots=True)
class Draft:
    """A row that was understood, but for the names in it, which only the books know."""

    names: dict[str, str]
    """By field, how the file names agents, members and openings."""
    reports: list[tuple[type, dict[str, Any], str]]
    """What is to be recorded: kind of report, fields, and what the row calls it."""
    interaction: dict[str, Any] | None = None

    def made(self, ids: Mapping[str, UUID]) -> list[Report]:
        """The reports, once it is known what the names stand for."""
        named = {"_".join(path_of(name)): id for name, id in ids.items()}
        return [kind(**fields, **named) for kind, fields, _ in self.reports]


Build = Callable[[Said, str], Draft]
"""Makes a draft of what a row says; the key is that of a row which has none."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of row."""

    fields: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]
    """Of each of these, a file must give one."""
    draft: Build
    channel: AgentChannel
    """What an agent is that is made for such rows."""
    names: tuple[str, ...]
    """The fields that name agents, members and openings."""
    key: str = "key"
    """The field by which a row is known again."""
    telling: tuple[str, ...] = ()
    """Fields without which rows are read otherwise: that no row has one says something."""


def call(said: Said, key: str) -> Draft:
    direction = said.must_read("direction", lambda text: values.word_of(CallDirection, text))
    started = said.instant("startedAt")
    fields = {
        "key": said.text("key") or key,
        "direction": direction,
        "started_at": started,
        "translation_seconds": said.read("translationSeconds", values.whole_number) or 0,
        "remarks": said.text("remarks") or "",
        **_length(said, started, direction),
    }
    return Draft(_names(said, "agentId", may=["memberId"]), [(CallReport, fields, "")])


def _length(said: Said, started: datetime, direction: CallDirection) -> dict[str, datetime | None]:
    """When a call was connected, and when it ended."""
    connected = said.instant_after("connectedAt", started)
    if "endedAt" not in said and "durationSeconds" not in said:
        raise _no_end(said)
    if ended := said.instant_after("endedAt", started):
        if direction is CallDirection.OUTBOUND and "connectedAt" not in said.columns:
            # Taken as never connected, all of them would cost nothing, and nobody would be told.
            message = "An outbound call is billed from here on: map it, if need be to the column of startedAt."
            raise Invalid(message, path_of("connectedAt"))
        return {"connected_at": connected, "ended_at": ended}
    lasted = said.must_read("durationSeconds", values.seconds)
    if lasted == MISSED:
        return {"connected_at": None, "ended_at": started}
    if connected is None and direction is CallDirection.OUTBOUND and "connectedAt" not in said.columns:
        connected = started
    try:
        return {"connected_at": connected, "ended_at": started + lasted}
    except OverflowError:
        raise Invalid("This is too long.", path_of("durationSeconds")) from None


def _no_end(said: Said) -> Invalid:
    """Names what the file tells the end of calls by: what was mapped, or else whatever it may be."""
    names = [name for name in ("durationSeconds", "endedAt") if name in said.columns]
    mapped = [name for name in names if said.columns[name]]
    if mapped or len(names) == 1:
        return said.missing((mapped or names)[0])
    return Invalid(f"This is missing, and so is {names[1]}.", path_of(names[0]))


def message(said: Said, key: str) -> Draft:
    fields = {
        "key": said.text("key") or key,
        "sent_at": said.instant("sentAt"),
        "model": said.text("model"),
        "input_tokens": said.read("inputTokens", values.whole_number),
        "output_tokens": said.read("outputTokens", values.whole_number),
        "is_playground": said.read("isPlayground", values.truth) or False,
    }
    return Draft(_names(said, "agentId", may=["memberId"]), [(MessageReport, fields, "")])


def interview(said: Said, key: str) -> Draft:
    status = said.must_read("status", lambda text: values.word_of(InterviewStatus, text))
    fields = {
        "key": said.text("key") or key,
        "candidate": said.must_read("candidate", str),
        "status": status,
        "at": said.instant("at"),
        # Files often have a progress on every row; it says something of partial ones only.
        "progress": said.read("progress", values.millionths) if status is InterviewStatus.PARTIAL else None,
        "is_simulation": said.read("isSimulation", values.truth) or False,
    }
    return Draft(_names(said, "openingId", may=["agentId"]), [(InterviewReport, fields, "")])


def interaction(said: Said, key: str) -> Draft:
    external_id = said.text("externalId") or key
    check_name(external_id, "external_id", LONGEST_KEY)
    created = said.instant("createdAt")
    reports: list[tuple[type, dict[str, Any], str]] = []
    for piece, kind in (("transcript", TranscriptReport), ("document", DocumentReport), ("fact", FactReport)):
        if said.any_of(piece):
            reports += [(kind, fields, piece) for fields in _pieces(said, piece, external_id, created)]
    names = _names(said, may=["agentId", "assignedMemberId"])
    return Draft(names, reports, {"external_id": external_id, "created_at": created})


def _pieces(said: Said, piece: str, external_id: str, created: datetime) -> list[dict[str, Any]]:
    """What one transcript, document, or list of facts is made of."""
    fields: dict[str, Any] = {
        "key": said.text(f"{piece}.key") or f"{external_id}/{piece}",
        "created_at": said.instant_after(f"{piece}.createdAt", created) or created,
        "credits_consumed": said.read(f"{piece}.creditsConsumed", parse_credits),
    }
    if piece == "transcript":
        return [fields | {"audio_seconds": said.read("transcript.audioSeconds", values.whole_number)}]
    if piece == "document":
        return [fields | {"name": said.text("document.name")}]
    texts = said.texts("fact.text")
    keys = [fields["key"] if at == 0 else f"{fields['key']}/{at + 1}" for at in range(len(texts))]
    return [fields | {"text": text, "key": key} for text, key in zip(texts, keys, strict=True)]


def _names(said: Said, *must: str, may: Collection[str] = ()) -> dict[str, str]:
    names = {name: said.must_read(name, str) for name in must}
    return names | {name: text for name in may if (text := said.text(name)) is not None}


_PIECES = {"transcript": ("audioSeconds",), "document": ("name",), "fact": ("text",)}
_PIECE_FIELDS = tuple(
    f"{piece}.{name}" for piece, own in _PIECES.items() for name in ("key", "createdAt", *own, "creditsConsumed")
)

SHAPES: dict[Kind, Shape] = {
    Kind.CALLS: Shape(
        (
            *("agentId", "key", "direction", "startedAt", "connectedAt", "endedAt", "durationSeconds"),
            *("translationSeconds", "memberId", "remarks"),
        ),
        (("agentId",), ("direction",), ("startedAt",), ("endedAt", "durationSeconds")),
        call,
        AgentChannel.VOICE,
        ("agentId", "memberId"),
        telling=("connectedAt",),
    ),
    Kind.MESSAGES: Shape(
        ("agentId", "key", "model", "sentAt", "memberId", "inputTokens", "outputTokens", "isPlayground"),
        (("agentId",), ("sentAt",)),
        message,
        AgentChannel.CHAT,
        ("agentId", "memberId"),
    ),
    Kind.INTERVIEWS: Shape(
        ("openingId", "key", "candidate", "agentId", "status", "at", "progress", "isSimulation"),
        (("openingId",), ("candidate",), ("status",), ("at",)),
        interview,
        AgentChannel.INTERVIEW,
        ("openingId", "agentId"),
    ),
    Kind.INTERACTIONS: Shape(
        ("externalId", "agentId", "assignedMemberId", "createdAt", *_PIECE_FIELDS),
        (("createdAt",),),
        interaction,
        AgentChannel.SCRIBE,
        ("agentId", "assignedMemberId"),
        "externalId",
    ),
}


def path_of(name: str) -> tuple[str, ...]:
    """A field's name as refusals hold it."""
    return tuple("".join(f"_{c.lower()}" if c.isupper() else c for c in part) for part in name.split("."))


def field_of(path: tuple[str, ...]) -> str:
    """A refusal's field as it is mapped."""
    return ".".join(_camel(part) for part in path)


def camel(name: str) -> str:
    """A field as it may be given, started_at or startedAt, as it is named here."""
    return ".".join(_camel(part) for part in name.split("."))


def snake(name: str) -> str:
    return ".".join(path_of(name))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
