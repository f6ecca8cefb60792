"""What the card of each result says: one function for each class of core."""

from __future__ import annotations

import base64
import binascii
import json
from functools import singledispatch
from typing import Any

from daypass.base.urls import mask_tokens, mask_url
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.found import field_of
from daypass.hookspecs.verifications import Verification
from daypass.model.batches import SignedURLBatch
from daypass.model.forms import UploadForm
from daypass.model.inboxes import Inbox
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.metadata import ObjectMetadata
from daypass.model.prefixes import SignedPrefix
from daypass.store import Store
from daypass_notebook import snippets
from daypass_notebook.face import Badge, Face, Tone
from daypass_notebook.said import end, exact, has_ended, name_of, size, type_of

__all__ = ["face_of"]

#: So many rows of a batch are listed.
_LISTED = 10
_METHODS: dict[str, Tone] = {"GET": "good", "HEAD": "good", "LIST": "good", "DELETE": "bad"}


@singledispatch
def face_of(result: object) -> Face | None:  # noqa: ARG001 - those of the classes read it
    """Return what the card of a result says; None for what is no result of daypass."""
    return None


@face_of.register
def _(link: SignedURL) -> Face:
    return Face(
        title=name_of(_shown(link.path)),
        badges=_badges(link),
        rows={
            "opens": _shown(link.path),
            "type": type_of(_shown(link.path), field_of(link.headers, "content-type")),
            "size": _size_to_send(link) or size(link.size),
            "ends": end(link.expires_at),
            "because": _because(link),
            "enforced": _enforced(link),
            "not enforced": _unenforced(link),
            "address": mask_url(link.url),
        },
        uses=snippets.of_link(link),
    )


@face_of.register
def _(batch: SignedURLBatch) -> Face:
    patterns, which = batch.patterns()
    several = len(batch) != 1
    paths = [
        _shown(patterns[pattern].path + key)
        for pattern, key, _ in zip(which, batch.keys, range(_LISTED), strict=False)
    ]
    left = len(batch) - len(paths)
    unenforced = sorted({name for pattern in patterns for name in pattern.unenforced})
    return Face(
        title=f"{len(batch):,} link{'s' if several else ''}",
        badges=tuple(
            Badge(method, _METHODS.get(method, "careful"))
            for method in sorted({pattern.method for pattern in patterns})
        ),
        rows={
            "the first ends" if several else "ends": end(batch.expires_at) if patterns else None,
            "because": sorted({_because(pattern) for pattern in patterns}),
            "signed by": ", ".join(sorted({pattern.backend for pattern in patterns})),
            "not enforced": ", ".join(unenforced),
            "failed": f"{len(batch.errors):,}" if batch.errors else None,
        },
        more={
            "Paths": [*paths, *([f"and {left:,} more"] if left else [])],
            "Errors": [
                f"row {row}: {error}" for row, error in sorted(batch.errors.items())[:_LISTED]
            ],
        },
        variable="batch",
        uses={"one of them": "link = batch[0]", "a table": "rows = batch.to_dict(reveal=True)"}
        if patterns
        else {},
    )


@face_of.register
def _(grant: SignedPrefix) -> Face:
    return Face(
        title=name_of(_shown(grant.path)),
        badges=(*_badges(grant), Badge("all below")),
        rows={
            "opens": f"{_shown(grant.path)} and all that lies below",
            "ends": end(grant.expires_at),
            "because": _because(grant),
            "enforced": _enforced(grant),
            "not enforced": _unenforced(grant),
            "address": mask_url(str(grant)),
        },
        variable="grant",
        uses=snippets.of_prefix(grant),
    )


@face_of.register
def _(form: UploadForm) -> Face:
    smallest, largest = _sizes(form)
    return Face(
        title=name_of(_shown(form.path).removesuffix("${filename}")),
        badges=(*_badges(form), Badge("upload form")),
        rows={
            "writes": _shown(form.path),
            "type": form.fields.get("Content-Type")
            or [
                f"begins with {start}"
                for name, start in form.starts_with.items()
                if name != "key" and start
            ],
            "size": f"{size(smallest) if smallest else 'up to'} {'to ' if smallest else ''}{size(largest)}"
            if largest is not None
            else None,
            "ends": end(form.expires_at),
            "because": _because(form),
            "enforced": f"{form.backend} takes one POST after the other until then, with these fields alone",
            "not enforced": _unenforced(form),
            "address": mask_url(form.url),
        },
        variable="form",
        uses=snippets.of_form(form),
    )


@face_of.register
def _(inbox: Inbox) -> Face:
    return Face(
        title=name_of(_shown(inbox.path)),
        badges=(*_badges(inbox), Badge("inbox")),
        rows={
            "writes": _shown(inbox.path),
            "size": None if inbox.max_bytes is None else f"up to {size(inbox.max_bytes)} a file",
            "types": ", ".join(map(_shown, inbox.content_types)) or None,
            "files": None if inbox.max_uses is None else f"at most {inbox.max_uses:,}",
            "ends": end(inbox.expires_at),
            "because": _because(inbox),
            "enforced": "who has the page sends files, reads none and replaces none",
            "not enforced": _unenforced(inbox),
            "address": mask_url(inbox.url),
            "link": inbox.link_id,  # it opens nothing
        },
        variable="inbox",
        uses={"its page": "import webbrowser\n\nwebbrowser.open(inbox.url)"},
    )


@face_of.register
def _(found: ObjectMetadata) -> Face:
    more = {
        "version": found.version,
        "storage class": found.storage_class,
        "encryption": found.encryption,
        "encoding": found.content_encoding,
        "language": found.content_language,
        "disposition": found.content_disposition,
        "cache": found.cache_control,
        "lease": found.lease_state,
        "copy": found.copy_status,
    }
    return Face(
        title=name_of(_shown(found.path)),
        badges=(Badge("object"),),
        rows={
            "path": _shown(found.path),
            "type": type_of(found.path, found.content_type),
            "size": size(found.size),
            "changed": exact(found.last_modified),
            "made": exact(found.created),
            "removed": end(found.expires_at) if found.expires_at else None,
            "ETag": found.etag,
            "MD5": found.content_md5,
            **found.checksums,
            **more,
            "metadata": [f"{name}: {value}" for name, value in found.metadata.items()],
        },
    )


@face_of.register
def _(store: Store) -> Face:
    info = store.backend.info
    return Face(
        title=_shown(store.location.path),
        badges=(Badge("store"),),
        rows={
            "signed by": info.name,
            "links": ", ".join(sorted(info.methods)) or "none",
            "profile": store.profile,
            "caller": store.caller,
        },
        variable="store",
        uses={
            "a link": 'link = store.create_signed_url("name.csv", expires_in="1h")',
            "metadata": 'store.head_metadata("name.csv")',
        },
    )


@face_of.register
def _(found: Explanation) -> Face:
    rows = found.rows()
    findings = rows.pop("findings", [])
    return Face(
        title=found.scheme or "no signed URL that is known here",
        badges=(
            Badge("nothing against it", "good") if found.ok else Badge("would be refused", "bad"),
        )
        if found.backend
        else (Badge("unknown", "careful"),),
        rows={"findings": findings, **rows},
    )


@face_of.register
def _(verdict: Verification) -> Face:
    rows = verdict.rows()
    tones: dict[bool | None, tuple[str, Tone]] = {
        True: ("passes", "good"),
        False: ("refused", "bad"),
        None: ("not checked", "careful"),
    }
    explained = verdict.explanation.rows()
    explained.pop("findings", None)
    return Face(
        title=rows.pop("verdict")[0],
        badges=(Badge(*tones[verdict.ok]),),
        rows=rows,
        more={
            "What the URL says": [
                f"{name}: {line}" for name, lines in explained.items() for line in lines
            ]
        },
    )


def _badges(one: SignedURL | SignedPrefix | UploadForm | Inbox) -> tuple[Badge, ...]:
    method = Badge(one.method, _METHODS.get(one.method, "careful"))
    return (method, Badge("ended", "bad")) if has_ended(one.expires_at) else (method,)


def _because(one: SignedURL | SignedPrefix | UploadForm | Inbox) -> str:
    return "this end was asked for" if one.expires_because == REQUESTED else one.expires_because


def _enforced(one: SignedURL | SignedPrefix) -> list[str]:
    who = "the links service" if one.backend == "links" else one.backend
    lines = [f"{who} permits {' and '.join(sorted(one.permits))}, and nothing after the end"]
    if one.headers:
        lines.append(f"{who} asks for exactly the headers {', '.join(one.headers)}")
    if one.backend == "links":
        lines.append("it can be taken back, extended and counted")
    return lines


def _unenforced(one: SignedURL | SignedPrefix | UploadForm | Inbox) -> str | None:
    if not one.unenforced:
        return None
    several = len(one.unenforced) > 1
    words = (
        "were asked for, and nobody sees to them"
        if several
        else "was asked for, and nobody sees to it"
    )
    return f"{', '.join(sorted(one.unenforced))}: {words}"


def _shown(path: str) -> str:
    """Show a path without the token of a service's link, which may be in the place of one."""
    return mask_tokens(path)


def _size_to_send(link: SignedURL) -> str | None:
    told = field_of(link.headers, "content-length")
    return size(int(told)) if told and told.isdecimal() else None


def _sizes(form: UploadForm) -> tuple[int, int | None]:
    """Read the least and the most bytes out of a form's policy."""
    try:
        policy: Any = json.loads(base64.b64decode(form.fields.get("policy", "")))
        for condition in policy["conditions"]:
            if isinstance(condition, list) and condition[0] == "content-length-range":
                return int(condition[1]), int(condition[2])
    except (binascii.Error, ValueError, TypeError, LookupError):
        pass  # it is the store's to judge
    return 0, None
