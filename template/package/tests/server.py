"""A cupboard to begin with: objects in memory, and links that are verified to the letter.

It knows more than the first backend asks of it: uploads, whole or in parts, deletion, versions, conditions on all of
them, listings, and grants for a prefix.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

SECRET = "opensesame-7f3a"
LONGEST_KEY = 900
LONGEST_LIFE = 604_800


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """An answer that is no success."""


class Cupboard:
    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"
        self.objects = {}
        self.parts = {}
        self.used = {}
        self.count = 0

    def put(self, key, body, headers=None):
        self.count += 1
        version = (str(self.count), body, dict(headers or {}), time.time())
        self.objects.setdefault(key, []).append(version)

    def get(self, key, version=None):
        for found in reversed(self.objects.get(key, [])):
            if version in (None, "", found[0]):
                return found
        raise Refused(404)


class Handler(BaseHTTPRequestHandler):
    cupboard = None
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Keep quiet."""

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        path, _, query = self.path.partition("?")
        key = unquote(path).removeprefix("/box/")
        try:
            if self.command == "INFO":
                self.info(key, headers)
            elif self.command in ("PARTS", "JOIN", "DROP"):
                self.upload(key, headers)
            else:
                self.link(key, query, headers, body)
        except Refused as refused:
            self.answer(refused.args[0])

    do_GET = do_HEAD = do_PUT = do_DELETE = do_INFO = handle_any  # noqa: N815 - http.server's names
    do_PARTS = do_JOIN = do_DROP = handle_any  # noqa: N815

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def info(self, key, headers):
        if headers.get("x-owner") != SECRET:
            raise Refused(403)
        version, body, kept, changed = self.cupboard.get(key, headers.get("x-version"))
        etag = hashlib.sha256(body).hexdigest()
        if headers.get("if-match") not in (None, f'"{etag}"'):
            raise Refused(412)
        told = {"size": len(body), "etag": etag, "changed": changed, "version": version}
        self.answer(200, json.dumps({**told, "headers": kept}).encode())

    def upload(self, key, headers):
        """List an upload's parts, join them, or drop them."""
        if headers.get("x-owner") != SECRET:
            raise Refused(403)
        parts = self.cupboard.parts.get((key, headers.get("x-upload")), {})
        if self.command == "JOIN":
            if not parts:
                raise Refused(404)
            self.cupboard.put(key, b"".join(parts[n] for n in sorted(parts)), _kept(headers))
        if self.command != "PARTS":
            self.cupboard.parts.pop((key, headers.get("x-upload")), None)
        sizes = {number: len(parts[number]) for number in sorted(parts)}
        self.answer(200, json.dumps(sizes).encode())

    def link(self, key, query, headers, body):
        unsigned, _, signature = query.rpartition("&sig=")
        signature, _, longer = signature.partition("&prefix=")
        asked = {
            name: unquote(value)
            for name, _, value in (pair.partition("=") for pair in unsigned.split("&"))
        }
        names = [name for name in asked.get("headers", "").split(";") if name]
        path = self.path.partition("?")[0]
        if "below" in asked:  # a grant: signed for its prefix, whatever lies below
            path = f"/box/{quote(asked['below'], safe='/~')}"
        lines = [f"{name}:{headers.get(name)}" for name in names]
        message = "\n".join([self.command, f"{path}?{unsigned}", *lines])
        good = hmac.digest(SECRET.encode(), message.encode(), "sha256").hex()
        if not hmac.compare_digest(good, signature):
            raise Refused(403)
        self.check(asked, key)
        self.check_holder(asked, headers, signature)
        prefix = unquote(longer) if "within" in asked else asked.get("prefix")
        if not key.startswith(asked.get("below", "")):
            raise Refused(403)
        if not (prefix or "").startswith(asked.get("within", "")):
            raise Refused(403)
        if prefix is not None and self.command == "GET":
            found = [name for name in self.cupboard.objects if name.startswith(prefix)]
            self.answer(200, "\n".join(found).encode())
        elif self.command == "PUT":
            self.put(asked, key, headers, body)
        elif self.command == "DELETE":
            self.cupboard.get(key)
            del self.cupboard.objects[key]
            self.answer(204)
        else:
            _, content, kept, _ = self.cupboard.get(key, asked.get("version"))
            shaped = {"Content-Type": asked.get("type") or kept.get("content-type", "text/plain")}
            if "disposition" in asked:
                shaped["Content-Disposition"] = asked["disposition"]
            self.answer(200, content, shaped)

    def check(self, asked, key):
        now, begin, end = time.time(), int(asked["at"]), int(asked["end"])
        if now >= end or end - begin > LONGEST_LIFE or now < int(asked.get("from", 0)):
            raise Refused(403)
        if len(key.encode()) > LONGEST_KEY:
            raise Refused(400)

    def check_holder(self, asked, headers, signature):
        if asked.get("ip") not in (None, self.client_address[0]):
            raise Refused(403)
        page = urlsplit(headers.get("referer", "")).hostname or ""
        hosts = asked["pages"].split(",") if "pages" in asked else [page]
        if not any(page.endswith(host[1:]) if host[:1] == "*" else page == host for host in hosts):
            raise Refused(403)
        if "uses" in asked:  # each request is one
            used = self.cupboard.used.get(signature, 0)
            if used >= int(asked["uses"]):
                raise Refused(410)
            self.cupboard.used[signature] = used + 1

    def put(self, asked, key, headers, body):
        if not int(asked.get("least", 0)) <= len(body) <= int(asked.get("most", 10**9)):
            raise Refused(400)
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
        if headers.get("content-md5", md5) != md5:
            raise Refused(400)
        if "part" in asked:
            parts = self.cupboard.parts.setdefault((key, asked["upload"]), {})
            parts[int(asked["part"])] = body
            self.answer(201)
            return
        if headers.get("if-none-match") == "*" and key in self.cupboard.objects:
            raise Refused(412)
        self.cupboard.put(key, body, _kept(headers))
        self.answer(201)


def _kept(headers):
    return {
        name: value
        for name, value in headers.items()
        if name.startswith("x-cup-meta-") or name == "content-type"
    }


@contextlib.contextmanager
def cupboard():
    handler = type("Handler", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        handler.cupboard = running = Cupboard(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield running
        finally:
            # A script that ends without closing comes here when the daemon thread no longer runs.
            if not sys.is_finalizing():
                server.shutdown()
                thread.join()
