"""What a copy asks beside its own consent: that its source may be read, as by a GET of the same caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import attrs

from daypass.backends.calls import Backend
from daypass.backends.loading import registry
from daypass.errors import DaypassError, InvalidRequestError, PolicyError
from daypass.gate.permit import Permit
from daypass.model.forms import UploadForm
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.paths import check_key, parse_path
from daypass.model.prefixes import SignedPrefix
from daypass.model.requests import SignRequest

__all__ = ["CopyPermit", "check_source", "source_of"]

_READ = frozenset({"GET"})


def source_of(location: Location, request: SignRequest) -> Location:
    """Return where the source of a copy lies: in the copy's own store.

    Args:
        location: of the copy.
        request: what is asked of it, with its ``copy_source``.

    """
    found = parse_path(request.copy_source or "")
    return attrs.evolve(
        location,
        protocol=found.protocol,
        bucket=found.bucket,
        key=found.key,
        version=None,
        cache={},
    )


def check_source(backend: Backend, location: Location, request: SignRequest) -> None:
    """Raise where the source of a copy does not lie in the copy's own store, or no key can be its own.

    Raises:
        InvalidRequestError: naming ``copy_source``.
        InvalidPathError: saying what is wrong with its key.

    """
    source = source_of(location, request)
    if source.protocol not in registry.siblings(location.protocol):
        msg = f"copy_source lies in the store of the copy, whose credentials read it: name it by {location.protocol}://bucket/key, not by {source.protocol}://"
        raise InvalidRequestError(msg, option="copy_source")
    limit = backend.info.max_key_bytes
    check_key(source.key, max_bytes=limit, allow_dot_segments=request.allow_dot_segments)


@attrs.define(eq=False)
class CopyPermit(Permit):
    """A permit to make a copy, with one to read its source: both are counted and held against the answer."""

    #: To read the source; it tells nobody, since what is refused is the copy.
    reading: Permit = attrs.field(kw_only=True)

    def __enter__(self) -> Self:
        """Count a link to write and one to read against the quotas.

        Raises:
            QuotaError: where there would be too many of either; then none is counted as alive.

        """
        super().__enter__()
        try:
            with self.refusing():
                self.reading.__enter__()
        except BaseException as error:
            super().__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take both live links back where the copy's does not leave."""
        super().__exit__(kind, error, trace)
        self.reading.__exit__(kind, error, trace)

    def check(self, answer: SignedURL | SignedPrefix | UploadForm) -> None:
        """Hold a signed answer against the rules of both.

        Raises:
            PolicyError: naming what it does not enforce, or what it opens besides.

        """
        super().check(answer)
        assert isinstance(answer, SignedURL)  # noqa: S101 - no grant and no form is a copy
        with self.refusing():
            self.reading.check(attrs.evolve(answer, method="GET", permits=_READ, headers={}))

    def told_why(self, why: str) -> str:
        """Return why the source may not be read as a reason to refuse the copy."""
        copied, copy = self.reading.location.path, self.location.path
        return f"{copy} would be a copy of {copied}, which needs leave to read it: {why}"

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Put on record that the copy was refused, where its source may not be read; the error names both."""
        try:
            yield
        except DaypassError as error:
            error.args = (self.told_why(str(error)),)
            rule = error.rule if isinstance(error, PolicyError) else self.reading.rule
            self.refuse(error, rule)
            raise
