"""The contract, held by S3 links on a server that verifies them: OpenStack Swift's S3 API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from s3fs import S3FileSystem

from daypass import Store
from daypass.demo.server import Server
from daypass.testing import BackendConformance


@pytest.fixture(scope="module")
def server(servers: Callable[[str], Server]) -> Server:
    return servers("swift")


@pytest.fixture(scope="module")
def admin(server: Server) -> Any:
    """A filesystem of the server's owner, made once: making one is slow."""
    return S3FileSystem(**server.storage_options, skip_instance_cache=True)


class TestS3(BackendConformance):
    protocol = "s3"
    #: Swift's S3 API keeps no tags and encrypts by no key of others: https://docs.openstack.org/swift/latest/s3_compat.html
    lacking = frozenset({"tags", "kms_key", "encryption_key"})

    @pytest.fixture
    def bucket(self, admin: Any, request: pytest.FixtureRequest) -> str:
        name = f"b{uuid4().hex[:12]}"
        admin.call_s3("create_bucket", Bucket=name)
        if "version" in request.node.name:  # it makes Swift slow, and its longest key shorter
            versioning = {"Status": "Enabled"}
            admin.call_s3("put_bucket_versioning", Bucket=name, VersioningConfiguration=versioning)
        return name

    @pytest.fixture
    def store(self, server: Server, bucket: str) -> Store:
        # What Swift is known to do (tests/plugins/s3/test_unsigned.py); of any other endpoint it is not believed.
        return Store(
            f"s3://{bucket}",
            storage_options=server.storage_options,
            signer_options={"refuses_unsigned_headers": True},
        )

    @pytest.fixture
    def place(self, admin: Any, bucket: str) -> Callable[[str, bytes], object]:
        return lambda key, body: admin.call_s3("put_object", Bucket=bucket, Key=key, Body=body)

    @pytest.fixture
    def secrets(self, server: Server) -> Sequence[str]:
        return [server.secret]

    @pytest.fixture
    def dead_credentials(self, server: Server, bucket: str) -> Sequence[Store]:
        options = server.storage_options
        ended = {"credentials_expire_at": datetime.now(UTC) - timedelta(seconds=1)}
        bare = {name: value for name, value in options.items() if name not in ("key", "secret")}
        return [
            Store(f"s3://{bucket}", storage_options=bare),
            Store(f"s3://{bucket}", storage_options={**bare, "anon": True}),
            Store(f"s3://{bucket}", storage_options=options, signer_options=ended),
        ]

    @pytest.fixture
    def ending_credentials(self, server: Server, bucket: str) -> tuple[Store, datetime]:
        end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=20)
        options = {**server.storage_options, "token": "made-up-token"}
        signer = {"credentials_expire_at": end}
        return Store(f"s3://{bucket}", storage_options=options, signer_options=signer), end
