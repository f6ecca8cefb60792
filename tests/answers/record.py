"""Record anew what the stores of ``tests/servers`` answer: ``python -m tests.answers.record``."""

from __future__ import annotations

import importlib
import json
import re
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from tests.answers.cases import CASES, Answer, Sent, send
from tests.answers.shops import shop
from tests.servers.shared import KINDS

PLACE = Path(__file__).parent / "recorded"


def start(stack: ExitStack, kind: str) -> Any:
    """Start a server for as long as the stack lasts."""
    module, name, options = KINDS[kind]
    return stack.enter_context(getattr(importlib.import_module(module), name)(**options))


def record(sent: Sent, answer: Answer) -> dict[str, Any]:
    """Return what is kept of an answer."""
    kept = {"date", "content-type", "server", "x-ms-error-code"}
    return {
        "url": sent.link,
        **({} if sent.fields is None else {"fields": dict(sent.fields)}),
        "status": answer.status,
        "headers": {n: v for n, v in answer.headers.items() if n.lower() in kept},
        # The same text in hexadecimal, which nobody reads.
        "body": re.sub(r"<(\w+Bytes)>[^<]*</\1>", "", answer.body),
    }


if __name__ == "__main__":
    PLACE.mkdir(exist_ok=True)
    for name, cases in CASES.items():
        with ExitStack() as servers, shop(name, partial(start, servers)) as opened:
            found = {}
            for case, make in cases.items():
                sent = make(opened)
                found[case] = record(sent, send(sent))
        text = json.dumps(found, indent=1, ensure_ascii=False)
        (PLACE / f"{name}.json").write_text(text + "\n")
