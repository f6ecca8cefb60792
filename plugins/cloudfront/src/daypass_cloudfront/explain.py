"""What a CloudFront URL says of itself, canned policy or custom; a stranger wrote it.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from datetime import datetime
from typing import Any

import attrs

from daypass.base.messages import escaped
from daypass.base.times import epoch
from daypass.hookspecs.error_body import ErrorBody
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL, decoded
from daypass.hookspecs.verifications import SentRequest
from daypass.toolkit.answers import answered, clock_skew, fault_of_link
from daypass_cloudfront.policies import OWN

#: CloudFront's own letters for base64's, undone.
OUT_OF_QUERIES = str.maketrans("-_~", "+=/")
#: The longest URL, its policy in it, in bytes:
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
_LONGEST_URL = 8192
_FORBIDDEN = 403
_BINDS = "a policy binds no method: the distribution decides"
_SAID = {
    "MissingKey": "no signature was found: parameters of the URL were cut off",
    "InvalidKey": "the distribution trusts no such key pair: check key_pair_id, and the key group of the cache behavior",
    "MalformedPolicy": "the policy is no base64 of JSON that CloudFront understands: it was changed or cut",
    "MalformedSignature": "the signature is no base64: it was changed or cut",
}


@attrs.frozen(kw_only=True)
class Statement:
    """What a policy says, as far as it can be read."""

    resource: str | None = None
    end: datetime | None = None
    start: datetime | None = None
    addresses: str | None = None
    findings: tuple[Finding, ...] = ()


def explain(url: FoundURL) -> Explanation | None:
    """Tell a canned policy from a custom one, and read it."""
    names = set(url.names())
    if url.fields is not None or not {"Signature", "Key-Pair-Id"} <= names:
        return None
    base = base_of(url)
    policy = url.get("Policy")
    said = Statement(resource=base, end=epoch(url.get("Expires")))
    if policy is not None:
        said = read_statement(policy)
    findings = [*said.findings, *_of_statement(url, base, said, custom=policy is not None)]
    algorithm = url.get("Hash-Algorithm") or "SHA1"
    conditions = {
        "resource": escaped(said.resource, 300) if policy and said.resource else "",
        "addresses": said.addresses or "",
        "hash": escaped(algorithm, 20),
    }
    answer = Explanation(
        url=url.url,
        backend="cloudfront",
        scheme=f"CloudFront, {'custom' if policy is not None else 'canned'} policy",
        key=url.key,
        permits_because=_BINDS,
        credential_id=url.get("Key-Pair-Id"),
        starts_at=said.start,
        expires_at=said.end,
        headers=(),
        conditions={name: value for name, value in conditions.items() if value},
        findings=findings,
        now=url.now,
    )
    if url.error is None:
        return answer
    return attrs.evolve(answer, findings=[*findings, *_answer(url, answer, url.error)])


def base_of(url: FoundURL | SentRequest) -> str:
    """Return the URL that a policy is held against: without CloudFront's own parameters."""
    rest = [f"{name}={value}" for name, value in url.query if decoded(name) not in OWN]
    query = "&".join(rest)
    return f"{url.scheme}://{url.host}{url.path}" + (f"?{query}" if query else "")


def read_statement(text: str) -> Statement:
    """Read a custom policy; what is wrong with it is a finding."""
    try:
        document = json.loads(policy_bytes(text))
        [statement] = document["Statement"]
        resource, condition = statement.get("Resource", "*"), statement["Condition"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        why = "Policy is no base64 of a JSON policy with one statement: it was changed or cut"
        return Statement(findings=(Finding("error", "bad-policy", why),))
    address = _inside(condition, "IpAddress", "AWS:SourceIp")
    return Statement(
        resource=resource if isinstance(resource, str) else None,
        end=_moment(condition, "DateLessThan"),
        start=_moment(condition, "DateGreaterThan"),
        addresses=None if address is None else escaped(str(address), 60),
    )


def policy_bytes(text: str) -> bytes:
    """Return the policy to the letter; empty where the text is no base64."""
    try:
        return b64decode(text.translate(OUT_OF_QUERIES), validate=True)
    except (Base64Error, ValueError):
        return b""


def _inside(condition: Any, name: str, key: str) -> Any:
    inner = condition.get(name) if isinstance(condition, dict) else None
    return inner.get(key) if isinstance(inner, dict) else None


def _moment(condition: Any, name: str) -> datetime | None:
    value = _inside(condition, name, "AWS:EpochTime")
    return epoch(str(value)) if isinstance(value, (int, str)) else None


def _of_statement(url: FoundURL, base: str, said: Statement, *, custom: bool) -> list[Finding]:
    findings: list[Finding] = []
    if said.end is None and not said.findings:
        why = "it does not say when it ends (Expires, DateLessThan): CloudFront refuses that"
        findings.append(Finding("error", "bad-expires", why))
    if url.get("Expires") is not None and custom:
        why = "it holds both Policy and Expires: CloudFront reads one of them"
        findings.append(Finding("error", "two-policies", why))
    if (url.get("Hash-Algorithm") or "SHA1") not in ("SHA1", "SHA256"):
        why = "Hash-Algorithm is neither SHA1 nor SHA256"
        findings.append(Finding("error", "algorithm", why))
    if not custom or said.resource is None:
        return findings
    if not matches(said.resource, base):
        why = f"its policy is for {escaped(said.resource, 200)}, which this URL is not"
        findings.append(Finding("error", "other-resource", why))
    if "*" in said.resource:
        why = f"its policy opens all that matches {escaped(said.resource, 200)}"
        findings.append(Finding("warning", "wildcard", why))
    if said.resource.startswith(("http*", "http?", "*", "http:")):
        why = "its policy lets plain http in: write the resource with https://"
        findings.append(Finding("warning", "http-allowed", why))
    return findings


def matches(resource: str, url: str) -> bool:
    """Tell whether a policy's resource, with its wildcards, is for a URL.

    >>> matches("https://d.example/a/*", "https://d.example/a/b/c?x=1")
    True
    """
    if len(resource) > _LONGEST_URL:
        return False
    # Piece after piece, and never all in one pattern, whose time a stranger could make endless.
    first, *rest = [re.escape(piece).replace(r"\?", ".") for piece in resource.split("*")]
    if not rest:
        return re.fullmatch(first, url, re.DOTALL) is not None
    found = re.compile(first, re.DOTALL).match(url)
    for pattern in filter(None, rest[:-1]):
        found = found and re.compile(pattern, re.DOTALL).search(url, found.end())
    last = re.compile(rest[-1] + r"\Z", re.DOTALL)
    return found is not None and last.search(url, found.end()) is not None


def _answer(url: FoundURL, link: Explanation, error: ErrorBody) -> list[Finding]:
    said = _SAID.get(error.code)
    if error.code == "AccessDenied" and "HostId" in error.details:
        said = "CloudFront let it through and the S3 origin refused: the distribution may not read the object, or it does not exist"
    elif error.code == "AccessDenied" or (error.kind == "empty" and error.status == _FORBIDDEN):
        said = fault_of_link(url, link) or (
            "the signature, the time or the address is not what the policy says"
        )
    elif (
        error.kind == "html"
        and "cloudfront" in f"{error.message} {error.headers.get('server')}".lower()
    ):
        said = (
            "it is a page of CloudFront's own: a firewall rule, a restriction by country or an alternate domain name "
            "that the distribution does not have, or the origin does not answer"
        )
    findings = [answered(error, said, who="CloudFront")]
    if error.answered_at is not None:
        findings += clock_skew(url.now, error.answered_at)
    return findings
