"""nanio and MiniStack, two small servers that speak S3, for second opinions on links.

Each checks the signatures of URLs by code of its own, and not by botocore's. What they do not know is listed where they
are asked (tests/contract/test_s3_second_opinions.py). They listen on the loopback and on a free port.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence

from tests.servers.install import small_stores_python
from tests.servers.process import serving
from tests.servers.s3_client import S3Server


@contextlib.contextmanager
def nanio() -> Iterator[S3Server]:
    """Run nanio for as long as the block lasts."""
    # Its own command takes no port 0.
    command = ["-m", "uvicorn", "nanio.app:build_app", "--factory", "--port", "0"]
    own = {"NANIO_ACCESS_KEY": "nanio-key", "NANIO_SECRET_KEY": "nanio-secret-4f1c"}
    with _running(command, own, data="NANIO_DATA_DIR") as endpoint:
        yield S3Server(endpoint, own["NANIO_ACCESS_KEY"], own["NANIO_SECRET_KEY"])


@contextlib.contextmanager
def ministack(*, holds_policies: bool = False) -> Iterator[S3Server]:
    """Run MiniStack for as long as the block lasts.

    Args:
        holds_policies: run its IAM and STS too, and hold every request to the policies of who asks, those of a session
            among them; else there is its S3 alone.

    """
    own = {"GATEWAY_PORT": "0", "BIND_HOST": "127.0.0.1", "SERVICES": "s3"}
    if holds_policies:
        own |= {"SERVICES": "s3,iam,sts", "AUTH": "true"}
    with _running(["-m", "ministack"], own, data="S3_DATA_DIR") as endpoint:
        # Any access key is good; the secret is always this one.
        yield S3Server(endpoint, "test", "test")


@contextlib.contextmanager
def _running(command: Sequence[str], settings: Mapping[str, str], *, data: str) -> Iterator[str]:
    """Run one of them, whose data go below a directory that goes with it; give its endpoint."""
    python = str(small_stores_python())
    with tempfile.TemporaryDirectory(prefix="s3-", ignore_cleanup_errors=True) as directory:
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": directory, "TMPDIR": directory}
        own |= {"PYTHONUNBUFFERED": "1", data: directory, **settings}
        with serving([python, *command], directory, own) as output:
            said = output.wait_for("unning on http://127.0.0.1:")
            yield said[said.index("http://") :].partition(" ")[0]
