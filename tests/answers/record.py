"""Record anew what the stores of ``tests/servers`` answer: ``python -m tests.answers.record``.

With names of stores, of these alone; what the tests do not start is given by an address behind its name, with the keys:
``"ceph rgw=http://KEY:SECRET@127.0.0.1:8000"``.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.answers.cases import CASES, ELSEWHERE, Answer, Sent, send
from tests.answers.shops import shop
from tests.servers.s3_client import S3Server
from tests.servers.shared import KINDS


def place_of(store: str) -> Path:
    """Return the file of a store's answers."""
    return Path(__file__).parent / "recorded" / f"{store.replace(' ', '-')}.json"


def start(stack: ExitStack, running: str, kind: str) -> Any:
    """Start a server for as long as the stack lasts, unless it is running already."""
    if running:
        place = urlsplit(running)
        endpoint = f"{place.scheme}://{place.hostname}:{place.port}"
        return S3Server(endpoint, place.username or "", place.password or "")
    module, name, options = KINDS[kind]
    return stack.enter_context(getattr(importlib.import_module(module), name)(**options))


def record(sent: Sent, answer: Answer) -> dict[str, Any]:
    """Return what is kept of an answer."""
    kept = {"date", "content-type", "server", "x-ms-error-code", "x-amz-bucket-region"}
    return {
        "url": sent.link,
        **({} if sent.fields is None else {"fields": dict(sent.fields)}),
        "status": answer.status,
        "headers": {n: v for n, v in answer.headers.items() if n.lower() in kept},
        # The same text in hexadecimal, which nobody reads.
        "body": re.sub(r"<(\w+Bytes)>[^<]*</\1>", "", answer.body),
    }


if __name__ == "__main__":
    for asked in sys.argv[1:] or CASES.keys() - ELSEWHERE:
        name, _, running = asked.partition("=")
        with ExitStack() as servers, shop(name, partial(start, servers, running)) as opened:
            found = {}
            for case, make in CASES[name].items():
                sent = make(opened)
                found[case] = record(sent, send(sent))
        text = json.dumps(found, indent=1, ensure_ascii=False)
        place_of(name).write_text(text + "\n")
