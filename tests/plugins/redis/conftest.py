from __future__ import annotations

from collections.abc import Iterator

import fsspec
import pytest
from redis import Redis

from daypass_redis.filesystem import RedisFileSystem
from tests.servers.redis import RedisServer, redis_server

#: A secret that nothing may show.
SECRET = "opensesame-7f3a"


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    with redis_server() as started:
        yield started


@pytest.fixture(scope="session")
def guarded() -> Iterator[RedisServer]:
    """A server with a password, and a user who reads what is public."""
    with redis_server(
        f"requirepass {SECRET}", f"user reader on >{SECRET} ~public/* -@all +@read +select"
    ) as started:
        with started.client(password=SECRET) as client:
            client.mset({"public/a": "1", "private/a": "2"})
        yield started


@pytest.fixture
def client(server: RedisServer) -> Iterator[Redis]:
    """A client of the empty database 0, for what the code under test must not do itself."""
    with server.client() as made:
        made.flushall()
        yield made


@pytest.fixture
def fs(server: RedisServer, client: Redis) -> RedisFileSystem:
    made: RedisFileSystem = fsspec.filesystem(
        "redis", host=server.host, port=server.port, db=0, skip_instance_cache=True
    )
    return made
