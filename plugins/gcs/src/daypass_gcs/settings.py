"""What a ``GCSFileSystem`` is configured with, read without opening it or importing gcsfs."""

from __future__ import annotations

import os
import re
from typing import Any

import attrs

from daypass.base.urls import check_endpoint
from daypass.errors import InvalidRequestError, UnsupportedOptionError
from daypass.model.locations import Location
from daypass.toolkit.settings import (
    FSSPEC_OPTIONS,
    arguments_of,
    effective_options,
    refuse_misspelt,
)
from daypass_gcs.options import check_project

DEFAULT_UNIVERSE = "googleapis.com"


_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def check_universe(universe: object) -> None:
    """Raise where text is no domain, since hosts are made of it and tokens are sent to them."""
    if not isinstance(universe, str) or not _DOMAIN.fullmatch(universe):
        msg = f"the credential's universe_domain must be a domain, not {ascii(universe)[:60]}"
        raise InvalidRequestError(msg, option="universe_domain")


@attrs.frozen(kw_only=True, repr=False)
class Settings:
    """The part of a filesystem's constructor that signing depends on."""

    #: A name of a method (``"anon"``, ...), a file, a dict, google-auth credentials or a raw token.
    token: Any = None
    project: str | None = None
    endpoint_url: str | None = None
    #: True, or the project that pays.
    requester_pays: bool | str = False
    #: True where the settings are an open filesystem's, which has found its credentials.
    is_open: bool = False
    #: What it has found: google-auth credentials, or None where it is anonymous.
    found: Any = None

    @property
    def by_default(self) -> bool:
        """True where google-auth is to find the credentials; gcsfs is anonymous where it finds none."""
        return self.token is None or self.token == "google_default"  # noqa: S105 - a name of gcsfs

    def endpoint(self, universe: str) -> str:
        """Return the endpoint that the filesystem uses, by gcsfs's own order of precedence.

        Args:
            universe: the domain of the credential's cloud, for want of anything named.

        """
        if self.endpoint_url is not None:
            return check_endpoint(self.endpoint_url, "endpoint_url")
        emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
        if emulator not in ("", "default"):
            url = emulator if "://" in emulator else f"http://{emulator}"
            return check_endpoint(url, "STORAGE_EMULATOR_HOST")
        return f"https://storage.{self.universe(universe)}"

    @staticmethod
    def universe(universe: str) -> str:
        """Return the universe to sign for, or raise where environment and credential differ."""
        named = os.environ.get("GOOGLE_CLOUD_UNIVERSE_DOMAIN")
        if not named or named == universe:
            return universe
        msg = (
            f"GOOGLE_CLOUD_UNIVERSE_DOMAIN names {ascii(named)[:60]} but the credential belongs to "
            f"{ascii(universe)[:60]}: make them agree, or name the endpoint as endpoint_url"
        )
        raise InvalidRequestError(msg, option="endpoint_url")

    def paying_project(self, user_project: str | None) -> str | None:
        """Return the project that requester-pays requests are billed to, if one is known.

        Raises:
            InvalidRequestError: if the signer's option and the filesystem's contradict each other.

        """
        named = self.requester_pays if isinstance(self.requester_pays, str) else None
        if named and user_project and named != user_project:
            msg = (
                f"signer_options bill the project {user_project}, but requester_pays in "
                f"storage_options bills {ascii(named)[:60]}: name one of them"
            )
            raise InvalidRequestError(msg, option="user_project")
        return user_project or named or self.project or None


def payer(project: str | None) -> str:
    """Return the project that pays, or raise where none is known.

    Raises:
        UnsupportedOptionError: saying where it is named.

    """
    if project is None:
        msg = "requester_pays needs the project that pays: name it as signer_options user_project"
        raise UnsupportedOptionError(msg, option="requester_pays", backend="gcs")
    return check_project(project, "requester_pays")


def settings_of(location: Location) -> Settings:
    """Read the settings from the filesystem, where one was given, or from the options."""
    if location.has_fs:
        return _of_filesystem(location.fs)
    options = effective_options(location.storage_options, ("gs", "gcs"))
    known = _OWN | FSSPEC_OPTIONS
    refuse_misspelt(options, known, _names_of_gcsfs, what="storage option of gcs", meant=_MEANT)
    for name, kinds in (("project", (str,)), ("requester_pays", (str, bool))):
        if (value := options.get(name)) is not None and not isinstance(value, kinds):
            msg = f"{name} in storage_options must be text, not {type(value).__name__}"
            raise InvalidRequestError(msg, option=name)
    return Settings(
        token=options.get("token"),
        project=options.get("project") or os.environ.get("GCSFS_DEFAULT_PROJECT") or None,
        endpoint_url=options.get("endpoint_url"),
        requester_pays=options.get("requester_pays") or False,
    )


_OWN = frozenset({"token", "project", "endpoint_url", "requester_pays"})
#: What Google's SDK, and libraries that read buckets beside fsspec, call the options of GCSFileSystem.
_MEANT = {
    **dict.fromkeys(
        (
            *("credentials", "credentials_file", "google_application_credentials", "key_file"),
            *("key_path", "keyfile", "service_account", "service_account_file"),
            *("service_account_key", "service_account_path", "anon", "anonymous"),
        ),
        "token",
    ),
    **dict.fromkeys(("google_cloud_project", "project_id", "quota_project_id"), "project"),
    **dict.fromkeys(("api_endpoint", "endpoint"), "endpoint_url"),
    "user_project": "requester_pays",
}


def _names_of_gcsfs() -> set[str]:
    from gcsfs import GCSFileSystem  # only to ask for its names: it is slow to import

    return arguments_of(*(kind.__init__ for kind in GCSFileSystem.__mro__))


def _of_filesystem(fs: Any) -> Settings:
    google: Any = getattr(fs, "credentials", None)
    if not hasattr(google, "credentials") or not hasattr(fs, "requester_pays"):
        msg = f"fs must be a gcsfs.GCSFileSystem, not {type(fs).__name__}"
        raise InvalidRequestError(msg, option="fs")
    return Settings(
        token=getattr(google, "token", None),
        project=fs.project or None,
        endpoint_url=getattr(fs, "_endpoint", None),
        requester_pays=fs.requester_pays,
        is_open=True,
        found=google.credentials,
    )
