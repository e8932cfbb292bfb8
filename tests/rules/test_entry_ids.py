from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.rules.ids import entry_id, entry_parts, new_id, tenant_of_entry

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@given(st.integers(1, 2**40 - 1), INSTANTS)
def test_an_entry_is_found_again_by_its_id(seq: int, at: datetime) -> None:
    tenant = new_id()

    assert entry_parts(entry_id(tenant, seq, at)) == (tenant_of_entry(tenant), seq)


def test_entries_of_two_tenants_at_one_moment_have_two_ids() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)

    assert len({entry_id(new_id(), 1, at) for _ in range(1000)}) == 1000


def test_an_entry_id_is_a_time_ordered_uuid() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    first, second = (entry_id(new_id(), 7, at + timedelta(milliseconds=n)) for n in range(2))

    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first < second
