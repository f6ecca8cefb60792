from __future__ import annotations

import socket
import subprocess
import sys

import pytest

import daypass
from daypass.backends import registry
from daypass.errors import SigningNotSupportedError

pytestmark = pytest.mark.isolated


def test_import_loads_neither_redis_nor_fsspec():
    code = "import sys, daypass_redis; sys.exit({'redis', 'fsspec'} & set(sys.modules) != set())"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_both_protocols_are_served_by_this_backend(scheme):
    backend = registry.backend(scheme)
    assert (backend.info.name, backend.plugin) == ("redis", "daypass_redis")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_signing_is_refused_without_a_connection(method):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0/key"
        with pytest.raises(SigningNotSupportedError, match="object store and sign it there"):
            daypass.create_signed_url(url, method=method, expires_in=60)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_signing_is_not_implemented():
    with pytest.raises(NotImplementedError):
        daypass.create_signed_url("rediss://cache.example/0/key")
