"""The signing engine: the SDK signs once for each kind of request, its template every URL after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs
from botocore.exceptions import BotoCoreError

from daypass.base.times import timestamp
from daypass.errors import SigningNotSupportedError, UnsupportedOptionError
from daypass.model.headers import kin_of
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.engine import CREDENTIALS_END, NOTHING, ONLY, Begun, Latest, Shape, Templates
from daypass.toolkit.v4 import AWS4, SENTINEL, Prepared, Template
from daypass_s3 import sdk
from daypass_s3.asking import with_region
from daypass_s3.credentials import KeyRing, Keys
from daypass_s3.hosts import is_amazon
from daypass_s3.oracle import Oracle
from daypass_s3.own_links import check_alive
from daypass_s3.settings import settings_of
from daypass_s3.shape import shape_of

if TYPE_CHECKING:
    from daypass.model.batches import SignedURLBatch
    from daypass.model.forms import FormRequest
    from daypass.toolkit.xml_uploads import Step
    from daypass_s3.by_sdk import BySDK
    from daypass_s3.form_places import FormPlace
    from daypass_s3.session_policies import Scope
    from daypass_s3.sessions import Sessions
    from daypass_s3.sigv2 import PreparedV2, TemplateV2

#: The HTTP methods of what is named otherwise.
_VERBS = {
    "LIST": "GET",
    "begin": "POST",
    "part": "PUT",
    "list": "GET",
    "complete": "POST",
    "abort": "DELETE",
}
#: What a PUT no longer holds once its holder adds a copy's source: then body and description are the source's, and
#: whether there is an object does not matter.
_GONE_IN_COPIES = frozenset(
    {
        "content_type",
        "content_md5",
        "add_content_md5_metadata",
        "content_length",
        "checksum_sha256",
        "if_absent",
        "metadata",
        "tags",
        "headers",
    }
)

END_UNKNOWN = (
    "requested, but it is signed with a session token whose end is unknown, and it dies with the "
    "token: say when in signer_options credentials_expire_at"
)
#: ``expires_because`` of a link that ends with its narrowed session.
SESSION_ENDS = "the narrowed session it is signed with ends first"


class Signer:
    """Signs for one bucket with one filesystem's settings."""

    def __init__(self, location: Location) -> None:
        sdk.check_bucket(location.bucket)
        self._settings = settings_of(location)
        deadline = Deadline.after(location.deadline)
        try:
            self._session = sdk.make_session(self._settings)
        except BotoCoreError as error:
            raise sdk.explained(error) from error
        self._keyring = KeyRing(self._settings, self._session, location, deadline)
        self._settings = with_region(self._settings, location, deadline)
        self._sessions = self._sessions_of(location)
        self.is_v2 = location.options.signature_version == "s3"
        self._refuses_unsigned: bool | None = location.options.refuses_unsigned_headers
        self._oracle: Oracle | None = None
        self._form_place: FormPlace | None = None
        self._templates: Templates[Learnt] = Templates()
        self._latest: Latest[Begun | BySDK] = Latest()

    @property
    def requester_pays(self) -> bool:
        """True where the filesystem states with every request that the requester pays."""
        return self._settings.requester_pays

    @property
    def adds_checksums(self) -> bool:
        """True where the filesystem's own settings ask for a checksum of every upload."""
        return "ChecksumAlgorithm" in self._settings.s3_additional_kwargs

    @property
    def asks_amazon(self) -> bool:
        """True where the filesystem speaks to Amazon's own S3."""
        return sdk.asks_amazon(self._settings, self._session)

    def sign(self, location: Location, request: SignRequest) -> SignedURL:
        """Sign one URL; ``request`` is resolved."""
        start, end = request.signing_time, request.expires_at
        if self._sessions is None:
            keys = self._keyring.keys(start, end)  # type: ignore[arg-type] # resolved
        else:
            keys = self._sessions.keys(self._scope(location, request), start, end)  # type: ignore[arg-type]
        key = "" if request.method == "LIST" else location.key  # a prefix goes into the query
        begun = self._latest.of(location, request, keys, self._begin)
        return begun.link(key, location.path)

    def sign_many(
        self, location: Location, keys: Sequence[str], request: SignRequest
    ) -> SignedURLBatch:
        """Sign the URLs of many keys in the bucket; ``request`` is resolved.

        Raises:
            UnsupportedOptionError: with ``narrow``, since no session is for them all and nothing else.

        """
        if self._sessions is not None:
            msg = "narrow asks STS for a session for each key, and many at once would take their time: sign them one by one (create_signed_url)"
            raise UnsupportedOptionError(
                msg, option="narrow", backend="s3", alternatives=["create_signed_url"]
            )
        return self._begin(location, request).links(keys, location)

    def sign_step(
        self, step: Step, location: Location, request: SignRequest, shape: Shape
    ) -> SignedURL:
        """Sign one request of an upload in parts; ``request`` is resolved.

        Raises:
            UnsupportedOptionError: for Signature Version 2, whose template knows no such requests.

        """
        if self.is_v2:
            msg = "signature_version='s3' signs no uploads in parts: use 's3v4', or upload in one piece"
            raise UnsupportedOptionError(
                msg, option="signature_version", backend="s3", alternatives=["s3v4"]
            )
        return self._begin(location, request, step, shape).link(location.key, location.path)

    def _begin(
        self,
        location: Location,
        request: SignRequest,
        step: Step | None = None,
        shape: Shape | None = None,
    ) -> Begun | BySDK:
        """Do what is the same for every key; a step of an upload brings its shape."""
        start: datetime = request.signing_time  # type: ignore[assignment] # resolved
        operation, method = (step.name, step.method) if step else (request.method, request.method)
        scope = None if self._sessions is None else self._scope(location, request, shape)
        keys, end, because = self._keys_until(start, request.expires_at, scope)  # type: ignore[arg-type]
        if shape is None:
            shape = shape_of(request, location.version, requester_pays=self.requester_pays)
        if operation == "LIST":
            shape = shape.below(location.key)
        if self.is_v2:
            from daypass_s3.sigv2 import check_v2  # which hardly a store needs

            check_v2(shape, location)
        learnt = self._templates.of(
            # One that is learnt for a session is good for all of them.
            (operation, shape.outline, *(() if scope else (keys.access_key, keys.token))),
            self._learn,
            location,
            operation,
            shape,
            keys,
        )
        headers = {**learnt.fixed, **shape.headers}
        # Up to the real end, so that the URL itself tells of it whoever reads it.
        lifetime = int((end - start).total_seconds())
        unenforced = NOTHING
        if method == "PUT" and not learnt.refuses_unsigned and request.copy_source is None:
            unenforced = request.conditions & _GONE_IN_COPIES
        template = learnt.template
        if scope is not None:
            if not isinstance(template, Template):
                msg = "narrow needs a template, and the SDK's signature of this kind of request could not be recomputed: leave it out"
                raise SigningNotSupportedError(msg)
            template = template.of_key(keys.access_key, keys.token)
        if template is None:
            like = SignedURL(
                "", method, headers, end, because, ONLY[method], unenforced, location.path, "s3"
            )
            from daypass_s3.by_sdk import BySDK  # which hardly a store needs

            return BySDK(like, self._by_sdk(location, request, operation, shape, lifetime))
        filled = self._templates.filled(
            (learnt, keys, start, lifetime, shape),
            _fill,
            template,
            keys.secret,
            shape,
            start,
            lifetime,
        )
        return Begun(filled, method, headers, end, because, ONLY[method], unenforced, "s3")

    def keys_of_form(self, location: Location, request: FormRequest) -> tuple[Keys, datetime, str]:
        """Return the keys to sign a form with, when they let it end, and why then; ``request`` is resolved."""
        scope = None
        if self._sessions is not None:
            from daypass_s3.session_policies import of_form

            scope = of_form(location, request)
        return self._keys_until(request.signing_time, request.expires_at, scope)  # type: ignore[arg-type]

    def _keys_until(
        self, start: datetime, end: datetime, scope: Scope | None
    ) -> tuple[Keys, datetime, str]:
        """Return the keys to sign with, when they let it end, and why then."""
        if self._sessions is not None and scope is not None:
            keys, early = self._sessions.keys(scope, start, end), SESSION_ENDS
        else:
            keys, early = self._keyring.keys(start, end), CREDENTIALS_END
        if keys.expires_at is not None and keys.expires_at < end:
            return keys, keys.expires_at, early
        return keys, end, END_UNKNOWN if keys.end_unknown else REQUESTED

    def _sessions_of(self, location: Location) -> Sessions | None:
        """Return the narrowed sessions that sign in place of the filesystem's keys, where the options say so."""
        narrow = location.options.narrow
        if narrow is None:
            return None
        if location.options.signature_version != "s3v4":
            msg = "narrow signs by Version 4 alone: leave out signature_version, or narrow"
            raise UnsupportedOptionError(msg, option="narrow", backend="s3", alternatives=["s3v4"])
        from daypass_s3.sessions import Sessions  # and STS, which hardly a store needs

        return Sessions(narrow, self._settings, self._session, self._keyring, location.deadline)

    def _scope(self, location: Location, request: SignRequest, step: Shape | None = None) -> Scope:
        """Return what a session for a link may do, or for a step of an upload, which brings its shape."""
        from daypass_s3.session_policies import of_link, of_step

        if step is None:
            return of_link(location, request)
        return of_step(location, step.headers, location.options.narrow)

    def form_place(self, location: Location, keys: Keys) -> FormPlace:
        """Return where upload forms of the bucket go, learnt once for each set of keys."""
        from daypass_s3.form_places import learn_place  # which links need not

        with self._templates.lock:
            oracle = self._oracle_of(location, keys)
            if self._form_place is None:
                place = learn_place(oracle, location.bucket)
                _check_lacking(location, place.fixed)
                self._form_place = place
            return self._form_place

    def _oracle_of(self, location: Location, keys: Keys) -> Oracle:
        """Return the SDK with these keys; the caller holds the lock."""
        stale = self._sessions is None and self._oracle is not None and self._oracle.keys != keys
        if self._oracle is None or stale:
            self._oracle = Oracle(self._settings, self._session, location, keys)
            self._templates.forget()  # the templates of keys that have been replaced
            self._form_place = None
        return self._oracle

    def _learn(self, location: Location, method: str, shape: Shape, keys: Keys) -> Learnt:
        oracle = self._oracle_of(location, keys)
        key = SENTINEL
        if method == "LIST":  # the prefix is a value that varies, and no part of the path
            key, shape = "", shape.below(SENTINEL)
        signed = oracle.sign(location.bucket, key, method, shape, 3600)
        check_alive(signed.url, location.bucket)
        fixed = {
            name: value
            for name, value in signed.headers.items()
            if name.lower() not in {mine.lower() for mine in shape.headers}
        }
        _check_lacking(location, fixed)
        template: Template | TemplateV2 | None
        if self.is_v2:
            from daypass_s3.sigv2 import TemplateV2

            template = TemplateV2.learn(
                method,
                signed.url,
                bucket=location.bucket,
                headers=signed.headers,
                varying=shape.query,
                secret=keys.secret,
                fixed=fixed,
            )
        else:
            template = Template.learn(
                AWS4,
                _VERBS.get(method, method),
                signed.url,
                headers=signed.headers,
                varying=shape.query,
                secret=oracle.keys.secret,
                fixed=fixed,
                key=key,
            )
        return Learnt(template, fixed, self._is_closed(signed.url))

    def _is_closed(self, url: str) -> bool:
        """Tell whether a holder can add no ``x-amz-*`` header to links like this one."""
        if self.is_v2:  # which signs all of them that a request has
            return True
        if self._refuses_unsigned is None:
            return is_amazon(urlsplit(url).hostname or "")
        return self._refuses_unsigned

    def _by_sdk(
        self,
        location: Location,
        request: SignRequest,
        operation: str,
        shape: Shape,
        lifetime: int,
    ) -> Callable[[str], str]:
        """Return what lets the SDK sign the URL of one key.

        Raises:
            UnsupportedOptionError: for a clock of our own.

        """
        if fixed := request.conditions & {"signing_time", "stable_for"}:
            msg = f"{min(fixed)} needs a template, and the SDK's signature of this kind of request could not be recomputed"
            raise UnsupportedOptionError(msg, option=min(fixed), backend="s3")

        def sign(key: str) -> str:
            with self._templates.lock:
                assert self._oracle is not None  # noqa: S101 - _learn has made it
                return self._oracle.sign(location.bucket, key, operation, shape, lifetime).url

        return sign


def _check_lacking(location: Location, fixed: Iterable[str]) -> None:
    """Raise for a header of the filesystem's own settings that the profile says its store lacks."""
    for name in fixed:
        if location.lacks and (kin := kin_of(name.lower())) in location.lacks:
            msg = f"s3_additional_kwargs adds {name} to every upload, and the profile {location.profile} says that its store lacks {kin}: leave it out"
            raise UnsupportedOptionError(msg, option="storage_options", backend="s3")


def _fill(
    template: Template | TemplateV2, secret: str, shape: Shape, start: datetime, lifetime: int
) -> Prepared | PreparedV2:
    """Fill a template in for one second and one request's values."""
    headers = {name.lower(): value for name, value in shape.headers.items()}
    if isinstance(template, Template):
        return template.prepare(
            secret,
            timestamp=timestamp(start),
            expires=str(lifetime),
            query=shape.query,
            headers=headers,
        )
    end = str(int(start.timestamp()) + lifetime)
    return template.prepare(secret, expires=end, query=shape.query, headers=headers)


@attrs.frozen(eq=False)
class Learnt:
    """How all requests of one outline are signed: by a template, or by the SDK where None could be proven."""

    template: Template | TemplateV2 | None
    #: Headers that the filesystem's own settings add, such as encryption.
    fixed: Mapping[str, str] = attrs.field(repr=False)
    #: Whether the store refuses ``x-amz-*`` headers that are not signed.
    refuses_unsigned: bool
