"""What orchestrators and Prometheus are told."""

import asyncio

import pytest

from server import health
from tests.server.conftest import Lines, MakeClient, codes


async def fine() -> None:
    pass


async def broken() -> None:
    raise ConnectionError("postgresql://user:hunter2@host is down")


def test_a_process_that_answers_is_alive_without_a_key(make_client: MakeClient) -> None:
    client = make_client(app={"checks": {"database": broken}})

    assert client.get("/health/live", headers={"authorization": ""}).json() == {"alive": True}


def test_a_server_is_ready_when_all_its_parts_are(make_client: MakeClient) -> None:
    answer = make_client(app={"checks": {"database": fine, "migrations": fine}}).get("/health/ready")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"database": "ok", "migrations": "ok"}}


def test_one_broken_part_makes_it_unready_and_only_the_log_says_why(make_client: MakeClient, log_lines: Lines) -> None:
    answer = make_client(app={"checks": {"database": broken, "migrations": fine}}).get("/health/ready")

    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "checks": {"database": "failed", "migrations": "ok"}}
    assert any("is down" in line.get("reason", "") for line in log_lines)


def test_a_part_that_does_not_answer_counts_as_broken(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.02)

    async def stuck() -> None:
        await asyncio.sleep(60)

    assert make_client(app={"checks": {"database": stuck}}).get("/health/ready").status_code == 503


def test_however_often_it_is_asked_the_parts_are_checked_once_a_second(make_client: MakeClient) -> None:
    asked = 0

    async def counted() -> None:
        nonlocal asked
        asked += 1

    client = make_client(app={"checks": {"database": counted}})
    for _ in range(20):
        client.get("/health/ready")

    assert asked <= 2


def test_requests_are_counted_by_path_kind_and_status(make_client: MakeClient) -> None:
    client = make_client()
    client.post("/graphql", json={"query": "{hello}"})
    for name in ("a", "b", "c"):
        client.get(f"/made-up-{name}")

    numbers = client.get("/metrics").text

    assert 'tallygraph_requests_total{kind="query",path="/graphql",status="200"} 1.0' in numbers
    assert 'tallygraph_requests_total{kind="none",path="other",status="404"} 3.0' in numbers
    assert "tallygraph_request_seconds_bucket" in numbers
    assert "made-up" not in numbers


def test_metrics_can_be_given_a_key(make_client: MakeClient) -> None:
    key = "m" * 32
    client = make_client(metrics_key=key)

    refused = client.get("/metrics", headers={"authorization": "Bearer wrong"})

    assert (refused.status_code, codes(refused)) == (401, ["UNAUTHENTICATED"])
    assert client.get("/metrics", headers={"authorization": f"Bearer {key}"}).status_code == 200
