"""The uploads of a `Store`: forms for browsers, and objects that come in parts."""

from __future__ import annotations

import asyncio
from typing import Unpack

from daypass import gate
from daypass.requests import SharedOptions
from daypass.root import Root
from daypass.uploads import multipart
from daypass.uploads.formrequests import FormOptions
from daypass.uploads.forms import UploadForm
from daypass.uploads.multipart import MultipartUpload

__all__ = ["Uploads"]


class Uploads:
    """The part of `daypass.Store` that uploads by forms and in parts."""

    root: Root

    def create_multipart_upload(
        self, key: str, *, size: int, part_size: int | None = None, **options: Unpack[SharedOptions]
    ) -> MultipartUpload:
        """Begin an upload in parts of one key below the root.

        Args:
            key: the key, exactly as stored, relative to the root.
            size: size of the object in bytes.
            part_size: size of each part in bytes; by default 16 MiB, or more where that would make
                more parts than the store takes.
            options: what describes the object, and how long each part's link lives: the fields of
                `SignRequest`.

        Raises:
            UnsupportedOptionError: with ``option="multipart"`` where the store takes no uploads in
                parts; or for an option that it cannot carry out on one.
            DaypassError: another of the tree in `daypass.errors`.

        """
        return multipart.begin(self.root, key, options, size=size, part_size=part_size)

    def resume_multipart_upload(
        self,
        key: str,
        upload_id: str,
        *,
        size: int,
        part_size: int | None = None,
        **options: Unpack[SharedOptions],
    ) -> MultipartUpload:
        """Go on with an upload in parts that has begun; everything as it was given then.

        Args:
            key: the key, exactly as stored, relative to the root.
            upload_id: the upload's id.
            size: size of the object in bytes.
            part_size: size of each part in bytes.
            options: the same as when it was begun.

        Raises:
            DaypassError: one of the tree in `daypass.errors`.

        """
        return multipart.resume(self.root, key, upload_id, options, size=size, part_size=part_size)

    def create_upload_form(self, key: str, **options: Unpack[FormOptions]) -> UploadForm:
        """Sign a form by which a browser uploads one file below the root.

        Args:
            key: the key relative to the root; where it ends in ``${filename}``, the file's name
                goes there, and the sender may name any key that begins with the rest.
            options: what the form shall permit: the fields of `FormRequest`.

        Raises:
            UnsupportedOptionError: with ``option="form"`` where the store has no forms.
            DaypassError: another of the tree in `daypass.errors`.

        """
        asked = self.root.request_for("create_upload_form", key, options)
        return gate.create_upload_form(*asked, caller=self.root.caller)

    async def acreate_multipart_upload(
        self, key: str, *, size: int, part_size: int | None = None, **options: Unpack[SharedOptions]
    ) -> MultipartUpload:
        """Do what `create_multipart_upload` does, in a thread."""
        return await asyncio.to_thread(
            self.create_multipart_upload, key, size=size, part_size=part_size, **options
        )

    async def aresume_multipart_upload(
        self,
        key: str,
        upload_id: str,
        *,
        size: int,
        part_size: int | None = None,
        **options: Unpack[SharedOptions],
    ) -> MultipartUpload:
        """Do what `resume_multipart_upload` does, in a thread."""
        return await asyncio.to_thread(
            self.resume_multipart_upload,
            key,
            upload_id,
            size=size,
            part_size=part_size,
            **options,
        )

    async def acreate_upload_form(self, key: str, **options: Unpack[FormOptions]) -> UploadForm:
        """Do what `create_upload_form` does, in a thread."""
        return await asyncio.to_thread(self.create_upload_form, key, **options)
