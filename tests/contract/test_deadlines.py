"""Every request that the library makes, once: none of them outlasts its deadline, whatever drips.

A request that is new is a call in the sources of one of `PRIMITIVES`, and a test fails until it is in `REQUESTS`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from daypass.errors import DaypassError
from daypass.toolkit import wire
from daypass.transfer import retries
from tests.contract.asking import REQUESTS, hastened
from tests.servers.certificates import identity
from tests.servers.dripping import DRIPS, DRIPS_OF_TLS, dripping, soon

#: Seconds that a hook call has, and what goes through a link: the first that let it come to the request, which on a
#: machine under load only a longer one may.
DEADLINES = (0.3, 1, 3, 9)
ROOT = Path(__file__).parents[2]
#: By what the sources ask anybody over a network; all else that does is behind one of these.
PRIMITIVES = {
    *("send", "sync", "call_sdk", "call_api", "call_server", "BoundedRequest"),
    *("urlopen", "create_connection", "HTTPConnection", "HTTPSConnection", "assume_role"),
    *("SMTP", "SMTP_SSL"),
}
#: Calls of those names that ask nobody, or not for the library.
NO_REQUESTS = {
    "daypass.backends.outputs._send": "a message of a kernel, to a notebook",
    "daypass.demo.server._is_ready": "its own server, on loopback, with a socket's timeout",
    "daypass.demo.story._use": "the same",
    "daypass.manifest.child.main": "a pipe to another process",
    "daypass.manifest.workers._Children._start": "the same",
    "daypass.manifest.workers._Children.work": "the same",
    "daypass.toolkit.wire._Socket.sendall": "of a connection that `send` has made",
    "daypass_links.commands.demo._ask": "its own service, on loopback, with a socket's timeout",
    "daypass_links.server.alerts.webhook._Pinned.connect": "of a webhook, all of whose exchange has one deadline",
    "daypass_links.server.notices.mail.Mailer._connected": "of a mail, all of whose exchange has one deadline",
    "daypass_links.server.app._without_body.sent": "an answer",
    "daypass_links.server.app.application.until_the_end": "an answer",
    "daypass_links.server.database.silence._within": "a generator's next step",
    "daypass_links.server.links.redirect.redirect.answered": "an answer",
    "daypass_links.server.run._tell_when_ready": "its own service, on loopback, with a socket's timeout",
    "daypass_links.server.traces.requests.traced.answered.told": "an answer",
    "daypass_notebook.widget.Live._heard": "a message to the page of a notebook",
    "daypass_redis.filesystem.RedisFileSystem._call": "a filesystem, whose caller asks; a socket's timeout",
}


def hurry(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "TIMEOUT", seconds)
    monkeypatch.setattr(wire, "_SLOWEST", seconds)
    monkeypatch.setattr(hastened, "seconds", seconds, raising=False)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(retries, "TRIES", 1)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("drip", ["header", "body", "handshake"])
@pytest.mark.parametrize("name", REQUESTS)
def test_no_request_outlasts_its_deadline(name, drip, tmp_path, monkeypatch):
    request, came = REQUESTS[name], []
    if (drip == "body" and not request.has_body) or (drip == "handshake" and not request.by_tls):
        return  # there is none
    if drip == "handshake":
        server = dripping(*DRIPS_OF_TLS["handshake"], "https", came=came)
    elif name == "Azure delegation key":
        context, _ = identity(tmp_path)
        server = dripping(*DRIPS[drip], "https", context=context, came=came)
    else:
        server = dripping(*DRIPS[drip], came=came)
    with server as url:
        for seconds in DEADLINES:
            hurry(seconds, monkeypatch)
            with soon(), pytest.raises(DaypassError) as caught:
                request.ask(url, tmp_path, monkeypatch)
            if came:
                break
    assert came, f"nothing was asked: {caught.value}"


def sites() -> set[str]:
    """Find where the sources call one of the primitives, and in which function."""
    found = set()
    for root in (ROOT / "core/src", *sorted((ROOT / "plugins").glob("*/src"))):
        for file in sorted(root.rglob("*.py")):
            module = ".".join(file.relative_to(root).with_suffix("").parts)
            if not module.startswith("daypass.testing."):  # what plugins' tests send
                found |= {f"{module}.{place}" for place in _calls(ast.parse(file.read_text()), ())}
    return found


def _calls(node: ast.AST, inside: tuple[str, ...]) -> set[str]:
    found = set()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        inside = (*inside, node.name)
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
        if name in PRIMITIVES:
            found.add(".".join(inside))
    for child in ast.iter_child_nodes(node):
        found |= _calls(child, inside)
    return found


def test_every_request_of_the_sources_is_in_the_list():
    tried = {request.site for request in REQUESTS.values()}
    assert sites() == tried | NO_REQUESTS.keys()
