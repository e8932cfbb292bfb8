"""API keys over the graph: made by those who manage, shown once, revoked."""

from typing import Any

import pytest

from models.rules.words import Role
from tests.api.running import Api

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
