"""An API of STAC as a server of its own: rustac's, which keeps what it is given in memory."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.servers.links import free_port
from tests.servers.process import serving

_PROGRAM = str(Path(sys.executable).with_name("rustac"))


@contextlib.contextmanager
def stac_api(*things: Mapping[str, Any]) -> Iterator[str]:
    """Serve collections and collections of items, given as JSON, for as long as the block lasts; give the URL."""
    # It says the URL that it was told, and not the port that it has, so that 0 will not do.
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="stac-", ignore_cleanup_errors=True) as directory:
        names = [f"{number}.json" for number in range(len(things))]
        for name, thing in zip(names, things, strict=True):
            Path(directory, name).write_text(json.dumps(thing))
        with serving([_PROGRAM, "serve", "--addr", address, *names], directory) as output:
            output.wait_for("Serving")  # by then it listens
            yield f"http://{address}"
