from uuid import uuid4

import pytest
from s3fs import S3FileSystem

import daypass


@pytest.fixture(scope="session")
def server(servers):
    """A real server that verifies signatures: OpenStack Swift with its S3 API."""
    return servers("swift")


@pytest.fixture(scope="session")
def admin(server):
    """A filesystem of the server's owner, made once: making one is slow."""
    return S3FileSystem(**server.storage_options, skip_instance_cache=True)


@pytest.fixture
def bucket(admin):
    """A bucket of its own for each test."""
    name = f"b{uuid4().hex[:12]}"
    admin.call_s3("create_bucket", Bucket=name)
    return name


@pytest.fixture
def store(server, bucket):
    return daypass.Store(f"s3://{bucket}", storage_options=server.storage_options)


@pytest.fixture(scope="session")
def local(servers):
    """LocalStack: it has the POST forms and the CORS that Swift's S3 has not."""
    return servers("localstack")


@pytest.fixture
def local_bucket(local):
    """A bucket of its own for each test, on LocalStack."""
    name = f"b{uuid4().hex[:12]}"
    local.client.create_bucket(Bucket=name)
    return name
