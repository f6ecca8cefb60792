"""From ``daypass://NAME/key`` to a store: a profile's settings, and the caller's own over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from daypass import config
from daypass.backends.filesystems import protocols
from daypass.base.secrets import Options
from daypass.config.layers import merged
from daypass.config.profiles import Profile
from daypass.config.secrets import resolved
from daypass.errors import InvalidRequestError
from daypass.model.paths import PROFILES, ParsedPath, parse_path
from daypass.store.keywords import joined, mapping, own_options
from daypass.store.project_profiles import check_project_profile

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["Profiled", "profiled"]


@attrs.frozen(kw_only=True, repr=False)
class Profiled:
    """What a store is made of, where its path names a profile."""

    profile: Profile
    #: The path that was asked for, and the caller's own keywords: what may travel.
    asked: ParsedPath
    given: Mapping[str, Any]
    #: The real path and the real keywords.
    path: ParsedPath
    fs: AbstractFileSystem | None
    storage_options: Mapping[str, Any] | None
    public_endpoint: str | None
    signer: str | None
    signer_options: Mapping[str, Any]

    def source(self, path: str) -> str:
        """Return the real path of an object that is copied: below a profile, one of the same profile.

        Raises:
            InvalidRequestError: for any other path, so that a copy leads out of no profile.

        """
        found, name = parse_path(path), self.profile.name
        if (found.protocol, found.bucket) != (PROFILES, name):
            msg = f"copy_source of a copy below a profile is named by the same profile: write {PROFILES}://{name}/key"
            raise InvalidRequestError(msg, option="copy_source")
        root = self.profile.root
        return str(attrs.evolve(root, key=_below(root.key, found.key)))


def profiled(
    asked: ParsedPath,
    *,
    fs: AbstractFileSystem | None,
    storage_options: Mapping[str, Any] | None,
    public_endpoint: str | None,
    signer: str | None,
    signer_options: Mapping[str, Any] | None,
) -> Profiled:
    """Look the profile up and lay the caller's keywords over it; secrets are read now.

    A ``fs`` takes the place of the profile's ``storage_options``. Another ``signer`` than the
    profile's takes the place of all that configures the profile's signing.

    Raises:
        ConfigError: if there is no such profile, and the message gives the nearest; or if it is a
            project's, and would send credentials elsewhere.
        CredentialsError: for a secret that the profile refers to and that is not there.

    """
    profile = config.load().profile(asked.bucket)
    given: dict[str, Any] = {
        "storage_options": joined(asked.storage_options, own_options(storage_options, PROFILES)),
        "public_endpoint": public_endpoint,
        "signer": signer,
        "signer_options": mapping(signer_options, "signer_options"),
    }
    if fs is not None and PROFILES in protocols(fs):
        # It is this configuration, under another name, and brings no more than its options.
        given["storage_options"], fs = mapping(fs.given, "fs"), None
    if profile.of_project:
        check_project_profile(profile, given, has_fs=fs is not None)
    options: Mapping[str, Any] | None = storage_options
    if fs is None:
        own = own_options(given["storage_options"], profile.root.protocol)
        options = Options(merged(resolved(profile.storage_options), own))
    as_configured = signer in (None, profile.signer)
    return Profiled(
        profile=profile,
        asked=asked,
        given=given,
        path=attrs.evolve(profile.root, key=_below(profile.root.key, asked.key)),
        fs=fs,
        storage_options=options,
        public_endpoint=profile.public_endpoint
        if public_endpoint is None and as_configured
        else public_endpoint,
        signer=profile.signer if signer is None else signer,
        signer_options=Options(
            merged(
                resolved(profile.signer_options) if as_configured else {}, given["signer_options"]
            )
        ),
    )


def _below(root: str, key: str) -> str:
    return root + key if not key or not root or root.endswith("/") else f"{root}/{key}"
