"""The contract, held by links of a service (``daypass serve``) in front of stores that verify what it leads to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from s3fs import S3FileSystem

from daypass import Store
from daypass.demo.server import Server
from daypass.testing import BackendConformance, Stranger
from tests.servers.links import Service, links_service

#: A root of the service's configuration; its links may live for a year and more.
_ROOT = """
[links]
max_ends_in = "400d"

[[roots]]
profile = "kit"
"""


class Links(BackendConformance):
    """What stands before every store."""

    signer = "links"
    signs_offline = False

    @pytest.fixture
    def send(self) -> Stranger:
        return Stranger(redirects=1)


@pytest.fixture(scope="module")
def server(servers: Callable[[str], Server]) -> Server:
    return servers("swift")


@pytest.fixture(scope="module")
def admin(server: Server) -> Any:
    """A filesystem of the server's owner, made once: making one is slow."""
    return S3FileSystem(**server.storage_options, skip_instance_cache=True)


@pytest.fixture(scope="module")
def bucket(admin: Any) -> str:
    """A bucket for all: each test has a root below it."""
    name = f"b{uuid4().hex[:12]}"
    admin.call_s3("create_bucket", Bucket=name)
    return name


@pytest.fixture(scope="module")
def s3_service(server: Server, bucket: str) -> Iterator[Service]:
    """A service that knows what it signs for."""
    options = json.dumps(server.storage_options)
    profile = (
        f'[profiles.kit]\nurl = "s3://{bucket}"\nsigner_options.refuses_unsigned_headers = true\n'
    )
    with links_service(
        profile + _ROOT, {"DAYPASS_PROFILES__KIT__STORAGE_OPTIONS": options}
    ) as service:
        yield service


class TestS3(Links):
    """In front of OpenStack Swift, where no client has credentials of the store's."""

    protocol = "s3"
    #: No link of S3 has it; and the service is reached over http.
    narrowed = frozenset({"max_bytes", "https_only"})
    #: Clients and stores differ on what they lead to, so that the service shares none below a root.
    refused_keys = frozenset({"x/../y", "x/./y"})
    #: As in tests/contract/test_s3.py.
    lacking = frozenset({"tags", "kms_key"})

    @pytest.fixture
    def store(self, server: Server, bucket: str, s3_service: Service) -> Store:
        return Store(
            f"s3://{bucket}/{uuid4().hex}",
            storage_options=server.storage_options,
            signer="links",
            signer_options=s3_service.signer_options,
        )

    @pytest.fixture
    def place(self, admin: Any, bucket: str, store: Store) -> Callable[[str, bytes], object]:
        root = store.location.key

        def put(key: str, body: bytes) -> object:
            return admin.call_s3("put_object", Bucket=bucket, Key=f"{root}/{key}", Body=body)

        return put

    @pytest.fixture
    def secrets(self, server: Server, s3_service: Service) -> Sequence[str]:
        return [server.secret, s3_service.key]
