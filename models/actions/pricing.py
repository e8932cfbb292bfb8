"""The price books of plans, kept in memory while no rate list is added to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from models.actions.account_parts import Terms, terms_in_force, terms_of
from models.actions.accounts import Account
from models.rules.rating import Increment, PriceBook, Rate, RateList, longest_seconds, seconds_price
from models.rules.reports import LARGEST_COUNT
from models.rules.words import Activity, RateUnit
from models.tables import ledger
from models.unit_of_work import Reader

_BOOKS: dict[UUID, tuple[int, PriceBook]] = {}
_MOST_BOOKS = 10_000


async def price_book(reader: Reader, plan_id: UUID, rate_lists: int) -> PriceBook:
    """The plan's prices. Rate lists are only ever added, so their number tells whether a kept book still holds."""
    kept = _BOOKS.get(plan_id)
    if kept is not None and kept[0] == rate_lists:
        return kept[1]
    rows = await reader.all(ledger.rates_of_plan(), {"plan_id": plan_id})
    lists = lists_from(rows)
    if len(_BOOKS) >= _MOST_BOOKS:
        _BOOKS.clear()
    _BOOKS[plan_id] = (len(lists), PriceBook(lists))
    return _BOOKS[plan_id][1]


def lists_from(rows: Iterable[Any]) -> list[RateList]:
    """The rate lists of a plan from their rows, which stand together by list; a list may have none."""
    lists = []
    for _, group in groupby(rows, key=lambda row: row.list_id):
        of_list = list(group)
        rates = [
            Rate(Activity(row.activity), row.model or None, RateUnit(row.unit), row.credits)
            for row in of_list
            if row.activity is not None
        ]
        lists.append(RateList(of_list[0].effective_from, of_list[0].recorded_at, rates))
    return lists


class Prices:
    """The price books of the plans that some accounts are or were on."""

    def __init__(self, books: dict[UUID, PriceBook]) -> None:
        self._books = books

    @classmethod
    async def of(cls, reader: Reader, accounts: list[Account]) -> "Prices":
        plans = {terms.plan_id: terms.rate_lists for account in accounts for terms in account.terms}
        return cls({plan_id: await price_book(reader, plan_id, lists) for plan_id, lists in plans.items()})

    def in_force(self, terms: Terms) -> tuple[Increment, PriceBook]:
        return Increment(terms.first_seconds, terms.next_seconds), self._books[terms.plan_id]


@dataclass(frozen=True, slots=True)
class SecondsPrice:
    """What the seconds of a call, or of its translation, cost."""

    rate: int
    increment: Increment

    def of(self, seconds: int) -> int:
        return seconds_price(seconds, self.rate, self.increment)

    def longest(self, credits: int) -> int | None:
        """The longest one that an amount pays for, as far as the graph can tell; None where it costs nothing."""
        longest = longest_seconds(credits, self.rate, self.increment)
        return None if longest is None else min(longest, LARGEST_COUNT)


async def price_of_seconds(
    reader: Reader, terms: Sequence[Terms], at: datetime, activity: Activity = Activity.CALL
) -> SecondsPrice:
    """What calls of a tenant cost that start at a moment, by the plans that it is or was on."""
    found = terms_in_force(terms, at)
    book = await price_book(reader, found.plan_id, found.rate_lists)
    return SecondsPrice(book.rate(activity, None, at).credits, Increment(found.first_seconds, found.next_seconds))


async def terms_of_tenant(reader: Reader, tenant_id: UUID) -> list[Terms]:
    """The plans that a tenant is, was or will be on."""
    return [terms_of(row) for row in await reader.all(ledger.plans_of(), {"tenants": [tenant_id]})]
