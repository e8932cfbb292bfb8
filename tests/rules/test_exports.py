"""Files of usage: their names, the links to them, and text that no spreadsheet runs."""

import unicodedata
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.export_lines import harmless
from models.rules.exports import LONGEST_LINK, ExportFormat, ExportWish, Filters, link_to, wish_in
from models.rules.ids import new_id
from models.rules.ranges import DayRange
from models.rules.refusals import Expired, Forbidden, Invalid

KEY = b"the key of the tests"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAYS = DayRange(date(2026, 2, 1), date(2026, 2, 28))


def a_wish(filters: Filters = (), tenant: object = None) -> ExportWish:
    return ExportWish(tenant or new_id(), DAYS, ExportFormat.CSV, filters)  # type: ignore[arg-type]


def parts_of(link: str) -> tuple[str, str, str]:
    """The file's name, the wish and the signature, as the server reads them."""
    address = urlsplit(link)
    query = parse_qs(address.query)
    return unquote(address.path.removeprefix("/exports/")), query["wish"][0], query["signature"][0]


def test_a_link_gives_back_the_wish_until_its_moment() -> None:
    filters = (("agent_ids", (new_id(), new_id())), ("models", ("", "größe")), ("direction", "INBOUND"))
    wish = a_wish(filters)
    parts = parts_of(link_to(wish, "Café usage.csv", NOON, KEY))

    assert wish_in(*parts, NOON - timedelta(microseconds=1), KEY) == wish
    with pytest.raises(Expired):
        wish_in(*parts, NOON, KEY)


def test_a_changed_byte_anywhere_is_refused() -> None:
    parts = parts_of(link_to(a_wish(), "usage.csv", NOON, KEY))
    changed = 0
    for place, part in enumerate(parts):
        for position, sign in enumerate(part):
            other = part[:position] + ("A" if sign != "A" else "B") + part[position + 1 :]
            changed_parts = [*parts]
            changed_parts[place] = other
            with pytest.raises(Forbidden):
                wish_in(changed_parts[0], changed_parts[1], changed_parts[2], NOON - timedelta(minutes=1), KEY)
            changed += 1
    assert changed > 100


def test_a_link_of_other_books_is_refused() -> None:
    parts = parts_of(link_to(a_wish(), "usage.csv", NOON, KEY))

    with pytest.raises(Forbidden):
        wish_in(*parts, NOON - timedelta(minutes=1), b"another key")


def test_a_wish_that_no_link_holds_is_refused_by_its_filter() -> None:
    def link(ids: int) -> str:
        return link_to(a_wish((("agent_ids", tuple(new_id() for _ in range(ids))),)), "usage.csv", NOON, KEY)

    assert len(link(200)) < LONGEST_LINK
    with pytest.raises(Invalid) as refused:
        link(1_000)
    assert refused.value.path == ("filter",)


@pytest.mark.parametrize(
    ("tenant", "name"),
    [
        ("Acme", "Acme-usage-2026-02-01-2026-02-28.csv"),
        ("Café Münch & Söhne", "Café-Münch-Söhne-usage-2026-02-01-2026-02-28.csv"),
        ("../../etc/passwd", "etc-passwd-usage-2026-02-01-2026-02-28.csv"),
        ('a"b\r\nSet-Cookie: x=1', "a-b-Set-Cookie-x-1-usage-2026-02-01-2026-02-28.csv"),
        ("invoice\u202egpj.exe", "invoice-gpj-exe-usage-2026-02-01-2026-02-28.csv"),
        ("...", "usage-2026-02-01-2026-02-28.csv"),
        ("x" * 300, f"{'x' * 60}-usage-2026-02-01-2026-02-28.csv"),
    ],
)
def test_a_file_is_named_after_its_tenant_without_harm(tenant: str, name: str) -> None:
    assert a_wish().file_name(tenant) == name


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n1", "  =1", "\x00=1"),
        *("\u00a0=1", "\u200b=1", "\ufeff=1", " \uff1dcmd|' /C calc'!A0"),
        # Wide and small forms, and the minus of mathematics.
        *("\uff1d1", "\uff0b1", "\uff0d1", "\uff20A1", "\ufe661", "\u22121"),
    ],
)
def test_what_looks_like_a_formula_has_an_apostrophe_before_it(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ada", "1-2", "O'Neill", "a=b", "(+1)", "größe", "gpt-4", "#1", "'quoted'"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=6))
def test_nothing_begins_with_a_sign_of_formulas(text: str) -> None:
    written = harmless(text)
    seen = [sign for sign in written if unicodedata.category(sign)[0] not in "ZC"]

    assert not seen or unicodedata.normalize("NFKC", seen[0])[0] not in "=+-@"
    assert written in (text, f"'{text}")
