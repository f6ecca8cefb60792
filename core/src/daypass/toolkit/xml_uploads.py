"""Uploads in parts as S3 defined them and Cloud Storage speaks them too: signed URLs and a little XML.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html and
https://docs.cloud.google.com/storage/docs/multipart-uploads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import attrs

from daypass.base.messages import escaped
from daypass.errors import (
    AccessDeniedError,
    InvalidRequestError,
    ObjectNotFoundError,
    StoreError,
)
from daypass.hookspecs.network import Network
from daypass.hookspecs.parts import UploadedPart
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.metadata import ObjectMetadata
from daypass.model.requests import SignRequest
from daypass.toolkit.deadlines import Deadline

__all__ = ["SignStep", "Step", "XMLUploadSession", "kept"]

#: Answers are read up to so many bytes: a list of 1000 parts takes a quarter of a megabyte.
_LONGEST_ANSWER = 1 << 22
#: Ids are some hundred characters of base64 and the like; no space, no control character.
_UPLOAD_ID = re.compile(r"[\x21-\x7e]{1,2048}")
#: Which element a successful answer to a step is:
#: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
_ANSWERS = {
    "begin": "InitiateMultipartUploadResult",
    "list": "ListPartsResult",
    "complete": "CompleteMultipartUploadResult",
    "abort": "AbortMultipartUploadResult",  # where a store says anything
}
#: The number of the last part that an upload can have, on S3 and Cloud Storage.
_LAST_PART = 10_000
#: What is asked on the way is asked at once, so such a link need not live long, in seconds.
_CONTROL_LIFETIME = 900


@attrs.frozen
class Step:
    """One request of an upload."""

    #: ``begin``, ``part``, ``list``, ``complete`` or ``abort``.
    name: str
    #: The HTTP method.
    method: str
    #: Query parameters, not encoded.
    query: dict[str, str]


_BEGIN = Step("begin", "POST", {"uploads": ""})


class SignStep(Protocol):
    """Signs one request of an upload, with the headers that the provider wants for it."""

    def __call__(self, location: Location, step: Step, request: SignRequest, /) -> SignedURL:
        """Sign for the object at one of its endpoints; ``request`` is resolved."""


@attrs.frozen
class XMLUploadSession:
    """One upload of one object; see `daypass.hookspecs.parts.UploadSession`."""

    location: Location
    #: What describes the object, not resolved.
    request: SignRequest
    sign: SignStep
    #: Says how what is sent from here goes.
    network: Callable[[Location], Network]
    #: Options that the store is not known to hold the whole upload to.
    unenforced: frozenset[str] = frozenset()
    #: The object at the filesystem's own endpoint; the parts' links may lead to another.
    _inside: Location = attrs.field(init=False, repr=False)

    @_inside.default
    def _(self) -> Location:
        if self.location.public_endpoint is None:
            return self.location
        cache = self.location.cache.setdefault("inside", {})
        return attrs.evolve(self.location, public_endpoint=None, cache=cache)

    def headers(self) -> dict[str, str]:
        """Return the headers with which an upload begins."""
        return self.sign_inside(_BEGIN, self._now()).headers

    def begin(self) -> str:
        """Ask for an upload's id."""
        # Without a body: the object's type would be the body's.
        root = self._take(_BEGIN, None)
        upload_id = _text(root, "UploadId")
        if upload_id is None or not _UPLOAD_ID.fullmatch(upload_id):
            msg = f"the store began an upload to {self.location.path} and gave no id for it: check that the endpoint speaks this protocol"
            raise StoreError(msg)
        return upload_id

    def check_id(self, upload_id: str) -> None:
        """Raise for text that can be no id."""
        if not _UPLOAD_ID.fullmatch(upload_id):
            msg = f"upload_id {ascii(upload_id)[:40]} is none: take what the upload was begun with"
            raise InvalidRequestError(msg, option="upload_id")

    def sign_part(self, upload_id: str, number: int, request: SignRequest) -> SignedURL:
        """Sign the PUT of one part."""
        query = {"partNumber": str(number), "uploadId": upload_id}
        link = self.sign(self.location, Step("part", "PUT", query), request)
        if self.unenforced:
            link = attrs.evolve(link, unenforced=link.unenforced | self.unenforced)
        return link

    def sign_inside(self, step: Step, request: SignRequest) -> SignedURL:
        """Sign what is sent from here, to the filesystem's own endpoint."""
        return self.sign(self._inside, step, request)

    def list_parts(self, upload_id: str) -> list[UploadedPart]:
        """Read all pages of the list."""
        return list(self._pages(upload_id))

    def _pages(self, upload_id: str) -> Iterator[UploadedPart]:
        last = 0
        deadline = Deadline.after(self.location.deadline)
        while True:
            query = {"uploadId": upload_id}
            if last:
                query["part-number-marker"] = str(last)
            root = self._take(Step("list", "GET", query), None, deadline=deadline)
            page = [self._part(element) for element in root if _name(element) == "Part"]
            yield from page
            if _text(root, "IsTruncated") != "true":
                return
            numbers = [last, *(part.number for part in page)]
            if not page or numbers != sorted(set(numbers)) or numbers[-1] > _LAST_PART:
                msg = f"the store's list of the parts of {self.location.path} does not go on where it says it does"
                raise StoreError(msg)
            last = page[-1].number

    def _part(self, element: ET.Element) -> UploadedPart:
        number, size = _text(element, "PartNumber"), _text(element, "Size")
        if number is None or size is None or not (number + size).isdigit():
            msg = f"the store's list of the parts of {self.location.path} holds a part without number or size"
            raise StoreError(msg)
        etag = _text(element, "ETag")
        return UploadedPart(
            number=int(number), size=int(size), etag=None if etag is None else etag.strip('"')
        )

    def complete(self, upload_id: str, parts: Sequence[UploadedPart]) -> ObjectMetadata:
        """Send the list of all parts."""
        lines = []
        for part in parts:
            if part.etag is None:
                msg = f"part {part.number} needs its ETag, from the answer to its upload: give it, or call complete() without parts"
                raise InvalidRequestError(msg, option="parts")
            etag = escape(part.etag.strip('"'))
            lines.append(
                f'<Part><PartNumber>{part.number}</PartNumber><ETag>"{etag}"</ETag></Part>'
            )
        namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
        body = f'<CompleteMultipartUpload xmlns="{namespace}">{"".join(lines)}</CompleteMultipartUpload>'
        answered: dict[str, str] = {}
        root = self._take(
            Step("complete", "POST", {"uploadId": upload_id}), body.encode(), answered=answered
        )
        found = _text(root, "ETag")
        version = answered.get("x-amz-version-id") or answered.get("x-goog-generation")
        return ObjectMetadata(
            path=self.location.path,
            key=self.location.key,
            etag=None if found is None else found.strip('"'),
            version=None if version == "null" else version,
        )

    def abort(self, upload_id: str) -> None:
        """Delete the upload."""
        step = Step("abort", "DELETE", {"uploadId": upload_id})
        try:
            self._take(step, None, empty=True)
        except ObjectNotFoundError:
            return

    def _take(
        self,
        step: Step,
        body: bytes | None,
        *,
        empty: bool = False,
        answered: dict[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> ET.Element:
        """Sign a step, send it, and read the answer; the answer's headers go into ``answered``.

        All of it ends with the deadline, which is the location's, from now, without another.
        """
        from daypass.toolkit.wire import (  # with HTTP and TLS, which a link needs not
            network_errors,
            read_answer,
            send,
        )

        link = self.sign_inside(step, self._now())
        headers = {} if body is None else {"Content-Type": "application/xml"}
        deadline = deadline or Deadline.after(self.location.deadline)
        path = self.location.path
        network = self.network(self.location)
        seconds = max(deadline.left, 0.001)  # for a socket, which takes 0 for no waiting at all

        def exchange() -> tuple[bytes, dict[str, str]]:
            with (
                send(
                    link, headers=headers, body=body, timeout=seconds, network=network
                ) as response,
                network_errors(link, seconds),
            ):
                said = {name.lower(): text for name, text in response.headers.items()}
                return read_answer(response, _LONGEST_ANSWER, seconds), said

        try:
            # What the wire bounds is each half of the answer; this, all from the host's name to the last byte.
            found, said = deadline.run(exchange, f"the {step.name} of an upload to {path}")
        except StoreError as error:
            raise _explained(error, step, path) from None
        if answered is not None:
            answered.update(said)
        if empty and not found.strip():
            return ET.Element("empty")
        root = _parse(found)
        if root is None:
            msg = f"the store answered the {step.name} of an upload to {path} with something that is no XML"
            raise StoreError(msg)
        if _name(root) == "Error":  # after a 200: it had to begin its answer before it knew
            code = _text(root, "Code") or "no code"
            msg = f"the store could not {step.name} the upload to {path} ({escaped(code, 64)})"
            raise _explained(StoreError(msg, status=HTTPStatus.OK, store_code=code), step, path)
        if _name(root) != _ANSWERS[step.name]:
            msg = f"the store answered the {step.name} of an upload to {path} with <{escaped(_name(root), 40)}> in place of <{_ANSWERS[step.name]}>, so nobody knows whether it was done: check what stands between here and the store"
            raise StoreError(msg)
        return root

    def _now(self) -> SignRequest:
        """Return a request for a link that is used at once, by whoever pays for the upload."""
        asked = SignRequest(
            method="PUT",
            expires_in=_CONTROL_LIFETIME,
            requester_pays=self.request.requester_pays,
            signing_time=self.request.signing_time,
        )
        return asked.resolve(datetime.now(UTC))


def _explained(error: StoreError, step: Step, path: str) -> Exception:
    """Say what a refusal means."""
    if error.store_code == "NoSuchUpload" or (
        error.status == HTTPStatus.NOT_FOUND and step.name != "begin"
    ):
        msg = f"the store knows no such upload to {path}: it was completed or aborted, or is another one's"
        return ObjectNotFoundError(msg)
    if error.status == HTTPStatus.FORBIDDEN:
        said = f" ({error.store_code})" if error.store_code else ""
        msg = f"the store does not let this credential {step.name} an upload to {path}{said}"
        return AccessDeniedError(msg)
    if error.store_code == "PreconditionFailed":
        msg = f"{path} exists, and the upload was asked to create it (if_absent): it can only be aborted"
        return StoreError(msg, status=error.status, store_code=error.store_code)
    return error


def _parse(text: bytes) -> ET.Element | None:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root: ET.Element = fromstring(text.strip(), forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError):
        return None
    return root


def _name(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def _text(element: ET.Element, name: str) -> str | None:
    return next((child.text for child in element if _name(child) == name), None)


def kept(headers: Mapping[str, str] | None, beginning: str) -> dict[str, str]:
    """Return the headers whose names begin so: what is to be sent with every part too."""
    return {
        name: value for name, value in (headers or {}).items() if name.lower().startswith(beginning)
    }
