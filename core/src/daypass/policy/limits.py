"""What a rule that matches still asks of a link: its lifetime, conditions, and what the store enforces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from daypass.base.times import exactly
from daypass.hookspecs.backend_info import BackendInfo
from daypass.model.forms import AnyRequest, UploadForm
from daypass.model.links import SignedURL
from daypass.model.prefixes import SignedPrefix
from daypass.policy.decisions import Ask, Fault
from daypass.policy.effects import fault_of_effects, fault_of_sent
from daypass.policy.media_types import allows
from daypass.policy.rules import Rule

__all__ = ["beyond", "fault_of", "lifetime"]


def fault_of(rule: Rule, ask: Ask) -> Fault | None:
    """Say what of a request is beyond a rule that matches it, its lifetime excepted."""
    request = ask.whole
    conditions = request.conditions
    if rule.require and (missing := rule.require - conditions):
        return Fault(f"a link without {', '.join(sorted(missing))}", "a link that sets it")
    if ask.opens_all and not rule.prefixes:
        return Fault("a grant for all below a prefix", "links for single objects")
    fault = fault_of_effects(rule, request)
    if fault is None and rule.content_types is not None:
        fault = _content_type(rule.content_types, request)
    if fault is None and rule.max_bytes is not None:
        fault = _size(rule, rule.max_bytes, request)
    if fault is None and rule.ip_ranges is not None:
        fault = _addresses(rule.ip_ranges, request)
    if fault is None and rule.headers:
        fault = _headers(rule.headers, request)
    return fault


def _content_type(allowed: tuple[str, ...], request: AnyRequest) -> Fault | None:
    given = request.content_type if "content_type" in request.conditions else None
    if given is not None and allows(allowed, given, whole=True):
        return None
    asked = "no content_type" if given is None else f"content_type={given!r}"
    return Fault(asked, f"content_type of {' or '.join(allowed)}")


def _bounds(rule: Rule, request: AnyRequest) -> set[str]:
    """Return the options by which an upload is no larger than the rule allows."""
    return {
        name
        for name in ("max_bytes", "content_length")
        if name in request.conditions and getattr(request, name) <= rule.max_bytes
    }


def _size(rule: Rule, largest: int, request: AnyRequest) -> Fault | None:
    if _bounds(rule, request):
        return None
    given = [
        f"{name}={getattr(request, name)}"
        for name in ("max_bytes", "content_length")
        if name in request.conditions
    ]
    nearest = f"max_bytes or content_length up to {largest}"
    return Fault(" and ".join(given) or "an upload of any size", nearest)


def _addresses(networks: tuple[str, ...], request: AnyRequest) -> Fault | None:
    given = request.ip_range if "ip_range" in request.conditions else None
    if given is not None and any(_within(given, text) for text in networks):
        return None
    asked = "a link for any address" if given is None else f"ip_range={given!r}"
    return Fault(asked, f"ip_range within {' or '.join(networks)}")


def _within(text: str, network: str) -> bool:
    """Tell whether an address, a range or a network lies within another network."""
    found: list[IPv4Address | IPv6Address]
    if "/" in text:
        inner = ip_network(text)
        found = [inner.network_address, inner.broadcast_address]
    else:
        found = [ip_address(part) for part in text.split("-")]
    outer = ip_network(network)
    return all(address in outer for address in found)


def _headers(needed: dict[str, str], request: AnyRequest) -> Fault | None:
    given = {name.lower(): value for name, value in (request.headers or {}).items()}
    for name, value in needed.items():
        if given.get(name.lower()) != value:
            return Fault(
                f"a link that does not sign the header {name} as the rule has it",
                f"headers={{{name!r}: ...}} with the rule's value",
            )
    return None


def lifetime(rule: Rule, ask: Ask, now: float) -> tuple[AnyRequest, str | None] | Fault:
    """Return the request, with an earlier end where the rule clamps it, and why; or what is beyond.

    A lifetime is counted from the signing time or from now, whichever is earlier, so that a
    ``signing_time`` in the future gains nothing.

    Args:
        rule: the rule that decides.
        ask: what is asked.
        now: what the process's clock says, in seconds since the epoch.

    """
    request: Any = ask.request
    if rule.max_expires_in is None:
        return request, None
    backdated = "signing_time" in request.conditions
    if not backdated and request.expires_in <= rule.max_expires_in:
        return request, None
    base = start = request.signing_time
    if backdated:
        base = min(start, datetime.fromtimestamp(int(now), UTC))
    end = base + timedelta(seconds=rule.max_expires_in)
    if request.expires_at <= end:
        return request, None
    asked = f"a lifetime of {exactly(int((request.expires_at - base).total_seconds()))}"
    nearest = f"expires_in={rule.max_expires_in}"
    if (
        rule.on_longer == "refuse"
        or request.on_short == "raise"
        or end <= max(start, request.starts_at or start)
        or (request.stable_for or 0) >= (end - start).total_seconds()
    ):
        return Fault(asked, nearest)
    why = f"rule {rule.name!r} of the policy allows {exactly(rule.max_expires_in)} at most"
    return request.until(end), why


def beyond(
    rule: Rule, ask: Ask, answer: SignedURL | SignedPrefix | UploadForm, info: BackendInfo
) -> Fault | None:
    """Say what of an answer is beyond the rule: what the store does not enforce, or a link sets or opens more."""
    if answer.unenforced and (loose := _needed(rule, ask) & answer.unenforced):
        what = ", ".join(sorted(loose))
        return Fault(f"a link of which the store does not enforce {what}", "one that it enforces")
    # Of a part, the link itself must be bound to the part's size.
    if rule.max_bytes is not None and not (
        (_bounds(rule, ask.whole) & ask.request.conditions) - answer.unenforced
    ):
        return Fault("a link whose size the store does not enforce", "one whose size it enforces")
    more = answer.permits - (rule.methods or frozenset())
    if more and (more := more - {"HEAD"} if ask.request.method == "GET" else more):
        return Fault(f"a link that also permits {', '.join(sorted(more))}", "one that does not")
    sent = answer.fields if isinstance(answer, UploadForm) else answer.headers
    if not sent:
        return None
    return fault_of_sent(rule, ask.whole, sent, info, is_form=isinstance(answer, UploadForm))


def _needed(rule: Rule, ask: Ask) -> set[str]:
    """Return the options that the store must enforce for the rule to hold."""
    needed = set(rule.require)
    if rule.content_types is not None:
        needed.add("content_type")
    if rule.ip_ranges is not None:
        needed.add("ip_range")
    if rule.headers:
        needed.add("headers")
    if ask.below and ask.text.partition("/")[2]:
        needed.add("prefix")
    return needed
