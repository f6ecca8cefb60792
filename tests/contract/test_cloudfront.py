"""The contract, held by CloudFront links on a distribution that verifies them by the published rules."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest
from s3fs import S3FileSystem

from daypass import Store
from daypass.demo.server import Server
from daypass.testing import BackendConformance
from tests.plugins.cloudfront.conftest import Pair, pair
from tests.servers.cloudfront import Distribution, Origin, directory_origin, distribution

ALL = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class CloudFront(BackendConformance):
    """What every kind of key and origin shares."""

    signer = "cloudfront"
    narrowed = frozenset({"https_only"})  # the domain is http

    @pytest.fixture
    def key(self) -> Pair:
        return pair("rsa")

    @pytest.fixture
    def secrets(self, key: Pair) -> Sequence[str]:
        return key.pem().splitlines()[1:-1]

    @pytest.fixture
    def dead_credentials(self, store: Store, key: Pair) -> Sequence[Store]:
        options = key.options()
        return [
            Store(str(store.location.path), signer="cloudfront", signer_options=dead)
            for dead in (
                {**options, "private_key": None},
                {**options, "key_pair_id": None},
                {**options, "private_key": key.pem("locked")},
            )
        ]


@pytest.fixture(scope="module")
def server(servers: Callable[[str], Server]) -> Server:
    return servers("swift")


@pytest.fixture(scope="module")
def admin(server: Server) -> Any:
    """A filesystem of the server's owner, made once: making one is slow."""
    return S3FileSystem(**server.storage_options, skip_instance_cache=True)


class TestUploads(CloudFront):
    """A distribution that lets uploads and deletions through, in front of S3, with an ECDSA key."""

    protocol = "s3"

    @pytest.fixture
    def key(self) -> Pair:
        return pair("ecdsa")

    @pytest.fixture
    def bucket(self, admin: Any) -> str:
        name = f"b{uuid4().hex[:12]}"
        admin.call_s3("create_bucket", Bucket=name)
        return name

    @pytest.fixture
    def edge(self, server: Server, bucket: str, key: Pair) -> Iterator[Distribution]:
        keys = {key.id: key.public_pem}
        with distribution(keys, _bucket_origin(server, bucket), allowed_methods=ALL) as running:
            yield running

    @pytest.fixture
    def store(self, server: Server, bucket: str, edge: Distribution, key: Pair) -> Store:
        return Store(
            f"s3://{bucket}",
            storage_options=server.storage_options,
            signer="cloudfront",
            signer_options=key.options(domain=edge.domain, allowed_methods=ALL),
        )

    @pytest.fixture
    def place(self, admin: Any, bucket: str) -> Callable[[str, bytes], object]:
        return lambda key, body: admin.call_s3("put_object", Bucket=bucket, Key=key, Body=body)


@pytest.fixture(scope="module")
def reading_edge() -> Iterator[Distribution]:
    """A distribution in front of all files: the keys of file:// are whole paths."""
    key = pair("rsa")
    with distribution({key.id: key.public_pem}, directory_origin(Path("/"))) as running:
        yield running


class TestReading(CloudFront):
    """A distribution that lets nothing but reading through, in front of files."""

    beside = TestUploads
    protocol = "file"
    narrowed = CloudFront.narrowed | {"PUT", "DELETE"}

    @pytest.fixture
    def store(self, tmp_path: Path, reading_edge: Distribution, key: Pair) -> Store:
        options = key.options(domain=reading_edge.domain)
        return Store(tmp_path.as_uri(), signer="cloudfront", signer_options=options)


def _bucket_origin(server: Server, bucket: str) -> Origin:
    """Sign in to a bucket as an origin access control does: with headers, by the SDK."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    auth = S3SigV4Auth(Credentials(server.access_key, server.secret), "s3", server.region)

    def answer(
        method: str, key: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        passed = {
            name: value
            for name, value in headers.items()
            if name.lower() == "content-type" or name.lower().startswith("x-amz-meta-")
        }
        path = f"/{bucket}/{quote(key, safe='/~')}"
        request = AWSRequest(method, f"{server.endpoint}{path}", headers=passed, data=body)
        auth.add_auth(request)
        connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=30)
        try:
            connection.request(method, path, body, dict(request.headers.items()))
            found = connection.getresponse()
            kind = {"Content-Type": found.headers.get("Content-Type", "text/plain")}
            return found.status, kind, found.read()
        finally:
            connection.close()

    return answer
