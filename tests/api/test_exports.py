"""Files of usage say what the graph says, row by row and in all, in both formats and on both databases."""

import asyncio
import csv
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from models.actions import exports
from models.rules.amounts import MICRO, in_credits, parse_credits
from models.rules.export_lines import COLUMNS, Kind
from models.rules.exports import ExportWish, wish_in
from models.rules.ids import new_id, type_id
from models.rules.reports import InterviewReport, MessageReport
from models.rules.words import InterviewStatus, Role
from server.database import open_books
from server.exports.making import csv_of, write_excel
from tests.api.happenings import Happenings
from tests.api.running import Api, uuid_of
from tests.api.using import COUNTS, call_report, record
from tests.books import NOON

pytestmark = pytest.mark.anyio

THE_FILE = "export { url fileName rows expiresAt }"
RANGE = {"days": {"from": "2026-03-01", "to": "2026-03-31"}}

Row = dict[str, Any]


async def asked(api: Api, tenant: str, days: Any = None, **more: Any) -> Any:
    """The file that is asked for, which must not be refused."""
    payload = await api.change("exportUsage", wish(tenant, days, **more), THE_FILE)
    assert payload["errors"] == []
    return payload["export"]


def wish(tenant: str, days: Any = None, **more: Any) -> dict[str, Any]:
    return {"tenantId": tenant, "range": days or RANGE, "format": "CSV", **more}


async def wish_of(api: Api, link: str) -> ExportWish:
    """What a link asks the server for."""
    address = urlsplit(link)
    query = parse_qs(address.query)
    name = unquote(address.path.removeprefix("/exports/"))
    key = await exports.signing_key(api.books.books, "pepper")
    return wish_in(name, query["wish"][0], query["signature"][0], api.books.clock(), key)


async def in_csv(api: Api, link: str) -> list[Row]:
    parts = [part async for part in csv_of(api.books.books, await wish_of(api, link))]
    return [_typed(row) for row in csv.DictReader(StringIO(b"".join(parts).decode("utf-8-sig"), newline=""))]


def _typed(row: dict[str, str]) -> Row:
    read: dict[Kind, Callable[[str], Any]] = {
        Kind.DAY: _day,
        Kind.TEXT: str,
        Kind.COUNT: lambda text: int(text) if text else None,
    }
    kinds = {column.name: read.get(column.kind, parse_credits) for column in COLUMNS}
    return {name: kinds[name](text) for name, text in row.items()}


def _day(text: str) -> date | str:
    return text if text == "Total" else date.fromisoformat(text)


async def in_excel(api: Api, link: str) -> list[Row]:
    file = BytesIO()
    await write_excel(api.books.books, await wish_of(api, link), file)
    (sheet,) = load_workbook(file, read_only=False).worksheets
    header, *rows = sheet.iter_rows(values_only=True)
    assert list(header) == [column.name for column in COLUMNS]
    return [{column.name: _read(column.kind, cell) for column, cell in zip(COLUMNS, row, strict=True)} for row in rows]


def _read(kind: Kind, cell: Any) -> Any:
    if kind is Kind.DAY:
        return cell if cell == "Total" else cell.date()
    if kind is Kind.TEXT:
        return unescape(cell or "")
    return round(cell * MICRO) if kind is Kind.CREDITS else cell


async def both(api: Api, tenant: str, days: Any = None, **more: Any) -> list[Row]:
    """The rows of a file, its totals last, which must be the same as CSV and as Excel."""
    file = await asked(api, tenant, days, **more)
    rows = await in_csv(api, file["url"])
    assert len(rows) == file["rows"] + 1
    assert await in_excel(api, (await asked(api, tenant, days, **{**more, "format": "XLSX"}))["url"]) == rows
    return rows


def picked(row: Row, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


# ---------------------------------------------------------------- what stands in it


async def test_a_recruiter_reads_candidates_states_and_credits_by_day_and_job(api: Api) -> None:
    tenant = await api.a_tenant()
    baker, cook = await api.an_opening(tenant), await api.an_opening(tenant, jobTitle="Cook")

    def report(opening: str, who: str, status: InterviewStatus, day: int, progress: int | None = None) -> Any:
        at = NOON + timedelta(days=day)
        return InterviewReport(uuid_of(opening), f"{who}-{status}", who, status, at, progress=progress)

    api.books.clock.now = NOON + timedelta(days=5)
    invited, started, partial, completed = InterviewStatus
    await record(api, tenant, *(report(baker, who, invited, 0) for who in ("Ann", "Bob", "Cy", "Di")))
    await record(api, tenant, report(baker, "Bob", started, 1), report(baker, "Cy", partial, 1, 250_000))
    await record(api, tenant, report(baker, "Di", completed, 1), report(cook, "Eve", completed, 1))

    rows = await both(api, tenant)
    found = [picked(row, "Date", "Job title", "Candidate count", "Credits used") for row in rows]
    states = [picked(row, "Completed", "Partial", "Started", "Invited", "Invitations") for row in rows]
    first, second = NOON.date(), NOON.date() + timedelta(days=1)
    assert sorted(zip(found[:-1], states[:-1], strict=True)) == [
        ((first, "Baker", 2, 0), (0, 0, 1, 1, 4)),
        ((second, "Baker", 2, 1_250_000), (1, 1, 0, 0, 0)),
        ((second, "Cook", 1, MICRO), (1, 0, 0, 0, 1)),
    ]
    assert (found[-1], states[-1]) == (("Total", "", 5, 2_250_000), (2, 1, 1, 1, 5))


async def test_a_row_says_who_did_what_with_names_and_ids(api: Api) -> None:
    tenant = await api.a_tenant(timeZone="Pacific/Auckland")
    agent, member = await api.an_agent(tenant, model="large"), await api.a_member(tenant)
    await record(
        api,
        tenant,
        call_report(api, agent, NOON - timedelta(hours=2), seconds=61, member_id=uuid_of(member)),
        MessageReport(uuid_of(agent), "m-1", NOON - timedelta(minutes=1), None, None, 700, 300),
    )

    call, message, totals = await both(api, tenant)
    # Past eleven in the morning in UTC it is the next day in Auckland.
    assert picked(call, "Date", "Agent", "Member", "Activity", "Model", "Direction", "Agent ID", "Member ID") == (
        *(NOON.date(), "Ada", "Mia", "CALL", "", "INBOUND", agent, member),
    )
    assert picked(call, "Count", "Call seconds", "Billed seconds", "Credits used") == (1, 61, 120, 2 * MICRO)
    assert picked(message, "Date", "Activity", "Model", "Member ID", "Call seconds", "Candidate count") == (
        *(NOON.date() + timedelta(days=1), "MESSAGE", "large", "", None, None),
    )
    assert picked(totals, "Date", "Count", "Credits used") == ("Total", 2, 4 * MICRO)


async def test_a_range_without_usage_is_a_header_and_totals_of_0(api: Api) -> None:
    (totals,) = await both(api, await api.a_tenant())

    assert totals["Date"] == "Total"
    assert {value for value in totals.values() if isinstance(value, int)} == {0}


HOSTILE = [
    '=HYPERLINK("http://evil.example","x")',
    "  =1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\uff1d1+1",
    'a,b"c;d',
    '<r></is></c><c r="B9"><f>1+1</f></c></r>',
    "_x0041_ & <b>",
    "日本 Größe 🙂",
    "{=1+1}",
    "http://evil.example",
]


async def test_hostile_names_are_nothing_but_text(api: Api) -> None:
    tenant = await api.a_tenant()
    agents = {await api.an_agent(tenant, name=name): name for name in HOSTILE}
    await record(api, tenant, *(call_report(api, agent, NOON) for agent in agents))

    link = (await asked(api, tenant, format="XLSX"))["url"]
    file = BytesIO()
    await write_excel(api.books.books, await wish_of(api, link), file)
    cells = [cell for row in load_workbook(file).worksheets[0].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "inlineStr"}
    assert [cell.coordinate for cell in cells if cell.hyperlink] == []
    in_sheet = {row["Agent ID"]: row["Agent"] for row in await in_excel(api, link) if row["Agent ID"]}
    assert in_sheet == agents

    in_text = {row["Agent ID"]: row["Agent"] for row in await in_csv(api, link) if row["Agent ID"]}
    assert {id: name.removeprefix("'") for id, name in in_text.items()} == agents
    assert sum(name.startswith("'") for name in in_text.values()) == 6


# ---------------------------------------------------------------- whatever happened, whatever is asked


@pytest.mark.parametrize("seed", range(2))
async def test_files_add_up_to_what_the_graph_says(api: Api, seed: int) -> None:
    happened = Happenings(api, seed)
    await happened.happen()
    tenant, rows_seen = happened.tenant, 0
    for _ in range(8):
        (first, last), filter = happened.range(), happened.filter()
        days = {"days": {"from": str(first), "to": str(last)}}
        *rows, totals = await both(api, tenant, days, filter=filter)
        usage = await used(api, tenant, days, filter)

        assert totals["Credits used"] == parse_credits(usage["totals"]["credits"])
        assert totals == {**added(rows), "Date": "Total"}
        by_day = {date.fromisoformat(point["day"]): point["totals"] for point in usage["series"]}
        for day, expected in by_day.items():
            assert counted(row for row in rows if row["Date"] == day) == expected
        agents = {part["key"]: part["totals"] for part in usage["breakdown"]["slices"]}
        for agent in {row["Agent ID"] for row in rows}:
            assert counted(row for row in rows if row["Agent ID"] == agent) == agents[agent]
        # Corrections that leave nothing of a row leave no row.
        assert [row for row in rows if not any(isinstance(cell, int) and cell for cell in row.values())] == []
        rows_seen += len(rows)
    assert rows_seen > 20


@pytest.mark.parametrize("seed", range(2))
async def test_each_candidate_is_counted_once(api: Api, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PIECE", 2)  # So that days go on from piece to piece.
    happened = Happenings(api, seed)
    await happened.happen()
    everything = await both(api, happened.tenant, {"preset": "ALL_TIME"})

    expected: Counter[Any] = Counter()
    for row in await api.books.rows("interview", tenant_id=uuid_of(happened.tenant), is_simulation=False):
        at = row.furthest_at if row.status in ("PARTIAL", "COMPLETED") else row.invited_at
        expected[at.astimezone(ZoneInfo(happened.zone)).date(), row.opening_id, row.status.capitalize()] += 1
    found: Counter[Any] = Counter()
    for row in everything[:-1]:
        states = {state: row[state] or 0 for state in ("Completed", "Partial", "Started", "Invited")}
        assert sum(states.values()) == (row["Candidate count"] or 0)
        for state, count in states.items():
            if count:
                found[row["Date"], uuid_of(row["Opening ID"]), state] += count
    assert found == expected
    assert len(expected) > 3
    assert everything[-1]["Candidate count"] == expected.total()


async def used(api: Api, tenant: str, days: Any, filter: Any) -> Any:
    parts = f"totals {{ {COUNTS} }} series {{ day totals {{ {COUNTS} }} }}"
    parts += f" breakdown(by: AGENT, first: 100) {{ slices {{ key totals {{ {COUNTS} }} }} }}"
    document = f"""query ($id: ID!, $range: RangeInput!, $filter: UsageFilter) {{
      tenant(id: $id) {{ usage(range: $range, filter: $filter) {{ {parts} }} }}
    }}"""
    return (await api.ask(document, id=tenant, range=days, filter=filter))["tenant"]["usage"]


def added(rows: list[Row]) -> Row:
    numbers = [column.name for column in COLUMNS if column.kind in (Kind.COUNT, Kind.CREDITS)]
    texts = [column.name for column in COLUMNS if column.kind is Kind.TEXT]
    return {**dict.fromkeys(texts, ""), **{name: sum(row[name] or 0 for row in rows) for name in numbers}}


def counted(rows: Iterable[Row]) -> dict[str, Any]:
    """What some rows come to, as the graph would say it."""
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["Activity"]] += row["Count"]
        for name in ("Credits used", "Call seconds", "Billed seconds", "Invitations", "Completed", "Partial"):
            sums[name] += row[name] or 0
    plural = ("call", "message", "interview", "interaction", "transcript", "fact", "document")
    return {
        "credits": in_credits(sums["Credits used"]),
        "callSeconds": sums["Call seconds"],
        "billedSeconds": sums["Billed seconds"],
        "interviewsInvited": sums["Invitations"],
        "interviewsCompleted": sums["Completed"],
        "interviewsPartial": sums["Partial"],
        **{f"{name}s": sums[name.upper()] for name in plural},
    }


# ---------------------------------------------------------------- how it is asked for


async def test_a_link_lasts_15_minutes_and_is_named_after_tenant_and_days(api: Api) -> None:
    file = await asked(api, await api.a_tenant(name="Café Nord"), {"preset": "LAST_7_DAYS"})

    assert file["fileName"] == "Café-Nord-usage-2026-03-04-2026-03-10.csv"
    assert file["expiresAt"] == "2026-03-10T12:15:00Z"
    assert unquote(file["url"]).startswith("/exports/Café-Nord-usage-2026-03-04-2026-03-10.csv?")


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RECORDER])
async def test_only_those_who_read_the_books_get_files(api: Api, role: Role) -> None:
    tenant = await api.a_tenant()
    document = "mutation ($input: ExportInput!) { exportUsage(input: $input) { export { url } } }"

    assert (await api.seen_by(role, tenant).run(document, input=wish(tenant))).codes == ["FORBIDDEN"]
    assert (await asked(api.seen_by(Role.ADMIN, tenant), tenant))["rows"] == 0


async def test_another_tenant_s_usage_is_not_found(api: Api) -> None:
    ours, theirs = await api.a_tenant(), await api.a_tenant()
    agent = await api.an_agent(theirs)
    await record(api, theirs, call_report(api, agent, NOON))
    admin = api.seen_by(Role.ADMIN, ours)

    payload = await admin.change("exportUsage", wish(theirs), THE_FILE)
    assert payload["export"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("NOT_FOUND", ["input", "tenantId"])]
    # Naming what is another's finds nothing, as in `usage`.
    for filter in ({"agentIds": [agent]}, {"tenantIds": [theirs]}):
        assert (await asked(admin, ours, filter=filter))["rows"] == 0


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"range": {"days": {"from": "2026-03-02", "to": "2026-03-01"}}}, "INVALID", "range.days.to"),
        ({"filter": {"agentIds": ["nonsense"]}}, "INVALID", "filter.agentIds.0"),
        ({"filter": {"models": ["ok", "x" * 201]}}, "INVALID", "filter.models.1"),
        ({"tenantId": "nonsense"}, "INVALID", "tenantId"),
        ({"filter": {"agentIds": [type_id("agent", new_id()) for _ in range(1000)]}}, "INVALID", "filter"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_field(api: Api, given: Any, code: str, path: str) -> None:
    payload = await api.change("exportUsage", {**wish(await api.a_tenant()), **given}, THE_FILE)

    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, ["input", *path.split(".")])]


async def test_all_processes_sign_with_one_key(api: Api, database_url: str) -> None:
    several = [open_books(database_url) for _ in range(4)]
    keys = await asyncio.gather(*(exports.signing_key(books, "pepper") for books in several))
    again = await exports.signing_key(api.books.books, "pepper")
    unpeppered = await exports.signing_key(api.books.books, "")
    for books in several:
        await books.close()

    assert {*keys, again} == {again}
    assert unpeppered != again


async def test_a_file_is_read_in_pieces_of_one_state_of_the_books(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PIECE", 3)
    tenant = await api.a_tenant()
    agents = [await api.an_agent(tenant, name=f"Agent {number}") for number in range(8)]
    await record(api, tenant, *(call_report(api, agent, NOON) for agent in agents))
    sizes = []
    learn = exports._Known.learn

    async def learn_and_count(known: Any, rows: Any) -> None:
        sizes.append(len(rows))
        await learn(known, rows)
        # What comes in meanwhile belongs to the next file.
        await record(api, tenant, *(call_report(api, agent, NOON) for agent in agents))

    monkeypatch.setattr(exports._Known, "learn", learn_and_count)
    *rows, totals = await in_csv(api, (await asked(api, tenant))["url"])

    assert sizes == [3, 3, 2]
    assert [row["Count"] for row in rows] == [1] * 8
    assert totals["Count"] == 8


async def test_a_file_that_is_given_up_lets_go_of_the_books(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PIECE", 2)
    tenant = await api.a_tenant()
    agents = [await api.an_agent(tenant, name=f"Agent {number}") for number in range(8)]
    await record(api, tenant, *(call_report(api, agent, NOON) for agent in agents))
    link = (await asked(api, tenant))["url"]
    asked_for = await wish_of(api, link)
    for steps in range(12):  # More than there are connections to read with.
        parts = csv_of(api.books.books, asked_for)
        await anext(parts)
        await anext(parts)
        await parts.aclose()

        reading = asyncio.create_task(in_csv(api, link))
        for _ in range(steps):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])

    assert len(await in_csv(api, link)) == 9
