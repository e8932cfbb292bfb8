"""How refusals and permissions look from outside."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from models.rules.refusals import Forbidden, Invalid
from models.rules.refusals import TooFewCredits as Shortage
from models.rules.viewers import ROLES, Permission
from models.rules.words import Role
from resolvers.context import parse_any_id, parse_id
from resolvers.permissions import Needs, guarded
from resolvers.refusals import Refused, TooFewCredits, error_of
from tests.api.running import Api


def test_a_path_begins_with_input_and_is_written_as_in_the_graph() -> None:
    error = error_of(Invalid("No.", ("rates", "0", "model_name")), in_input=True)
    assert isinstance(error, Refused)
    assert (error.code, error.message, error.path) == ("INVALID", "No.", ["input", "rates", "0", "modelName"])


def test_a_refusal_of_the_whole_has_no_path() -> None:
    assert error_of(Invalid("No."), in_input=True).path == []


def test_too_few_credits_say_how_many_are_needed_and_when_more_come() -> None:
    error = error_of(Shortage(2_000_000, 500_000, date(2026, 4, 1), ("agent_id",)), in_input=True)
    assert isinstance(error, TooFewCredits)
    assert (error.needed, error.available, error.next_credits_on) == (2_000_000, 500_000, date(2026, 4, 1))
    assert error.path == ["input", "agentId"]


def test_nonsense_is_told_what_the_id_that_is_wanted_looks_like() -> None:
    with pytest.raises(Invalid, match='look like "plan_01jd'):
        parse_id("nonsense", "plan", "id")
    with pytest.raises(Invalid, match='look like "agent_01jd'):
        parse_any_id("nonsense", "id")


PAGE = """
    query ($id: ID!) { tenant(id: $id) { name agents { nodes { name } } credits { available } } }
"""
IN_PARTS = """
    query ($id: ID!) {
      tenant(id: $id) { name agents { nodes { name } } } books: tenant(id: $id) { credits { available } }
    }
"""


@pytest.mark.anyio
async def test_an_error_takes_its_nearest_nullable_parent_along_and_no_more(api: Api) -> None:
    tenant = await api.a_tenant()
    await api.an_agent(tenant)
    member = api.seen_by(Role.MEMBER, tenant)

    whole, parts = await member.run(PAGE, id=tenant), await member.run(IN_PARTS, id=tenant)

    assert whole.data == {"tenant": None}
    assert [(error["path"], error["extensions"]["code"]) for error in whole.errors] == [
        (["tenant", "credits"], "FORBIDDEN")
    ]
    assert parts.data == {"tenant": {"name": "Acme", "agents": {"nodes": [{"name": "Ada"}]}}, "books": None}
    assert [error["path"] for error in parts.errors] == [["books", "credits"]]


def asked_by(role: Role) -> Any:
    context = SimpleNamespace(permissions=ROLES[role], viewer=SimpleNamespace(role=role))
    return SimpleNamespace(context=context, parent_type=SimpleNamespace(name="Call"), field_name="creditsUsed")


def shows(_source: object, _info: object) -> str:
    return "amount"


OWN, ANOTHERS = SimpleNamespace(own=True), SimpleNamespace(own=False)


def test_a_recorder_sees_the_amounts_of_what_it_has_just_recorded_and_no_others() -> None:
    guard = guarded(shows, Needs(Permission.READ_BOOKS, or_own=True))
    assert guard(OWN, asked_by(Role.RECORDER)) == "amount"
    with pytest.raises(Forbidden):
        guard(ANOTHERS, asked_by(Role.RECORDER))
    assert guard(ANOTHERS, asked_by(Role.ADMIN)) == "amount"


def test_what_is_only_for_who_reads_the_books_is_forbidden_to_who_recorded_it() -> None:
    guard = guarded(shows, Needs(Permission.READ_BOOKS))
    with pytest.raises(Forbidden, match=r"Call\.creditsUsed"):
        guard(OWN, asked_by(Role.RECORDER))
