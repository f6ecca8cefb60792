"""A CloudFront distribution as a stranger meets it: it verifies signed URLs and cookies, and fetches from an origin.

There is no emulator. It shares no code with daypass, and `verify` is proven on published vectors and
on URLs that botocore signed (tests/plugins/cloudfront/test_front.py) before it judges anything.

Rules: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
and, for the hash, https://docs.aws.amazon.com/cli/latest/reference/cloudfront/sign.html.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tests.servers.serving import serving

PARAMETERS = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
READING = frozenset({"GET", "HEAD"})


class RefusedError(Exception):
    """CloudFront answers 403, and says little about why; the text does, for a failing test."""


def _refuse(why: str) -> NoReturn:
    raise RefusedError(why) from None


@attrs.frozen
class Visit:
    """One request, as the edge sees it."""

    #: ``scheme://host/path?query`` as it came over the wire.
    url: str
    now: datetime
    address: str = "127.0.0.1"
    cookies: Mapping[str, str] = attrs.field(factory=dict)


def verify(visit: Visit, keys: Mapping[str, Any]) -> None:
    """Refuse a visit that no signature opens.

    Args:
        visit: the request.
        keys: the public keys of the trusted key group, by their IDs.

    """
    base, given = _taken_apart(visit.url)
    if "Signature" not in given:
        cookies = {name: visit.cookies.get(f"CloudFront-{name}") for name in PARAMETERS}
        given = {name: value for name, value in cookies.items() if value is not None}
    if "Signature" not in given or given.get("Key-Pair-Id") not in keys:
        _refuse("no signature, or of a key that nobody trusts")
    public = keys[given["Key-Pair-Id"]]
    hashing = {None: hashes.SHA1, "SHA256": hashes.SHA256}.get(given.get("Hash-Algorithm"))
    if hashing is None:
        _refuse("an unknown hash algorithm")
    custom = "Policy" in given
    policy = _decoded(given["Policy"]) if custom else _canned(base, given.get("Expires", ""))
    try:
        signature = _decoded(given["Signature"])
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, policy, ec.ECDSA(hashing()))
        else:
            public.verify(signature, policy, padding.PKCS1v15(), hashing())
    except InvalidSignature:
        _refuse("the signature is of another policy")
    _check(policy, base if custom else None, visit)


def _taken_apart(url: str) -> tuple[str, dict[str, str]]:
    """Return the base URL, with a viewer's own parameters, and the parameters of the signature."""
    place, _, query = url.partition("?")
    given: dict[str, str] = {}
    own = []
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name not in PARAMETERS:
            own.append(pair)
        elif name in given:
            _refuse(f"{name} is there twice")
        else:
            given[name] = value
    return "?".join([place, *(["&".join(own)] if own else [])]), given


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)
    except ValueError:
        _refuse("no base64 in CloudFront's spelling")


def _canned(base: str, expires: str) -> bytes:
    if not re.fullmatch(r"\d{1,10}", expires, re.ASCII):
        _refuse("neither a policy nor a time of its end")
    condition = f'{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}'
    return f'{{"Statement":[{{"Resource":"{base}","Condition":{condition}}}]}}'.encode()


def _check(policy: bytes, base: str | None, visit: Visit) -> None:
    """Refuse what a signed policy does not allow."""
    try:
        (statement,) = json.loads(policy)["Statement"]
        condition = statement["Condition"]
        end = condition["DateLessThan"]["AWS:EpochTime"]
        start = condition.get("DateGreaterThan", {}).get("AWS:EpochTime", 0)
        network = IPv4Network(condition.get("IpAddress", {}).get("AWS:SourceIp", "0.0.0.0/0"))
        resource = statement["Resource"]
    except (ValueError, KeyError, TypeError):
        _refuse("the policy is none of CloudFront's")
    if base is not None and not _matches(resource, base):
        _refuse("the policy is for another resource")
    now = visit.now.timestamp()
    if not start <= now < end:
        _refuse("not yet, or no longer")
    if IPv4Address(visit.address) not in network:
        _refuse("from another address")


def _matches(resource: str, url: str) -> bool:
    """Tell whether a resource names a URL: ``*`` is any text, ``?`` one character."""
    parts = {"*": ".*", "?": "."}
    pattern = "".join(parts.get(character, re.escape(character)) for character in resource)
    return re.fullmatch(pattern, url, re.DOTALL) is not None


#: Answers for an object: takes method, key, headers and body; gives status, headers and body.
Origin = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]


def directory_origin(root: Path) -> Origin:
    """Serve the files below a directory, 404 for those that are not there; write and delete them."""

    def answer(
        method: str, key: str, _headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        path = root / key
        if not path.resolve().is_relative_to(root.resolve()):
            return 400, {}, b""
        if method == "PUT":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            return 200, {}, b""
        if method == "DELETE":
            path.unlink(missing_ok=True)
            return 204, {}, b""
        if not path.is_file():
            return 404, {}, b"<Code>NoSuchKey</Code>"
        return 200, {}, path.read_bytes()

    return answer


@attrs.define
class Distribution:
    """A running distribution."""

    #: ``http://127.0.0.1:port``.
    domain: str
    #: Public keys by their IDs.
    keys: dict[str, Any]
    origin: Origin
    origin_path: str
    allowed_methods: frozenset[str]
    #: Every request that came, as method and target.
    seen: list[tuple[str, str]] = attrs.field(factory=list)
    #: Why requests were refused.
    refusals: list[str] = attrs.field(factory=list)

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, address: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer one request."""
        self.seen.append((method, target))
        jar = SimpleCookie(headers.get("Cookie", ""))
        visit = Visit(
            f"http://{headers.get('Host', '')}{target}",
            datetime.now(UTC),
            address,
            {name: morsel.value for name, morsel in jar.items()},
        )
        try:
            if method not in self.allowed_methods:
                _refuse("a method that the distribution does not let through")
            verify(visit, self.keys)
        except RefusedError as error:
            self.refusals.append(str(error))
            return 403, {"Content-Type": "text/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
        key = unquote(target.partition("?")[0].removeprefix("/"))
        return self.origin(method, self.origin_path + key, headers, body)


class _Edge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets
    distribution: Distribution

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.requestline.split(" ")[1]  # self.path has lost one of two slashes in front
        status, headers, answer = self.distribution.answer(
            self.command, target, self.headers, body, self.client_address[0]
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def __getattr__(self, name: str) -> Any:
        """Serve every method alike: the distribution decides which it lets through."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, *_args: object) -> None:
        """Keep quiet: the log would show URLs."""


@contextlib.contextmanager
def distribution(
    keys: Mapping[str, str],
    origin: Origin,
    *,
    origin_path: str = "",
    allowed_methods: frozenset[str] = READING,
) -> Iterator[Distribution]:
    """Run a distribution for as long as the block lasts.

    Args:
        keys: public keys in PEM by their IDs: the trusted key group.
        origin: where objects are.
        origin_path: what the origin's keys begin with and URLs leave out.
        allowed_methods: the methods that it lets through.

    """
    edge = type("Edge", (_Edge,), {})
    with serving(edge) as port:
        edge.distribution = Distribution(
            f"http://127.0.0.1:{port}",
            {name: serialization.load_pem_public_key(pem.encode()) for name, pem in keys.items()},
            origin,
            origin_path,
            allowed_methods,
        )
        yield edge.distribution
