"""API keys over the graph: made by those who manage, shown once, listed, revoked."""

from datetime import timedelta
from typing import Any

import pytest

from models.actions.keys import note_uses
from models.rules.words import Role
from models.tables import lists
from tests.api.running import Api, uuid_of
from tests.books import NOON

SHOWN = "secret apiKey { id name role tenant { id } createdAt lastUsedAt revokedAt expiresAt }"
REVOKE = "mutation ($id: ID!) { revokeApiKey(id: $id) { secret apiKey { revokedAt } errors { code path } } }"


async def test_a_key_is_made_and_its_secret_shown_once(api: Api) -> None:
    tenant = await api.a_tenant()
    admin = api.seen_by(Role.ADMIN, tenant)

    made = await admin.change("createApiKey", {"tenantId": tenant, "name": "CI", "role": "RECORDER"}, SHOWN)

    assert made["errors"] == []
    assert made["secret"]
    key = made["apiKey"]
    assert (key["name"], key["role"], key["tenant"]) == ("CI", "RECORDER", {"id": tenant})
    (row,) = await api.books.rows("api_key")
    assert made["secret"] not in str(row)
    revoked = (await admin.ask(REVOKE, id=key["id"]))["revokeApiKey"]
    assert revoked == {"secret": None, "apiKey": {"revokedAt": "2026-03-10T12:00:00Z"}, "errors": []}


@pytest.mark.parametrize(
    ("input", "code", "path"),
    [
        ({"role": "OPERATOR"}, "FORBIDDEN", "role"),
        ({"name": ""}, "INVALID", "name"),
        ({"expiresAt": "2026-03-10T11:00:00Z"}, "INVALID", "expiresAt"),
        ({"tenantId": None}, "INVALID", "tenantId"),
        ({"tenantId": "tenant_01h455vb4pex5vsknk084sn02q"}, "NOT_FOUND", "tenantId"),
    ],
)
async def test_a_key_that_an_admin_may_not_make_is_refused(
    api: Api, input: dict[str, Any], code: str, path: str
) -> None:
    tenant = await api.a_tenant()
    wish = {"tenantId": tenant, "name": "CI", "role": "ADMIN", **input}
    payload = await api.seen_by(Role.ADMIN, tenant).change("createApiKey", wish, "secret")
    assert payload["secret"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, ["input", path])]


async def test_another_tenants_key_is_not_found(api: Api) -> None:
    key = await api.id_of("createApiKey", "apiKey", tenantId=await api.a_tenant(), name="CI", role="ADMIN")
    stranger = api.seen_by(Role.ADMIN, await api.a_tenant())
    answer = await stranger.ask(REVOKE, id=key)
    assert answer["revokeApiKey"]["errors"] == [{"code": "NOT_FOUND", "path": ["id"]}]


# ---------------------------------------------------------------- listed

KEYS = """
    query ($id: ID!, $first: Int, $after: String, $isRevoked: Boolean) {
      tenant(id: $id) {
        apiKeys(first: $first, after: $after, isRevoked: $isRevoked) {
          totalCount pageInfo { hasNextPage endCursor }
          nodes { id name role createdAt lastUsedAt expiresAt revokedAt tenant { id } }
        }
      }
    }
"""
OPERATORS = """
    query ($isRevoked: Boolean) { operatorKeys(isRevoked: $isRevoked) { totalCount nodes { name tenant { id } } } }
"""


async def a_key(api: Api, tenant: str | None, name: str, role: str = "RECORDER") -> str:
    wish = {"tenantId": tenant} if tenant else {}
    return await api.id_of("createApiKey", "apiKey", name=name, role=role, **wish)


async def test_a_tenants_keys_are_listed_with_what_is_known_of_each(api: Api) -> None:
    tenant, other = await api.a_tenant(), await api.a_tenant()
    old = await a_key(api, tenant, "old")
    api.books.clock.now += timedelta(hours=1)
    new = await a_key(api, tenant, "new", "ADMIN")
    await a_key(api, other, "other's")
    await a_key(api, None, "operator's", "OPERATOR")
    async with api.books.books.work() as work:
        await note_uses(work, {uuid_of(old): NOON})
    await api.ask(REVOKE, id=old)
    admin = api.seen_by(Role.ADMIN, tenant)

    page = (await admin.ask(KEYS, id=tenant))["tenant"]["apiKeys"]

    assert page["totalCount"] == 2
    assert page["nodes"] == [
        {
            "id": new,
            "name": "new",
            "role": "ADMIN",
            "createdAt": "2026-03-10T13:00:00Z",
            "lastUsedAt": None,
            "expiresAt": None,
            "revokedAt": None,
            "tenant": {"id": tenant},
        },
        {
            "id": old,
            "name": "old",
            "role": "RECORDER",
            "createdAt": "2026-03-10T12:00:00Z",
            "lastUsedAt": "2026-03-10T12:00:00Z",
            "expiresAt": None,
            "revokedAt": "2026-03-10T13:00:00Z",
            "tenant": {"id": tenant},
        },
    ]
    for is_revoked, id in ((True, old), (False, new)):
        page = (await admin.ask(KEYS, id=tenant, isRevoked=is_revoked))["tenant"]["apiKeys"]
        assert ([key["id"] for key in page["nodes"]], page["totalCount"]) == ([id], 1)
    assert (await admin.ask(KEYS, id=other))["tenant"] is None


async def test_keys_are_listed_in_pages(api: Api) -> None:
    tenant = await api.a_tenant()
    ids = [await a_key(api, tenant, f"key {number}") for number in range(3)]

    newest = (await api.ask(KEYS, id=tenant, first=2))["tenant"]["apiKeys"]
    oldest = (await api.ask(KEYS, id=tenant, first=2, after=newest["pageInfo"]["endCursor"]))["tenant"]["apiKeys"]

    assert (newest["pageInfo"]["hasNextPage"], oldest["pageInfo"]["hasNextPage"]) == (True, False)
    assert sorted(key["id"] for key in newest["nodes"] + oldest["nodes"]) == sorted(ids)


async def test_operators_list_their_own_keys_by_themselves(api: Api) -> None:
    tenant = await api.a_tenant()
    await a_key(api, tenant, "the tenant's")
    gone = await a_key(api, None, "gone", "OPERATOR")
    await a_key(api, None, "there", "OPERATOR")
    await api.ask(REVOKE, id=gone)

    all_of_them = (await api.ask(OPERATORS))["operatorKeys"]
    revoked = (await api.ask(OPERATORS, isRevoked=True))["operatorKeys"]

    assert all_of_them["totalCount"] == 2
    assert {key["name"] for key in all_of_them["nodes"]} == {"gone", "there"}
    assert revoked == {"totalCount": 1, "nodes": [{"name": "gone", "tenant": None}]}
    assert (await api.seen_by(Role.ADMIN, tenant).run(OPERATORS)).codes == ["FORBIDDEN"]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RECORDER])
async def test_keys_are_listed_for_those_who_manage_them(api: Api, role: Role) -> None:
    tenant = await api.a_tenant()
    assert (await api.seen_by(role, tenant).run(KEYS, id=tenant)).codes == ["FORBIDDEN"]


def test_no_list_of_keys_reads_what_is_stored_of_their_secrets() -> None:
    for operators in (True, False):
        read = {column.name for column in lists.api_keys(operators=operators, is_revoked=None).rows.selected_columns}
        assert read == {column.name for column in lists.API_KEY.c} - {"hash"}
