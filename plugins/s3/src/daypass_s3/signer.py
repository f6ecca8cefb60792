"""The signing engine: the SDK signs once for each form of request, its template every URL after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import attrs
from botocore.exceptions import BotoCoreError

from daypass.base.times import timestamp
from daypass.errors import UnsupportedOptionError
from daypass.model.batches import SignedURLBatch
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import Shape
from daypass.toolkit.v4 import AWS4, SENTINEL, Prepared, Template
from daypass.toolkit.xml_uploads import Step
from daypass_s3 import sdk
from daypass_s3.credentials import KeyRing, Keys
from daypass_s3.form_places import FormPlace, learn_place
from daypass_s3.oracle import OPERATIONS, Oracle
from daypass_s3.settings import settings_of, with_region
from daypass_s3.shape import shape_of
from daypass_s3.sigv2 import PreparedV2, TemplateV2, check_v2

_PERMITS = {method: frozenset({method}) for method in OPERATIONS}
_NOTHING: frozenset[str] = frozenset()
#: The HTTP methods of what is named otherwise.
_VERBS = {
    "LIST": "GET",
    "begin": "POST",
    "part": "PUT",
    "list": "GET",
    "complete": "POST",
    "abort": "DELETE",
}

CREDENTIALS_END = "the credentials it is signed with end first"
END_UNKNOWN = (
    "requested, but it is signed with a session token whose end is unknown, and it dies with the "
    "token: say when in signer_options credentials_expire_at"
)


class Signer:
    """Signs for one bucket with one filesystem's settings."""

    def __init__(self, location: Location) -> None:
        sdk.check_bucket(location.bucket)
        self._settings = settings_of(location)
        try:
            self._session = sdk.make_session(self._settings)
        except BotoCoreError as error:
            raise sdk.explained(error) from error
        self._keyring = KeyRing(self._settings, self._session, location)
        self._settings = with_region(self._settings, location)
        self.is_v2 = location.options.signature_version == "s3"
        self._lock = Lock()
        self._oracle: Oracle | None = None
        self._templates: dict[Any, Form] = {}
        self._form_place: FormPlace | None = None
        self._prepared: tuple[Any, Any, Any] = (None, None, None)

    @property
    def requester_pays(self) -> bool:
        """True where the filesystem states with every request that the requester pays."""
        return self._settings.requester_pays

    @property
    def adds_checksums(self) -> bool:
        """True where the filesystem's own settings ask for a checksum of every upload."""
        return "ChecksumAlgorithm" in self._settings.s3_additional_kwargs

    def sign(self, location: Location, request: SignRequest) -> SignedURL:
        """Sign one URL; ``request`` is resolved."""
        begun = self._begin(location, request)
        if request.method == "LIST":
            location, path = location.at(""), location.path
        else:
            path = location.path
        if begun.prepared is None:
            url, end = self._by_sdk(location, request, begun)
        else:
            url, end = begun.prepared.url(location.key), begun.end
        return _link(url, request.method, begun, end, path)

    def sign_many(
        self, location: Location, keys: Sequence[str], request: SignRequest
    ) -> SignedURLBatch:
        """Sign the URLs of many keys in the bucket; ``request`` is resolved."""
        begun = self._begin(location, request)
        if begun.prepared is None:
            return SignedURLBatch.of_rows([self.sign(location.at(key), request) for key in keys])
        like = _link("", request.method, begun, begun.end, location.at("").path)
        return SignedURLBatch(begun.prepared.urls(keys), keys, like)

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
        begun = self._begin(location, request, step.name, shape)
        if begun.prepared is None:
            url, end = self._by_sdk(location, request, begun, step.name)
        else:
            url, end = begun.prepared.url(location.key), begun.end
        return SignedURL(
            url,
            step.method,
            begun.headers,
            end,
            begun.because,
            frozenset({step.method}),
            _NOTHING,
            location.path,
            "s3",
        )

    def _begin(
        self,
        location: Location,
        request: SignRequest,
        step: str | None = None,
        shape: Shape | None = None,
    ) -> Begun:
        """Do what is the same for every key; a step of an upload brings its shape."""
        start: datetime = request.signing_time  # type: ignore[assignment] # resolved
        keys, end, because = self.keys_until(start, request.expires_at)  # type: ignore[arg-type]
        method = step or request.method
        if shape is None:
            shape = shape_of(request, location.version, requester_pays=self.requester_pays)
        if method == "LIST":
            shape = shape.below(location.key)
        if self.is_v2:
            check_v2(shape, location)
        form = self._form(location, method, shape, keys)
        prepared = None
        if form.template is not None:
            prepared = self._prepare(form.template, shape, keys, start, request.expires_in)  # type: ignore[arg-type]
        return Begun(prepared, shape, {**form.fixed, **shape.headers}, end, because)

    def keys_until(self, start: datetime, end: datetime) -> tuple[Keys, datetime, str]:
        """Return the keys to sign with, when they let it end, and why then."""
        keys = self._keyring.keys(start, end)
        if keys.expires_at is not None and keys.expires_at < end:
            return keys, keys.expires_at, CREDENTIALS_END
        return keys, end, END_UNKNOWN if keys.end_unknown else REQUESTED

    def form_place(self, location: Location, keys: Keys) -> FormPlace:
        """Return where upload forms of the bucket go, learnt once for each set of keys."""
        with self._lock:
            oracle = self._oracle_of(location, keys)
            if self._form_place is None:
                self._form_place = learn_place(oracle, location.bucket)
            return self._form_place

    def _prepare(
        self,
        template: Template | TemplateV2,
        shape: Shape,
        keys: Keys,
        start: datetime,
        lifetime: int,
    ) -> Any:
        """Return the template filled in for this second and these values, kept for the next key."""
        identity = (start, lifetime, shape.values)
        known_template, known, prepared = self._prepared
        if known_template is not template or known != identity:
            values = {
                "query": shape.query,
                "headers": {name.lower(): value for name, value in shape.headers.items()},
            }
            if isinstance(template, TemplateV2):
                end = str(int(start.timestamp()) + lifetime)
                prepared = template.prepare(keys.secret, expires=end, **values)
            else:
                prepared = template.prepare(
                    keys.secret, timestamp=timestamp(start), expires=str(lifetime), **values
                )
            self._prepared = (template, identity, prepared)
        return prepared

    def _form(self, location: Location, method: str, shape: Shape, keys: Keys) -> Form:
        identity = (method, shape.outline, keys.access_key, keys.token)
        form = self._templates.get(identity)
        if form is None:
            with self._lock:
                form = self._templates.get(identity)
                if form is None:
                    form = self._learn(location, method, shape, keys)
                    self._templates[identity] = form
        return form

    def _oracle_of(self, location: Location, keys: Keys) -> Oracle:
        """Return the SDK with these keys; the caller holds the lock."""
        if self._oracle is None or self._oracle.keys != keys:
            self._oracle = Oracle(self._settings, self._session, location, keys)
            self._templates.clear()  # the templates of keys that have been replaced
            self._form_place = None
        return self._oracle

    def _learn(self, location: Location, method: str, shape: Shape, keys: Keys) -> Form:
        oracle = self._oracle_of(location, keys)
        key = SENTINEL
        if method == "LIST":  # the prefix is a value that varies, and no part of the path
            key, shape = "", shape.below(SENTINEL)
        signed = oracle.sign(location.bucket, key, method, shape, 3600)
        fixed = {
            name: value
            for name, value in signed.headers.items()
            if name.lower() not in {mine.lower() for mine in shape.headers}
        }
        template: Template | TemplateV2 | None
        if self.is_v2:
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
                secret=keys.secret,
                fixed=fixed,
                key=key,
            )
        return Form(template, fixed)

    def _by_sdk(
        self, location: Location, request: SignRequest, begun: Begun, step: str | None = None
    ) -> tuple[str, datetime]:
        """Let the SDK sign every URL of a form that could not be proven; its clock is its own."""
        if fixed := request.conditions & {"signing_time", "stable_for"}:
            msg = f"{min(fixed)} needs a template, and the SDK's signature of this form could not be recomputed"
            raise UnsupportedOptionError(msg, option=min(fixed), backend="s3")
        with self._lock:
            assert self._oracle is not None  # noqa: S101 - _form has made it
            signed = self._oracle.sign(
                location.bucket,
                location.key,
                step or request.method,
                begun.shape,
                request.expires_in,  # type: ignore[arg-type]
            )
        written = parse_qs(urlsplit(signed.url).query)
        start = datetime.strptime(written["X-Amz-Date"][0], "%Y%m%dT%H%M%S%z")
        real = start + timedelta(seconds=int(written["X-Amz-Expires"][0]))
        return signed.url, min(begun.end, real)


class Begun(NamedTuple):
    """One request on one bucket, up to the key."""

    #: Makes the URL of a key; None where only the SDK can.
    prepared: Prepared | PreparedV2 | None
    shape: Shape
    #: All that must be sent, the filesystem's own settings included.
    headers: dict[str, str]
    end: datetime
    because: str


def _link(url: str, method: str, begun: Begun, end: datetime, path: str) -> SignedURL:
    return SignedURL(
        url, method, begun.headers, end, begun.because, _PERMITS[method], _NOTHING, path, "s3"
    )


@attrs.frozen
class Form:
    """How one form of request is signed: by a template, or by the SDK where None could be proven."""

    template: Template | TemplateV2 | None
    #: Headers that the filesystem's own settings add, such as encryption.
    fixed: Mapping[str, str] = attrs.field(repr=False)
