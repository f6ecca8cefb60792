"""``MultipartUpload``: an object uploaded in parts, each through a link that is signed when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from daypass.backends.calls import Backend
from daypass.base.messages import shown
from daypass.base.process import in_thread
from daypass.base.secrets import check_portable
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidRequestError, UnsupportedOptionError
from daypass.gate import uploads
from daypass.gate.uploads import ACTION, Session
from daypass.hookspecs.parts import PartPlan, UploadedPart, named_parts, stored_as_named
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.metadata import ObjectMetadata
from daypass.model.options import OF_PARTS, SECRET, WHOLE_UPLOAD
from daypass.model.requests import SignRequest, make_request
from daypass.store.root import Root

__all__ = ["MultipartUpload", "begin", "resume"]

#: Options of a PUT that is no upload in parts, and what they make of it.
_BY_ONE_LINK = {"copy_source": "a copy is made", "resumable": "a resumable upload is begun"}
_DEFAULTS = {field.name: field.default for field in attrs.fields(SignRequest) if field.init}


@attrs.frozen(eq=False, kw_only=True)
class MultipartUpload:
    """An upload in parts that has begun. `create_multipart_upload` and `resume_multipart_upload` make it.

    The parts may be uploaded in any order, several at a time, by whoever has their links. Nothing can
    be read before `complete`, and what is never completed is to be removed by `abort`. It can be
    pickled where its `Store` can; `to_dict` gives what another process resumes it with.
    """

    #: The path of the object.
    path: str
    #: The backend that carries it out.
    backend: str
    #: The store's own name for this upload. It opens nothing by itself.
    upload_id: str
    #: Size of the object in bytes.
    size: int
    #: Size of each part in bytes; the last may be smaller.
    part_size: int
    #: Options that were asked for, and that the store does not enforce.
    unenforced: frozenset[str]
    _root: Root = attrs.field(repr=False)
    #: Below the root.
    _key: str = attrs.field(repr=False)
    _location: Location = attrs.field(repr=False)
    _request: SignRequest = attrs.field(repr=False)
    _session: Session = attrs.field(repr=False)
    #: Whether a rule of the policy limits the object's size.
    _limited: bool = attrs.field(repr=False)

    @property
    def part_count(self) -> int:
        """How many parts there are."""
        return self._plan.count

    @property
    def _whole(self) -> SignRequest:
        """What counts as asked for every part: the request for the whole object, with its size."""
        return attrs.evolve(self._request, content_length=self.size)

    @property
    def _plan(self) -> PartPlan:
        return PartPlan(self.size, self.part_size)

    @discreet
    def size_of(self, number: int) -> int:
        """Return the size of one part in bytes.

        Args:
            number: counted from 1.

        Raises:
            InvalidRequestError: for a number that no part has.

        """
        return self._plan.size_of(number)

    @discreet
    def part(self, number: int, *, content_md5: str | bytes | None = None) -> SignedURL:
        """Sign the link for one part, now: it lives as long as the upload was asked to give each link.

        The link is bound to the part's size where the store can bind it (``unenforced`` says where
        not), and to its MD5 where one is given.

        Args:
            number: the part, counted from 1.
            content_md5: its MD5: base64 of 16 bytes, or the 16 bytes.

        Raises:
            InvalidRequestError: for a number that no part has.
            DaypassError: another of the tree in `daypass.errors`.

        """
        backend = self._root.backend
        asked: dict[str, Any] = {name: getattr(self._request, name) for name in OF_PARTS}
        size = self.size_of(number)
        if "content_length" in backend.info.enforces - self._location.lacks:
            asked["content_length"] = size
        request = make_request({**asked, "method": "PUT", "content_md5": content_md5})
        return uploads.sign_part(
            self._session,
            request,
            self.upload_id,
            number,
            whole=self._whole,
            caller=self._root.caller,
        )

    @discreet
    def list_parts(self) -> list[UploadedPart]:
        """Ask the store which parts it has; in order.

        Raises:
            ObjectNotFoundError: if the store knows no such upload: it was completed or aborted.
            DaypassError: another of the tree in `daypass.errors`.

        """
        return self._session.step("list_parts", list, self.upload_id)

    @discreet
    def complete(
        self, parts: Mapping[int, str] | Iterable[UploadedPart] | None = None
    ) -> ObjectMetadata:
        """Make the object of its parts, which must all be there.

        Args:
            parts: each part's number with the ETag that the store answered its upload with, as a
                mapping or as `UploadedPart`. Without them the store is asked for its list. So it is where a
                rule of the policy limits the size: whoever went on with another ``part_size`` has links for
                other parts than these.

        Returns:
            What the store says of the new object: its ETag and, where it has one, its version.

        Raises:
            InvalidRequestError: if a part is missing, or one is named that there is not.
            ObjectNotFoundError: if the store knows no such upload.
            DaypassError: another of the tree in `daypass.errors`.

        """
        found = self.list_parts() if parts is None else named_parts(parts)
        if self._limited:
            own = found if parts is None else self.list_parts()
            found = stored_as_named(self._plan.all_of(found), own)
        chosen = self._plan.all_of(found)
        return self._session.step("complete", ObjectMetadata, self.upload_id, chosen)

    @discreet
    def abort(self) -> None:
        """Let the store forget the upload and its parts; one that it does not know is no error.

        Azure has no such call: its parts are invisible, and go a week after the last of them, or as
        soon as something else is uploaded to the path.

        Raises:
            DaypassError: one of the tree in `daypass.errors`.

        """
        self._session.step("abort", type(None), self.upload_id)

    @discreet
    async def apart(self, number: int, *, content_md5: str | bytes | None = None) -> SignedURL:
        """Do what `part` does, in a thread."""
        return await in_thread(self.part, number, content_md5=content_md5)

    @discreet
    async def alist_parts(self) -> list[UploadedPart]:
        """Do what `list_parts` does, in a thread."""
        return await in_thread(self.list_parts)

    @discreet
    async def acomplete(
        self, parts: Mapping[int, str] | Iterable[UploadedPart] | None = None
    ) -> ObjectMetadata:
        """Do what `complete` does, in a thread."""
        return await in_thread(self.complete, parts)

    @discreet
    async def aabort(self) -> None:
        """Do what `abort` does, in a thread."""
        await in_thread(self.abort)

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments with which `daypass.resume_multipart_upload` goes on elsewhere.

        They are plain values (moments stay datetimes) and hold no credentials: those go with the call,
        or are found in the environment.

        Raises:
            InvalidRequestError: if ``headers`` hold a secret, such as a customer's encryption key.

        """
        own = {
            name: {name: value} if isinstance(value := getattr(self._request, name), str) else value
            for name in SECRET
        }
        check_portable("MultipartUpload", **own)
        return {
            "path": self._root.path_of(self._location),
            "upload_id": self.upload_id,
            "size": self.size,
            "part_size": self.part_size,
            **_given(self._request),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as what it is resumed with; it is authorized again where it arrives."""
        arguments = self.to_dict()
        del arguments["path"]
        return _again, (self._root, self._key, arguments)


def begin(
    root: Root, key: str, options: Mapping[str, Any], *, size: int, part_size: int | None
) -> MultipartUpload:
    """Begin an upload by the rules of the house: check, authorize, call, record.

    Raises:
        DaypassError: one of the tree in `daypass.errors`, whatever the plugin raised.

    """
    return _open(root, key, None, options, size=size, part_size=part_size)


def resume(
    root: Root,
    key: str,
    upload_id: str,
    options: Mapping[str, Any],
    *,
    size: int,
    part_size: int | None,
) -> MultipartUpload:
    """Go on with an upload that has begun; it is authorized and recorded anew.

    Raises:
        DaypassError: one of the tree in `daypass.errors`, whatever the plugin raised.

    """
    if not isinstance(upload_id, str) or not upload_id or not upload_id.isprintable():
        msg = f"upload_id must be the text that the upload was begun with, not {shown(upload_id)}"
        raise InvalidRequestError(msg, option="upload_id")
    upload_id = str.__str__(upload_id)  # an exact str: a subclass may write itself in its own way
    return _open(root, key, upload_id, options, size=size, part_size=part_size)


def _open(
    root: Root,
    key: str,
    upload_id: str | None,
    options: Mapping[str, Any],
    *,
    size: int,
    part_size: int | None,
) -> MultipartUpload:
    backend, location, request, beyond = _asked(root, key, options)
    opened = uploads.open_upload(
        backend, location, request, upload_id, size=size, part_size=part_size, caller=root.caller
    )
    return MultipartUpload(
        path=location.path,
        backend=backend.info.name,
        upload_id=opened.upload_id,
        size=opened.plan.size,
        part_size=opened.plan.part_size,
        unenforced=opened.waived | beyond,
        root=root,
        key=key,
        location=location,
        request=request,
        session=opened.session,
        limited=opened.limited,
    )


def _asked(
    root: Root, key: str, options: Mapping[str, Any]
) -> tuple[Backend, Location, SignRequest, frozenset[str]]:
    """Return what is asked, without what the caller waives of what only a whole upload can be held to."""
    if options.get("method", "PUT") != "PUT":
        msg = f"an upload in parts is a PUT of each part, not {shown(options['method'])}: leave method out"
        raise InvalidRequestError(msg, option="method")
    backend, location, request = root.request_for(ACTION, key, {**options, "method": "PUT"})
    for name, what in _BY_ONE_LINK.items():
        if name in request.conditions:
            msg = f"{what} by one link (create_signed_url) and has no parts: leave {name} out"
            raise UnsupportedOptionError(
                msg, option=name, backend=backend.info.name, alternatives=["create_signed_url"]
            )
    beyond = request.conditions & WHOLE_UPLOAD
    if beyond and request.strict:
        name = min(beyond)
        msg = (
            f"{backend.info.name} cannot enforce {name} on an upload in parts, whose size is size= and whose parts each have "
            "an MD5 of their own (part(number, content_md5=...)): leave it out, upload in one piece "
            "(create_signed_url), or pass strict=False to go without"
        )
        raise UnsupportedOptionError(
            msg, option=name, backend=backend.info.name, alternatives=["create_signed_url"]
        )
    return backend, location, request.without(beyond), beyond


def _given(request: SignRequest) -> dict[str, Any]:
    """Return what a request was made of, defaults left out."""
    values = {name: getattr(request, name) for name in _DEFAULTS if name != "method"}
    return {name: value for name, value in values.items() if value != _DEFAULTS[name]}


def _again(root: Root, key: str, arguments: dict[str, Any]) -> MultipartUpload:
    """Go on with an upload that has travelled."""
    upload_id, size, part_size = (
        arguments.pop(name) for name in ("upload_id", "size", "part_size")
    )
    return _open(root, key, upload_id, arguments, size=size, part_size=part_size)
