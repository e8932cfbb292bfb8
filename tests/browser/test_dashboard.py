"""The dashboard as it was built, in a browser, on a real server: what a person sees and does is what the graph says."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.browser.customers import AGENT, TOP_UP, Customer, a_customer, ask, made
from tests.browser.driving import Browser
from tests.server.real_server import KEY as OPERATOR
from tests.server.real_server import RealServer

DESKTOP, PHONE = (1280, 800), (390, 844)

USAGE = """query Usage($tenant: ID!, $range: RangeInput, $filter: UsageFilter) {
  tenant(id: $tenant) {
    usage(range: $range, filter: $filter) {
      totals { credits calls messages }
      breakdown(by: AGENT) { slices { label totals { credits } } }
    }
  }
}"""
LOG = """query Log($tenant: ID!, $page: Int, $member: ID) {
  tenant(id: $tenant) {
    callLog(page: $page, memberId: $member, range: { preset: LAST_7_DAYS }) {
      pageCount
      rows { balanceAfter call { charge { lines { explanation } } } }
    }
  }
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, customer: Customer) -> Iterator[Browser]:
    """The dashboard, opened by a person who pastes their key."""
    browser.do("open", url=f"{customer.server.url}/", size=DESKTOP)
    browser.do("dashboard.signIn", key=customer.key)
    browser.do("dashboard.ready")
    yield browser
    browser.do("close")


def usage(customer: Customer, preset: str = "LAST_7_DAYS", **filter: Any) -> Any:
    answer = ask(customer.server, USAGE, tenant=customer.tenant, range={"preset": preset}, filter=filter)
    return answer["tenant"]["usage"]


def log(customer: Customer, page: int, member: str | None = None) -> Any:
    return ask(customer.server, LOG, tenant=customer.tenant, page=page, member=member)["tenant"]["callLog"]


def number(text: str) -> Decimal:
    return Decimal(text.split()[0].replace(",", ""))


# ---------------------------------------------------------------- the first view


def test_the_first_view_takes_two_requests_one_socket_and_little_script(
    page: Browser, customer: Customer, measured: list[str]
) -> None:
    behind = page.do("behind")

    assert behind["asked"] <= 2
    assert behind["sockets"] == 1
    assert 0 < behind["scriptBytes"] < 300_000
    measured.append(f"Scripts of the dashboard, as sent: {behind['scriptBytes'] / 1000:.0f} kB")
    assert behind["others"] == []
    assert behind["complaints"] == []
    assert number(page.do("dashboard.standing")["amount"]) == Decimal(customer.available())


def test_a_wrong_key_is_refused_with_the_reason(browser: Browser, customer: Customer) -> None:
    browser.do("open", "stranger", url=f"{customer.server.url}/")
    browser.do("dashboard.signIn", "stranger", key="wrong")

    assert "key" in browser.do("dashboard.refusal", "stranger")
    assert browser.do("barriers", "stranger") == []
    browser.do("close", "stranger")


def test_a_member_is_told_that_the_books_are_closed(browser: Browser, customer: Customer) -> None:
    browser.do("open", "member", url=f"{customer.server.url}/#key={customer.a_key('MEMBER')}")

    assert "closed to this key" in browser.do("dashboard.closed", "member")
    browser.do("close", "member")


def test_books_without_any_usage_are_shown_as_such(browser: Browser, server: RealServer) -> None:
    newcomer = a_customer(server, "Newcomer", days=0)
    browser.do("open", "newcomer", url=f"{server.url}/#key={newcomer.key}")
    browser.do("dashboard.ready", "newcomer")

    assert browser.do("dashboard.figures", "newcomer")["Calls"].startswith("0")
    assert browser.do("barriers", "newcomer") == []
    assert browser.do("behind", "newcomer")["complaints"] == []
    browser.do("close", "newcomer")


# ---------------------------------------------------------------- usage


def test_filters_narrow_what_is_shown_and_stay_in_the_address(page: Browser, customer: Customer) -> None:
    page.do("dashboard.filter", by="Agent", value="Night shift")
    narrowed = page.do("dashboard.figures")
    page.do("dashboard.filter", by="Range", value="Last 30 days")
    longer = page.do("dashboard.figures")
    page.do("reload")
    page.do("dashboard.ready")
    again = page.do("dashboard.figures")
    address = page.do("address")
    page.do("dashboard.clearFilters")

    agent = [customer.agents["Night shift"]]
    assert number(narrowed["Credits used"]) == Decimal(usage(customer, agentIds=agent)["totals"]["credits"])
    assert number(longer["Credits used"]) == Decimal(
        usage(customer, "LAST_30_DAYS", agentIds=agent)["totals"]["credits"]
    )
    assert again == longer
    assert f"agent={agent[0]}" in address
    assert number(page.do("dashboard.figures")["Credits used"]) == Decimal(usage(customer)["totals"]["credits"])


def test_days_that_end_before_they_begin_are_refused_and_show_no_older_figures(page: Browser) -> None:
    shown = page.do("dashboard.refusedDays", **{"from": "2026-03-02", "to": "2026-03-01"})
    page.do("dashboard.clearFilters")

    assert shown == {"refusal": "A range cannot end before it begins.", "showsFigures": False}


def test_a_digit_more_or_less_moves_nothing(page: Browser) -> None:
    heights = page.do("dashboard.heightsOfBalance", amounts=["9", "99.1", "999.999999", "1,000", "12,345.678901"])

    assert len(set(heights)) == 1


def test_the_breakdown_by_agent_is_the_graphs(page: Browser, customer: Customer) -> None:
    shown = page.do("dashboard.breakdown", by="By agent")

    slices = usage(customer)["breakdown"]["slices"]
    assert [row[0] for row in shown] == [part["label"] for part in slices]


def test_the_log_is_paged(page: Browser, customer: Customer) -> None:
    first = page.do("dashboard.log")
    page.do("dashboard.turn", to="Older")
    second = page.do("dashboard.log")
    page.do("dashboard.turnTo", number=log(customer, 1)["pageCount"])
    last = page.do("dashboard.log")
    page.do("dashboard.turn", to="First")

    assert balances(first) == balances_of(log(customer, 1))
    assert balances(second) == balances_of(log(customer, 2))
    assert balances(last) == balances_of(log(customer, log(customer, 1)["pageCount"]))
    assert page.do("dashboard.log") == first


def test_the_log_is_narrowed_by_agent_and_member_as_all_else_is(page: Browser, customer: Customer) -> None:
    page.do("dashboard.filter", by="Member", value="Ann")
    anns = page.do("dashboard.log")
    page.do("dashboard.filter", by="Agent", value="Night shift")
    nobodys = page.do("dashboard.says", part="Call log", holding="No calls")
    page.do("dashboard.clearFilters")

    assert balances(anns) == balances_of(log(customer, 1, member=customer.ann))
    assert 0 < len(anns) < len(log(customer, 1)["rows"])
    assert "in this range" in nobodys


def balances(rows: list[list[str]]) -> list[Decimal]:
    return [number(row[-2]) for row in rows]


def balances_of(page: Any) -> list[Decimal]:
    return [Decimal(row["balanceAfter"]) for row in page["rows"]]


def test_a_charge_is_explained(page: Browser, customer: Customer) -> None:
    explained = page.do("dashboard.explain")

    newest = next(row["call"] for row in log(customer, 1)["rows"] if row["call"])
    assert newest["charge"]["lines"][0]["explanation"] in explained


# ---------------------------------------------------------------- live


def test_a_top_up_in_one_browser_moves_the_balance_in_another(
    page: Browser, customer: Customer, measured: list[str]
) -> None:
    before = page.do("dashboard.standing")
    page.do("open", "operator", url=f"{customer.server.url}/?tenant={customer.tenant}#key={OPERATOR}")
    page.do("dashboard.ready", "operator")
    page.do("dashboard.noteMove")

    clicked = page.do("dashboard.topUp", "operator", credits="250")

    moved = page.do("dashboard.movedAt")
    after = page.do("dashboard.standing")
    assert number(after["amount"]) == number(before["amount"]) + 250 == Decimal(customer.available())
    assert "Paid" in page.do("dashboard.newestTopUp", holding="250")
    measured.append(f"From the click on Buy to the balance in another browser: {moved - clicked:.0f} ms")
    page.do("close", "operator")


def test_a_purchase_waits_until_an_operator_says_that_it_was_paid(page: Browser, customer: Customer) -> None:
    before = customer.available()
    page.do("dashboard.topUp", credits="30")
    assert "Waiting" in page.do("dashboard.newestTopUp", holding="30")
    assert customer.available() == before

    page.do("open", "operator", url=f"{customer.server.url}/#key={OPERATOR}")
    page.do("dashboard.chooseTenant", "operator", name="Acme")
    page.do("dashboard.ready", "operator")
    page.do("dashboard.settleTopUp", "operator")

    assert "Paid" in page.do("dashboard.newestTopUp", holding="Paid")
    assert number(page.do("dashboard.standingAt", seq=customer.seq())["amount"]) == Decimal(before) + 30
    page.do("close", "operator")


def test_an_alert_shows_up_by_itself(page: Browser, customer: Customer) -> None:
    page.do("dashboard.says", part="Alerts", holding="nothing to worry about")
    customer.warn_below(customer.available())

    customer.call()

    assert "Low balance" in page.do("dashboard.says", part="Alerts", holding="Low balance")


def test_a_server_that_goes_and_comes_back_costs_nothing(page: Browser, customer: Customer) -> None:
    customer.server.kill()
    assert "lost" in page.do("dashboard.notice", holding="lost")
    customer.server.start()
    customer.call(minutes=3)
    customer.call(minutes=2)

    assert "nothing was missed" in page.do("dashboard.notice", holding="back")
    shown = page.do("dashboard.standingAt", seq=customer.seq())
    assert number(shown["amount"]) == Decimal(customer.available())
    rows = page.do("dashboard.logAt", balances=[str(balance) for balance in balances_of(log(customer, 1))])
    assert balances(rows) == balances_of(log(customer, 1))
    customer.call()
    assert number(page.do("dashboard.standingAt", seq=customer.seq())["amount"]) == Decimal(customer.available())


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("format", ["CSV", "Excel"])
def test_a_file_holds_what_is_shown(page: Browser, customer: Customer, tmp_path: Path, format: str) -> None:
    path = Path(page.do("dashboard.download", format=format, folder=str(tmp_path)))

    header, *rows, total = csv_table(path) if format == "CSV" else excel_table(path)
    column = header.index("Credits used")
    used = Decimal(usage(customer)["totals"]["credits"])
    assert sum(Decimal(str(row[column])) for row in rows) == used == Decimal(str(total[column]))
    assert {row[header.index("Agent")] for row in rows} >= set(customer.agents)


def csv_table(path: Path) -> list[list[Any]]:
    return list(csv.reader(path.read_text("utf-8-sig").splitlines()))


def excel_table(path: Path) -> list[list[Any]]:
    return [list(row) for row in load_workbook(path).worksheets[0].iter_rows(values_only=True)]


# ---------------------------------------------------------------- for everyone


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_keeps_anyone_out(page: Browser, size: tuple[int, int], scheme: str) -> None:
    page.do("size", size=size)
    page.do("scheme", scheme=scheme)

    barriers, sideways = page.do("barriers"), page.do("sideways")

    page.do("size", size=DESKTOP)
    page.do("scheme", scheme="light")
    assert barriers == []
    assert sideways == 0


def test_long_names_and_large_amounts_fit_a_phone(browser: Browser, server: RealServer) -> None:
    long = a_customer(
        server, "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", days=0
    )
    long.agents["long"] = made(server, AGENT, tenantId=long.tenant, name="Agent" * 20, channel="VOICE")
    long.call("long", minutes=10_000)
    made(server, TOP_UP, tenantId=long.tenant, key="large", credits="987654321.123456")
    browser.do("open", "long", url=f"{server.url}/#key={long.key}", size=PHONE)
    browser.do("dashboard.ready", "long")

    assert browser.do("sideways", "long") == 0
    assert browser.do("overlaps", "long", of="dd") == []
    browser.do("close", "long")


def test_everything_is_reached_by_keyboard_alone(browser: Browser, customer: Customer) -> None:
    browser.do("open", "keyboard", url=f"{customer.server.url}/")
    browser.do("dashboard.asksForKey", "keyboard")
    browser.do("press", "keyboard", keys=[*customer.key, "Enter"])
    browser.do("dashboard.ready", "keyboard")
    before = browser.do("dashboard.figures", "keyboard")

    browser.do("dashboard.tabTo", "keyboard", role="combobox", name="Range")
    assert browser.do("dashboard.focusShows", "keyboard")
    browser.do("press", "keyboard", keys=["ArrowDown"])
    browser.do("dashboard.settled", "keyboard")
    assert browser.do("dashboard.figures", "keyboard") != before
    browser.do("dashboard.tabTo", "keyboard", role="button", name="Older")
    browser.do("press", "keyboard", keys=["Enter"])
    browser.do("dashboard.settled", "keyboard")
    assert "page=2" in browser.do("address", "keyboard")
    browser.do("dashboard.tabTo", "keyboard", role="button", name="Explain the charge", back=True)
    browser.do("press", "keyboard", keys=["Enter"])
    assert "billed" in browser.do("dashboard.explained", "keyboard")
    browser.do("close", "keyboard")
