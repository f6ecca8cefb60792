"""The table of all options of a link and of a form, one in each line, and the lists that follow from it.

An option is added here (CONTRIBUTING.md says how). What its value must be is a check of `checks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from daypass.model.checks import (
    beginning,
    choice,
    copied,
    count,
    duration,
    filename,
    flag,
    headers,
    md5,
    metadata,
    moment,
    page,
    parameter,
    query,
    reaction,
    redirect,
    secret_key,
    sha256,
    status,
    tags,
    text,
    word,
)
from daypass.model.holders import addresses, hosts, uses

__all__ = [
    "AT_ONCE",
    "CONDITIONS",
    "COPIED",
    "DEFAULT_LIFETIMES",
    "DESCRIBING",
    "DOWNLOAD_ONLY",
    "FORM_CONDITIONS",
    "LISTING_ONLY",
    "METHODS",
    "OF_FORMS",
    "OF_LINKS",
    "OF_PARTS",
    "OF_READING",
    "ONE_OBJECT",
    "OPTIONS",
    "PER_ROW",
    "RESTRICTING",
    "SECRET",
    "SHAPING",
    "UPLOAD_ONLY",
    "WHOLE_UPLOAD",
    "Option",
]

#: How long a link lives where the caller says nothing, in seconds.
DEFAULT_LIFETIMES = {"GET": 3600, "HEAD": 3600, "LIST": 3600, "PUT": 900, "DELETE": 300}

#: The methods a link can be for.
METHODS = tuple(DEFAULT_LIFETIMES)


class Option(NamedTuple):
    """One option of a link or a form."""

    #: Returns the value as a request keeps it, or raises; it is given the value and the option's name.
    check: Callable[[Any, str], Any]
    #: What a backend has to do with it (decision 0004): it ``"restricts"`` the holder, ``"describes"``
    #: the object, or ``"shapes"`` the answer or the request; empty where only core deals with it.
    kind: str
    #: Words, in any order: ``link`` and ``form``, which take it; of links ``upload`` (PUT alone) or
    #: ``download`` (GET and HEAD alone) or ``listing`` (LIST alone); ``object``, of which each has a value of its own, so that bulk
    #: calls take a column and prefixes refuse it; of uploads in parts ``part`` (every part's link
    #: has it) or ``whole`` (no store checks it there), and without either it is said once, of the
    #: object; ``transfer``, since ``daypass put`` and ``get`` take it; ``read``, which the reading of
    #: metadata takes too; ``secret``, whose values no repr shows.
    goes_with: str
    #: For ``--help`` and the reference, in the library's words.
    help: str


#: Every option, in the order of ``daypass sign --help``.
OPTIONS: dict[str, Option] = {
    "method": Option(word, "", "link", "What the holder may do; GET without it."),
    "expires_in": Option(duration, "", "link form part transfer", "Lifetime: seconds, or text such as 15m, 1h30m, 7d."),
    "expires_at": Option(moment, "", "link form part", "The end, in place of expires_in: a moment such as 2026-12-01T09:30Z."),
    "starts_at": Option(moment, "restricts", "link part", "The link works from then on."),
    "content_type": Option(text, "describes", "link form upload transfer", "The media type that the upload must declare."),
    "content_type_prefix": Option(beginning, "restricts", "form", "What the media type that the sender declares must begin with, such as image/; empty for any."),
    "content_md5": Option(md5, "restricts", "link form upload object whole", "MD5 of the upload in base64."),
    "add_content_md5_metadata": Option(flag, "describes", "link upload whole", "Also store content_md5 as the metadata md5chksum."),
    "content_length": Option(count, "restricts", "link form upload object whole", "The exact size of the upload."),
    "min_bytes": Option(count, "restricts", "form", "The smallest file."),
    "max_bytes": Option(count, "restricts", "link form upload whole", "The largest upload."),
    "if_absent": Option(flag, "restricts", "link form upload transfer", "Only create; never replace an object that exists."),
    "checksum_sha256": Option(sha256, "restricts", "link form upload object whole transfer", "SHA-256 of the upload in base64."),
    "metadata": Option(metadata, "describes", "link form upload transfer", "User metadata of the upload."),
    "acl": Option(text, "shapes", "link form upload transfer", "A canned ACL for the uploaded object."),
    "storage_class": Option(text, "shapes", "link form upload transfer", "The storage class of the uploaded object, in the store's own word, such as STANDARD_IA."),
    "tags": Option(tags, "shapes", "link form upload transfer", "A tag of the uploaded object."),
    "copy_source": Option(copied, "shapes", "link upload object", "The path of an object of the same store, of which the holder makes a copy in place of an upload."),
    "resumable": Option(flag, "shapes", "link upload transfer", "Start an upload that can go on where it stopped: the holder sends a POST, and the bytes to the session that it is answered."),
    "kms_key": Option(text, "shapes", "link form upload transfer", "The key of the store's own key service that encrypts the uploaded object (SSE-KMS, CMEK)."),
    "encryption_key": Option(secret_key, "shapes", "link form part transfer read secret", "A key of 32 bytes in base64 that encrypts the object, and without which nobody reads it (SSE-C, CSEK)."),
    "requester_pays": Option(flag, "shapes", "link part transfer read", "The holder states that the requester pays."),
    "headers": Option(headers, "shapes", "link form transfer read secret", "A further header to sign, which the holder must send."),
    "query": Option(query, "shapes", "link part secret", "A query parameter of your own, which is signed with the link."),
    "success_status": Option(status, "shapes", "form", "What a successful upload is answered with: 200, 201 or 204."),
    "success_redirect": Option(redirect, "shapes", "form", "Where the browser goes after a successful upload."),
    "filename": Option(filename, "shapes", "link download", "Name under which a browser saves the download."),
    "inline": Option(flag, "shapes", "link download", "Show the download in the browser instead of saving it."),
    "response_content_type": Option(text, "shapes", "link download", "Content-Type of the answer to a GET."),
    "response_content_disposition": Option(text, "shapes", "link download", "Content-Disposition of the answer."),
    "response_content_encoding": Option(text, "shapes", "link download", "Content-Encoding of the answer."),
    "response_content_language": Option(text, "shapes", "link download", "Content-Language of the answer."),
    "response_cache_control": Option(text, "shapes", "link download", "Cache-Control of the answer."),
    "response_expires": Option(moment, "shapes", "link download", "Expires of the answer."),
    "ip_range": Option(addresses, "restricts", "link part", "The addresses that may use the link."),
    "https_only": Option(choice, "restricts", "link part", "Refuse the link over plain http."),
    "max_uses": Option(uses, "restricts", "link whole", "How many times the link works."),
    "referrers": Option(hosts, "restricts", "link whole", "A host whose web pages may use the link, such as example.org or *.example.org."),
    "strict": Option(flag, "", "link form part transfer", "Refuse restrictions that the store cannot enforce, instead of naming them."),
    "on_short": Option(reaction, "", "link form part", "What to do when the link would end before what was asked; warn without it."),
    "allow_dot_segments": Option(flag, "", "link form part transfer", "Sign keys that hold a . or .. segment."),
    "signing_time": Option(moment, "shapes", "link form part", "The clock, in place of now."),
    "stable_for": Option(duration, "shapes", "link part", "Sign at the start of a span this long, so that equal requests give equal links."),
    "delimiter": Option(parameter, "shapes", "link listing", "List what the keys have up to this text as one entry, as / does for folders."),
    "max_keys": Option(page, "shapes", "link listing", "The most keys of one page of a listing: 1 to 1000."),
    "continuation_token": Option(parameter, "shapes", "link listing", "The page of a listing that follows the one whose answer gave this token."),
}  # fmt: skip


#: By each option, the words that it goes with.
_WORDS = {name: frozenset(option.goes_with.split()) for name, option in OPTIONS.items()}


def _with(*words: str, kind: str = "") -> tuple[str, ...]:
    """Return the options that go with all of the words, and are of the kind, where one is named."""
    return tuple(
        name
        for name, option in OPTIONS.items()
        if option.kind.startswith(kind) and _WORDS[name].issuperset(words)
    )


OF_LINKS = _with("link")
OF_FORMS = _with("form")
#: Options of links that go with PUT alone, with GET and HEAD alone, and with LIST alone.
UPLOAD_ONLY = _with("link", "upload")
DOWNLOAD_ONLY = _with("link", "download")
LISTING_ONLY = _with("link", "listing")
#: Options of which each object has its own: a column of a bulk call, and nothing for a prefix.
ONE_OBJECT = _with("object")
#: What a row of a bulk call can bring beside its path.
PER_ROW = ("version", *ONE_OBJECT)
#: Options of each part's link, where an upload goes in parts, and those no store checks there.
OF_PARTS = _with("part")
WHOLE_UPLOAD = frozenset(_with("whole"))
#: Of uploads, what a copy has from its source, or no store holds a copy to.
COPIED = frozenset(UPLOAD_ONLY) - {"copy_source", "acl", "storage_class"}
#: Options that make sense where the link is used at once.
AT_ONCE = _with("link", "transfer")
#: Options without which a store may not let an object be read: its metadata are asked for with them too.
OF_READING = _with("read")
#: Options whose values no repr shows, and no other process is sent.
SECRET = frozenset(_with("secret"))

#: Options that restrict the holder: enforced by the backend or refused.
RESTRICTING = frozenset(_with("link", kind="restricts"))
#: Options that describe the object: where a backend cannot enforce them it still returns them in
#: ``headers`` and names them in ``unenforced``.
DESCRIBING = frozenset(_with("link", kind="describes"))
#: Options that shape the answer or the request: a backend has them or refuses them.
SHAPING = frozenset(_with("link", kind="shapes"))
#: Every option that a link, or a form, carries out, or a backend refuses.
CONDITIONS = RESTRICTING | DESCRIBING | SHAPING
FORM_CONDITIONS = frozenset(name for name in OF_FORMS if OPTIONS[name].kind)
#: Options of a form that ``strict=False`` can waive: all that restrict, and the media type.
WAIVABLE = frozenset(_with("form", kind="restricts")) | {"content_type"}
