"""What is wrong with a plugin's answer: it is judged before anybody gets it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from os.path import commonprefix
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl

import attrs

from daypass.backends.calls import Backend
from daypass.base.secrets import MASK
from daypass.base.urls import encode, encode_key, mask_url, token_of
from daypass.errors import PluginError
from daypass.model.headers import copy_header, starts_session
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest

if TYPE_CHECKING:
    from daypass.model.forms import FormRequest, UploadForm
    from daypass.model.inboxes import Inbox
    from daypass.model.prefixes import SignedPrefix

__all__ = ["Judged", "judge", "judge_form", "judge_inbox"]

#: http(s), a host without user info, and no character that a URL must encode (RFC 3986).
_SOUND_URL = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"/[!$&-;=?@A-Z_a-z~]*(?:%[0-9A-Fa-f]{2}[!$&-;=?@A-Z_a-z~]*)*"
)
#: What else may follow in a query.
_SOUND_REST = re.compile(r"[!$&-;=?@A-Z_a-z~]*(?:%[0-9A-Fa-f]{2}[!$&-;=?@A-Z_a-z~]*)*")
_LAST_PORT = 65_535
#: What a header's name may be (RFC 9110), since fields are named after headers.
_FIELD_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
#: What could end a field, or a line of a shell: controls, and half characters.
_BREAKING = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"


def judge(
    backend: Backend,
    location: Location,
    request: SignRequest,
    answer: SignedURL | SignedPrefix,
) -> None:
    """Raise where the answer is not what was asked; the message never shows the URL."""
    fault = _misshapen(answer) or _mistaken(backend, location, request, answer)
    if fault:
        msg = f"backend {backend.plugin} answered a request for {request.method} with {fault}"
        raise PluginError(msg, plugin=backend.plugin)


def judge_form(
    backend: Backend, location: Location, request: FormRequest, answer: UploadForm
) -> None:
    """Raise where a form is not what was asked; the message never shows its fields."""
    fault = _misshapen_form(answer) or _mistaken_form(backend, location, request, answer)
    if fault:
        msg = f"backend {backend.plugin} answered a request for an upload form with {fault}"
        raise PluginError(msg, plugin=backend.plugin)


def judge_inbox(
    backend: Backend, location: Location, request: SignRequest, answer: Inbox
) -> SignedURL:
    """Raise where a page for uploads is not what was asked; return the link for PUT that it stands for."""
    link = SignedURL(
        url=answer.url,
        method=answer.method,
        headers={},
        expires_at=answer.expires_at,
        expires_because=answer.expires_because,
        permits=answer.permits,
        unenforced=answer.unenforced,
        path=answer.path,
        backend=answer.backend,
    )
    judge(backend, location, request, link)
    fault = None
    if not backend.info.opaque_links or not mask_url(answer.url).endswith(f"/{MASK}"):
        fault = "a page whose URL does not end in a token that is masked where it is shown"
    elif answer.max_bytes != request.max_bytes and "max_bytes" not in answer.unenforced:
        fault = "another largest file"
    elif answer.max_uses != request.max_uses and "max_uses" not in answer.unenforced:
        fault = "another number of files"
    elif answer.content_types != location.content_types:
        fault = "other media types"
    if fault:
        msg = f"backend {backend.plugin} answered a request for uploads with {fault}"
        raise PluginError(msg, plugin=backend.plugin)
    return link


#: What of an answer has nothing to do with its key.
_common = itemgetter(
    "method", "headers", "expires_at", "expires_because", "permits", "unenforced", "backend"
)


@attrs.frozen(eq=False)
class Judged:
    """A sound answer, by which another to the same request is known to be sound: it differs in the key alone."""

    request: SignRequest
    #: All of the answer that does not depend on its key.
    _common: tuple[object, ...] = attrs.field(repr=False)
    #: Its URL up to the key.
    _start: str
    #: Its query up to the value that differs: the signature.
    _query: str = attrs.field(repr=False)
    #: What the URL leaves out of the key, at its beginning.
    _omitted: str

    @classmethod
    def of(
        cls,
        backend: Backend,
        location: Location,
        request: SignRequest,
        answer: SignedURL,
        before: Judged | None,
    ) -> Self | None:
        """Take a judged answer for a measure; None where the next one has to be judged by itself.

        Args:
            backend: who answered.
            location: of the object.
            request: what was asked.
            answer: what was judged.
            before: the measure that it did not meet.

        """
        place, mark, query = answer.url.partition("?")
        omitted = _omitted(backend, location)
        start = place.removesuffix(encode_key(location.key.removeprefix(omitted)))
        endpoint = location.public_endpoint
        if not mark or request.method == "LIST" or (endpoint and not _is_below(endpoint, start)):
            return None
        if before is not None and before.request is request:
            query = commonprefix([query, before._query[1:]])  # noqa: RUF071, SLF001 - of characters; its own
        # A copy of its headers: what becomes of a link's own is nothing that the next one may be like.
        common = _common({**answer.__dict__, "headers": answer.headers.copy()})
        end = query.rfind("=") + 1
        return cls(request, common, start, mark + query[:end], omitted)

    def is_like(self, location: Location, answer: SignedURL) -> bool:
        """Tell whether an answer to the same request is the judged one but for its key: what `judge` lets pass."""
        if type(answer) is not SignedURL:  # which may answer otherwise than it holds
            return False
        told = answer.__dict__
        url = told["url"]
        key = location.key.removeprefix(self._omitted) if self._omitted else location.key
        known = f"{self._start}{encode_key(key)}{self._query}"
        return (
            type(url) is str
            and url.isascii()
            and url.startswith(known)
            # As bytes, of which this is asked in half the time.
            and (
                (rest := url[len(known) :]).encode().isalnum()
                or _SOUND_REST.fullmatch(rest) is not None
            )
            and told["path"] == location.path
            and _common(told) == self._common
            and type(told["headers"]) is dict
            and type(told["permits"]) is type(told["unenforced"]) is frozenset
            and told["expires_at"].tzinfo is UTC
        )


def _misshapen(answer: SignedURL | SignedPrefix) -> str | None:
    """Name the field that is not of its type; attrs does not check."""
    fault = None
    if not isinstance(answer.url, str):
        fault = "a URL that is no text"
    elif not isinstance(answer, SignedURL) and (
        not isinstance(answer.query, str) or "?" in answer.url
    ):
        fault = "a grant that is no text, or a query in the prefix's own URL"
    elif not isinstance(answer.headers, dict) or not all(map(_is_header, answer.headers.items())):
        fault = "headers that are no text or hold line breaks"
    elif not (isinstance(answer.permits, frozenset) and isinstance(answer.unenforced, frozenset)):
        fault = "permits or unenforced that is no frozenset"
    else:
        fault = _misshapen_end(answer)
    return fault


def _misshapen_form(answer: UploadForm) -> str | None:
    """Do the same for a form."""
    fault = None
    if not isinstance(answer.url, str):
        fault = "a URL that is no text"
    elif not all(
        isinstance(fields, dict) and all(map(_is_field, fields.items()))
        for fields in (answer.fields, answer.starts_with)
    ):
        fault = "fields that are no text or hold line breaks"
    elif not isinstance(answer.unenforced, frozenset):
        fault = "unenforced that is no frozenset"
    else:
        fault = _misshapen_end(answer)
    return fault


def _misshapen_end(answer: SignedURL | SignedPrefix | UploadForm) -> str | None:
    if not isinstance(answer.expires_at, datetime) or answer.expires_at.utcoffset() != timedelta(0):
        return "an expires_at that is not aware and in UTC"
    return None if isinstance(answer.expires_because, str) else "no reason for its end"


def _is_field(field: tuple[object, object]) -> bool:
    name, value = field
    return (
        isinstance(name, str)
        and re.fullmatch(_FIELD_NAME, name) is not None
        and isinstance(value, str)
        and not re.search(_BREAKING, value)
    )


def _is_header(header: tuple[object, object]) -> bool:
    return all(
        isinstance(part, str) and part.isascii() and (part.isprintable() or not part)
        for part in header
    )


def _mistaken(
    backend: Backend,
    location: Location,
    request: SignRequest,
    answer: SignedURL | SignedPrefix,
) -> str | None:
    """Say where the answer is not what was asked."""
    place, query = _parts(answer)
    sound = _SOUND_URL.fullmatch(place)
    fault = None
    if (
        not sound
        or not _SOUND_URL.fullmatch("http://q/" + query)
        or int(sound["port"] or 1) > _LAST_PORT
    ):
        fault = "a URL that is not http(s)://host/path in plain RFC 3986 characters"
    elif request.method == "LIST" and not _lists(answer, query, location.key):
        fault = "a URL whose query does not carry the prefix, once"
    elif unclear := _unclear(backend, location, request, answer, place):
        fault = unclear
    elif location.public_endpoint is not None and not _is_below(location.public_endpoint, place):
        fault = "a URL whose host is not the public endpoint's"
    elif answer.method != request.method or request.method not in answer.permits:
        fault = f"a URL for {answer.method}, permitting {sorted(answer.permits)}"
    elif mistimed := _mistimed(request, answer):
        fault = mistimed
    elif answer.backend != backend.info.name or answer.path != location.path:
        fault = "another backend's name or another path"
    elif unsaid := (request.conditions - backend.info.enforces - answer.unenforced):
        fault = _unsaid(unsaid, "enforces")
    elif request.query is not None and not _carries(query, request):
        fault = "a URL whose query does not carry the parameters that were asked for, once"
    else:
        fault = _another(request, answer)
    return fault


def _parts(answer: SignedURL | SignedPrefix) -> tuple[str, str]:
    """Return a URL up to its query, and that; of a grant they are apart."""
    place, _, query = answer.url.partition("?")
    return (place, query) if isinstance(answer, SignedURL) else (place, answer.query)


def _another(request: SignRequest, answer: SignedURL | SignedPrefix) -> str | None:
    """Say where a link is for a copy or a session that nobody was asked about."""
    if request.copy_source is None and copy_header(answer.headers):
        return "headers that name the source of a copy, for which nobody asked"
    if not request.resumable and starts_session(answer.headers):
        return "a header that starts a session, for which nobody asked"
    return None


def _unclear(
    backend: Backend,
    location: Location,
    request: SignRequest,
    answer: SignedURL | SignedPrefix,
    place: str,
) -> str | None:
    """Say where nothing in a URL's path shows what it opens, or masks what opens it."""
    opaque = backend.info.opaque_links
    if opaque and not isinstance(answer, SignedURL) and not answer.query:
        if token_of(place) and mask_url(place).endswith(f"/{MASK}/"):  # which keys can follow
            return None
        return (
            "a grant without a query, whose URL does not end in a token that is masked where it is shown: "
            "/l/ or /p/, 22 characters of base64url, and a slash"
        )
    if (opaque and isinstance(answer, SignedURL)) or _names_key(backend, location, request, place):
        return None
    return (
        "a URL whose path does not end in the key, so that nothing shows which object it opens: another key "
        "was signed, or the store gives its links names of their own, which a backend of it has to declare "
        "(BackendInfo.opaque_links)"
    )


def _names_key(backend: Backend, location: Location, request: SignRequest, place: str) -> bool:
    """Tell whether a URL's path ends in the key; a listing's prefix is in the query."""
    key = location.key.removeprefix(_omitted(backend, location))
    return request.method == "LIST" or place.endswith("/" + encode_key(key))


def _carries(query: str, request: SignRequest) -> bool:
    """Tell whether a URL's query has each of the caller's own parameters once."""
    wanted = request.query or {}
    found = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] in wanted]
    return sorted(found) == sorted(wanted.items())


def _unsaid(options: frozenset[str], declared: str) -> str:
    """Name options that nobody answers for, and the two ways out."""
    return (
        f"no word in unenforced of {', '.join(sorted(options))}: declare it in BackendInfo.{declared} "
        "where the store enforces it, or name it in the answer's unenforced"
    )


def _omitted(backend: Backend, location: Location) -> str:
    """Return the prefix of keys that URLs leave out, since a signer's host stands for it."""
    option = backend.info.prefix_option
    prefix = None if option is None else getattr(location.options, option, None)
    return prefix if isinstance(prefix, str) else ""


def _mistaken_form(
    backend: Backend, location: Location, request: FormRequest, answer: UploadForm
) -> str | None:
    """Say where a form is not what was asked."""
    from daypass.toolkit.post_policy import starts_with_of  # which few links need

    sound = _SOUND_URL.fullmatch(answer.url)
    starts = starts_with_of(request, location.key)
    fault = None
    if not sound or "?" in answer.url or int(sound["port"] or 1) > _LAST_PORT:
        fault = "a URL that is not http(s)://host/path in plain RFC 3986 characters"
    elif location.public_endpoint is not None and not _is_below(
        location.public_endpoint, answer.url.removesuffix("/") + "/"
    ):
        fault = "a URL whose host is not the public endpoint's"
    elif answer.fields.get("key") != location.key or answer.starts_with != starts:
        fault = "another key, or other fields left to the sender than were asked for"
    elif mistimed := _mistimed(request, answer):
        fault = mistimed
    elif answer.backend != backend.info.name or answer.path != location.path:
        fault = "another backend's name or another path"
    elif unsaid := (request.conditions - backend.info.form_enforces - answer.unenforced):
        fault = _unsaid(unsaid, "form_enforces")
    else:
        fault = _mistaken_policy(location, request, answer, starts)
    return fault


def _mistaken_policy(
    location: Location, request: FormRequest, answer: UploadForm, starts: dict[str, str]
) -> str | None:
    """Say where the policy permits anything but what was asked and what the fields hold."""
    from daypass.toolkit.post_policy import PolicyDocument, fields_of

    try:
        policy = PolicyDocument.read(answer.fields.get("policy", ""))
    except ValueError:
        return "no POST policy in its field policy"
    free = {name for name in answer.fields if name == "policy" or name.endswith("signature")}
    loose = {
        name
        for name, value in answer.fields.items()
        if name not in free and name not in starts and policy.equal.get(name) != value
    }
    # Metadata has the provider's names: of it only the values are looked for, which some field holds.
    asked = fields_of(request, prefix="")
    held = {name.lower(): value for name, value in answer.fields.items()}
    lacking = [
        name
        for name, value in asked.items()
        if held.get(name.lower()) != value
        and not (name.startswith("meta-") and value in held.values())
    ]
    fault = None
    if policy.expires_at != answer.expires_at:
        fault = "a policy that ends at another moment than the form"
    elif policy.equal.get("bucket") != location.bucket:
        fault = "a policy for another bucket"
    elif loose:
        fault = f"fields that no condition holds: {', '.join(sorted(loose))}"
    elif policy.starts_with != starts:
        fault = "a policy that leaves other fields to the sender than were asked for"
    elif policy.size_range != request.size_range:
        fault = "a policy for files of another size"
    elif lacking:
        fault = f"fields that lack some of what was asked for: {', '.join(lacking)}"
    return fault


def _mistimed(
    request: SignRequest | FormRequest, answer: SignedURL | SignedPrefix | UploadForm
) -> str | None:
    if not request.signing_time < answer.expires_at <= request.expires_at:  # type: ignore[operator]
        return "an end that is not after the signing time and up to the end asked for"
    if answer.expires_at < request.expires_at and answer.expires_because == REQUESTED:  # type: ignore[operator]
        return "an earlier end without a reason"
    return None


def _lists(answer: SignedURL | SignedPrefix, query: str, prefix: str) -> bool:
    """Tell whether a query asks for exactly the prefix; an empty one may go without saying."""
    asked = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "prefix"]
    if not isinstance(answer, SignedURL) and not query.endswith(f"&prefix={encode(prefix)}"):
        return False  # a longer prefix could not follow
    return asked == [prefix] or (not asked and not prefix)


def _is_below(endpoint: str, place: str) -> bool:
    """Tell whether a URL's host is the endpoint's, or a name below it (virtual hosts)."""
    scheme, _, base = endpoint.partition("://")
    found_scheme, _, rest = place.partition("://")
    wanted, _, folder = base.partition("/")
    host, _, path = rest.partition("/")
    if folder.strip("/") and not path.startswith(folder.rstrip("/") + "/"):
        return False
    scheme, found_scheme, wanted, host = map(str.lower, (scheme, found_scheme, wanted, host))
    default = {"http": ":80", "https": ":443"}[scheme]
    wanted, host = wanted.removesuffix(default), host.removesuffix(default)
    return found_scheme == scheme and (host == wanted or host.endswith("." + wanted))
