"""The signing engine: one template for each kind of request, filled in for each second and key.

Google's SDK is no oracle here, unlike S3's: it signs a port that clients do not send, has V4 for
RSA alone, and knows no endpoint rules beyond the three in `places`. The tests prove instead that
every URL equals Google's published vectors, and the SDK's own URLs byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from daypass.base.times import exactly, in_utc, timestamp
from daypass.base.urls import encode
from daypass.errors import CredentialsError, InvalidExpiryError
from daypass.model.batches import SignedURLBatch
from daypass.model.headers import starts_session
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.engine import CREDENTIALS_END, ONLY, Begun, Latest, Shape, Templates
from daypass.toolkit.v4 import Prepared, Template
from daypass.toolkit.xml_uploads import Step
from daypass_gcs.credentials import find_key
from daypass_gcs.keys import KEYLESS_MAX_EXPIRES_IN, sign_side_by_side
from daypass_gcs.places import check_bucket, check_name, check_names, place_of
from daypass_gcs.settings import payer, settings_of
from daypass_gcs.shape import shape_of, unenforced_of


class Signer:
    """Signs for one bucket with one filesystem's settings."""

    def __init__(self, location: Location) -> None:
        check_bucket(location.bucket)
        deadline = Deadline.after(location.deadline)
        self._settings = settings_of(location)
        project = self._settings.paying_project(location.options.user_project)
        self._paying_project = project
        self.always_pays = bool(self._settings.requester_pays)
        self.key = find_key(location, self._settings, deadline)
        self.place = place_of(location, self._settings.endpoint(self.key.universe))
        self._ends: datetime | None = location.options.credentials_expire_at
        self._templates: Templates[Template] = Templates()
        self._latest: Latest[Begun] = Latest()

    def sign(self, location: Location, request: SignRequest) -> SignedURL:
        """Sign one URL; ``request`` is resolved."""
        key = "" if request.method == "LIST" else location.key  # a prefix goes into the query
        if key[:1] == ".":
            check_name(key)
        if self.key.local:
            begun = self._latest.of(location, request, self.key, self._begin_now)
        else:  # what IAM signs with has a deadline of its own, that of one hook call
            begun = self._begin_now(location, request)
        return begun.link(key, location.path)

    def sign_many(
        self, location: Location, keys: Sequence[str], request: SignRequest
    ) -> SignedURLBatch:
        """Sign the URLs of many keys in the bucket; ``request`` is resolved."""
        if request.method != "LIST":
            check_names(keys)
        deadline = Deadline.for_many(location.deadline, len(keys))
        begun = self._begin(location, request, deadline)
        if self.key.local:
            return begun.links(keys, location)
        urls = sign_side_by_side(begun.filled.url, keys, deadline)
        return SignedURLBatch(urls, keys, begun.like(location))

    def sign_step(
        self, step: Step, location: Location, request: SignRequest, shape: Shape
    ) -> SignedURL:
        """Sign one request of an upload in parts; ``request`` is resolved."""
        check_name(location.key)
        deadline = Deadline.after(location.deadline)
        begun = self._begin(location, request, deadline, step.method, shape)
        return begun.link(location.key, location.path)

    def _begin_now(self, location: Location, request: SignRequest) -> Begun:
        return self._begin(location, request, Deadline.after(location.deadline))

    def _begin(
        self,
        location: Location,
        request: SignRequest,
        deadline: Deadline,
        method: str | None = None,
        shape: Shape | None = None,
    ) -> Begun:
        """Do what is the same for every key; a step of an upload brings its method and shape."""
        start: datetime = request.signing_time  # type: ignore[assignment] # resolved
        end: datetime = request.expires_at  # type: ignore[assignment] # resolved
        method = method or request.method
        if shape is None:
            shape = shape_of(request, location.version, self.payer(request))
        if method == "LIST" and location.key:  # of the whole bucket without one
            shape = shape.below(location.key)
        end, because = self.end_of(start, end)
        # Up to the real end, so that the URL itself tells of it whoever reads it.
        lifetime = int((end - start).total_seconds())
        if self.key.local:
            values = (method, start, lifetime, shape)
            filled = self._templates.filled(
                values, self._prepare, method, shape, start, lifetime, deadline
            )
        else:  # what IAM signs with has a deadline of its own, that of one hook call
            self.check_lifetime(request.expires_in)  # type: ignore[arg-type] # resolved
            filled = self._prepare(method, shape, start, lifetime, deadline)
        headers = dict(shape.headers)  # the shape is kept, and the link is its holder's
        loose = unenforced_of(request)
        return Begun(filled, method, headers, end, because, ONLY[method], loose, "gcs")

    def end_of(self, start: datetime, end: datetime) -> tuple[datetime, str]:
        """Return when the key lets it end, and why then."""
        if self._ends is None or self._ends >= end:
            return end, REQUESTED
        if self._ends <= start:
            msg = f"the Google credentials ended at {in_utc(self._ends)}: get new ones"
            raise CredentialsError(msg)
        return self._ends, CREDENTIALS_END

    def payer(self, request: SignRequest) -> str | None:
        """Return whom the request is billed to, where that is not the bucket's owner."""
        if not self.always_pays and not request.requester_pays:
            return None
        return payer(self._paying_project)

    def check_lifetime(self, lifetime: int) -> None:
        """Raise for more seconds than a signature by IAM is good for."""
        if self.key.local or lifetime <= KEYLESS_MAX_EXPIRES_IN:
            return
        msg = (
            f"the lifetime of {exactly(lifetime)} is above the {exactly(KEYLESS_MAX_EXPIRES_IN)} that a "
            "signature by IAM is good for, since Google rotates the keys: ask for no more, "
            "or sign with a service-account key or an HMAC key"
        )
        raise InvalidExpiryError(msg, option="expires_in")

    def _prepare(
        self, method: str, shape: Shape, start: datetime, lifetime: int, deadline: Deadline
    ) -> Prepared:
        """Fill a template in for one second and one request's values."""
        template = self._templates.of((method, shape.outline), self._make, method, shape)
        return template.prepare(
            self.key.secret(deadline),
            timestamp=timestamp(start),
            expires=str(lifetime),
            query=shape.query,
            headers={name.lower(): value for name, value in shape.headers.items()},
        )

    def _make(self, method: str, shape: Shape) -> Template:
        dialect, place = self.key.dialect, self.place
        prefix = place.prefix
        if method == "LIST":  # a GET of the bucket itself, whose path ends in no slash
            method, prefix = "GET", prefix.rstrip("/") or "/"
        elif starts_session(shape.headers):
            method = "POST"
        names = sorted(["host", *(name.lower() for name in shape.headers)])
        query: dict[str, str | None] = {
            "X-Goog-Algorithm": dialect.algorithm,
            "X-Goog-Credential": None,
            "X-Goog-Date": None,
            "X-Goog-Expires": None,
            "X-Goog-SignedHeaders": encode(";".join(names)),
            **dict.fromkeys(map(encode, shape.query)),
        }
        return Template(
            dialect,
            method,
            place.origin,
            prefix,
            tuple(sorted(query.items(), key=lambda pair: pair[0])),
            tuple((name, place.host if name == "host" else None) for name in names),
            self.key.name,
            "auto",
            "storage",
        )
