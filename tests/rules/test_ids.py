from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.ids import new_id, parse_type_id, type_id

KINDS = st.from_regex(r"[a-z]([a-z_]{0,61}[a-z])?", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "kind", "uuid"),
    [
        ("prefix_00000000000000000000000000", "prefix", "00000000-0000-0000-0000-000000000000"),
        ("prefix_00000000000000000000000001", "prefix", "00000000-0000-0000-0000-000000000001"),
        ("prefix_0000000000000000000000000g", "prefix", "00000000-0000-0000-0000-000000000010"),
        ("pre_fix_7zzzzzzzzzzzzzzzzzzzzzzzzz", "pre_fix", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ("prefix_01h455vb4pex5vsknk084sn02q", "prefix", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ],
)
def test_ids_are_written_as_type_ids_are(text: str, kind: str, uuid: str) -> None:
    assert type_id(kind, UUID(uuid)) == text
    assert parse_type_id(text) == (kind, UUID(uuid))


@given(KINDS, st.uuids())
def test_an_id_that_is_shown_is_read_back(kind: str, uuid: UUID) -> None:
    text = type_id(kind, uuid)
    found_kind, found = parse_type_id(text)

    assert (found_kind, found) == (kind, uuid)
    assert len(text) == len(kind) + 27
    # As good as one that UUID() made.
    assert (str(found), found.bytes, hash(found), found.is_safe) == (str(uuid), uuid.bytes, hash(uuid), uuid.is_safe)


@given(st.uuids(), st.uuids())
def test_ids_sort_as_text_as_they_sort_inside(one: UUID, other: UUID) -> None:
    assert (type_id("call", one) < type_id("call", other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_",
        "call",
        "call_",
        "00000000000000000000000000",
        "_00000000000000000000000000",
        "call00000000000000000000000000",
        "call-00000000000000000000000000",
        "call_0000000000000000000000000",
        "call_000000000000000000000000000",
        "call_80000000000000000000000000",
        "call_z0000000000000000000000000",
        "call_0000000000000000000000000G",
        "call_0000000000000000000000000i",
        "call_0000000000000000000000000l",
        "call_0000000000000000000000000o",
        "call_0000000000000000000000000u",
        "call_0000000000000_000000000000",
        "call_-0000000000000000000000000",
        "call_+0000000000000000000000000",
        "call_ 0000000000000000000000000",
        "call_0000000000000000000000000\n",
        "call_0000000000000000000000000\u0661",
        "call_0000000000000000000000000\ud800",
        "call_\x00000000000000000000000000",
        "Call_00000000000000000000000000",
        "call__00000000000000000000000000",
        "_call_00000000000000000000000000",
        "call2_00000000000000000000000000",
        "caf\u00e9_00000000000000000000000000",
        "a" * 64 + "_00000000000000000000000000",
        "a" * 1_000_000,
        "018f6f7e-8f0a-7000-8000-000000000000",
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_nonsense_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match="not an id") as refused:
        parse_type_id(text)
    assert not isinstance(refused.value, UnicodeError)


@given(st.text(alphabet="call_07zGg-\u0661", max_size=40) | st.text(max_size=40))
def test_any_text_is_refused_or_is_the_very_id_that_it_names(text: str) -> None:
    try:
        kind, uuid = parse_type_id(text)
    except ValueError:
        return
    assert type_id(kind, uuid) == text


def test_new_ids_are_ordered_uuids_of_version_7() -> None:
    ids = [new_id() for _ in range(10_000)]

    assert ids == sorted(set(ids))
    assert {type(id_) for id_ in ids} == {UUID}
    assert {id_.version for id_ in ids} == {7}
