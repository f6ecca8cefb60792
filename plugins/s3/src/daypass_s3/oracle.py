"""The oracle: the SDK, asked once for each kind of request what a right signature is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from botocore.exceptions import BotoCoreError, MissingDependencyException

from daypass.errors import DaypassError, InvalidRequestError, SigningNotSupportedError
from daypass.model.checks import is_owned
from daypass.model.headers import folded
from daypass.model.locations import Location
from daypass.toolkit.engine import Shape
from daypass_s3 import sdk
from daypass_s3.credentials import Keys
from daypass_s3.settings import Settings

OPERATIONS = {
    "GET": "get_object",
    "PUT": "put_object",
    "DELETE": "delete_object",
    "HEAD": "head_object",
    "LIST": "list_objects_v2",
}
#: The steps of an upload in parts, beside the methods of a link.
UPLOAD_OPERATIONS = {
    "begin": "create_multipart_upload",
    "part": "upload_part",
    "list": "list_parts",
    "complete": "complete_multipart_upload",
    "abort": "abort_multipart_upload",
}
#: What the SDK chooses by itself for plain S3; the second is the same with its legacy default.
_PLAIN_V4 = ("s3v4-query", "s3-query")


@attrs.frozen
class Signed:
    """One URL that the SDK signed, and the headers it signed with it."""

    url: str = attrs.field(repr=False)
    headers: dict[str, str] = attrs.field(repr=False)


class Oracle:
    """The SDK with one set of keys. Its signatures are what a template has to equal."""

    def __init__(self, settings: Settings, session: Any, location: Location, keys: Keys) -> None:
        self.keys = keys
        self._additional = settings.s3_additional_kwargs
        pinned = location.options.signature_version
        self._client, self._host = self._make(settings, session, location, pinned)
        self._headers: Mapping[str, str] = {}
        self._own: Mapping[str, str] = {}
        self._seen: dict[str, str] = {}
        self._version = ""
        self._client.meta.events.register_last("before-sign.s3", self._before_sign)
        if location.bucket.startswith("arn:") or location.bucket.endswith("--op-s3"):
            self._check_unpinned(settings, session, location)

    def _make(
        self, settings: Settings, session: Any, location: Location, version: str | None
    ) -> tuple[Any, sdk.Host]:
        try:
            return sdk.make_client(
                settings,
                session,
                access_key=self.keys.access_key,
                secret=self.keys.secret,
                token=self.keys.token,
                signature_version=version,
                public_endpoint=location.public_endpoint,
                bound=location.options.bucket_bound_hostname,
                bucket=location.bucket,
            )
        except DaypassError:
            raise
        except (BotoCoreError, ValueError, TypeError) as error:
            raise sdk.explained(error) from error

    def _before_sign(self, request: Any, signature_version: str, **_: Any) -> None:
        """Add the headers and the caller's parameters to sign, and note all that the SDK is about to sign."""
        request.url = self._host.named_in(request.url)
        request.params = {**request.params, **self._own}
        for name, value in self._headers.items():
            request.headers[name] = value
        self._version = signature_version
        self._seen = {name: _text(value) for name, value in request.headers.items()}

    def _check_unpinned(self, settings: Settings, session: Any, location: Location) -> None:
        """Raise where only pinning s3v4 makes the SDK use it: such links are dead."""
        client, _ = self._make(settings, session, location, None)
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
        """Let the SDK sign a method, or a step of an upload; the caller holds the signer's lock.

        A listing's prefix is in its shape.
        """
        operation = OPERATIONS.get(method) or UPLOAD_OPERATIONS[method]
        model = self._client.meta.service_model.operation_model(
            "".join(word.capitalize() for word in operation.split("_"))
        )
        members = model.input_shape.members
        params = {name: value for name, value in self._additional.items() if name in members}
        for name in params:
            if members[name].serialization.get("location") == "querystring":
                msg = f"s3_additional_kwargs {name} would make another link of it, past the policy and the audit: leave it out, and ask for it by version= or response_...= where the link shall have it"
                raise InvalidRequestError(msg, option="storage_options")
        self._headers = shape.headers
        named, self._own = _params(model, shape.query)
        place = {"Bucket": bucket} if method == "LIST" else {"Bucket": bucket, "Key": key}
        try:
            url = self._client.generate_presigned_url(
                operation,
                Params={**params, **named, **place},
                ExpiresIn=lifetime,
            )
        except (BotoCoreError, ValueError) as error:
            raise sdk.explained(error) from error
        return Signed(url, dict(self._seen))

    def sign_form(
        self, bucket: str, key: str, fields: Mapping[str, str], conditions: list[Any]
    ) -> tuple[str, dict[str, str]]:
        """Let the SDK sign an upload form of an hour; return its URL and its fields."""
        self._headers = self._own = {}
        try:
            form = self._client.generate_presigned_post(
                bucket, key, Fields=dict(fields), Conditions=[*conditions], ExpiresIn=3600
            )
        except (BotoCoreError, ValueError) as error:
            raise sdk.explained(error) from error
        return form["url"], form["fields"]


def _params(model: Any, query: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the query parameters by the SDK's names, and those that are the caller's own.

    One of S3's that the operation lacks, the SDK refuses.
    """
    members = {
        member.serialization["name"]: (name, int if member.type_name == "integer" else str)
        for name, member in model.input_shape.members.items()
        if member.serialization.get("location") == "querystring"
    }
    always = model.http["requestUri"].partition("?")[2].split("&")  # such as ?uploads
    found: dict[str, Any] = {}
    own: dict[str, str] = {}
    for name, value in query.items():
        if name in members or is_owned(folded(name)):
            if name not in always:
                called, kind = members.get(name, (name, str))
                found[called] = kind(value)
        else:
            own[name] = value
    return found, own


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
