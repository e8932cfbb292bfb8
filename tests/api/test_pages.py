"""Pages by key, in both directions. Members stand for all that is listed: five of them, the newest first."""

from typing import Any

import pytest

from tests.api.running import Api

PAGE = """
    query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      tenant(id: $id) {
        members(first: $first, after: $after, last: $last, before: $before) {
          edges { cursor node { name } }
          nodes { name }
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
          totalCount
        }
      }
    }
"""
NEWEST_FIRST = ["e", "d", "c", "b", "a"]


async def five_members(api: Api) -> str:
    tenant = await api.a_tenant()
    for name in reversed(NEWEST_FIRST):
        # All at one moment: the ids alone keep them apart.
        await api.a_member(tenant, name=name)
    return tenant


async def page_of(api: Api, tenant: str, **wish: Any) -> dict[str, Any]:
    page: dict[str, Any] = (await api.ask(PAGE, id=tenant, **wish))["tenant"]["members"]
    return page


def names(page: dict[str, Any]) -> str:
    assert [edge["node"] for edge in page["edges"]] == page["nodes"]
    return "".join(node["name"] for node in page["nodes"])


def ways_on(page: dict[str, Any]) -> tuple[bool, bool]:
    return page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]


async def test_pages_forwards_show_everything_once(api: Api) -> None:
    tenant = await five_members(api)
    first = await page_of(api, tenant, first=2)
    second = await page_of(api, tenant, first=2, after=first["pageInfo"]["endCursor"])
    third = await page_of(api, tenant, first=2, after=second["pageInfo"]["endCursor"])

    assert [names(page) for page in (first, second, third)] == ["ed", "cb", "a"]
    assert [ways_on(page) for page in (first, second, third)] == [(False, True), (True, True), (True, False)]
    assert [page["totalCount"] for page in (first, second, third)] == [5, 5, 5]


async def test_pages_backwards_show_everything_once_in_the_same_order(api: Api) -> None:
    tenant = await five_members(api)
    last = await page_of(api, tenant, last=2)
    middle = await page_of(api, tenant, last=2, before=last["pageInfo"]["startCursor"])
    first = await page_of(api, tenant, last=2, before=middle["pageInfo"]["startCursor"])

    assert [names(page) for page in (last, middle, first)] == ["ba", "dc", "e"]
    assert [ways_on(page) for page in (last, middle, first)] == [(True, False), (True, True), (False, True)]


async def test_a_page_lies_between_two_cursors(api: Api) -> None:
    tenant = await five_members(api)
    cursors = [edge["cursor"] for edge in (await page_of(api, tenant))["edges"]]
    between = {"after": cursors[0], "before": cursors[4]}

    assert names(await page_of(api, tenant, first=10, **between)) == "dcb"
    assert ways_on(await page_of(api, tenant, first=10, **between)) == (True, True)
    assert names(await page_of(api, tenant, first=2, **between)) == "dc"
    assert names(await page_of(api, tenant, last=2, **between)) == "cb"
    assert names(await page_of(api, tenant, before=cursors[2])) == "ed"
    assert ways_on(await page_of(api, tenant, before=cursors[2])) == (False, True)
    assert names(await page_of(api, tenant, first=5, after=cursors[4])) == ""


async def test_what_comes_in_meanwhile_shifts_no_page(api: Api) -> None:
    tenant = await five_members(api)
    first = await page_of(api, tenant, first=2)
    await api.a_member(tenant, name="f")

    assert names(await page_of(api, tenant, first=2, after=first["pageInfo"]["endCursor"])) == "cb"


async def test_a_page_may_be_empty(api: Api) -> None:
    tenant = await five_members(api)
    page = await page_of(api, tenant, first=0)
    assert (names(page), ways_on(page)) == ("", (False, True))
    assert page["pageInfo"]["startCursor"] is page["pageInfo"]["endCursor"] is None

    nobody = await page_of(api, await api.a_tenant())
    assert (names(nobody), ways_on(nobody), nobody["totalCount"]) == ("", (False, False), 0)


async def test_ten_are_shown_where_no_number_is_given(api: Api) -> None:
    tenant = await five_members(api)
    for _ in range(6):
        await api.a_member(tenant)
    page = await page_of(api, tenant)
    assert (len(page["nodes"]), ways_on(page), page["totalCount"]) == (10, (False, True), 11)


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({"first": 1, "last": 1}, "last"),
        ({"first": 101}, "first"),
        ({"last": 101}, "last"),
        ({"first": -1}, "first"),
        ({"last": -1}, "last"),
        ({"after": "nonsense"}, "after"),
        ({"before": ""}, "before"),
        ({"before": "x" * 5_000}, "before"),
        ({"after": "MTIuMTI"}, "after"),
        ({"after": "\u00e9\u00e9"}, "after"),
        ({"after": "LTk5OTk5OTk5OTk5OTk5OTk5OTk5OS4wMTk5"}, "after"),
    ],
)
async def test_a_page_that_makes_no_sense_is_invalid(api: Api, wish: dict[str, Any], path: str) -> None:
    answer = await api.run(PAGE, id=await api.a_tenant(), **wish)

    assert answer.data == {"tenant": None}
    assert answer.codes == ["INVALID"]
    assert answer.errors[0]["extensions"]["path"] == [path]
    assert answer.errors[0]["path"] == ["tenant", "members"]


async def test_a_cursor_of_another_list_is_invalid_or_finds_its_place(api: Api) -> None:
    """Lists with the same kind of key share cursors; a forged one can show no more than the list itself."""
    tenant = await five_members(api)
    cursor = (await page_of(api, tenant))["pageInfo"]["endCursor"]
    tenants = await api.ask("query ($c: String) { tenants(after: $c) { totalCount nodes { id } } }", c=cursor)
    assert tenants["tenants"]["totalCount"] == 1
