"""The signing engine: the SDK signs once for each form of request, its template every URL after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
from botocore.exceptions import BotoCoreError, MissingDependencyException

from daypass.canonical import AWS4, SENTINEL, Template, timestamp
from daypass.errors import SigningNotSupportedError, UnsupportedOptionError
from daypass.locations import Location
from daypass.requests import SignRequest
from daypass.results import REQUESTED, SignedURL
from daypass_s3 import sdk
from daypass_s3.credentials import KeyRing, Keys
from daypass_s3.shape import Shape, shape_of
from daypass_s3.sigv2 import TemplateV2, check_v2

_OPERATIONS = {
    "GET": "get_object",
    "PUT": "put_object",
    "DELETE": "delete_object",
    "HEAD": "head_object",
}
_PERMITS = {method: frozenset({method}) for method in _OPERATIONS}
_NOTHING: frozenset[str] = frozenset()
_PLAIN_V4 = ("s3v4-query", "s3-query")

CREDENTIALS_END = "the credentials it is signed with end first"
END_UNKNOWN = (
    "requested, but it is signed with a session token whose end is unknown, and it dies with the "
    "token: say when in signer_options credentials_expire_at"
)


class Signer:
    """Signs for one bucket with one filesystem's settings."""

    def __init__(self, location: Location) -> None:
        sdk.check_bucket(location.bucket)
        self._settings = sdk.settings_of(location)
        try:
            self._session = sdk.make_session(self._settings)
        except BotoCoreError as error:
            raise sdk.explained(error) from error
        self._keyring = KeyRing(self._settings, self._session, location)
        self._settings = sdk.with_region(self._settings, location)
        self._v2 = location.options.signature_version == "s3"
        self._lock = Lock()
        self._oracle: Oracle | None = None
        self._templates: dict[Any, Form] = {}
        self._prepared: tuple[Any, Any] = (None, None)

    def sign(self, location: Location, request: SignRequest) -> SignedURL:
        """Sign one URL; ``request`` is resolved."""
        start: datetime = request.signing_time  # type: ignore[assignment] # resolved
        end: datetime = request.expires_at  # type: ignore[assignment] # resolved
        keys = self._keyring.keys(start, end)
        because = REQUESTED
        if keys.expires_at is not None and keys.expires_at < end:
            end, because = keys.expires_at, CREDENTIALS_END
        elif keys.end_unknown:
            because = END_UNKNOWN
        shape = shape_of(request, location.version, requester_pays=self._settings.requester_pays)
        if self._v2:
            check_v2(shape, location)
        form = self._form(location, request.method, shape, keys)
        if form.template is None:
            url, end = self._by_sdk(location, request, shape, end)
        else:
            url = self._prepare(form.template, shape, keys, start, request.expires_in).url(  # type: ignore[arg-type]
                location.key
            )
        return SignedURL(
            url,
            request.method,
            {**form.fixed, **shape.headers},
            end,
            because,
            _PERMITS[request.method],
            _NOTHING,
            location.path,
            "s3",
        )

    def _prepare(
        self,
        template: Template | TemplateV2,
        shape: Shape,
        keys: Keys,
        start: datetime,
        lifetime: int,
    ) -> Any:
        """Return the template filled in for this second and these values, kept for the next key."""
        identity = (
            id(template),
            start,
            lifetime,
            tuple(shape.headers.values()),
            tuple(shape.query.values()),
        )
        known, prepared = self._prepared
        if known != identity:
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
            self._prepared = (identity, prepared)
        return prepared

    def _form(self, location: Location, method: str, shape: Shape, keys: Keys) -> Form:
        identity = (method, shape.form, keys.access_key, keys.token)
        form = self._templates.get(identity)
        if form is None:
            with self._lock:
                form = self._templates.get(identity)
                if form is None:
                    form = self._learn(location, method, shape, keys)
                    self._templates[identity] = form
        return form

    def _learn(self, location: Location, method: str, shape: Shape, keys: Keys) -> Form:
        if self._oracle is None or self._oracle.keys != keys:
            self._oracle = Oracle(self._settings, self._session, location, keys)
            self._templates.clear()  # the templates of keys that have been replaced
        signed = self._oracle.sign(location.bucket, SENTINEL, method, shape, 3600)
        fixed = {
            name: value
            for name, value in signed.headers.items()
            if name.lower() not in {mine.lower() for mine in shape.headers}
        }
        template: Template | TemplateV2 | None
        if self._v2:
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
                method,
                signed.url,
                headers=signed.headers,
                varying=shape.query,
                secret=keys.secret,
                fixed=fixed,
            )
        return Form(template, fixed)

    def _by_sdk(
        self, location: Location, request: SignRequest, shape: Shape, end: datetime
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
                request.method,
                shape,
                request.expires_in,  # type: ignore[arg-type]
            )
        written = parse_qs(urlsplit(signed.url).query)
        begun = datetime.strptime(written["X-Amz-Date"][0], "%Y%m%dT%H%M%S%z")
        real = begun + timedelta(seconds=int(written["X-Amz-Expires"][0]))
        return signed.url, min(end, real)


@attrs.frozen
class Form:
    """How one form of request is signed: by a template, or by the SDK where None could be proven."""

    template: Template | TemplateV2 | None
    #: Headers that the filesystem's own settings add, such as encryption.
    fixed: Mapping[str, str] = attrs.field(repr=False)


@attrs.frozen
class Signed:
    """One URL that the SDK signed, and the headers it signed with it."""

    url: str = attrs.field(repr=False)
    headers: dict[str, str] = attrs.field(repr=False)


class Oracle:
    """The SDK with one set of keys. Its signatures are what a template has to equal."""

    def __init__(
        self, settings: sdk.Settings, session: Any, location: Location, keys: Keys
    ) -> None:
        self.keys = keys
        self._additional = settings.s3_additional_kwargs
        pinned = location.options.signature_version
        self._client = self._make(settings, session, location, pinned)
        self._headers: Mapping[str, str] = {}
        self._seen: dict[str, str] = {}
        self._version = ""
        self._client.meta.events.register_last("before-sign.s3", self._before_sign)
        if location.bucket.startswith("arn:") or location.bucket.endswith("--op-s3"):
            self._check_unpinned(settings, session, location)

    def _make(
        self, settings: sdk.Settings, session: Any, location: Location, version: str | None
    ) -> Any:
        try:
            return sdk.make_client(
                settings,
                session,
                access_key=self.keys.access_key,
                secret=self.keys.secret,
                token=self.keys.token,
                signature_version=version,
                public_endpoint=location.public_endpoint,
            )
        except (BotoCoreError, ValueError, TypeError) as error:
            raise sdk.explained(error) from error

    def _before_sign(self, request: Any, signature_version: str, **_: Any) -> None:
        """Add the headers to sign, and note all that the SDK is about to sign."""
        for name, value in self._headers.items():
            request.headers[name] = value
        self._version = signature_version
        self._seen = {name: _text(value) for name, value in request.headers.items()}

    def _check_unpinned(self, settings: sdk.Settings, session: Any, location: Location) -> None:
        """Raise where only pinning s3v4 makes the SDK use it: such links are dead."""
        client = self._make(settings, session, location, None)
        client.meta.events.register_last("before-sign.s3", self._before_sign)
        try:
            client.generate_presigned_url("get_object", {"Bucket": location.bucket, "Key": "k"})
            plain = self._version in _PLAIN_V4
        except MissingDependencyException:
            plain = False
        except (BotoCoreError, ValueError) as error:
            raise sdk.explained(error) from error
        if not plain:
            msg = (
                "this access point does not accept plain V4 signatures, and the SDK's links for it "
                "would be dead: sign for a regional access point or a bucket"
            )
            raise SigningNotSupportedError(msg)

    def sign(self, bucket: str, key: str, method: str, shape: Shape, lifetime: int) -> Signed:
        """Let the SDK sign; the caller holds the signer's lock."""
        operation = _OPERATIONS[method]
        members = self._client.meta.service_model.operation_model(
            "".join(word.capitalize() for word in operation.split("_"))
        ).input_shape.members
        params = {name: value for name, value in self._additional.items() if name in members}
        self._headers = shape.headers
        try:
            url = self._client.generate_presigned_url(
                operation,
                Params={**params, **shape.params, "Bucket": bucket, "Key": key},
                ExpiresIn=lifetime,
            )
        except (BotoCoreError, ValueError) as error:
            raise sdk.explained(error) from error
        return Signed(url, dict(self._seen))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
