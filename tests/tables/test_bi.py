"""What a BI tool reads is what the graph says, exactly, on both databases; and it reads nothing else."""

import re
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError, OperationalError

from models.rules.amounts import MICRO, parse_credits
from models.rules.ids import type_id
from models.tables.bi import VIEWS, drop_views, make_views
from models.tables.usage import COUNTS as COUNTED
from tests.api.happenings import Happenings
from tests.api.running import Api
from tests.api.using import COUNTS, TOTALS
from tests.books import Clock, test_books

pytestmark = pytest.mark.anyio

GUIDE = (Path(__file__).parent.parent.parent / "docs" / "bi.md").read_text()
STATEMENTS = re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL)
FOR_OWNERS = [one for one in STATEMENTS if one.startswith("-- PostgreSQL")]
EXAMPLES = [one for one in STATEMENTS if one not in FOR_OWNERS]

SHOWN = {re.sub(r"([A-Z])", r"_\1", name).lower(): name for name in COUNTS.split()}
"""The counts of totals as the views name them."""


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    async with test_books(database_url, Clock()) as books:
        yield Api(books)


async def read(api: Api, statement: str) -> Sequence[Any]:
    async with api.books.books.reading() as reader:
        return await reader.all(text(statement))


def as_totals(row: Any) -> dict[str, Any]:
    """A row of a view as totals of the graph, with the credits in millionths."""
    assert Decimal(row.credits) * MICRO == row.credits_millionths
    assert not isinstance(row.credits, float)
    return {
        name: row.credits_millionths if name == "credits" else getattr(row, column) for column, name in SHOWN.items()
    }


def of_graph(totals: dict[str, Any]) -> dict[str, Any]:
    return {**totals, "credits": parse_credits(totals["credits"])}


def without_nothing(parts: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    return {key: totals for key, totals in parts.items() if any(totals.values())}


def key_of(kind: str) -> Callable[[Any], str]:
    def key(row: Any) -> str:
        id = getattr(row, f"{kind}_id")
        return type_id(kind, UUID(str(id))) if id else ""

    return key


# ---------------------------------------------------------------- equal to the graph


async def test_views_say_what_the_graph_says(api: Api) -> None:
    tenants = [Happenings(api, seed) for seed in (1, 4)]
    for happened in tenants:
        await happened.happen(rounds=4)
    for happened in tenants:
        fields = f"{TOTALS} series {{ day {TOTALS} }} " + " ".join(
            f"{by}: breakdown(by: {by}, first: 100) {{ slices {{ key {TOTALS} }} }}"
            for by in ("AGENT", "OPENING", "MEMBER")
        )
        document = f"query ($id: ID!) {{ tenant(id: $id) {{ usage(range: {{preset: ALL_TIME}}) {{ {fields} }} }} }}"
        usage = (await api.ask(document, id=happened.tenant))["tenant"]["usage"]
        is_its = key_of("tenant")

        (whole,) = [
            row for row in await read(api, "SELECT * FROM bi_credits_by_tenant") if is_its(row) == happened.tenant
        ]
        assert as_totals(whole) == of_graph(usage["totals"])
        days = [row for row in await read(api, "SELECT * FROM bi_credits_by_day") if is_its(row) == happened.tenant]
        assert without_nothing({str(row.day): as_totals(row) for row in days}) == without_nothing(
            {point["day"]: of_graph(point["totals"]) for point in usage["series"]}
        )
        assert (whole.first_day, whole.last_day) == (min(row.day for row in days), max(row.day for row in days))
        for kind in ("agent", "opening", "member"):
            rows = [
                row for row in await read(api, f"SELECT * FROM bi_credits_by_{kind}") if is_its(row) == happened.tenant
            ]
            slices = usage[kind.upper()]["slices"]
            assert without_nothing(added(rows, key_of(kind))) == {one["key"]: of_graph(one["totals"]) for one in slices}


def added(rows: Sequence[Any], key: Callable[[Any], str]) -> dict[str, dict[str, Any]]:
    sums: dict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(SHOWN.values(), 0))
    for row in rows:
        for name, count in as_totals(row).items():
            sums[key(row)][name] += count
    return sums


async def test_every_part_of_usage_is_a_row_with_names(api: Api) -> None:
    happened = Happenings(api, 2)
    await happened.happen(rounds=4)
    filters: list[tuple[str, str, Callable[[Any], bool]]] = [
        ("agentIds", f'["{happened.agents[0]}"]', lambda row: key_of("agent")(row) == happened.agents[0]),
        ("openingIds", f'["{happened.openings[1]}"]', lambda row: key_of("opening")(row) == happened.openings[1]),
        ("memberIds", f'["{happened.members[0]}"]', lambda row: key_of("member")(row) == happened.members[0]),
        ("activities", "[TRANSLATION]", lambda row: row.activity == "TRANSLATION"),
        ("models", '["large"]', lambda row: row.model == "large"),
        ("direction", "OUTBOUND", lambda row: row.direction == "OUTBOUND"),
    ]
    rows = await read(api, "SELECT * FROM bi_usage")
    for name, value, fits in filters:
        narrowed = f"usage(range: {{preset: ALL_TIME}}, filter: {{{name}: {value}}}) {{ {TOTALS} }}"
        document = f"query ($id: ID!) {{ tenant(id: $id) {{ {narrowed} }} }}"
        totals = (await api.ask(document, id=happened.tenant))["tenant"]["usage"]["totals"]
        found = [row for row in rows if fits(row)]
        assert sum(row.credits_millionths for row in found) == parse_credits(totals["credits"]) != 0, name
        assert sum(row.activities for row in found if row.activity == "CALL") == totals["calls"], name
    assert {row.agent_name for row in rows} == {"Ada", None}
    assert {(row.tenant_name, row.job_title, row.member_name) for row in rows} >= {("Acme", "Baker", None)}


async def test_interactions_cost_what_was_made_of_them_less_refunds(api: Api) -> None:
    happened = Happenings(api, 0)
    await happened.happen(rounds=5)
    made = """
        usage(range: {preset: ALL_TIME}, filter: {activities: [TRANSCRIPT, FACT, DOCUMENT]}) {
          totals { credits transcripts facts documents }
        }
    """
    totals = (await api.ask(f"query ($id: ID!) {{ tenant(id: $id) {{ {made} }} }}", id=happened.tenant))["tenant"][
        "usage"
    ]
    rows = await read(api, "SELECT * FROM bi_credits_by_interaction")

    assert len(rows) == 4
    assert all(Decimal(row.credits) * MICRO == row.credits_millionths for row in rows)
    assert {
        "credits": sum(row.credits_millionths for row in rows),
        **{name: sum(getattr(row, name) for row in rows) for name in ("transcripts", "facts", "documents")},
    } == of_graph(totals["totals"])
    refunded = await api.books.rows("interaction")
    assert sum(row.refunded for row in refunded) > 0


async def test_large_and_negative_amounts_are_exact(api: Api) -> None:
    tenant = await api.books.a_tenant()
    place = {"tenant_id": tenant, "agent_id": api.books.agents[tenant], "activity": "CALL"}
    zeros, usage_day = dict.fromkeys(COUNTED, 0), api.books.table("usage_day")
    amounts = (123_456_789_012_345_678, -1, -1_500_000, 0)
    async with api.books.books.work() as work:
        for number, credits in enumerate(amounts):
            day = api.books.clock.now.date().replace(day=number + 1)
            await work.run(insert(usage_day).values({**place, **zeros, "day": day, "credits": credits}))

    shown = [str(row.credits) for row in await read(api, "SELECT credits FROM bi_credits_by_day ORDER BY day")]
    assert shown == ["123456789012.345678", "-0.000001", "-1.500000", "0.000000"]


# ---------------------------------------------------------------- the guide


async def test_every_example_of_the_guide_runs_and_finds_something(api: Api) -> None:
    happened = Happenings(api, 3)
    await happened.happen(rounds=4)
    assert await api.change("updateTenant", {"id": happened.tenant, "externalId": "acme"}, "tenant { id }")
    named = [name for name in VIEWS if any(name in example for example in EXAMPLES)]

    assert named == list(VIEWS)
    for example in EXAMPLES:
        assert await read(api, example.rstrip().rstrip(";")), example


async def test_the_guide_tells_of_every_column(api: Api) -> None:
    told = set(re.findall(r"`(\w+)`", GUIDE.partition("## Columns")[2].partition("## Who reads")[0]))
    alike = {f"{kind}_{what}" for kind in ("agent", "opening", "member") for what in ("id", "external_id")}
    async with api.books.books.reading() as reader:
        columns = await reader.session.call(_columns)
    assert {name: those - told - alike for name, those in columns.items()} == {name: set() for name in VIEWS}


def _columns(connection: Connection) -> dict[str, set[str]]:
    return {view: set(connection.exec_driver_sql(f"SELECT * FROM {view}").keys()) for view in VIEWS}


# ---------------------------------------------------------------- who reads


async def test_a_role_that_may_read_views_reads_nothing_else_and_may_after_migrating(postgres_url: str) -> None:
    async with test_books(postgres_url, Clock()) as books:
        async with books.books.work() as work:
            (statements,) = FOR_OWNERS
            role = f"bi_reader_{books.books.clock().timestamp():.0f}_{id(books)}"
            await work.session.call(lambda connection: _run(connection, statements.replace("bi_reader", role)))
        async with books.books.work() as work:
            # As migrating does.
            await work.session.call(make_views)
        try:
            for name in VIEWS:
                await _as_role(books, role, f"SELECT * FROM {name}")
            for name in ("usage_day", "entry", "api_key", "tenant"):
                with pytest.raises(DBAPIError, match="permission denied"):
                    await _as_role(books, role, f"SELECT * FROM {name}")
        finally:
            async with books.books.work() as work:
                await work.session.call(lambda connection: _run(connection, f"DROP OWNED BY {role}; DROP ROLE {role}"))


def _run(connection: Connection, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            connection.exec_driver_sql(statement)


async def _as_role(books: Any, role: str, statement: str) -> None:
    async with books.books.work() as work:
        await work.run(text(f"SET LOCAL ROLE {role}"))
        await work.all(text(statement))


async def test_a_file_that_is_opened_for_reading_answers_beside_the_server(sqlite_url: str) -> None:
    async with test_books(sqlite_url, Clock()) as books:
        await books.call(await books.a_tenant("10"), 2)
        file = sqlite_url.removeprefix("sqlite:///")
        reader = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            assert reader.execute("SELECT credits, calls FROM bi_credits_by_tenant").fetchall() == [("2.000000", 1)]
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reader.execute("DELETE FROM entry")
        finally:
            reader.close()


async def test_a_table_is_made_anew_where_views_are_out_of_the_way(sqlite_url: str) -> None:
    async with test_books(sqlite_url, Clock()) as books:
        await books.call(await books.a_tenant("10"), 2)
        with pytest.raises(OperationalError, match="error in view bi_"):
            async with books.books.work() as work:
                await work.session.call(make_table_anew)
        async with books.books.work() as work:
            await work.session.call(drop_views)
            await work.session.call(make_table_anew)
            await work.session.call(make_views)
            (row,) = await work.all(text("SELECT credits FROM bi_credits_by_tenant"))
        assert row.credits == "2.000000"


def make_table_anew(connection: Connection) -> None:
    """As a migration does that changes a column."""
    _run(connection, "CREATE TABLE other AS SELECT * FROM usage_day; DROP TABLE usage_day")
    _run(connection, "ALTER TABLE other RENAME TO usage_day")
