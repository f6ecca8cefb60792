"""Parts of an upload: which there are, and what a backend does with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import attrs

from daypass.base.messages import shown_count
from daypass.errors import InvalidRequestError

if TYPE_CHECKING:
    from daypass.hookspecs.part_limits import PartLimits
    from daypass.model.links import SignedURL
    from daypass.model.metadata import ObjectMetadata
    from daypass.model.requests import SignRequest

__all__ = [
    "PartPlan",
    "UploadSession",
    "UploadedPart",
    "named_parts",
    "plan_parts",
    "stored_as_named",
]

_MIB = 1 << 20
#: What a part holds where nothing asks for more, in bytes: few requests, and little to send again.
_PART_SIZE = 16 * _MIB


@attrs.frozen(kw_only=True)
class UploadedPart:
    """One part that the store has."""

    #: Counted from 1.
    number: int
    #: Size in bytes; None where it is not known.
    size: int | None = None
    #: Its entity tag, without quotes, where the store gives one.
    etag: str | None = None


class UploadSession(Protocol):
    """One upload of one object, as its backend carries it out; it holds no state of its own.

    A backend's `create_multipart_upload` returns one. All but `sign_part` go to the store, within the
    location's deadline for each silence, and raise errors of the tree in `daypass.errors`.

    One that has an attribute ``unenforced``, a frozenset of options, says by it what the store is not known to hold
    the whole upload to, as a link's does.
    """

    def headers(self) -> dict[str, str]:
        """Return the headers that the upload begins with, those too that settings of the filesystem add.

        A policy holds its rules against them. None where no setting can add to what is asked.
        """

    def begin(self) -> str:
        """Begin an upload and return its id."""

    def check_id(self, upload_id: str) -> None:
        """Raise `InvalidRequestError` for text that can be no id; without network."""

    def sign_part(self, upload_id: str, number: int, request: SignRequest) -> SignedURL:
        """Sign the PUT of one part; ``request`` is resolved and holds what binds this part."""

    def list_parts(self, upload_id: str) -> list[UploadedPart]:
        """Return the parts that the store has, in order."""

    def complete(self, upload_id: str, parts: Sequence[UploadedPart]) -> ObjectMetadata:
        """Make the object of all its parts, in order."""

    def abort(self, upload_id: str) -> None:
        """Let the store forget the upload and its parts."""


@attrs.frozen
class PartPlan:
    """How an object is cut: all parts have one size, the last holds the rest."""

    #: Size of the object in bytes.
    size: int
    #: Size of a part in bytes.
    part_size: int

    @property
    def count(self) -> int:
        """How many parts there are."""
        return -(-self.size // self.part_size)

    def size_of(self, number: int) -> int:
        """Return the size of one part in bytes.

        >>> PartPlan(25, 10).size_of(3)
        5

        Args:
            number: counted from 1.

        Raises:
            InvalidRequestError: for a number that no part has.

        """
        if type(number) is not int or not 1 <= number <= self.count:
            msg = f"there is no part {shown_count(number)}: this upload has the parts 1 to {self.count}"
            raise InvalidRequestError(msg, option="number")
        return min(self.part_size, self.size - (number - 1) * self.part_size)

    def all_of(self, parts: Iterable[UploadedPart]) -> list[UploadedPart]:
        """Return all parts in order.

        Raises:
            InvalidRequestError: if one is missing, or is none of this object's.

        """
        found: dict[int, UploadedPart] = {}
        for part in parts:
            if not isinstance(part, UploadedPart):
                msg = f"a part is a daypass.UploadedPart, or a number with its ETag, not a {type(part).__name__}"
                raise InvalidRequestError(msg, option="parts")
            size = self.size_of(part.number)
            if part.size is not None and part.size != size:
                msg = f"part {part.number} must have {size} bytes, and the store has {shown_count(part.size)}: upload it again"
                raise InvalidRequestError(msg, option="parts")
            if part.etag is not None and not (
                isinstance(part.etag, str) and part.etag.isascii() and part.etag.isprintable()
            ):
                msg = f"the ETag of part {part.number} is no printable ASCII text: take it from the answer to its upload"
                raise InvalidRequestError(msg, option="parts")
            found[part.number] = part
        if missing := [number for number in range(1, self.count + 1) if number not in found]:
            msg = f"{len(missing)} of {self.count} parts are missing, the first is {missing[0]}: upload them before complete()"
            raise InvalidRequestError(msg, option="parts")
        return [found[number] for number in sorted(found)]


def named_parts(parts: Mapping[int, str] | Iterable[UploadedPart]) -> list[UploadedPart]:
    """Return the parts that a caller names, in either way.

    Raises:
        InvalidRequestError: if they cannot be read.

    """
    try:
        if isinstance(parts, Mapping):
            return [UploadedPart(number=number, etag=etag) for number, etag in parts.items()]
        return list(parts)
    except Exception as error:
        msg = f"parts is a {type(parts).__name__} that cannot be read: give a mapping of numbers to ETags"
        raise InvalidRequestError(msg, option="parts") from error


def stored_as_named(
    named: Iterable[UploadedPart], stored: Iterable[UploadedPart]
) -> list[UploadedPart]:
    """Return parts that a caller names as the store lists them, with their sizes.

    Args:
        named: the parts to make an object of.
        stored: the store's own list.

    Raises:
        InvalidRequestError: if the store has no such part, or does not say how large it is.

    """
    own = {part.number: part for part in stored}
    found = []
    for part in named:
        known = own.get(part.number)
        if known is None or _tag(part) not in (None, _tag(known)):
            msg = f"the store has no part {shown_count(part.number)} with that ETag: upload it, or let the store say what it has (complete())"
            raise InvalidRequestError(msg, option="parts")
        if known.size is None:
            msg = f"the store does not say how large part {shown_count(part.number)} is, and a rule of the policy limits the size: upload in one piece"
            raise InvalidRequestError(msg, option="parts")
        found.append(known)
    return found


def _tag(part: UploadedPart) -> str | None:
    return None if part.etag is None else part.etag.strip('"')


def plan_parts(size: int, part_size: int | None, limits: PartLimits, backend: str) -> PartPlan:
    """Cut an object into parts that its store takes.

    Without ``part_size`` it is 16 MiB, or as many MiB as make no more parts than the store takes.

    Args:
        size: of the object in bytes.
        part_size: of each part in bytes, where the caller chooses.
        limits: what the store takes.
        backend: its name, for messages.

    Raises:
        InvalidRequestError: for sizes that are none, or outside the limits.

    """
    _check_count(size, "size")
    largest = min(limits.max_size, limits.max_parts * limits.max_part_size)
    if size > largest:
        msg = f"size {shown_count(size)} is above the {largest} bytes that {backend} takes as one object"
        raise InvalidRequestError(msg, option="size")
    if part_size is None:
        least = -(-size // limits.max_parts)
        part_size = max(_PART_SIZE, limits.min_part_size, -(-least // _MIB) * _MIB)
        return PartPlan(size, min(part_size, limits.max_part_size))
    _check_count(part_size, "part_size")
    # An upload of one part has only a last one, which may be smaller.
    if part_size < limits.min_part_size and size > part_size:
        msg = f"part_size {part_size} is below the {limits.min_part_size} bytes that {backend} takes: only the last part may be smaller"
        raise InvalidRequestError(msg, option="part_size")
    if part_size > limits.max_part_size:
        msg = f"part_size {shown_count(part_size)} is above the {limits.max_part_size} bytes that {backend} takes as one part"
        raise InvalidRequestError(msg, option="part_size")
    plan = PartPlan(size, part_size)
    if plan.count > limits.max_parts:
        msg = f"part_size {part_size} makes {plan.count} parts, and {backend} takes {limits.max_parts}: ask for larger ones, or leave it out"
        raise InvalidRequestError(msg, option="part_size")
    return plan


def _check_count(value: object, option: str) -> None:
    if type(value) is not int or value <= 0:
        msg = f"{option} must be a positive number of bytes, not {shown_count(value)}"
        raise InvalidRequestError(msg, option=option)
