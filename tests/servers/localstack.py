"""LocalStack, an emulator of S3 in Python, as a server for tests.

It listens on the loopback only and on a free port, and enforces what Swift's S3 does not have: the
conditions of POST policies, CORS, and more of multipart uploads. It recomputes the signatures of URLs
with botocore, so that it cannot show a mistake that botocore makes too, and never checks the
signature of a POST form.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from tests.servers.install import localstack_python
from tests.servers.process import ServerEndedError, serving
from tests.servers.s3_client import S3Server

#: It would listen on every address of the machine, and on a port that somebody else may have taken meanwhile: it is
#: given a socket that listens already. And it would keep all buckets in one directory with every other LocalStack.
_PROGRAM = """
import os, socket
from twisted.internet import endpoints
listening = socket.create_server(("127.0.0.1", 0))
listening.setblocking(False)
place = "127.0.0.1:%d" % listening.getsockname()[1]
os.environ.update(GATEWAY_LISTEN=place, LOCALSTACK_HOST=place)
endpoints.TCP4ServerEndpoint = lambda reactor, port: endpoints.AdoptedStreamServerEndpoint(
    reactor, listening.fileno(), socket.AF_INET
)
print("listens on", place, flush=True)
from localstack.runtime.main import main
from localstack.services.s3 import provider
provider.DEFAULT_S3_TMP_DIR = os.getcwd() + "/buckets"
main()
"""
_SETTINGS = {
    "SERVICES": "s3",
    "STRICT_SERVICE_LOADING": "1",
    "EAGER_SERVICE_LOADING": "1",
    "S3_SKIP_SIGNATURE_VALIDATION": "0",
    "USE_SSL": "0",
    # It asks nobody beyond this machine: no telemetry, no certificate, no names.
    "DISABLE_EVENTS": "1",
    "SKIP_SSL_CERT_DOWNLOAD": "1",
    "DNS_ADDRESS": "0",
}


@dataclass(frozen=True)
class LocalStack(S3Server):
    """A running server, for which any access key is good."""

    access_key: str = "test"
    secret: str = "test"


@contextlib.contextmanager
def localstack() -> Iterator[LocalStack]:
    """Run a server with its S3 alone, for as long as the block lasts."""
    command = [str(localstack_python()), "-c", _PROGRAM]
    with tempfile.TemporaryDirectory(prefix="localstack-", ignore_cleanup_errors=True) as directory:
        # All that it writes goes below the directory.
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": directory, "TMPDIR": directory}
        with serving(command, directory, own | _SETTINGS) as output:
            place = output.wait_for("listens on").rpartition(" ")[2]
            output.wait_for("Ready.")
            _check_health(place)
            yield LocalStack(f"http://{place}")


def _check_health(place: str) -> None:
    """Raise unless S3 is there: LocalStack is ready, too, without the services it lacks."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{place}/_localstack/health", timeout=30) as answer:
        health = answer.read()
    if b'"s3": "running"' not in health and b'"s3": "available"' not in health:
        msg = f"LocalStack runs without S3: {health!r}"
        raise ServerEndedError(msg)
