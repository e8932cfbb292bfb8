"""What one who has a key may ask for up to the limits, as fast as it is answered; told to wait, it waits.

Each kind goes on until its ground says so. `own_documents` make a text that the server has not read before.
"""

import asyncio
import itertools
import random
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from graphql import get_introspection_query

from benchmarks.bystander import BALANCE
from benchmarks.crowds_on_sockets import event_streams, replays, socket_queries, subscriptions
from benchmarks.hostile import LOST_SECONDS, Ground, asked, connected, head, whole_answer

Crowd = Callable[[Ground], Awaitable[None]]
Body = Callable[[int], bytes]
"""The body of the so-manieth request."""

MANY_CONNECTIONS = 64
CODE = re.compile(rb'"code":"([A-Z_]+)"')


async def ask_again_and_again(ground: Ground, body_of: Body) -> None:
    numbers = itertools.count(random.randrange(1_000_000_000))

    async def one() -> None:
        while ground.goes_on:
            try:
                async with connected(ground) as (reader, writer):
                    while ground.goes_on:
                        body = body_of(next(numbers))
                        writer.write(head(ground, len(body)) + body)
                        status, fields, text = await whole_answer(reader)
                        ground.note(status + trouble_in(text))
                        if status == "429":
                            await ground.wait(float(fields["retry-after"]))
            except (OSError, EOFError):
                ground.note("connection lost")
                await ground.wait(LOST_SECONDS)

    with suppress(TimeoutError):
        async with asyncio.timeout(ground.until - time.monotonic()):
            await asyncio.gather(*(one() for _ in range(ground.connections)))


def trouble_in(answer: bytes) -> str:
    at = answer.find(b'"errors":[{')
    code = CODE.search(answer, at) if at >= 0 else None
    return f" {code[1].decode()}" if code else ""


def in_turn(bodies: list[bytes]) -> Body:
    return lambda number: bodies[number % len(bodies)]


def own_documents(*queries: str) -> Body:
    return lambda number: asked(f"# {number}\n{queries[number % len(queries)]}")


# ---------------------------------------------------------------- answers of the highest cost


def of_tenant(ground: Ground, part: str) -> bytes:
    return asked(f'{{ tenant(id: "{ground.tenant}") {{ {part} }} }}')


def aliased(count: int, field: str) -> str:
    return " ".join(f"a{number}: {field}" for number in range(count))


CALL = (
    "id startedAt endedAt durationSeconds remarks creditsUsed charge { lines { explanation } } agent { name channel }"
)
CALLS = aliased(2, f"agents(first: 6) {{ nodes {{ calls(first: 100) {{ nodes {{ {CALL} }} }} }} }}")
ALLOCATED = "seq credits kind allocations { credits }"
LEDGER = aliased(24, f"credits {{ ledger(first: 100) {{ nodes {{ {ALLOCATED} }} }} }}")
LOG = aliased(
    8,
    "callLog(page: 3) { totalRows rows { at creditsUsed remarks balanceAfter "
    "call { billedSeconds agent { name } charge { credits lines { explanation } allocations { credits } } } } }",
)
HOURS = "usage(range: { preset: LAST_30_DAYS }) { series(every: HOUR) { day totals { credits calls } } }"
DAYS_BY_AGENT = (
    "agents(first: 10) { nodes { usage(range: { preset: LAST_90_DAYS }) "
    "{ series(every: DAY) { day totals { credits calls callSeconds } } } } }"
)
YEAR = (
    "usage(range: { preset: LAST_12_MONTHS }) { totals { credits calls messages interviews } "
    "series(every: DAY) { day totals { credits calls } } breakdown(by: AGENT) { slices { label totals { credits } } } }"
)
# As many as the fields of an operation allow: cheap by the count of objects.
MOST_HOURS = aliased(80, HOURS.replace("credits calls", "credits"))


async def costly(ground: Ground) -> None:
    await ask_again_and_again(ground, in_turn([of_tenant(ground, part) for part in (CALLS, LEDGER)]))


async def usage(ground: Ground) -> None:
    await ask_again_and_again(ground, in_turn([of_tenant(ground, part) for part in (HOURS, DAYS_BY_AGENT, YEAR)]))


async def most_hours(ground: Ground) -> None:
    await ask_again_and_again(ground, in_turn([of_tenant(ground, MOST_HOURS)]))


async def mixed(ground: Ground) -> None:
    parts = (CALLS, HOURS, LEDGER, DAYS_BY_AGENT, LOG, YEAR)
    await ask_again_and_again(ground, in_turn([of_tenant(ground, part) for part in parts]))


async def introspection(ground: Ground) -> None:
    await ask_again_and_again(ground, in_turn([asked(get_introspection_query())]))


async def cheap(ground: Ground) -> None:
    body = asked(BALANCE, {"id": ground.tenant})
    await ask_again_and_again(replace(ground, connections=MANY_CONNECTIONS), in_turn([body]))


# ---------------------------------------------------------------- documents that are slow to read


def chain(fragments: int) -> str:
    links = (f"fragment f{n} on Query {{ viewer {{ role }} ...f{n + 1} }}" for n in range(fragments))
    return f"{{ ...f0 }} {' '.join(links)} fragment f{fragments} on Query {{ viewer {{ role }} }}"


async def fragments(ground: Ground) -> None:
    await ask_again_and_again(ground, own_documents(chain(150)))


async def aliases(ground: Ground) -> None:
    many = aliased(95, f'tenant(id: "{ground.tenant}") {{ credits {{ available }} }}')
    await ask_again_and_again(ground, own_documents(f"{{ {many} }}"))


async def deep_and_wide(ground: Ground) -> None:
    level, last = "calls(first: 7) { nodes { agent { ", "calls(first: 7) { nodes { id remarks"
    deep = f'{{ tenant(id: "{ground.tenant}") {{ agents(first: 1) {{ nodes {{ {level * 3} {last} {"} " * 15}'
    wide = "{ viewer { " + "role " * 490 + "} }"
    bushy = "{ " + "viewer { role } " * 245 + "}"
    await ask_again_and_again(ground, own_documents(deep, wide, bushy))


async def new_documents(ground: Ground) -> None:
    await ask_again_and_again(ground, own_documents(chain(16)))


async def refused_documents(ground: Ground) -> None:
    unknown = "{ " + " ".join(f"nothing{number}" for number in range(490)) + " }"
    unfinished = "{ " + "viewer { role } " * 1_200
    too_deep = "{ " + "viewer { " * 1_200 + "role" + " }" * 1_201
    too_costly = f"{{ tenants(first: 100) {{ nodes {{ agents(first: 100) {{ nodes {{ {'name ' * 400} }} }} }} }} }}"
    conflicts = "{ viewer { " + "a: role a: tenantId " * 45 + "} }"
    await ask_again_and_again(ground, own_documents(unknown, unfinished, too_deep, too_costly, conflicts))


async def huge_variables(ground: Ground) -> None:
    ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    bodies = [
        asked(ids, {"ids": ["x" * 980] * 1_000}),
        asked("{ viewer { role } }", {f"v{n}": n for n in range(60_000)}),
    ]
    bodies += [asked(ids, {"ids": ["call_x"] * 100_000}), asked(ids, {"ids": ["x" * 990_000]})]
    await ask_again_and_again(ground, in_turn(bodies))


# ---------------------------------------------------------------- changes

RECORD = """mutation($tenantId: ID!, $events: [UsageEventInput!]!) { recordUsage(tenantId: $tenantId, events: $events) {
    accepted refused { code } errors { code } } }"""
EVENTS = 1_000
LENGTH = timedelta(seconds=61)


def recordings(ground: Ground, over: timedelta) -> Body:
    """Lists of calls over some time until now, in order of time."""

    def body(number: int) -> bytes:
        now = datetime.now(UTC)
        starts = (now - over * before / EVENTS for before in reversed(range(EVENTS)))
        calls = (
            {
                "agentId": ground.agent,
                "key": f"{number}-{place}",
                "direction": "INBOUND",
                "startedAt": start.isoformat(),
                "endedAt": (start + LENGTH).isoformat(),
            }
            for place, start in enumerate(starts)
        )
        return asked(RECORD, {"tenantId": ground.tenant, "events": [{"call": call} for call in calls]})

    return body


async def lists(ground: Ground) -> None:
    """Each later than those before it."""
    await ask_again_and_again(ground, recordings(ground, timedelta(milliseconds=1)))


async def overlapping_lists(ground: Ground) -> None:
    """As they come from many machines, each of which tells what it did lately."""
    await ask_again_and_again(ground, recordings(ground, timedelta(minutes=10)))


async def late_lists(ground: Ground) -> None:
    await ask_again_and_again(ground, recordings(ground, timedelta(days=360)))


async def five_mutations(ground: Ground) -> None:
    given = ", ".join(f"$call{number}: AuthorizeCallInput!" for number in range(5))
    fields = " ".join(
        f"m{number}: authorizeCall(input: $call{number}) {{ hold {{ id }} errors {{ code }} }}" for number in range(5)
    )
    document, call = f"mutation({given}) {{ {fields} }}", {"agentId": ground.agent, "direction": "INBOUND"}

    def body(number: int) -> bytes:
        return asked(document, {f"call{one}": {**call, "key": f"{number}-{one}"} for one in range(5)})

    await ask_again_and_again(ground, body)


CROWDS: dict[str, Crowd] = {
    "costly": costly,
    "usage": usage,
    "most-hours": most_hours,
    "mixed": mixed,
    "fragments": fragments,
    "aliases": aliases,
    "deep-and-wide": deep_and_wide,
    "new-documents": new_documents,
    "introspection": introspection,
    "cheap": cheap,
    "refused-documents": refused_documents,
    "huge-variables": huge_variables,
    "subscriptions": subscriptions,
    "replays": replays,
    "socket-queries": socket_queries,
    "event-streams": event_streams,
    "lists": lists,
    "overlapping-lists": overlapping_lists,
    "late-lists": late_lists,
    "five-mutations": five_mutations,
}
