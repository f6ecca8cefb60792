"""The contract, held by Azure links on Azurite, Microsoft's own emulator."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence

import pytest

from daypass import Store
from daypass.testing import BackendConformance, Stranger
from tests.plugins.azure.conftest import Bench
from tests.servers.azurite import KEY, Azurite

#: Only a user delegation key signs request headers, and Azurite does not know them.
UNSIGNED = frozenset(
    {
        "content_type",
        "content_md5",
        "add_content_md5_metadata",
        "content_length",
        "metadata",
        "storage_class",
        "tags",
        "headers",
    }
)


@pytest.fixture(scope="module")
def http_server(servers: Callable[[str], Azurite]) -> Azurite:
    return servers("azurite")


@pytest.fixture(scope="module")
def https_server(servers: Callable[[str], Azurite]) -> Azurite:
    return servers("azurite-https")


class Azure(BackendConformance):
    """What every kind of credential shares."""

    #: Azurite looks at no client's address, keeps no versions, and sets no limit of its own.
    unverified = frozenset({"ip_range", "version"})
    #: They can be signed; aiohttp, by which metadata is asked for, would ask for another blob.
    refused_keys = frozenset({"x/../y", "x/./y"})

    @pytest.fixture
    def store(self, bench: Bench) -> Store:
        return bench.store

    @pytest.fixture
    def place(self, bench: Bench) -> Callable[[str, bytes], object]:
        return bench.put

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [KEY]


class TestAccountKey(Azure):
    protocol = "az"
    #: The endpoint is http, and Azurite knows no directories, which alone bind a prefix.
    narrowed = UNSIGNED | {"https_only", "prefix"}

    @pytest.fixture
    def bench(self, http_server: Azurite) -> Iterator[Bench]:
        bench = Bench(http_server, "key")
        yield bench
        bench.close()

    @pytest.fixture
    def dead_credentials(self) -> Sequence[Store]:
        return [Store("az://box", storage_options={"account_name": "contoso", "anon": True})]


class TestUserDelegation(Azure):
    """With a Microsoft Entra credential, over https."""

    beside = TestAccountKey
    protocol = "az"
    #: Azure's delegation keys live for seven days.
    narrowed = UNSIGNED | {"max_expires_in", "prefix"}
    signs_offline = False

    @pytest.fixture
    def bench(self, https_server: Azurite) -> Iterator[Bench]:
        bench = Bench(https_server, "entra")
        yield bench
        bench.close()

    @pytest.fixture
    def send(self, https_server: Azurite) -> Stranger:
        return Stranger(ssl.create_default_context(cafile=https_server.certificate))
