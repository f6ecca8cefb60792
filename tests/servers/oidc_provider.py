"""An OpenID provider with pages of its own, as a process: npm's oidc-provider, which a browser signs in at."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.servers.install import page_modules
from tests.servers.process import serving

#: The service's settings for it.
OIDC = """
[oidc]
issuer = "http://127.0.0.1:{port}"
audience = "daypass"
client_id = "pages"
client_secret = "made-up-secret-of-the-pages"
"""


@contextlib.contextmanager
def oidc_provider(port: int, service: str) -> Iterator[None]:
    """Run the provider for as long as the block lasts.

    Args:
        port: where it listens, on the loopback.
        service: the address of the one service that it signs people in for.

    """
    with tempfile.TemporaryDirectory(prefix="oidc-", ignore_cleanup_errors=True) as directory:
        script = Path(__file__).with_suffix(".mjs")
        command = ["node", str(script), str(page_modules().resolve()), str(port), service]
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": directory}
        with serving(command, directory, own) as output:
            output.wait_for("listening")
            yield
