"""What ``explain`` has to name in each case: patterns of what it says, and whether all the rest is as before."""

from __future__ import annotations

_ENDED = r"the link had ended when the request arrived, (59 minutes|1 hour) before"
_WHOLE = "host, path and query arrived as the link has them"
_SIGNATURE = "it was signed with another (secret|key)"
_CUT_OFF = ("parameters of the URL were cut off: .* without quotes has cut it at its first &",)
#: By case; a store that says less has its own below.
TRUTHS: dict[str, tuple[str, ...]] = {
    "ended": (_ENDED,),
    "early": ("the link began (59 minutes|1 hour) later than the request arrived",),
    "starts later": ("the link began (59 minutes|1 hour) later than the request arrived",),
    "wrong key": (_WHOLE, "another secret key"),
    "unknown signer": (_WHOLE, "another secret key"),
    "other method": (_WHOLE, "signed for another method", "what arrived was a DELETE request"),
    "no body": ("it has no body, as no answer to HEAD has",),
    "header left out": ("content-type is signed and did not arrive: send it",),
    "metadata left out": ("x-amz-meta-station is signed and did not arrive: send it",),
    "header changed": ("content-type arrived as 'text/html': it must be the signed value",),
    "query added": ("the query that arrived is not the link's: utm_source was added",),
    "host changed": (
        r"arrived with the host backend.internal:9000, and the link is for 127.0.0.1:\d+: something on the way \(a proxy",
    ),
    "prefix stripped": (r"'/edge' was taken off: something on the way \(a proxy",),
    "body changed": ("the body that arrived is not the one that Content-MD5",),
    "bad checksum": ("the body that arrived is not the one that Content-MD5 or a checksum",),
    "no object": ("there is no such (object|blob)",),
    "no bucket": ("there is no such (bucket|container)",),
    "signature cut": ("the signature itself was changed",),
    "exists": ("a condition was not met: .* the object exists already",),
    "header added": ("x-amz-acl, which the link did not sign: leave it out, or sign it",),
    "field changed": ("the field content-type is 'text/html', and the policy says 'text/csv'",),
    "form ended": (_ENDED,),
    "form too large": ("the upload is larger than",),
    "form too small": ("the upload is smaller than",),
    "form of another key": ("the signature does not fit the request",),
    "field added": ("the policy names no field acl: leave it out, or sign it",),
    "no forms": ("the store has no forms of S3: what answered is Swift's FormPost",),
    "encrypted": ("encrypted with a customer's key: send the same",),
    "encrypted otherwise": ("encrypted with a customer's key: send the same",),
    "beyond the end": (r"asks for bytes \(Range\) that the (object|blob) does not have",),
    "cut at &": _CUT_OFF,
    "query lost": _CUT_OFF,
    "other region": ("signed for another region than the bucket's: sign for us-east-1",),
    "no version": ("there is no such version of the object",),
    "authorization beside": (r"the request added it \(an Authorization header, perhaps\)",),
    "names another host": (
        r"arrived with the host store, and the link is for 127.0.0.1:\d+: something on the way \(a proxy",
    ),
    "takes a prefix off": (r"'/edge' was taken off: something on the way \(a proxy",),
    "puts a prefix before": (r"'/edge' was put before it: something on the way \(a proxy",),
    "encodes the query again": (
        r"the credential that arrived is not the link's.* something on the way \(a proxy",
    ),
    "merges slashes": (
        r"with the path \S+/maps/a, and the link has \S+/maps//a: something on the way \(a proxy",
    ),
    "adds to the query": (r"the link's: via was added: something on the way \(a proxy",),
    "drops a header": ("run_id is signed and did not arrive: send it; nginx lets no header pass",),
    "finds no store": ("answered 502: it is a web page, and no store's error: a proxy",),
    "takes no large body": (
        "answered 413: it is a web page, and no store's error: a proxy.*: it takes no body of this size",
    ),
}
_NEEDS = "this link holds only where {} arrive with the signed values"
_VERIFY = ("the request that arrived is not the one that was signed, .* verify names the piece",)
_FITS_NOT = ("the signature does not fit the request",)
_UNTOLD = (*_VERIFY, r"does not show what arrived: if verify, .* something on the way \(a proxy")
#: Of stores that do not say what arrived, and a header of the link.
_CODES_ALONE = {
    **dict.fromkeys(
        [
            "wrong key",
            "other method",
            "query added",
            "host changed",
            "prefix stripped",
            "signature cut",
            "names another host",
            "takes a prefix off",
            "puts a prefix before",
            "merges slashes",
            "adds to the query",
        ],
        _UNTOLD,
    ),
    "header left out": (*_UNTOLD, _NEEDS.format("content-type")),
    "metadata left out": (*_UNTOLD, _NEEDS.format("x-(amz|goog)-meta-station")),
    "header changed": (*_UNTOLD, _NEEDS.format("content-type")),
    "drops a header": (_NEEDS.format("x-(amz|goog)-meta-run_id") + ".*nginx lets no header pass",),
}
#: By store and case.
OWN: dict[str, dict[str, tuple[str, ...]]] = {
    # It returns no canonical request where a signed header is not there.
    "swift": {
        "header left out": (_NEEDS.format("content-type"),),
        "metadata left out": (_NEEDS.format("x-amz-meta-station"),),
    },
    # The front of the tests has codes alone, as have the two small stores.
    "gcs": {
        **_CODES_ALONE,
        "unknown signer": ("a key that Cloud Storage does not know",),
        "form of another key": _VERIFY,
        "header added": ("x-goog- headers that the link did not sign",),
    },
    "nanio": {
        **_CODES_ALONE,
        # It has another code for it.
        "beyond the end": ("a header has a value that the store does not take",),
    },
    "localstack": {"no version": ("versionId has a value that the store does not take",)},
    "ceph rgw": {
        **_CODES_ALONE,
        **dict.fromkeys(["cut at &", "query lost"], ("parameters of the URL were cut off",)),
        "unknown signer": ("the store knows no such access key",),
    },
    "rclone": {
        **_CODES_ALONE,
        "header left out": (r"did not arrive all \(content-type\): send them",),
        "metadata left out": (r"did not arrive all \(x-amz-meta-station\): send them",),
        "unknown signer": ("the store knows no such access key",),
        "no version": ("the store does not have what a parameter or a header asks for",),
    },
    "ministack": {
        **_CODES_ALONE,
        "header added": ("the bucket allows no ACLs: .* sign without one",),
    },
    "swift behind nginx": {
        "encodes the query again": (
            r"Swift answers so, too, where something on the way \(a proxy\)",
        ),
        "drops a header": _CODES_ALONE["drops a header"],
    },
    "nanio behind nginx": {
        **_CODES_ALONE,
        "encodes the query again": (r"\(a proxy, nearly always\) has encoded the query twice",),
    },
    "ministack behind nginx": {**_CODES_ALONE, "encodes the query again": _UNTOLD},
    "gcs behind nginx": {
        **_CODES_ALONE,
        "encodes the query again": ("parameters of the URL were cut off or changed on the way",),
    },
    "azurite behind nginx": {
        "puts a prefix before": (r"no such resource, .* something on the way \(a proxy\) changed",),
    },
    # It says AuthorizationFailure where Azure says AuthenticationFailed, and on Azure that is the firewall's word.
    "azurite": {
        "wrong key": _FITS_NOT,
        "cut at &": _FITS_NOT,
        "query lost": _FITS_NOT,
        "signature cut": _FITS_NOT,
        "no body": _FITS_NOT,
        "other method": ("lacks the permission",),
        "exists": ("lacks the permission",),
    },
    "cloudfront": dict.fromkeys(
        ["wrong key", "query added", "signature cut"],
        ("the signature, the time or the address is not what the policy says",),
    ),
}


def truth(store: str, case: str) -> tuple[str, ...]:
    """Return the patterns of a case."""
    return OWN.get(store, {}).get(case) or TRUTHS[case]
