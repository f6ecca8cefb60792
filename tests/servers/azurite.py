"""Azurite, Microsoft's own emulator of Azure Blob Storage, as a server for tests.

It listens on the loopback only and on a free port, and checks what Azure checks of a shared access
signature, the client's address excepted.
"""

from __future__ import annotations

import base64
import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.install import azurite_program
from tests.servers.process import serving

#: The account that every Azurite has; its key is published and no secret:
#: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

_AZURITE = (
    *("--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence"),
    *("--skipApiVersionCheck", "--disableTelemetry", "--silent"),
)


@dataclass(frozen=True)
class Azurite:
    """A running server."""

    #: ``127.0.0.1:port``.
    host: str
    #: The certificate's file, for a server that speaks https.
    certificate: str | None = None

    @property
    def endpoint(self) -> str:
        """The account's URL."""
        return f"{'https' if self.certificate else 'http'}://{self.host}/{ACCOUNT}"

    @property
    def connection_string(self) -> str:
        """All that a client needs."""
        return f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={self.endpoint};"


@contextlib.contextmanager
def azurite(*, https: bool = False) -> Iterator[Azurite]:
    """Run a server for as long as the block lasts; with https, it also takes Entra tokens."""
    command = ["node", str(azurite_program()), *_AZURITE]
    known = None
    with tempfile.TemporaryDirectory(prefix="azurite-", ignore_cleanup_errors=True) as directory:
        if https:
            from tests.servers.certificates import (
                certificate,  # with cryptography, which takes a while
            )

            files = certificate(Path(directory))
            command += ["--cert", str(files[0]), "--key", str(files[1]), "--oauth", "basic"]
            known = str(files[0])
        with serving(command, directory) as output:
            listening = output.wait_for("successfully listens on")
            yield Azurite(listening.rpartition("://")[2], known)


class FakeEntra:
    """An asynchronous credential whose tokens Azurite takes, and nobody else."""

    def __init__(self) -> None:
        #: How often a token was asked for.
        self.asked = 0

    async def get_token(self, *scopes: str, **_: Any) -> Any:
        """Return a token for the storage service."""
        from azure.core.credentials import AccessToken

        self.asked += 1
        now = int(time.time())
        claims = {
            "aud": "https://storage.azure.com",
            "iss": "https://sts.windows.net/22222222-2222-2222-2222-222222222222/",
            "iat": now - 60,
            "nbf": now - 60,
            "exp": now + 3600,
            "oid": "11111111-1111-1111-1111-111111111111",
            "tid": "22222222-2222-2222-2222-222222222222",
        }
        parts = [{"typ": "JWT", "alg": "RS256"}, claims, {"not": "checked"}]
        token = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in parts
        )
        return AccessToken(token, now + 3600)

    async def close(self) -> None:
        """Do nothing."""
