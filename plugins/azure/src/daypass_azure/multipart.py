"""Uploads in parts: blocks go through links, and their list is committed with the filesystem's credential.

https://learn.microsoft.com/rest/api/storageservices/put-block and put-block-list. Azure neither begins nor
aborts anything: an upload is a name that its blocks share, and blocks that no list names are dropped with
the next commit, or after a week.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any, Self

import attrs
from azure.core import MatchConditions
from azure.storage.blob import BlobBlock, ContentSettings, StandardBlobTier

from daypass.errors import (
    InvalidRequestError,
    ObjectNotFoundError,
    StoreError,
    UnsupportedOptionError,
)
from daypass.hookspecs.parts import UploadedPart
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.metadata import ObjectMetadata
from daypass.model.requests import SignRequest
from daypass_azure.account import account_of
from daypass_azure.network import call_sdk, filesystem
from daypass_azure.paths import check_name
from daypass_azure.shape import checked_metadata, checked_tags
from daypass_azure.signer import Signer

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")


@attrs.frozen
class BlockUploadSession:
    """One upload of one blob; see `daypass.hookspecs.parts.UploadSession`."""

    _signer: Signer
    _location: Location
    _request: SignRequest

    @classmethod
    def of(cls, signer: Signer, location: Location, request: SignRequest) -> Self:
        """Check what describes the blob.

        Raises:
            UnsupportedOptionError: for further headers, which no commit carries.
            InvalidRequestError: for metadata, tags or an access tier that Azure does not take.

        """
        check_name(location.key)
        if request.headers:
            msg = "azure cannot carry out headers on an upload in parts: leave them out, or upload in one piece (create_signed_url)"
            raise UnsupportedOptionError(
                msg, option="headers", backend="azure", alternatives=["create_signed_url"]
            )
        checked_metadata(request)
        if request.storage_class is not None:
            _tier(request.storage_class)
        if request.tags is not None:
            checked_tags(request.tags)
        return cls(signer, location, request)

    def headers(self) -> dict[str, str]:
        """Return none: the commit says what the request does, and no setting adds to it."""
        return {}

    def begin(self) -> str:
        """Make up a name for the blocks to share."""
        return secrets.token_hex(16)

    def check_id(self, upload_id: str) -> None:
        """Raise for text that is no such name."""
        if not _UPLOAD_ID.fullmatch(upload_id):
            msg = f"upload_id {ascii(upload_id)[:40]} is none of azure's, which have 32 hexadecimal digits"
            raise InvalidRequestError(msg, option="upload_id")

    def sign_part(self, upload_id: str, number: int, request: SignRequest) -> SignedURL:
        """Sign the PUT of one block."""
        block = b64encode(_block(upload_id, number).encode()).decode()
        link = self._signer.sign_block(self._location, request, block)
        if self._request.if_absent:
            # The permission to write a block is the permission to replace the blob as well.
            link = attrs.evolve(link, unenforced=link.unenforced | {"if_absent"})
        return link

    def list_parts(self, upload_id: str) -> list[UploadedPart]:
        """Read the uncommitted blocks, and take those of this upload."""
        beginning = _block(upload_id, 0)[:-5]
        try:
            _, blocks = self._call(
                "the blocks of",
                lambda blob: (blob.get_block_list, ["uncommitted"], {"root": "BlockList"}),
            )
        except ObjectNotFoundError:
            return []  # there is neither a blob nor a block of one
        parts = [
            UploadedPart(number=int(block.id.removeprefix(beginning)), size=block.size)
            for block in blocks
            if block.id.startswith(beginning) and block.id.removeprefix(beginning).isdigit()
        ]
        return sorted(parts, key=lambda part: part.number)

    def complete(self, upload_id: str, parts: Sequence[UploadedPart]) -> ObjectMetadata:
        """Commit the list of all blocks, with what describes the blob."""
        blocks = [BlobBlock(_block(upload_id, part.number)) for part in parts]
        request = self._request
        options: dict[str, Any] = {"metadata": checked_metadata(request) or None}
        if request.content_type is not None:
            options["content_settings"] = ContentSettings(content_type=request.content_type)
        if request.storage_class is not None:
            options["standard_blob_tier"] = _tier(request.storage_class)
        if request.tags is not None:
            options["tags"] = checked_tags(request.tags)
        if request.if_absent:
            options["match_condition"] = MatchConditions.IfMissing
        if self._signer.encryption_scope is not None:
            options["encryption_scope"] = self._signer.encryption_scope
        try:
            answer = self._call(
                "the commit of", lambda blob: (blob.commit_block_list, [blocks], options)
            )
        except StoreError as error:
            if error.store_code == "BlobAlreadyExists":
                msg = f"{self._location.path} exists, and the upload was asked to create it (if_absent)"
                raise StoreError(msg, status=error.status, store_code=error.store_code) from None
            if error.store_code == "InvalidBlockList":
                msg = f"azure does not have all blocks of the upload to {self._location.path}: something else was committed in the meantime, or a block is older than a week"
                raise StoreError(msg, status=error.status, store_code=error.store_code) from None
            raise
        etag = answer.get("etag")
        return ObjectMetadata(
            path=self._location.path,
            key=self._location.key,
            etag=None if etag is None else etag.strip('"'),
            version=answer.get("version_id"),
        )

    def abort(self, upload_id: str) -> None:
        """Do nothing: what is not committed goes by itself."""

    def _call(self, what: str, call: Callable[[Any], tuple[Any, list[Any], dict[str, Any]]]) -> Any:
        """Ask the SDK's client of the blob."""
        location = self._location
        account = account_of(location)
        fs = filesystem(location, account.place)
        blob = fs.service_client.get_blob_client(account.place.container, location.key)
        function, args, named = call(blob)
        return call_sdk(location, fs, f"{what} {location.path}", function, *args, **named)


def _tier(storage_class: str) -> StandardBlobTier:
    """Return an access tier as the SDK wants it for a commit."""
    try:
        return StandardBlobTier(storage_class)
    except ValueError:
        known = ", ".join(StandardBlobTier)
        msg = f"storage_class {ascii(storage_class)[:40]} is no access tier of Azure: there are {known}"
        raise InvalidRequestError(msg, option="storage_class") from None


def _block(upload_id: str, number: int) -> str:
    """Name a block; all names of one blob must have one length."""
    return f"{upload_id}-{number:05}"
