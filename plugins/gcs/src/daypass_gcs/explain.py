"""What a URL or a form in one of Cloud Storage's signatures says of itself; a stranger wrote it.

Version 4: https://docs.cloud.google.com/storage/docs/authentication/signatures, Version 2:
https://docs.cloud.google.com/storage/docs/access-control/signed-urls-v2, forms:
https://docs.cloud.google.com/storage/docs/xml-api/post-object-forms.
"""

from __future__ import annotations

import ipaddress
import re

import attrs

from daypass.base.messages import escaped
from daypass.base.times import epoch
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL, decoded
from daypass.model.headers import starts_session
from daypass.toolkit.form_readers import read_form
from daypass.toolkit.link_readers import BINDS, bound_parameters
from daypass.toolkit.v4 import GOOG4_RSA
from daypass.toolkit.v4_links import read_v4
from daypass_gcs.answers import findings_of

#: ``storage.googleapis.com``, another universe's, private endpoints, and the older names.
_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9._-]{1,222})\.)?(?:storage\.(?:googleapis\.com|[a-z0-9-]+(?:\.[a-z0-9-]+)+)"
    r"|storage-[a-z0-9-]+\.p\.googleapis\.com|commondatastorage\.googleapis\.com"
    r"|storage\.[a-z0-9-]+\.rep\.googleapis\.com)"
)
_PATH_HOSTS = frozenset({"storage.cloud.google.com"})
_ALGORITHMS = {
    "GOOG4-RSA-SHA256": "Google V4 with an RSA key",
    "GOOG4-HMAC-SHA256": "Google V4 with an HMAC key",
}
_V2 = "Google V2"
_SESSION = (
    "x-goog-resumable is signed: it starts a resumable upload, and is sent as a POST with an empty body; the bytes go to "
    "the address in the answer's Location, which opens the upload to whoever has it, for a week"
)
#: Parameters that are bound.
_SHOWN = ("generation", "userProject", "prefix", "uploadType")


@attrs.frozen(kw_only=True)
class Place:
    """Where a URL leads; the bucket is None where the host is bound to one."""

    bucket: str | None
    key: str | None
    findings: tuple[Finding, ...] = ()


def explain(url: FoundURL) -> Explanation | None:
    """Tell which of Cloud Storage's signatures it is, and read it."""
    names = set(url.names())
    answer = None
    if url.fields is not None:
        answer = _form(url)
    elif names & {"X-Goog-Signature", "X-Goog-Credential", "X-Goog-Algorithm"}:
        answer = _v4(url)
    elif {"GoogleAccessId", "Signature"} <= names:
        answer = _v2(url)
    if answer is None or url.error is None:
        return answer
    return attrs.evolve(answer, findings=[*answer.findings, *findings_of(url, answer, url.error)])


def place_of(url: FoundURL) -> Place:
    """Read bucket and key from host and path."""
    if not url.host:  # a form whose URL nobody gave
        return Place(bucket=None, key=None)
    match = _HOST.fullmatch(url.hostname)
    if match is not None and match["bucket"]:
        return Place(bucket=match["bucket"], key=url.key)
    if match is not None or url.hostname in _PATH_HOSTS or _is_endpoint(url.hostname):
        bucket, _, key = url.path.removeprefix("/").partition("/")
        return Place(bucket=decoded(bucket) or None, key=decoded(key) if bucket else None)
    why = (
        "the host is not Google's own, so it is taken for one that is bound to a bucket, and all of the "
        "path for the key; if it is an endpoint, the bucket is the first part of the path"
    )
    return Place(bucket=None, key=url.key, findings=(Finding("note", "addressing", why),))


def _is_endpoint(name: str) -> bool:
    """Tell whether a host is Google's or an emulator's, so that it is bound to no bucket."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return "." not in name or name.endswith(".googleapis.com")
    return True


def _path(place: Place, key: str | None) -> str | None:
    if place.bucket is None:
        return None
    return f"gs://{place.bucket}" + (f"/{key}" if key else "")


def _v4(url: FoundURL) -> Explanation:
    link = read_v4(url, GOOG4_RSA)
    place = place_of(url)
    findings = [*link.findings, *place.findings]
    if link.algorithm and link.algorithm not in _ALGORITHMS:
        why = f"X-Goog-Algorithm is {escaped(link.algorithm, 40)}, and Cloud Storage knows {' and '.join(_ALGORITHMS)}"
        findings.append(Finding("error", "algorithm", why))
    if link.service and link.service != "storage":
        why = f"it is signed for the service {escaped(link.service, 40)} and not for storage"
        findings.append(Finding("error", "service", why))
    if starts_session(link.headers):
        findings.append(Finding("note", "session", _SESSION))
    conditions = {"location": link.region, **bound_parameters(url, _SHOWN)}
    listing = url.get("prefix") if not place.key else None
    return Explanation(
        url=url.url,
        backend="gcs",
        scheme=_ALGORITHMS.get(link.algorithm, "Google V4"),
        path=_path(place, place.key or listing),
        bucket=place.bucket,
        key=place.key,
        permits_because=BINDS,
        **link.as_fields(),
        conditions={name: value for name, value in conditions.items() if value},
        findings=findings,
        now=url.now,
    )


def _v2(url: FoundURL) -> Explanation:
    place = place_of(url)
    end = epoch(url.get("Expires"))
    findings = [
        *place.findings,
        Finding(
            "warning",
            "v2",
            "it is signed with Version 2, which has no longest lifetime and signs few headers: sign with Version 4",
        ),
        Finding(
            "warning",
            "forgeable",
            "Version 2 does not sign the query: the holder can set or change the answer's content type and "
            "disposition, and so turn a download into a page of your site",
        ),
    ]
    if end is None:
        why = "Expires is no number of seconds since 1970, or missing"
        findings.append(Finding("error", "bad-expires", why))
    return Explanation(
        url=url.url,
        backend="gcs",
        scheme=_V2,
        path=_path(place, place.key),
        bucket=place.bucket,
        key=place.key,
        permits_because=BINDS,
        credential_id=url.get("GoogleAccessId"),
        expires_at=end,
        conditions=bound_parameters(url, _SHOWN),
        findings=findings,
        now=url.now,
    )


def _form(url: FoundURL) -> Explanation | None:
    form = read_form(url, GOOG4_RSA, older="GoogleAccessId")
    if form is None:
        return None
    if form.v4 is not None:
        scheme, findings = _ALGORITHMS.get(form.v4.algorithm, "Google V4"), form.findings
    else:
        why = "it is signed with Version 2: sign with Version 4"
        scheme, findings = _V2, [Finding("warning", "v2", why), *form.findings]
    place = Place(bucket=form.policy.bucket or place_of(url).bucket, key=form.key)
    return Explanation(
        url=url.url,
        backend="gcs",
        scheme=f"{scheme}, POST policy",
        path=_path(place, place.key),
        bucket=place.bucket,
        key=place.key,
        **form.as_fields(),
        conditions=form.policy.conditions,
        findings=findings,
        now=url.now,
    )
