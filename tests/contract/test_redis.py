"""The refusing half of the contract, held by Redis, which has no links."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from daypass import Store
from daypass.testing import BackendConformance
from tests.servers.redis import RedisServer, redis_server

pytestmark = pytest.mark.servers

SECRET = "opensesame-7f3a"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server(f"requirepass {SECRET}") as started:
        yield started


class TestRedis(BackendConformance):
    protocol = "redis"

    @pytest.fixture
    def store(self, server: RedisServer) -> Store:
        with server.client(password=SECRET) as client:
            client.flushall()
        return Store(f"{server.url}/0", storage_options={"password": SECRET})

    @pytest.fixture
    def place(self, server: RedisServer) -> Callable[[str, bytes], object]:
        def put(key: str, body: bytes) -> None:
            with server.client(password=SECRET) as client:
                client.set(key, body)

        return put

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [SECRET]
