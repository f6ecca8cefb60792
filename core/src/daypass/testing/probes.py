"""One probe for each option: whether a link that was asked for it really holds its holder to it.

The same probe proves a declared option, and finds one that works although nobody declared it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import collapse_rfc2231_value, format_datetime
from typing import Any

import attrs

from daypass.errors import InvalidRequestError
from daypass.model.links import SignedURL
from daypass.testing.trials import BODY, FOLDER, KEY, OTHER_BODY, Trial, difference, parameters

__all__ = ["PROBES", "Probe"]

MD5 = b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
SHA256 = b64encode(hashlib.sha256(BODY).digest()).decode()
#: For documentation, and nobody's: RFC 5737.
ELSEWHERE = "203.0.113.7"
_LATER = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)

_UPLOAD = ("PUT",)
_DOWNLOAD = ("GET", "HEAD")
_ANY = ("GET", "HEAD", "PUT", "DELETE")

Proof = Callable[[Trial, str, dict[str, Any]], None]


def _nothing_more(_trial: Trial, _method: str, _options: dict[str, Any]) -> None:
    """Be content with what every probe proves: accepted as made, refused when touched."""


@attrs.frozen
class Probe:
    """How to ask for an option, and what must follow."""

    #: Methods that it goes with, the best first.
    methods: tuple[str, ...]
    _keywords: Mapping[str, Any] | Callable[[Trial], Mapping[str, Any]]
    _proof: Proof = _nothing_more
    #: Headers of the stranger's own, without which a link that was asked for it does not work.
    sends: Mapping[str, str] = {}
    #: True where the option alters the link; the clock's options only choose its time.
    binds: bool = True

    def method(self, able: Iterable[str]) -> str | None:
        """Return the method to probe it with; None where links cannot be asked for the option."""
        return next((method for method in self.methods if method in set(able)), None)

    @property
    def fixed(self) -> Mapping[str, Any]:
        """The keywords that ask for it, where they are the same in every trial; else none."""
        return {} if callable(self._keywords) else self._keywords

    def keywords(self, trial: Trial) -> dict[str, Any]:
        """Return the keywords that ask for it."""
        return dict(self._keywords(trial) if callable(self._keywords) else self._keywords)

    def check_bound(self, trial: Trial, method: str) -> tuple[SignedURL, SignedURL]:
        """Fail where the link is the same with the option and without; return both."""
        bare = trial.past_the_gate()
        for _ in range(3):  # a backend with a clock of its own may read the next second in between
            asked, plain = self._pair(bare, method)
            same = (asked.url, asked.headers) == (plain.url, plain.headers)
            if same:
                break
        assert not (self.binds and same), "the link is the same with the option and without it"
        return asked, plain

    def check(self, trial: Trial, method: str) -> None:
        """Fail where the store does not enforce the option."""
        asked, plain = self.check_bound(trial, method)
        if self.binds:
            self._check_touched(trial, asked, plain)
        if method != "PUT":
            trial.place(KEY, BODY)
        self._proof(trial, method, self.keywords(trial))
        if self.binds:
            if method == "PUT" and trial.size() is not None:
                return  # the proof has uploaded
            self.accept(trial, method)

    def accept(self, trial: Trial, method: str) -> None:
        """Use a link that was asked for the option, which must work."""
        link = trial.sign(method=method, **self.keywords(trial))
        trial.accepts(link, headers={**link.headers, **self.sends})

    def _pair(self, trial: Trial, method: str) -> tuple[SignedURL, SignedURL]:
        without: dict[str, Any] = (
            {"https_only": False} if "https_only" in self.keywords(trial) else {}
        )
        return trial.sign(method=method, **self.keywords(trial)), trial.sign(
            method=method, **without
        )

    def _check_touched(self, trial: Trial, asked: SignedURL, plain: SignedURL) -> None:
        """Fail where the holder can leave out or change what the option adds."""
        added = difference(asked, plain, trial.store.backend.info.secret_query_keys)
        for name, value in added.headers.items():
            if name.lower() == "content-length":
                continue  # the client counts; the proof sends other sizes
            rest = {other: text for other, text in asked.headers.items() if other != name}
            trial.refuses(asked, what=f"a link without its header {name}", headers=rest)
            changed = {**rest, name: f"{value}0"}
            trial.refuses(asked, what=f"a link with another {name}", headers=changed)
        for name, url in added.urls.items():
            trial.refuses(asked, what=f"a link with its parameter {name} undone", url=url)


def _starts_at(trial: Trial, method: str, _: dict[str, Any]) -> None:
    early = trial.sign(method=method, starts_at=trial.now + timedelta(seconds=trial.lifetime // 2))
    trial.refuses(early, what="a link before its start")


def _content_md5(trial: Trial, method: str, options: dict[str, Any]) -> None:
    link = trial.sign(method=method, **options)
    trial.refuses(link, OTHER_BODY, what="a body of another MD5")
    assert trial.size() is None, "the store kept a body of another MD5"


def _content_length(trial: Trial, method: str, options: dict[str, Any]) -> None:
    link = trial.sign(method=method, **options)
    for body in (BODY + b"!", BODY[:-1], b""):
        trial.refuses(link, body, what=f"{len(body)} bytes for {len(BODY)}")
    assert trial.size() is None, "the store kept a body of another size"


def _max_bytes(trial: Trial, method: str, options: dict[str, Any]) -> None:
    link = trial.sign(method=method, **options)
    trial.refuses(link, BODY + b"!", what="more bytes than max_bytes")
    assert trial.size() is None, "the store kept more than max_bytes"
    trial.accepts(link, BODY[:3])
    assert trial.size() == len(BODY[:3])


def _if_absent(trial: Trial, method: str, options: dict[str, Any]) -> None:
    link = trial.sign(method=method, **options)
    trial.accepts(link, BODY)
    trial.refuses(link, b"second", what="a second upload, which replaces the first")
    assert trial.size() == len(BODY), "the second upload replaced the first"


def _checksum(trial: Trial, method: str, options: dict[str, Any]) -> None:
    link = trial.sign(method=method, **options)
    trial.refuses(link, OTHER_BODY, what="a body of another SHA-256")
    assert trial.size() is None, "the store kept a body of another SHA-256"


#: Its key would be another one, if it were encoded once more or once less.
_SOURCE = f"{FOLDER}the source+1%2B.csv"


def _copy_source(trial: Trial) -> dict[str, Any]:
    return {"copy_source": trial.store.root.at(_SOURCE).full_path}


def _copied(trial: Trial, method: str, options: dict[str, Any]) -> None:
    trial.place(_SOURCE, BODY)
    trial.accepts(trial.sign(method=method, **options), b"")
    assert trial.size() == len(BODY), "there is no copy of the source"


def _resumable(trial: Trial, _: str, options: dict[str, Any]) -> None:
    link = trial.sign(method="PUT", **options)
    session = trial.accepts(link, b"").headers["Location"]
    assert session, "no session was answered, to which the bytes could go"
    assert trial.size() is None, "the store keeps an object before its bytes have come"
    half = len(BODY) // 2
    for begin, body in ((half, BODY[half:]), (0, BODY)):
        place = f"bytes {begin}-{len(BODY) - 1}/{len(BODY)}"
        answer = trial.send(link, body, url=session, method="PUT", headers={"Content-Range": place})
        assert answer.accepted == (begin == 0), f"to {place} the session answered {answer}"
    assert trial.size() == len(BODY), "the session has made no object of its bytes"


def _ip_range(trial: Trial, method: str, _: dict[str, Any]) -> None:
    link = trial.sign(method=method, ip_range=ELSEWHERE)
    trial.refuses(link, what=f"a link for {ELSEWHERE}, used from {trial.address}")


def _https_only(trial: Trial, method: str, options: dict[str, Any]) -> None:
    link = trial.sign(method=method, **options)
    scheme, _, rest = link.url.partition("://")
    assert scheme == "https", "a link for https only leads to http"
    try:
        answer = trial.send(link, url=f"http://{rest}")
    except OSError:
        return  # nobody speaks http there
    assert not answer.accepted, f"the store accepted plain http: {answer}"


def _max_uses(trial: Trial, method: str, _: dict[str, Any]) -> None:
    link = trial.sign(method=method, max_uses=1)
    one, other = ({**link.headers, "User-Agent": f"probe-{name}/1"} for name in ("one", "other"))
    trial.accepts(link, headers=one)
    trial.refuses(link, what="a second use, by another client, of a link for one", headers=other)


def _referrers(trial: Trial, method: str, _: dict[str, Any]) -> None:
    for host, foreign in _PAGES.items():
        link = trial.sign(method=method, referrers=[host])
        trial.refuses(link, what=f"a link for pages of {host}, used from none")
        for page in foreign:
            what = f"a link for pages of {host}, used from {page}"
            trial.refuses(link, what=what, headers={**link.headers, "Referer": page})


def _query(trial: Trial, method: str, _: dict[str, Any]) -> None:
    for name in parameters(trial.sign(method=method).url):
        try:
            trial.sign(method=method, query={name: "1"})
        except InvalidRequestError as error:
            assert error.option == "query"  # noqa: PT017 - refusing is what is asked for
        else:
            msg = f"query= takes {name}, which is a parameter of the link itself"
            raise AssertionError(msg)


def _encryption_key(trial: Trial, _: str, options: dict[str, Any]) -> None:
    trial.accepts(trial.sign(method="PUT", **options), BODY)
    assert trial.store.head_metadata(KEY, **options).size == len(BODY)
    trial.refuses(trial.sign(method="GET"), what="a reader without the key")


def _stored(field: str, value: str | dict[str, str]) -> Proof:
    def proof(trial: Trial, method: str, options: dict[str, Any]) -> None:
        trial.accepts(trial.sign(method=method, **options))
        found = getattr(trial.store.head_metadata(KEY), field)
        kept = value.items() <= found.items() if isinstance(value, dict) else found == value
        assert kept, f"the object's {field} is {found!r}, not {value!r}"

    return proof


def _answered(header: str, value: str) -> Proof:
    def proof(trial: Trial, method: str, options: dict[str, Any]) -> None:
        answer = trial.accepts(trial.sign(method=method, **options))
        found = answer.headers.get(header)
        assert found == value, f"the answer's {header} is {found!r}, not {value!r}"

    return proof


def _disposed(value: str) -> Proof:
    """Compare what a Content-Disposition says, and not how it spells it (RFC 6266)."""

    def proof(trial: Trial, method: str, options: dict[str, Any]) -> None:
        answer = trial.accepts(trial.sign(method=method, **options))
        found = answer.headers.get("Content-Disposition")
        (kind, name), (other, other_name) = _disposition(value), _disposition(found or "")
        same = kind == other and name in (None, other_name)
        assert same, f"the answer's Content-Disposition is {found!r}, not {value!r}"

    return proof


def _disposition(text: str) -> tuple[str, str | None]:
    """Return the type and the file's name; where ``filename*`` is there, it is the one that counts."""
    message = Message()
    message["Content-Disposition"] = text
    (kind, _), *rest = message.get_params([("", "")], "Content-Disposition")
    names = [value for name, value in rest if name.lower() == "filename"]
    names.sort(key=lambda value: isinstance(value, str))  # RFC 2231 values are tuples
    return kind.lower(), collapse_rfc2231_value(names[0]) if names else None


def _signing_time(trial: Trial, method: str, _: dict[str, Any]) -> None:
    begin = trial.now - timedelta(seconds=trial.lifetime)
    ended = trial.sign(method=method, signing_time=begin, expires_in=trial.lifetime - 10)
    trial.refuses(ended, what="a link that was signed to end ten seconds ago")
    half = trial.now - timedelta(seconds=trial.lifetime // 2)
    alive = trial.sign(method=method, signing_time=half)
    assert alive.expires_at == half + timedelta(seconds=trial.lifetime)
    trial.accepts(alive)


def _stable_for(trial: Trial, method: str, _: dict[str, Any]) -> None:
    span = max(2, trial.lifetime // 10)
    begin = trial.now - timedelta(seconds=int(trial.now.timestamp()) % span)
    first, last = (
        trial.past_the_gate(begin + timedelta(seconds=more)).sign(method=method, stable_for=span)
        for more in (0, span - 1)
    )
    assert (first.url, first.expires_at) == (last.url, last.expires_at)
    assert first.expires_at == begin + timedelta(seconds=trial.lifetime)
    long_ago = trial.past_the_gate(begin - timedelta(seconds=trial.lifetime + span))
    ended = long_ago.sign(method=method, stable_for=span)
    trial.refuses(ended, what="a link of a span of time that is long over")
    trial.accepts(trial.sign(method=method, stable_for=span))


#: By the hosts that are named, pages of others.
_PAGES = {
    "probe.example": ("https://probe.example.net/", "https://www.probe.example/", "https://other.example/?probe.example"),
    "*.probe.example": ("https://probe.example/", "https://wwwprobe.example/", "https://other.example/www.probe.example"),
}  # fmt: skip

#: By the option's name.
PROBES: Mapping[str, Probe] = {
    "starts_at": Probe(
        _ANY, lambda trial: {"starts_at": trial.now - timedelta(minutes=1)}, _starts_at
    ),
    "content_md5": Probe(_UPLOAD, {"content_md5": MD5}, _content_md5),
    "content_length": Probe(_UPLOAD, {"content_length": len(BODY)}, _content_length),
    "max_bytes": Probe(_UPLOAD, {"max_bytes": len(BODY)}, _max_bytes),
    "if_absent": Probe(_UPLOAD, {"if_absent": True}, _if_absent),
    "checksum_sha256": Probe(_UPLOAD, {"checksum_sha256": SHA256}, _checksum),
    "ip_range": Probe(_ANY, lambda trial: {"ip_range": trial.address}, _ip_range),
    "https_only": Probe(_ANY, {"https_only": True}, _https_only),
    "max_uses": Probe(("GET", "PUT"), {"max_uses": 2}, _max_uses),
    "referrers": Probe(
        _ANY,
        {"referrers": ("probe.example", "*.probe.example")},
        _referrers,
        sends={"Referer": "https://www.probe.example/a/page?q"},
    ),
    "content_type": Probe(
        _UPLOAD, {"content_type": "text/csv"}, _stored("content_type", "text/csv")
    ),
    "metadata": Probe(_UPLOAD, {"metadata": {"Run": "42"}}, _stored("metadata", {"run": "42"})),
    "add_content_md5_metadata": Probe(
        _UPLOAD,
        {"content_md5": MD5, "add_content_md5_metadata": True},
        _stored("metadata", {"md5chksum": MD5}),
    ),
    "acl": Probe(_UPLOAD, {"acl": "private"}),
    "storage_class": Probe(_UPLOAD, {"storage_class": "STANDARD"}),
    "tags": Probe(_UPLOAD, {"tags": {"origin": "sensor 7"}}),
    "copy_source": Probe(_UPLOAD, _copy_source, _copied),
    "resumable": Probe(_UPLOAD, {"resumable": True}, _resumable),
    "kms_key": Probe(_UPLOAD, {"kms_key": "probe"}),
    "encryption_key": Probe(
        ("PUT", *_DOWNLOAD), {"encryption_key": b64encode(b"k" * 32).decode()}, _encryption_key
    ),
    "requester_pays": Probe(_ANY, {"requester_pays": True}),
    "headers": Probe(("PUT", *_DOWNLOAD, "DELETE"), {"headers": {"Cache-Control": "no-store"}}),
    "query": Probe(_ANY, {"query": {"x-probe": "a b/&=+é"}}, _query),
    "filename": Probe(
        _DOWNLOAD,
        {"filename": "q 3.csv"},
        _disposed('attachment; filename="q 3.csv"'),
    ),
    "inline": Probe(_DOWNLOAD, {"inline": True}, _disposed("inline")),
    "response_content_type": Probe(
        _DOWNLOAD,
        {"response_content_type": "text/x-probe"},
        _answered("Content-Type", "text/x-probe"),
    ),
    "response_content_disposition": Probe(
        _DOWNLOAD,
        {"response_content_disposition": "attachment; filename=probe"},
        _disposed("attachment; filename=probe"),
    ),
    "response_content_encoding": Probe(
        _DOWNLOAD,
        {"response_content_encoding": "identity"},
        _answered("Content-Encoding", "identity"),
    ),
    "response_content_language": Probe(
        _DOWNLOAD, {"response_content_language": "gsw"}, _answered("Content-Language", "gsw")
    ),
    "response_cache_control": Probe(
        _DOWNLOAD,
        {"response_cache_control": "private, max-age=7"},
        _answered("Cache-Control", "private, max-age=7"),
    ),
    "response_expires": Probe(
        _DOWNLOAD,
        {"response_expires": _LATER},
        _answered("Expires", format_datetime(_LATER, usegmt=True)),
    ),
    "signing_time": Probe(
        _ANY, lambda trial: {"signing_time": trial.now}, _signing_time, binds=False
    ),
    "stable_for": Probe(_ANY, {"stable_for": 60}, _stable_for, binds=False),
    "delimiter": Probe(("LIST",), {"delimiter": "/"}),
    "max_keys": Probe(("LIST",), {"max_keys": 2}),
    "continuation_token": Probe(("LIST",), {"continuation_token": "a/b+c="}),
}
