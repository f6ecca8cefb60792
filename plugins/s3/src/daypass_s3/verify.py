"""The signature of one very request to S3, recomputed with the secret key where it is at hand."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable
from functools import partial

import attrs
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from daypass.base.messages import partly
from daypass.base.urls import encode
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL, decoded
from daypass.hookspecs.verifications import RequestCheck, SentRequest
from daypass.model.locations import Location
from daypass.toolkit.bodies import (
    body_findings,
    crc32_base64,
    sha1_base64,
    sha256_base64,
    sha256_hex,
)
from daypass.toolkit.sent_forms import file_findings, signed_policy
from daypass.toolkit.v4 import AWS4, signing_key
from daypass.toolkit.v4_links import COST, hmac_by, text_of, unsigned_headers
from daypass_s3 import sdk
from daypass_s3.credentials import check_written
from daypass_s3.hosts import Place, place_of
from daypass_s3.settings import settings_of

#: Where botocore looks for keys without asking anybody.
_LOCAL = ("env", "shared-credentials-file", "config-file")
#: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html: what of the query V2 signs.
_SUBRESOURCES = frozenset(
    {
        "accelerate", "acl", "cors", "delete", "lifecycle", "location", "logging", "notification",
        "partNumber", "policy", "requestPayment", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires", "restore", "tagging", "torrent", "uploadId",
        "uploads", "versionId", "versioning", "versions", "website",
    }
)  # fmt: skip

#: What the headers of S3 usually say. The canned ACLs:
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
_USUAL = {
    "x-amz-acl": (
        "private", "public-read", "public-read-write", "authenticated-read", "bucket-owner-read",
        "bucket-owner-full-control", "aws-exec-read", "log-delivery-write",
    ),
    "x-amz-server-side-encryption": ("AES256", "aws:kms"),
    "x-amz-request-payer": ("requester",),
}  # fmt: skip
_OF_BODIES = {
    "x-amz-checksum-crc32": crc32_base64,
    "x-amz-checksum-sha1": sha1_base64,
    "x-amz-checksum-sha256": sha256_base64,
    "x-amz-content-sha256": sha256_hex,
}
#: Checksums that the standard library does not have: what anycrc calls them, and their lengths in bytes.
_OF_ANYCRC = {
    "x-amz-checksum-crc32c": ("CRC32C", 4),
    "x-amz-checksum-crc64nvme": ("CRC64-NVME", 8),
}
#: Hashes in the place of a body's own; with these its bytes are framed, and nobody can hold them against it here.
_STREAMING = "STREAMING-"


def verify(location: Location, sent: SentRequest) -> RequestCheck:
    """Hold a request against S3's rules and its signature."""
    if sent.fields is not None:
        return _of_form(location, sent)
    v4 = sent.get("X-Amz-Signature") is not None
    findings = [*_of_body(sent), *_of_transport(sent), *(_unsigned(sent) if v4 else ())]
    check = RequestCheck(
        findings=findings,
        parameter="X-Amz-Signature" if v4 else "Signature",
        hosts=_hosts(sent),
        usual=_USUAL,
    )
    secret, why = _secret(location, sent)
    if secret is None:
        return attrs.evolve(check, unchecked=why)
    text, right = (_text_v4, hmac_by(AWS4, secret)) if v4 else (_text_v2, _hmac_v2(secret))
    mine = _own_id(location, sent)
    if mine is not None and mine != _signer(sent):
        if right(text(_with_id(sent, mine))) != sent.get(check.parameter):
            why = f"it is signed by {partly(_signer(sent))}, and the key at hand is {partly(mine)}"
            return attrs.evolve(check, unchecked=why)
        why = f"the ID of the access key was changed: {partly(mine)} was signed"
        findings = [*findings, Finding("error", "parameter-changed", why)]
    return attrs.evolve(check, findings=findings, text=text, right=right, cost=COST if v4 else 0)


def _of_form(location: Location, sent: SentRequest) -> RequestCheck:
    """Hold a form against its file, and its signature against the policy."""
    v4 = sent.get("X-Amz-Signature") is not None
    check = RequestCheck(
        findings=file_findings(sent, _place(sent).bucket, _OF_BODIES),
        parameter="X-Amz-Signature" if v4 else "Signature",
    )
    secret, why = _secret(location, sent)
    if secret is None:
        return attrs.evolve(check, unchecked=why)
    mine = _own_id(location, sent)
    if mine is not None and mine != _signer(sent):
        why = f"it is signed by {partly(_signer(sent))}, and the key at hand is {partly(mine)}"
        return attrs.evolve(check, unchecked=why)
    right = _hmac_v2(secret)
    if v4:
        _, day, region, service, *_ = (sent.get("X-Amz-Credential") or "").rsplit("/", 4) + [""] * 4
        key = signing_key(AWS4, secret, day, region, service)
        right = key.hex
    return attrs.evolve(check, text=signed_policy, right=right)


def _of_body(sent: SentRequest) -> list[Finding]:
    """Hold every checksum against the body."""
    if sent.headers.get("x-amz-content-sha256", "").startswith(_STREAMING):
        return []
    findings = [*body_findings(sent, _OF_BODIES)]
    named = {name: fact for name, fact in _OF_ANYCRC.items() if name in sent.headers}
    if not named or sent.body is None:
        return findings
    try:
        from anycrc import Model
    except ImportError:
        why = f"{', '.join(named)} was not held against the body: pip install daypass-s3[crc]"
        return [*findings, Finding("note", "checksum-unchecked", why)]
    facts = {name: partial(_sum, Model(model).calc, size) for name, (model, size) in named.items()}
    return [*findings, *body_findings(sent, facts)]


def _sum(calculate: Callable[[bytes], int], size: int, body: bytes) -> str:
    return b64encode(calculate(body).to_bytes(size)).decode()


def _of_transport(sent: SentRequest) -> list[Finding]:
    """Name what S3 refuses whatever is signed."""
    findings = []
    if "authorization" in sent.headers:
        why = "you send Authorization beside a signed URL: S3 takes one of them alone, so leave the header out"
        findings.append(Finding("error", "two-signatures", why))
    chunked = "chunked" in sent.headers.get("transfer-encoding", "").lower()
    if sent.method == "PUT" and chunked and "content-length" not in sent.headers:
        why = "you upload in chunks (Transfer-Encoding) and S3 needs the Content-Length: send a file, or bytes whose number is known"
        findings.append(Finding("error", "chunked", why))
    return findings


def _unsigned(sent: SentRequest) -> list[Finding]:
    """Name the headers that S3 refuses unless they are signed."""
    return [
        Finding("error", "header-unsigned", f"you send {name}, which is not signed: S3 refuses it")
        for name in unsigned_headers(sent, AWS4, "x-amz-")
        if name != "x-amz-content-sha256" or sent.headers[name] != "UNSIGNED-PAYLOAD"
    ]


def _secret(location: Location, sent: SentRequest) -> tuple[str | None, str]:
    """Return the secret key, or why there is none."""
    if sent.key is not None:
        return sent.key, ""
    found = _keys(location)
    if found is None:
        return None, "no secret key is at hand"
    return found[1], ""


def _own_id(location: Location, sent: SentRequest) -> str | None:
    found = None if sent.key is not None else _keys(location)
    return None if found is None else found[0]


def _keys(location: Location) -> tuple[str, str] | None:
    """Return access key and secret where they are at hand, asking nobody."""
    settings = settings_of(location)
    if settings.anon:
        return None
    key = settings.key or settings.client_kwargs.get("aws_access_key_id")
    secret = settings.secret or settings.client_kwargs.get("aws_secret_access_key")
    if isinstance(key, str) and isinstance(secret, str):
        return _written(key, secret)
    if key or secret or settings.session is not None:
        return None
    try:
        return _local(sdk.make_session(settings))
    except BotoCoreError as error:
        raise sdk.explained(error) from error


def _local(session: Session) -> tuple[str, str] | None:
    resolver = session.get_component("credential_provider")
    for provider in resolver.providers:
        found = provider.load() if provider.METHOD in _LOCAL else None
        if found is not None:
            return _written(found.access_key, found.secret_key)
    return None


def _written(key: str, secret: str) -> tuple[str, str]:
    """Return keys with which a link could have been signed."""
    check_written("key", key)
    check_written("secret", secret)
    return key, secret


def _signer(sent: SentRequest) -> str | None:
    credential = sent.get("X-Amz-Credential")
    if credential is not None:
        return credential.rsplit("/", 4)[0]
    return sent.get("AWSAccessKeyId")


def _with_id(sent: SentRequest, mine: str) -> SentRequest:
    """Return the request as if it had been signed by another access key."""

    def changed(name: str, value: str) -> str:
        if decoded(name) == "AWSAccessKeyId":
            return encode(mine)
        if decoded(name) == "X-Amz-Credential":
            return encode("/".join([mine, *decoded(value).rsplit("/", 4)[1:]]))
        return value

    return attrs.evolve(sent, query=tuple((n, changed(n, v)) for n, v in sent.query))


def _text_v4(sent: SentRequest) -> bytes:
    return text_of(sent, AWS4, _payload(sent))


def _payload(sent: SentRequest) -> str:
    """Return the hash of the body as it is signed; S3 alone knows a word in its place."""
    _, _, service = (sent.get("X-Amz-Credential") or "").rpartition("/")[0].rpartition("/")
    said = sent.headers.get("x-amz-content-sha256") or sent.get("X-Amz-Content-Sha256")
    if said or service.startswith("s3"):
        return said or "UNSIGNED-PAYLOAD"
    return hashlib.sha256(sent.body or b"").hexdigest()


def _hmac_v2(secret: str) -> Callable[[bytes], str]:
    prepared = hmac.new(secret.encode(), digestmod="sha1")

    def right(text: bytes) -> str:
        digest = prepared.copy()
        digest.update(text)
        return b64encode(digest.digest()).decode()

    return right


def _text_v2(sent: SentRequest) -> bytes:
    headers = {n: v for n, v in sent.headers.items() if n.startswith("x-amz-")}
    if (token := sent.get("x-amz-security-token")) is not None:
        headers["x-amz-security-token"] = token
    amz = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    signed = sorted(
        (decoded(name), decoded(value))
        for name, value in sent.query
        if decoded(name) in _SUBRESOURCES
    )
    query = "&".join(f"{name}={value}" if value else name for name, value in signed)
    place = _place(sent)
    path = sent.path if place.path_style else f"/{place.bucket}{sent.path}"
    lines = (
        sent.method,
        sent.headers.get("content-md5", ""),
        sent.headers.get("content-type", ""),
        sent.get("Expires") or "",
        f"{amz}{path}" + (f"?{query}" if query else ""),
    )
    return "\n".join(lines).encode()


def _place(sent: SentRequest) -> Place:
    return place_of(
        FoundURL(url="", scheme=sent.scheme, host=sent.host, path=sent.path, now=sent.now)
    )


def _hosts(sent: SentRequest) -> tuple[str, ...]:
    """Return the other hosts of AWS that the same bucket has."""
    place = _place(sent)
    scope = (sent.get("X-Amz-Credential") or "").rsplit("/", 4)
    if place.path_style or not sent.host.endswith(".amazonaws.com") or len(scope) != 5:  # noqa: PLR2004
        return ()
    regional = f"s3.{scope[2]}.amazonaws.com"
    names = (regional, "s3.amazonaws.com", "s3-accelerate.amazonaws.com")
    return tuple(f"{place.bucket}.{name}" for name in names)
