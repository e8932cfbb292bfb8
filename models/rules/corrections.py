"""What is to be added to a ledger where a new fold says something else than is recorded."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from models.rules.facts import Movement, Name, Share
from models.rules.words import SubjectKind


def differences(recorded: Iterable[Movement], folded: Iterable[Movement]) -> list[Movement]:
    """What is to be added to the recorded movements so that they amount to the folded ones.

    Each difference has the kind, the subject, the key and the time of what it corrects. What was not recorded at all
    is one even where it moves nothing, as a call that costs nothing does.
    """
    were, should = _by_place(recorded), _by_place(folded)
    found = []
    for place in {**should, **were}:
        before, after = were.get(place, []), should.get(place, [])
        # Most is as it was.
        if before != after:
            difference = _less(after, before)
            if difference.credits or difference.shares or not before:
                found.append(difference)
    return sorted(found, key=lambda movement: movement.at)


def _by_place(movements: Iterable[Movement]) -> dict[tuple[datetime, SubjectKind, Name], list[Movement]]:
    found: dict[tuple[datetime, SubjectKind, Name], list[Movement]] = {}
    for movement in movements:
        place = (movement.at, movement.subject_kind, movement.name)
        those = found.get(place)
        if those is None:
            found[place] = [movement]
        else:
            those.append(movement)
    return found


def _less(after: list[Movement], before: list[Movement]) -> Movement:
    """What some movements do, less what others did, of the same name."""
    credits, parts = 0, dict[tuple[UUID, UUID | None], int]()
    for sign, movements in ((1, after), (-1, before)):
        for movement in movements:
            credits += sign * movement.credits
            for grant_id, activity_id, part in movement.shares:
                parts[grant_id, activity_id] = parts.get((grant_id, activity_id), 0) + sign * part
    shares = tuple(Share(*place, part) for place, part in parts.items() if part)
    return (after or before)[0]._replace(credits=credits, shares=shares)
