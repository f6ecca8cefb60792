"""nginx in front of a store, as links meet it: what is kept on the way, and what is written anew.

Each way has a free port of the loopback. nginx takes no port 0: another socket of its process holds each port, and
listens not.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from tests.servers.install import nginx_program
from tests.servers.process import serving

_KEEP = "proxy_set_header Host $http_host;"
#: What nginx is told, by what it does. A ``proxy_pass`` without a path hands on what arrived as it stands; one with a
#: path puts that in the location's place, and decodes, tidies and encodes the rest.
WAYS = {
    "keeps all": f"location / {{ {_KEEP} proxy_pass http://store; }}",
    # Unless it is told, nginx sends the name by which it knows the store.
    "names another host": "location / { proxy_pass http://store; }",
    "takes a prefix off": f"location /edge/ {{ {_KEEP} proxy_pass http://store/; }}",
    "puts a prefix before": f"location / {{ {_KEEP} proxy_pass http://store/edge/; }}",
    "writes the path anew": f"location / {{ {_KEEP} proxy_pass http://store/; }}",
    "decodes the query": f"location / {{ {_KEEP} set $args $decoded; proxy_pass http://store; }}",
    "encodes the query again": f"location / {{ {_KEEP} set $args $encoded; proxy_pass http://store; }}",
    "adds to the query": f"location / {{ {_KEEP} set $args $args&via=edge; proxy_pass http://store; }}",
    "finds no store": "location / { proxy_pass http://nobody; }",
}
#: What stands before the path in the URL of the way that takes it off.
_PREFIX = {"takes a prefix off": "/edge"}
#: The slashes of a Version 4 credential, the only ones that every link's query has.
_SLASHES = '"~^(?<a>[^?]*)%2F(?<b>.*)%2F(?<c>.*)%2F(?<d>.*)%2F(?<e>.*)$"'
_CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream store { server STORE; }
    upstream nobody { server 127.0.0.1:1; }
    map $args $decoded { SLASHES $a/$b/$c/$d/$e; default $args; }
    map $args $encoded { SLASHES $a%252F$b%252F$c%252F$d%252F$e; default $args; }
"""
#: It holds the ports, says them, and becomes nginx.
_PROGRAM = """
import os, socket, sys
from pathlib import Path
nginx, text = sys.argv[1:]
held = [socket.socket() for _ in range(text.count("ADDRESS"))]
for one in held:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(("127.0.0.1", 0))
    one.set_inheritable(True)
    text = text.replace("ADDRESS", "127.0.0.1:%d" % one.getsockname()[1], 1)
Path("nginx.conf").write_text(text)
print("listens on", *(one.getsockname()[1] for one in held), flush=True)
os.execv(nginx, ["nginx", "-e", "stderr", "-p", os.getcwd(), "-c", "nginx.conf"])
"""


@contextlib.contextmanager
def nginx(store: str, ways: Mapping[str, str] = WAYS) -> Iterator[dict[str, str]]:
    """Run nginx in front of a store for as long as the block lasts; give its URL by what it does on the way.

    Args:
        store: the store's URL, whose path is left out.
        ways: what it does, by what that is called here.

    """
    servers = "\n".join(f"server {{ listen ADDRESS reuseport; {way} }}" for way in ways.values())
    configuration = f"{_CONFIGURATION}{servers}\n}}\n".replace("STORE", urlsplit(store).netloc)
    command = [sys.executable, "-c", _PROGRAM, nginx_program()]
    with (
        tempfile.TemporaryDirectory(prefix="nginx-", ignore_cleanup_errors=True) as directory,
        serving([*command, configuration.replace("SLASHES", _SLASHES)], directory) as output,
    ):
        ports = output.wait_for("listens on").split()[2:]
        output.wait_for("event method")
        yield {
            way: f"http://127.0.0.1:{port}{_PREFIX.get(way, '')}"
            for way, port in zip(ways, ports, strict=True)
        }
