"""Uploads in parts: the store makes of them what was sent, and shows nothing before."""

from __future__ import annotations

import pytest

from daypass.errors import UnsupportedOptionError
from daypass.store.multipart import MultipartUpload
from daypass.testing.bench import Bench, only
from daypass.testing.trials import KEY, Trial

__all__ = ["UploadRules"]

#: For backends that declare uploads in parts, on a server and with a credential that has them.
_in_parts = only(
    lambda bench: (
        bench.can("PUT") and bench.info.multipart is not None and "multipart" not in bench.narrowed
    )
)


class UploadRules(Bench):
    """An upload in parts becomes one object, or none."""

    @_in_parts
    def test_an_object_goes_up_in_parts(self, trial: Trial) -> None:
        """Two parts, the later one first: the object is what was sent, in order."""
        upload, body = self._begin(trial, parts=2)
        for number in (2, 1):
            begin = (number - 1) * upload.part_size
            piece = body[begin : begin + upload.size_of(number)]
            trial.accepts(upload.part(number), piece)
        sizes = [(part.number, part.size) for part in upload.list_parts()]
        assert sizes == [(number, upload.size_of(number)) for number in (1, 2)]
        upload.complete()
        assert trial.size() == len(body)
        if self.can("GET"):
            assert trial.accepts(trial.sign()).body == body

    @_in_parts
    def test_nothing_is_there_before_an_upload_is_completed(self, trial: Trial) -> None:
        """A part that was sent makes no object, and neither does an upload that was aborted."""
        upload, body = self._begin(trial, parts=1)
        trial.accepts(upload.part(1), body)
        assert trial.size() is None
        upload.abort()
        assert trial.size() is None

    @_in_parts
    def test_an_upload_in_parts_says_the_headers_that_it_begins_with(self, trial: Trial) -> None:
        """A policy is asked about them, so that no setting of a filesystem adds what it does not know."""
        upload, _ = self._begin(trial, parts=1)
        headers = upload._session.of_backend.headers()  # noqa: SLF001 - no policy is in force here
        assert isinstance(headers, dict), f"headers() returned a {type(headers).__name__}"
        assert all(isinstance(text, str) for pair in headers.items() for text in pair)
        upload.abort()

    @only(
        lambda bench: (
            "PUT" in bench.methods()
            and (bench.info.multipart is None or "multipart" in bench.narrowed)
        )
    )
    def test_uploads_in_parts_are_refused_where_there_are_none(self, trial: Trial) -> None:
        """The error names ``multipart``, and comes before anything is begun."""
        with pytest.raises(UnsupportedOptionError) as caught:
            trial.store.create_multipart_upload(KEY, size=1)
        assert (caught.value.option, caught.value.backend) == ("multipart", self.info.name)

    def _begin(self, trial: Trial, *, parts: int) -> tuple[MultipartUpload, bytes]:
        """Begin an upload whose last part has one byte; return it, and what is to be sent."""
        assert self.info.multipart is not None
        part_size = max(self.info.multipart.min_part_size, 2)
        body = (b"0123456789" * (part_size // 10 + 1))[:part_size] * (parts - 1) + b"."
        upload = trial.store.create_multipart_upload(
            KEY, size=len(body), part_size=part_size, expires_in=trial.lifetime
        )
        return upload, body
