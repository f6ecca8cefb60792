"""What a link may set on an object, and show of it: closed where the rule has no line for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from daypass.base.messages import brief
from daypass.hookspecs.backend_info import BackendInfo
from daypass.model.forms import AnyRequest
from daypass.model.headers import belongs_to_signature, option_of
from daypass.model.options import DOWNLOAD_ONLY
from daypass.policy.decisions import Fault
from daypass.policy.media_types import allows, is_run, kind_of
from daypass.policy.rules import UPLOAD_OPTIONS, UPLOADS, Rule

__all__ = ["fault_of_effects", "fault_of_sent"]

#: How many names a refusal gives; a caller can ask for thousands.
_MOST = 5
#: Headers that only narrow a request.
_NARROWING = re.compile(
    r"if-(?:match|modified-since|unmodified-since)|range|x-amz-expected-bucket-owner"
    r"|x-goog-if-(?:meta)?generation-match|x-ms-lease-id|x-amz-(?:sdk-)?checksum-.*"
)
#: A disposition by which a browser saves what it gets (RFC 6266).
_SAVED = re.compile(r"attachment *(?:;.*)?", re.IGNORECASE)
#: Fields of a form that no header of a PUT is, and the option that says each; None for what every form has.
_FIELDS = {
    "acl": "acl",
    "tagging": "tags",
    "success_action_redirect": "success_redirect",
    "success_action_status": "success_status",
    "key": None,
    "policy": None,
}


def fault_of_effects(rule: Rule, request: AnyRequest) -> Fault | None:
    """Say what a request would set or show that the rule has no line for."""
    used = request.conditions
    if not used:
        return None
    fault = None
    if "acl" in used:
        fault = _acl(rule, request.acl or "")
    if fault is None and (options := used & UPLOAD_OPTIONS):
        fault = _upload_options(rule, options)
    if fault is None and "content_type" in used:
        fault = _content_type(rule, request.content_type or "")
    if fault is None and not used.isdisjoint(DOWNLOAD_ONLY):
        fault = _shown(rule, request)
    if fault is None and "headers" in used:
        fault = _headers(rule, (request.headers or {}).keys())
    if fault is None and "query" in used:
        fault = _query(rule, getattr(request, "query", None) or {})
    return fault


def fault_of_sent(
    rule: Rule,
    request: AnyRequest,
    sent: Mapping[str, str],
    info: BackendInfo,
    *,
    is_form: bool = False,
) -> Fault | None:
    """Say what would be set that the rule has no line for, whoever has asked for it.

    Args:
        rule: the rule that allows it.
        request: what was asked.
        sent: the headers of a link, or the fields of a form, which are sent as they stand.
        info: what the backend says of headers of its own.
        is_form: whether it is a form.

    """
    others = []
    for name, value in sent.items():
        lower = name.lower()
        if belongs_to_signature(lower) or lower in info.operation_headers:
            continue
        if is_form and lower.endswith("signature"):
            continue
        if is_form and lower in _FIELDS:
            option = _FIELDS[lower]
        elif (option := option_of(lower) or info.option_headers.get(lower)) is None:
            others.append(name)
            continue
        fault = None
        if option == "acl":
            fault = _acl(rule, value)
        elif option == "content_type":
            fault = _content_type(rule, value)
        elif option in UPLOAD_OPTIONS and not (
            lower.endswith("-meta-md5chksum") and "add_content_md5_metadata" in request.conditions
        ):
            fault = _upload_options(rule, {option})
        if fault is not None:
            return fault
    return _headers(rule, others) if others else None


def _acl(rule: Rule, given: str) -> Fault | None:
    if given in rule.acls:
        return None
    return _closed(f"acl={_quoted(given)}", rule.acls, "acls", [given])


def _upload_options(rule: Rule, given: Iterable[str]) -> Fault | None:
    allowed = rule.upload_options | rule.require
    if not (extra := sorted(frozenset(given) - allowed)):
        return None
    return _closed(", ".join(extra), sorted(rule.upload_options), "upload_options", extra)


def _content_type(rule: Rule, given: str) -> Fault | None:
    """Hold what browsers run against a rule that may name it; a rule with ``content_types`` is asked elsewhere."""
    if rule.content_types is not None or not is_run(given):
        return None
    # A rule for downloads, too, can have no such line.
    who = "the rule" if (rule.methods or set()) <= UPLOADS else "a rule for uploads alone"
    return Fault(
        f"content_type={_quoted(given)}, which browsers run",
        f"a type that they do not, unless {who} says content_types = [{_quoted(given)}]",
    )


def _shown(rule: Rule, request: AnyRequest) -> Fault | None:
    """Hold what shapes the answer to a download against the rule."""
    if extra := sorted(request.conditions.intersection(DOWNLOAD_ONLY) - rule.response_options):
        listed = sorted(rule.response_options)
        return _closed(", ".join(extra), listed, "response_options", extra)
    asked = [
        name
        for name in ("inline", "response_content_type", "response_content_disposition")
        if name in request.conditions
    ]
    disposition = getattr(request, "disposition", None)
    if not asked or (disposition is not None and _SAVED.fullmatch(disposition)):
        return None
    kind = getattr(request, "response_content_type", None)
    allowed = rule.inline_types
    if not is_run(kind) if allowed is None else allows(allowed, kind, whole=False):
        return None
    what = " and ".join(asked) + (
        " without a response_content_type" if kind is None else f" of {_quoted(kind)}"
    )
    run = ", which browsers may run" if is_run(kind) else ""
    nearest = "a type that they do not run" if allowed is None else " or ".join(allowed) or "none"
    lines = [*(allowed or ()), (None if kind is None else kind_of(kind)) or "*/*"]
    return Fault(
        f"{what}{run}", f"{nearest}, unless the rule says inline_types = [{_listed(lines)}]"
    )


def _headers(rule: Rule, given: Iterable[str]) -> Fault | None:
    extra = [
        name
        for name in given
        if name.lower() not in rule.named_headers and not _NARROWING.fullmatch(name.lower())
    ]
    if not extra:
        return None
    extra = extra[:_MOST]
    what = ", ".join(map(brief, extra))
    return _closed(f"the header {what}", rule.header_names, "header_names", extra)


def _query(rule: Rule, given: Iterable[str]) -> Fault | None:
    if not (extra := [name for name in given if name not in rule.query_names]):
        return None
    extra = extra[:_MOST]
    what = ", ".join(extra)
    return _closed(f"the parameter {what} in query", rule.query_names, "query_names", extra)


def _closed(asked: str, allowed: Iterable[str], field: str, more: Iterable[str]) -> Fault:
    """Name what was asked, what is allowed, and the line that would allow it."""
    now = list(allowed)
    line = f"{field} = [{_listed([*now, *more])}]"
    return Fault(asked, f"{' or '.join(now) or 'none'}, unless the rule says {line}")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(map(_quoted, values))


def _quoted(value: str) -> str:
    """Write text as TOML and Python both read it."""
    return json.dumps(brief(value))
