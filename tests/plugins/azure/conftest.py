"""Azurite over http and https, and what the tests of the Azure plugin share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests

import daypass
from tests.servers.azurite import ACCOUNT, KEY, Azurite, FakeEntra

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
#: An account that does not exist; nothing may ever connect to it.
OPTIONS = {"account_name": "contoso", "account_key": KEY}


@pytest.fixture(scope="session")
def http_server(servers) -> Azurite:
    return servers("azurite")


@pytest.fixture(scope="session")
def https_server(servers) -> Azurite:
    return servers("azurite-https")


class Bench:
    """A fresh container on one server, with one kind of credential, and a client to try links with."""

    def __init__(self, server: Azurite, credential: str) -> None:
        from azure.storage.blob import ContainerClient

        self.server = server
        self.name = f"c{uuid.uuid4().hex}"
        self.admin = ContainerClient.from_connection_string(
            server.connection_string, self.name, connection_verify=server.certificate or True
        )
        self.admin.create_container()
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy, and no CA bundle in place of the certificate
        self.session.verify = server.certificate or True
        self.entra = FakeEntra()
        self.fs = self.make_fs(credential)
        self.store = self.make_store()

    def make_fs(self, credential: str):
        from adlfs import AzureBlobFileSystem
        from azure.storage.blob.aio import BlobServiceClient

        if credential == "key":
            given = KEY
            options = {"connection_string": self.server.connection_string}
        else:
            given = self.entra
            options = {
                "account_name": ACCOUNT,
                "account_host": self.server.endpoint.partition("://")[2],
                "credential": given,
            }
        fs = AzureBlobFileSystem(**options, skip_instance_cache=True)
        if self.server.certificate:
            # adlfs has no option for a certificate of one's own.
            fs.service_client = BlobServiceClient(
                self.server.endpoint, credential=given, connection_verify=self.server.certificate
            )
        return fs

    def make_store(self, **options) -> daypass.Store:
        return daypass.Store(f"az://{self.name}", fs=self.fs, **options)

    def put(self, name: str, content: bytes = b"content", **more):
        return self.admin.upload_blob(name, content, overwrite=True, **more)

    def read(self, name: str) -> bytes:
        return self.admin.download_blob(name).readall()

    def use(self, link: daypass.SignedURL, content: bytes | None = None, method=None, **headers):
        return self.session.request(
            method or link.method,
            link.url,
            data=content,
            headers={**link.headers, **headers},
            timeout=30,
        )

    def close(self) -> None:
        self.session.close()
        self.admin.close()


def _bench(server: Azurite, credential: str) -> Iterator[Bench]:
    bench = Bench(server, credential)
    yield bench
    bench.close()


@pytest.fixture(params=["http-key", "https-key", "https-entra"])
def bench(request, servers) -> Iterator[Bench]:
    """Every way to sign that Azurite knows."""
    scheme, credential = request.param.split("-")
    yield from _bench(request.getfixturevalue(f"{scheme}_server"), credential)


@pytest.fixture
def key_bench(http_server) -> Iterator[Bench]:
    yield from _bench(http_server, "key")


@pytest.fixture
def entra_bench(https_server) -> Iterator[Bench]:
    yield from _bench(https_server, "entra")
