"""The databases and the Redis that tests are given."""

import asyncio
import sqlite3

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Unreachable

from tests.services import PostgresServer, RedisServer


async def test_a_postgresql_database_is_empty_and_is_its_own(postgres_server: PostgresServer) -> None:
    ours, other = postgres_server.make_database(), postgres_server.make_database()

    connection = await asyncpg.connect(ours)
    await connection.execute("create table notes (text text)")
    await connection.close()

    assert await tables_of(ours) == ["notes"]
    assert await tables_of(other) == []
    postgres_server.drop_database(ours)
    postgres_server.drop_database(other)


async def test_a_postgresql_database_is_dropped_though_connections_are_open(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.make_database()
    connection = await asyncpg.connect(url)

    postgres_server.drop_database(url)

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    connection.terminate()


async def test_postgresql_takes_as_many_connections_as_a_test_of_many_processes_needs(
    postgres_url: str,
) -> None:
    connection = await asyncpg.connect(postgres_url)
    assert int(await connection.fetchval("show max_connections")) >= 300
    await connection.close()


async def test_an_empty_database_url_names_an_empty_database_of_each_kind(empty_database_url: str) -> None:
    if empty_database_url.startswith("sqlite:///"):
        connection = sqlite3.connect(empty_database_url.removeprefix("sqlite:///"))
        assert connection.execute("select * from sqlite_master").fetchall() == []
        connection.close()
    else:
        assert await tables_of(empty_database_url) == []


async def test_redis_answers_and_comes_back_at_the_same_address(redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url) as client:
        assert await client.set("colour", "green")
    redis_server.stop()
    async with Redis.from_url(redis_server.url, retry=None) as client:
        with pytest.raises(Unreachable):
            await client.get("colour")

    redis_server.start()

    async with Redis.from_url(redis_server.url) as client:
        assert await client.get("colour") is None


async def test_a_killed_redis_can_be_started_again(redis_server: RedisServer) -> None:
    redis_server.kill()
    redis_server.start()

    async with Redis.from_url(redis_server.url) as client:
        assert await client.set("colour", "green")


async def test_a_frozen_redis_answers_nothing_until_it_is_thawed(redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url) as client:
        await client.set("colour", "green")
        redis_server.freeze()
        waiting = asyncio.ensure_future(client.get("colour"))
        _, unanswered = await asyncio.wait([waiting], timeout=0.2)
        assert unanswered == {waiting}

        redis_server.thaw()

        assert await waiting == b"green"


async def test_a_frozen_redis_can_be_ended(redis_server: RedisServer) -> None:
    redis_server.freeze()
    redis_server.stop()
    redis_server.start()


async def test_the_shared_redis_answers(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        assert await client.echo("here") == b"here"


async def tables_of(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    await connection.close()
    return [row["tablename"] for row in rows]
