"""The contract, held by links of a service (``daypass serve``) in front of stores that verify what it leads to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from s3fs import S3FileSystem

from daypass import Store
from daypass.demo.server import Server
from daypass.testing import BackendConformance, Stranger
from tests.plugins.azure.conftest import Bench
from tests.servers.azurite import KEY, Azurite
from tests.servers.gcs_front import Front, gcs_front
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import hmac_verifier
from tests.servers.links import Service, links_service
from tests.servers.localstack import LocalStack

#: Of Cloud Storage, as it might be.
HMAC = {
    "hmac_access_id": "GOOG1EXAMPLE",
    "hmac_secret": "bGoa+V7g/yqDXvKRqq+JTFn4uQZbPiQJo4pf9RzJ",
}


@contextmanager
def service_for(
    url: str, storage_options: dict[str, Any], signer_options: dict[str, Any] | None = None
) -> Iterator[Service]:
    """Run a service with one root, whose links may live for a year and more."""
    configuration = f"""
[links]
max_ends_in = "400d"
[profiles.kit]
url = "{url}"
[[roots]]
profile = "kit"
"""
    env = {
        "DAYPASS_PROFILES__KIT__STORAGE_OPTIONS": json.dumps(storage_options),
        "DAYPASS_PROFILES__KIT__SIGNER_OPTIONS": json.dumps(signer_options or {}),
    }
    with links_service(configuration, env) as service:
        yield service


class Links(BackendConformance):
    """What stands before every store: each test has a root of its own in one bucket, which is the service's."""

    signer = "links"
    signs_offline = False
    #: Clients come to other keys by them, so that the service shares none below a root.
    refused_keys = frozenset({"x/../y", "x/./y"})
    #: The service is reached over http.
    narrowed = frozenset({"https_only"})

    @pytest.fixture
    def send(self) -> Stranger:
        return Stranger(redirects=1)

    @pytest.fixture
    def dead_credentials(self, store: Store, service: Service) -> Sequence[Store]:
        path = str(store.location.path)
        return [
            Store(path, signer="links", signer_options=options)
            for options in (
                {"server": service.address},
                {"server": service.address, "key": f"dpl_{'k' * 32}"},
            )
        ]

    def made(self, root: str, service: Service, storage_options: dict[str, Any]) -> Store:
        return Store(
            f"{root}/{uuid4().hex}",
            storage_options=storage_options,
            signer="links",
            signer_options=service.signer_options,
        )


@pytest.fixture(scope="module")
def server(servers: Callable[[str], Server]) -> Server:
    return servers("swift")


@pytest.fixture(scope="module")
def admin(server: Server) -> Any:
    """A filesystem of the server's owner, made once: making one is slow."""
    return S3FileSystem(**server.storage_options, skip_instance_cache=True)


@pytest.fixture(scope="module")
def bucket(admin: Any) -> str:
    name = f"b{uuid4().hex[:12]}"
    admin.call_s3("create_bucket", Bucket=name)
    return name


@pytest.fixture(scope="module")
def before_s3(server: Server, bucket: str) -> Iterator[Service]:
    signer_options = {"refuses_unsigned_headers": True}
    with service_for(f"s3://{bucket}", server.storage_options, signer_options) as service:
        yield service


class TestS3(Links):
    """In front of OpenStack Swift."""

    protocol = "s3"
    narrowed = Links.narrowed | {"max_bytes"}
    #: As in tests/contract/test_s3.py.
    lacking = frozenset({"tags", "kms_key"})

    @pytest.fixture
    def service(self, before_s3: Service) -> Service:
        return before_s3

    @pytest.fixture
    def store(self, server: Server, bucket: str, service: Service) -> Store:
        return self.made(f"s3://{bucket}", service, server.storage_options)

    @pytest.fixture
    def place(self, admin: Any, bucket: str, store: Store) -> Callable[[str, bytes], object]:
        root = store.location.key

        def put(key: str, body: bytes) -> object:
            return admin.call_s3("put_object", Bucket=bucket, Key=f"{root}/{key}", Body=body)

        return put

    @pytest.fixture
    def secrets(self, server: Server, service: Service) -> Sequence[str]:
        return [server.secret, service.key]


@pytest.fixture(scope="module")
def local(servers: Callable[[str], LocalStack]) -> LocalStack:
    return servers("localstack")


@pytest.fixture(scope="module")
def local_bucket(local: LocalStack) -> str:
    name = f"b{uuid4().hex[:12]}"
    local.client.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def before_localstack(local: LocalStack, local_bucket: str) -> Iterator[Service]:
    signer_options = {"refuses_unsigned_headers": True}
    with service_for(f"s3://{local_bucket}", local.storage_options, signer_options) as service:
        yield service


@pytest.mark.nightly  # what the service does of it is tried in front of Cloud Storage and Swift
class TestLocalStack(Links):
    """In front of LocalStack, which has what Swift's S3 lacks."""

    protocol = "s3"
    narrowed = Links.narrowed | {"max_bytes"}

    @pytest.fixture
    def service(self, before_localstack: Service) -> Service:
        return before_localstack

    @pytest.fixture
    def store(self, local: LocalStack, local_bucket: str, service: Service) -> Store:
        return self.made(f"s3://{local_bucket}", service, local.storage_options)

    @pytest.fixture
    def place(
        self, local: LocalStack, local_bucket: str, store: Store
    ) -> Callable[[str, bytes], object]:
        root, put = store.location.key, local.client.put_object
        return lambda key, body: put(Bucket=local_bucket, Key=f"{root}/{key}", Body=body)

    @pytest.fixture
    def secrets(self, service: Service) -> Sequence[str]:
        return [service.key]


@pytest.fixture(scope="module")
def box(servers: Callable[[str], Azurite]) -> Iterator[Bench]:
    """A container on Azurite."""
    bench = Bench(servers("azurite"), "key")
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def before_azure(box: Bench) -> Iterator[Service]:
    options = {"connection_string": box.server.connection_string}
    with service_for(f"az://{box.name}", options) as service:
        yield service


@pytest.mark.nightly  # what the service does of it is tried in front of S3
class TestAzure(Links):
    """In front of Azurite, with an account key."""

    protocol = "az"
    narrowed = Links.narrowed | {
        # Only a user delegation key signs request headers, and Azurite does not know them.
        *("content_type", "content_md5", "add_content_md5_metadata", "content_length"),
        *("metadata", "storage_class", "tags"),
        # Azure has none of these.
        *("acl", "checksum_sha256", "kms_key", "max_bytes", "requester_pays", "response_expires"),
    }

    @pytest.fixture
    def service(self, before_azure: Service) -> Service:
        return before_azure

    @pytest.fixture
    def store(self, box: Bench, service: Service) -> Store:
        options = {"connection_string": box.server.connection_string}
        return self.made(f"az://{box.name}", service, options)

    @pytest.fixture
    def place(self, box: Bench, store: Store) -> Callable[[str, bytes], object]:
        return lambda key, body: box.put(f"{store.location.key}/{key}", body)

    @pytest.fixture
    def secrets(self, service: Service) -> Sequence[str]:
        return [KEY, service.key]


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with gcs_front() as running:
        verifier = hmac_verifier(HMAC["hmac_secret"])
        running.keys["GOOG4-HMAC-SHA256", HMAC["hmac_access_id"]] = verifier
        running.buckets["bucket"] = Bucket()
        yield running


@pytest.fixture(scope="module")
def before_gcs(front: Front) -> Iterator[Service]:
    options = {"endpoint_url": front.url, "token": "anon"}
    with service_for("gs://bucket", options, {**HMAC, "user_project": "payer"}) as service:
        yield service


class TestGcs(Links):
    """In front of a Cloud Storage that verifies V4 signatures, with an HMAC key."""

    protocol = "gs"
    narrowed = Links.narrowed | {
        *("checksum_sha256", "response_cache_control", "response_content_encoding"),
        *("response_content_language", "response_expires", "tags"),
    }

    @pytest.fixture
    def service(self, before_gcs: Service) -> Service:
        return before_gcs

    @pytest.fixture
    def store(self, front: Front, service: Service) -> Store:
        options = {"endpoint_url": front.url, "token": "anon"}
        return self.made("gs://bucket", service, options)

    @pytest.fixture
    def place(self, front: Front, store: Store) -> Callable[[str, bytes], object]:
        bucket, root = front.buckets["bucket"], store.location.key
        return lambda key, body: bucket.put(f"{root}/{key}", body, {})

    @pytest.fixture
    def secrets(self, service: Service) -> Sequence[str]:
        return [HMAC["hmac_secret"], service.key]


#: What the service does of the contract is tried on a push in front of Cloud Storage, which answers four times as fast;
#: in front of Swift, what a store decides, and what the other cannot do.
TestS3.beside = TestGcs
