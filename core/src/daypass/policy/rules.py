"""``Policy``, ``Rule`` and ``Quota``: which links may be made, written down and checked when written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any

import attrs
from attrs.validators import optional

from daypass.base.messages import names_nearest, refuse_unknown, shown
from daypass.base.times import seconds
from daypass.errors import InvalidRequestError
from daypass.model.checks import query as check_query
from daypass.model.checks import word
from daypass.model.headers import check_headers, check_text
from daypass.model.options import CONDITIONS, DOWNLOAD_ONLY, METHODS, OPTIONS, UPLOAD_ONLY
from daypass.policy.patterns import Pattern, path_pattern, text_pattern

__all__ = ["UPLOADS", "UPLOAD_OPTIONS", "Policy", "Quota", "Rule"]

#: Every method a rule can speak of; POST is that of upload forms.
_METHODS = frozenset({*METHODS, "POST"})
#: The methods of uploads.
UPLOADS = frozenset({"PUT", "POST"})
#: What a rule can require: all but what shapes an answer, chooses the time, or has limits of its own.
REQUIRABLE = CONDITIONS - {*DOWNLOAD_ONLY, "headers", "signing_time", "stable_for"}
#: What a rule must name before an upload may set it: all that describes or shapes the object or the answer to the upload,
#: but what is harmless or has a list of its own.
UPLOAD_OPTIONS = frozenset(
    name
    for name, option in OPTIONS.items()
    if option.kind in ("describes", "shapes")
    and ("link" not in option.goes_with or "upload" in option.goes_with)
) - {"acl", "content_type", "add_content_md5_metadata", "success_status"}


def _listed(value: object, option: str) -> tuple[str, ...]:
    """Return texts as a tuple; one text alone would be read letter by letter."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        msg = f"{option} is a list of texts, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    try:
        found = tuple(value)
    except Exception as error:
        msg = f"{option} is a {type(value).__name__} that cannot be read"
        raise InvalidRequestError(msg, option=option) from error
    for item in found:
        if not isinstance(item, str) or not item:
            msg = f"{option} is a list of texts that are not empty"
            raise InvalidRequestError(msg, option=option)
    return tuple(map(str.__str__, found))


def _patterns(value: object) -> tuple[str, ...]:
    found = _listed(value, "paths")
    if not found:
        msg = "paths is empty, so that the rule would never match: name at least one path"
        raise InvalidRequestError(msg, option="paths")
    return found


def _names(value: object, option: str, known: Iterable[str]) -> frozenset[str] | None:
    return None if value is None else _known(value, option, known)


def _known(value: object, option: str, known: Iterable[str]) -> frozenset[str]:
    """Return names that are known; none at all are as good."""
    found = _listed(value, option)
    refuse_unknown(found, known, what=f"value of {option}")
    return frozenset(found)


def _acls(value: object) -> tuple[str, ...]:
    return tuple(check_text(acl, "acls") for acl in _listed(value, "acls"))


def _header_names(value: object) -> tuple[str, ...]:
    found = _listed(value, "header_names")
    check_headers(dict.fromkeys(found, ""), "header_names")
    return found


def _query_names(value: object) -> tuple[str, ...]:
    found = _listed(value, "query_names")
    check_query(dict.fromkeys(found, ""), "query_names")
    return found


def _methods(value: object) -> frozenset[str] | None:
    return _names(value, "methods", _METHODS)


def _require(value: object) -> frozenset[str]:
    return _names(value, "require", REQUIRABLE) or frozenset()


def _response_options(value: object) -> frozenset[str]:
    return _known(value, "response_options", DOWNLOAD_ONLY)


def _upload_options(value: object) -> frozenset[str]:
    return _known(value, "upload_options", UPLOAD_OPTIONS)


def _texts(value: object, option: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    found = _listed(value, option)
    if not found:
        msg = f"{option} is empty, so that no link could meet it: leave it out"
        raise InvalidRequestError(msg, option=option)
    return found


def _text_patterns(texts: tuple[str, ...] | None, option: str) -> tuple[Pattern, ...] | None:
    return None if texts is None else tuple(text_pattern(text, option) for text in texts)


def _callers(value: object) -> tuple[str, ...] | None:
    return _texts(value, "callers")


def _groups(value: object) -> tuple[str, ...] | None:
    return _texts(value, "groups")


def _content_types(value: object) -> tuple[str, ...] | None:
    found = _texts(value, "content_types")
    for text in found or ():
        text_pattern(text, "content_types")
    return found


def _inline_types(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    found = _listed(value, "inline_types")
    for text in found:
        text_pattern(text, "inline_types")
    return tuple(map(str.lower, found))


def _networks(value: object) -> tuple[str, ...] | None:
    found = _texts(value, "ip_ranges")
    for text in found or ():
        try:
            ip_network(text)
        except ValueError:
            msg = f"ip_ranges: {shown(text)} is no network: write 192.0.2.0/24 or 2001:db8::/32"
            raise InvalidRequestError(msg, option="ip_ranges") from None
    return found


def _duration(value: Any) -> int | None:
    return None if value is None else seconds(value, "max_expires_in")


def _count(instance: object, field: attrs.Attribute[Any], value: Any) -> None:
    del instance
    if type(value) is not int or not 0 <= value < 2**63:
        msg = f"{field.name} must be a whole number from 0 to 2**63-1, not {shown(value)}"
        raise InvalidRequestError(msg, option=field.name)


def _flag(instance: object, field: attrs.Attribute[Any], value: Any) -> None:
    del instance
    if not isinstance(value, bool):
        msg = f"{field.name} must be true or false, not {shown(value)}"
        raise InvalidRequestError(msg, option=field.name)


def _name(value: str) -> str:
    return word(value, "name")


def _effect(value: str) -> str:
    return word(value, "effect")


def _on_longer(value: str) -> str:
    return word(value, "on_longer")


def _headers(value: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if value is None else check_headers(value, "headers")


@names_nearest
@attrs.frozen(kw_only=True)
class Quota:
    """How many links there may be; each URL of a bulk call counts.

    >>> Quota(urls_per_minute=60, live_links=1000)
    Quota(urls_per_minute=60, live_links=1000)
    """

    #: How many URLs may leave in any 60 seconds.
    urls_per_minute: int | None = attrs.field(default=None, validator=optional(_count))
    #: How many links may be alive, which is: signed and not yet ended.
    live_links: int | None = attrs.field(default=None, validator=optional(_count))


def _is_quota(instance: object, field: attrs.Attribute[Any], value: Any) -> None:
    del instance
    if not isinstance(value, Quota):
        msg = f"{field.name} must be a Quota, not {shown(value)}"
        raise InvalidRequestError(msg, option=field.name)


@names_nearest
@attrs.frozen(kw_only=True)
class Rule:
    """One rule of a policy. It matches by path, method, caller and group; then its limits decide.

    >>> Rule(name="readers", paths=["s3://maps/**"], methods=["GET"], max_expires_in="1h").effect
    'allow'

    Raises:
        InvalidRequestError: naming the option that is wrong and what would be right.

    """

    #: The rule's name, which refusals and the audit give.
    name: str = attrs.field(converter=_name)
    #: Patterns of the paths it is for: see `daypass.policy.Pattern`.
    paths: tuple[str, ...] = attrs.field(converter=_patterns)
    #: ``"allow"`` within the limits below, or ``"deny"``.
    effect: str = attrs.field(default="allow", converter=_effect)
    #: The methods it is for; a rule that allows must name them, one that denies is for all without.
    methods: frozenset[str] | None = attrs.field(default=None, converter=_methods)
    #: Patterns of the callers it is for; without, for everybody, those who do not say included.
    callers: tuple[str, ...] | None = attrs.field(default=None, converter=_callers)
    #: The longest lifetime of a link, in seconds.
    max_expires_in: int | None = attrs.field(default=None, converter=_duration)
    #: What becomes of a link for longer: ``"refuse"`` it, or ``"clamp"`` it, which warns.
    on_longer: str = attrs.field(default="refuse", converter=_on_longer)
    #: Options that a link must use, and the store enforce.
    require: frozenset[str] = attrs.field(default=frozenset(), converter=_require)
    #: The media types that an upload may declare; ``image/*`` is any of images that browsers do not run. One is required.
    content_types: tuple[str, ...] | None = attrs.field(default=None, converter=_content_types)
    #: The largest upload in bytes: a link must bind ``max_bytes`` or ``content_length`` at or below.
    max_bytes: int | None = attrs.field(default=None, validator=optional(_count))
    #: Networks within which a link's ``ip_range`` must lie. One is required.
    ip_ranges: tuple[str, ...] | None = attrs.field(default=None, converter=_networks)
    #: Headers that a link must sign, each with this very value.
    headers: dict[str, str] | None = attrs.field(
        default=None, converter=_headers, hash=False, repr=False
    )
    #: The canned ACLs that an upload may set.
    acls: tuple[str, ...] = attrs.field(default=("private",), converter=_acls)
    #: Which options may be used that say more of an upload than its type, its size and its checksums: ``copy_source``,
    #: ``kms_key``, ``metadata``, ``resumable``, ``storage_class``, ``success_redirect``, ``tags``. What ``require`` names
    #: may be used too.
    upload_options: frozenset[str] = attrs.field(default=frozenset(), converter=_upload_options)
    #: Names of headers that a link may sign, beside those of ``headers`` and those that only narrow it.
    header_names: tuple[str, ...] = attrs.field(
        default=("Content-Disposition", "Content-Encoding", "Content-Language"),
        converter=_header_names,
    )
    #: Names of the caller's own parameters that a link may sign.
    query_names: tuple[str, ...] = attrs.field(default=(), converter=_query_names)
    #: Which options that shape the answer to a download may be used.
    response_options: frozenset[str] = attrs.field(
        default=frozenset({"filename", "inline", "response_content_type"}),
        converter=_response_options,
    )
    #: The media types with which a link may have a browser show an object; without, all that browsers do not run.
    #: One that they do run must be written out: ``image/*`` is no SVG, and ``*/*`` alone is every type.
    inline_types: tuple[str, ...] | None = attrs.field(default=None, converter=_inline_types)
    #: Whether one grant for all below a prefix may be made.
    prefixes: bool = attrs.field(default=False, validator=_flag)
    #: What each caller may have under this rule; those who do not say who they are count as one.
    per_caller: Quota | None = attrs.field(default=None, validator=optional(_is_quota))
    #: What all callers together may have under this rule.
    per_rule: Quota | None = attrs.field(default=None, validator=optional(_is_quota))
    #: Patterns of groups, of which the caller must be in one (`Caller`), beside being one of ``callers`` where both are
    #: named; who is in no group, or does not say, is not meant.
    groups: tuple[str, ...] | None = attrs.field(default=None, converter=_groups)

    #: The patterns of ``paths``, ``callers`` and ``groups``, read once.
    path_patterns: tuple[Pattern, ...] = attrs.field(init=False, repr=False, eq=False)
    caller_patterns: tuple[Pattern, ...] | None = attrs.field(init=False, repr=False, eq=False)
    group_patterns: tuple[Pattern, ...] | None = attrs.field(init=False, repr=False, eq=False)
    #: The names of ``header_names`` and ``headers`` in lower case.
    named_headers: frozenset[str] = attrs.field(init=False, repr=False, eq=False)

    @path_patterns.default
    def _read_paths(self) -> tuple[Pattern, ...]:
        return tuple(path_pattern(text, "paths") for text in self.paths)

    @caller_patterns.default
    def _read_callers(self) -> tuple[Pattern, ...] | None:
        return _text_patterns(self.callers, "callers")

    @group_patterns.default
    def _read_groups(self) -> tuple[Pattern, ...] | None:
        return _text_patterns(self.groups, "groups")

    @named_headers.default
    def _fold_headers(self) -> frozenset[str]:
        return frozenset(map(str.lower, (*self.header_names, *(self.headers or ()))))

    def __attrs_post_init__(self) -> None:
        """Check the options against each other: a limit that could not hold is a mistake."""
        if not self.name.strip() or not self.name.isprintable():
            msg = f"a rule's name is printable text that is not empty, not {shown(self.name)}"
            raise InvalidRequestError(msg, option="name")
        for option, words in (("effect", ("allow", "deny")), ("on_longer", ("refuse", "clamp"))):
            if getattr(self, option) not in words:
                msg = f"rule {self.name!r}: {option} is {' or '.join(map(repr, words))}, not {shown(getattr(self, option))}"
                raise InvalidRequestError(msg, option=option)
        fault = self._fault_of_deny() if self.effect == "deny" else self._fault_of_allow()
        if fault is not None:
            option, why = fault
            msg = f"rule {self.name!r}: {option} {why}"
            raise InvalidRequestError(msg, option=option)

    def _fault_of_deny(self) -> tuple[str, str] | None:
        matching = {"name", "paths", "effect", "methods", "callers", "groups"}
        limits = set(attrs.fields_dict(Rule)) - matching
        defaults = attrs.fields_dict(Rule)
        for name in sorted(limits):
            field = defaults[name]
            if field.init and getattr(self, name) != field.default:
                return name, "limits what is allowed, and this rule denies"
        for text in self.paths:
            bucket = text.partition("://")[2].partition("/")[0]
            if "@" in bucket:
                return (
                    "paths",
                    "names an account, which a path may leave out: deny the container, as in az://container/**",
                )
        return None

    def _fault_of_allow(self) -> tuple[str, str] | None:
        if not self.methods:
            return "methods", "must name the methods that are allowed"
        of_uploads = {
            *(self.require & frozenset(UPLOAD_ONLY)),
            *(name for name in ("content_types", "max_bytes") if getattr(self, name) is not None),
        }
        if of_uploads and not self.methods <= UPLOADS:
            others = ", ".join(sorted(self.methods - UPLOADS))
            return min(of_uploads), f"is of uploads, so no link for {others} could meet it"
        if self.on_longer == "clamp" and self.max_expires_in is None:
            return "on_longer", "needs max_expires_in, to which it clamps"
        return None


def _rules(value: object) -> tuple[Rule, ...]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        msg = f"rules is a list of Rule, not {shown(value)}"
        raise InvalidRequestError(msg, option="rules")
    found = tuple(value)
    seen: set[str] = set()
    for rule in found:
        if not isinstance(rule, Rule):
            msg = f"rules is a list of Rule, not of {type(rule).__name__}"
            raise InvalidRequestError(msg, option="rules")
        if rule.name in seen:
            msg = f"two rules are named {rule.name!r}: give each a name of its own"
            raise InvalidRequestError(msg, option="rules")
        seen.add(rule.name)
    return found


@names_nearest
@attrs.frozen(kw_only=True)
class Policy:
    """Rules in order: the first that matches decides, and what none matches is refused.

    >>> policy = Policy(rules=[Rule(name="readers", paths=["s3://maps/**"], methods=["GET"])])
    >>> [rule.name for rule in policy.rules]
    ['readers']

    Raises:
        InvalidRequestError: naming the option that is wrong and what would be right.

    """

    #: The rules, in the order in which they are tried; none at all refuse everything.
    rules: tuple[Rule, ...] = attrs.field(converter=_rules)
    #: What each caller may have under all rules together.
    per_caller: Quota | None = attrs.field(default=None, validator=optional(_is_quota))
