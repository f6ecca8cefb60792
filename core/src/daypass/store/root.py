"""``Root``: where keys lie, who signs below it and for whom; what every door of the gate is given comes from here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import attrs

from daypass.backends.calls import Backend
from daypass.backends.filesystems import open_filesystem, protocols, unwrap
from daypass.backends.loading import KNOWN, registry
from daypass.base.messages import brief
from daypass.base.process import Once
from daypass.base.secrets import check_portable
from daypass.base.urls import check_endpoint
from daypass.errors import (
    DaypassError,
    InvalidPathError,
    InvalidRequestError,
    UnsupportedOptionError,
)
from daypass.hookspecs.network import Network
from daypass.model.locations import Location
from daypass.model.paths import (
    PROFILES,
    ParsedPath,
    PathLike,
    check_below,
    check_version,
    parse_path,
)
from daypass.model.requests import SignRequest, make_request
from daypass.store.keywords import joined, own_options, structured
from daypass.toolkit.settings import effective_options

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from daypass.model.forms import AnyRequest, FormRequest
    from daypass.store.profiles import Profiled

__all__ = ["Action", "Root", "made_for"]

_OfLinks = Literal[
    "create_multipart_upload", "create_signed_prefix", "create_signed_url", "create_signed_urls"
]
#: The functions that make something, by which policy and audit know them too.
Action = Literal[_OfLinks, "create_upload_form"]
_FORM = "create_upload_form"
#: The filesystems' word for it, all of which have the same.
_AWARE = "version_aware"
#: Under which name the cache keeps the last request, and what a profile's defaults make of it.
_FILLED = "daypass.store.filled"
#: The backend of any filesystem: nobody knows whether it keeps dot segments, or goes up by them.
_GENERIC = "generic"


def made_for(action: str, options: Mapping[str, Any]) -> AnyRequest:
    """Return the request that a function's keywords make.

    Raises:
        InvalidRequestError: for an option that is not legal.

    """
    if action != _FORM:
        return make_request(options)
    from daypass.model.forms import make_form_request  # which links do not need

    return make_form_request(options)


@attrs.frozen(slots=False, eq=False, repr=False)  # not slotted: called() copies __dict__
class Root:
    """Everything below one path, signed with one set of credentials and for one caller."""

    #: Who signs.
    backend: Backend
    #: The root itself; all locations below it share what it has prepared.
    location: Location
    #: Who asks, told to policy and audit plugins.
    caller: str | None = None
    #: The name of the signer, where it is not the path's own backend who signs.
    signer: str | None = None
    #: The profile that it is made of, and how; None where its path names none.
    profiled: Profiled | None = None
    #: How a key names a version, by `BackendInfo.version_in_path`, where the filesystem reads it so; else None.
    version_mark: re.Pattern[str] | None = None

    @classmethod
    def of(
        cls,
        url: PathLike | ParsedPath,
        *,
        storage_options: Mapping[str, Any] | None = None,
        fs: AbstractFileSystem | None = None,
        public_endpoint: str | None = None,
        signer: str | None = None,
        signer_options: Mapping[str, Any] | None = None,
        caller: str | None = None,
    ) -> Self:
        """Make a root of a path and of the keywords of a `daypass.Store`.

        Raises:
            InvalidRequestError: for an option that is not legal.
            BackendNotFoundError: if no installed backend serves the protocol, or no signer has the name.

        """
        fs = unwrap(fs)
        if isinstance(url, ParsedPath):
            parsed = url
        else:
            parsed = parse_path(url, protocol=None if fs is None else protocols(fs)[0])
        found: Profiled | None = None
        if parsed.protocol == PROFILES:
            from daypass.store.profiles import profiled

            found = profiled(
                parsed,
                fs=fs,
                storage_options=storage_options,
                public_endpoint=public_endpoint,
                signer=signer,
                signer_options=signer_options,
            )
            parsed, fs, storage_options = found.path, found.fs, found.storage_options
            public_endpoint, signer = found.public_endpoint, found.signer
            signer_options = found.signer_options
        protocol = parsed.protocol
        if fs is not None:
            if storage_options is not None:
                msg = "give the credentials once: fs or storage_options, not both"
                raise InvalidRequestError(msg, option="storage_options")
            if protocol not in protocols(fs):
                msg = f"the path says {protocol}:// but fs is a filesystem for {', '.join(protocols(fs))}"
                raise InvalidPathError(msg, option="fs")
        backend = registry.backend(protocol) if signer is None else registry.signer(signer)
        info = backend.info
        if public_endpoint is not None:
            public_endpoint = check_endpoint(public_endpoint, "public_endpoint")
            if not info.public_endpoint and info.methods:
                msg = f"{info.name} has no endpoint that public_endpoint= could replace"
                raise UnsupportedOptionError(msg, option="public_endpoint", backend=info.name)
        options = joined(parsed.storage_options, own_options(storage_options, protocol))
        mark = _version_mark(protocol, options, fs)
        cache: dict[Any, Any] = {}
        location = Location(
            protocol=protocol,
            bucket=parsed.bucket,
            key=parsed.key,
            storage_options=options,
            options=structured(info.name, info.options_class, signer_options),
            public_endpoint=public_endpoint,
            cache=cache,
            has_fs=fs is not None,
            profile=None if found is None else found.profile.name,
            lacks=frozenset() if found is None else found.profile.lacks,
            secret_options=_secret_options(protocol, backend, options),
            open=Once(
                lambda: open_filesystem(protocol, parsed.bucket, options) if fs is None else fs,
                cache,
            ),
        )
        return cls(backend, location, caller, signer, found, mark)

    def __repr__(self) -> str:
        """Show the path; never an option."""
        return f"Root({self.location.path!r}, backend={self.backend.info.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as what it was made of: without caches, open filesystems and secrets.

        Raises:
            InvalidRequestError: if there is a filesystem, a key, a secret or a token to carry.

        """
        place, found = self.location, self.profiled
        asked = place if found is None else found.asked
        given: Mapping[str, Any]
        if found is not None:
            given = found.given
        else:
            given = {
                "storage_options": dict(place.storage_options),
                "public_endpoint": place.public_endpoint,
                "signer": self.signer,
                "signer_options": place.options and attrs.asdict(place.options),
            }
        # A user has a Store, or an upload below one.
        fs = place.fs if place.has_fs else None
        check_portable("Store", place.secret_options, fs=fs, **given)
        path = ParsedPath(asked.protocol, asked.bucket, asked.key)
        return _made_of, (path, {**given, "caller": self.caller})

    def called(self, caller: str | None) -> Self:
        """Return the same root for another caller, with all that it has prepared."""
        if caller is self.caller:
            return self
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__["caller"] = caller
        return copy

    def within(self, prefix: str) -> Self:
        """Return the same root for links that are of one grant, with all that it has prepared.

        Args:
            prefix: what the grant is for, relative to the root.

        """
        location = attrs.evolve(self.location, within=self.below(prefix).key)
        return attrs.evolve(self, location=location)

    def at(self, key: str, version: str | None = None, *, whole: bool = False) -> Location:
        """Return where a key below the root is.

        Args:
            key: the key.
            version: the version of the object.
            whole: take no key for the whole root, as a listing does, and not for a missing key.

        Raises:
            InvalidPathError: if the key is not text, is a whole path, or names a version in the filesystem's way.
            InvalidRequestError: if the version cannot be one.

        """
        if type(key) is not str:
            if not isinstance(key, str):
                msg = f"a key must be text, not {type(key).__name__}"
                raise InvalidPathError(msg, option="key")
            # Exact text: a subclass may write itself in its own way, and sign another key.
            key = str.__str__(key)
        if "://" in key:
            self._refuse_path(key)
        if self.version_mark is not None:
            self._refuse_version(key, self.version_mark)
        if version is not None:
            version = check_version(version)
        root = self.location.key
        if not key and root and not root.endswith("/") and not whole:
            return self.location.at("", version)
        if root and not root.endswith("/"):
            key = f"{root}/{key}"
        elif root:
            key = root + key
        return self.location.at(key, version)

    def _refuse_path(self, key: str) -> None:
        """Raise where a key is a whole path: the link would be one for an object of that name.

        Raises:
            InvalidPathError: saying what a key is.

        """
        protocol = key.partition("://")[0]
        if protocol in {*KNOWN, *registry.siblings(self.location.protocol), PROFILES}:
            msg = f"the key begins with {protocol}:// and is a whole path: a key is what follows the bucket and the root, so leave those out, or give the path to a function that takes whole paths (daypass.create_signed_url)"
            raise InvalidPathError(msg, option="key")

    @staticmethod
    def _refuse_version(key: str, mark: re.Pattern[str]) -> None:
        """Raise where the filesystem would read a version out of a key.

        Raises:
            InvalidPathError: naming what says it here.

        """
        if found := mark.search(key):
            msg = f"the key holds {brief(found[0])}, which a filesystem with version_aware=True reads as a version: leave it out of the key, and say it as version="
            raise InvalidPathError(msg, option="version")

    def below(self, prefix: str) -> Location:
        """Return the location of a folder below the root: it ends in a slash, or is the bucket.

        Raises:
            InvalidPathError: if the prefix is not text.

        """
        whole = isinstance(prefix, str) and not prefix
        location = self.location if whole else self.at(prefix)
        key = location.key
        return location.at(key if not key or key.endswith("/") else f"{key}/")

    def path_of(self, location: Location) -> str:
        """Return the path that leads to a location below it again, by its profile where it has one."""
        if self.profiled is None:
            return location.path
        root = self.profiled.profile.root.key
        below = location.key.removeprefix(root)
        if root and not root.endswith("/"):
            below = below.removeprefix("/")
        return f"{PROFILES}://{location.profile}/{below}"

    @overload
    def request_for(
        self,
        action: _OfLinks,
        key: str,
        options: Mapping[str, Any],
        version: str | None = None,
        made: SignRequest | None = None,
    ) -> tuple[Backend, Location, SignRequest]: ...

    @overload
    def request_for(
        self,
        action: Literal["create_upload_form"],
        key: str,
        options: Mapping[str, Any],
        version: None = None,
        made: FormRequest | None = None,
    ) -> tuple[Backend, Location, FormRequest]: ...

    @overload
    def request_for(
        self,
        action: Action,
        key: str,
        options: Mapping[str, Any],
        version: str | None = None,
        made: AnyRequest | None = None,
    ) -> tuple[Backend, Location, AnyRequest]: ...

    def request_for(
        self,
        action: Action,
        key: str,
        options: Mapping[str, Any],
        version: str | None = None,
        made: AnyRequest | None = None,
    ) -> tuple[Backend, Location, AnyRequest]:
        """Return who signs, where, and what: the one way from keywords to what the gate is given.

        Args:
            action: the function that was called.
            key: the key below the root; a folder for a prefix, and of no meaning for many keys, which
                are whole keys of the bucket.
            options: the keywords that say what is to be permitted.
            version: the version of the object.
            made: the request that the options make, where it has been made already: before a backend
                is loaded for what cannot be.

        Raises:
            InvalidPathError: if the key is not text.
            InvalidRequestError: for an option, or a version, that is not legal.

        """
        if made is None:
            # Not by `made_for`, whose call every link would wait for.
            made = make_request(options) if action != _FORM else made_for(action, options)
        if self.profiled is not None:
            # Every link waits for it, and most ask for what the last one did.
            last = self.location.cache.get(_FILLED)
            if last is None or last[0] is not made:
                filled = self._filled(self.profiled, action, options, made.method)
                last = self.location.cache[_FILLED] = (made, filled)
            made = last[1]
        if action == "create_signed_prefix":
            location = self.below(key)
        elif action == "create_signed_urls":
            location = self.location.at("")
        else:
            location = self.at(key, version, whole=made.method == "LIST")
        return self.backend, location, made

    @staticmethod
    def _filled(
        profiled: Profiled, action: Action, options: Mapping[str, Any], method: str
    ) -> AnyRequest:
        """Return the request that keywords make with a profile's defaults where they say nothing."""
        filled = profiled.profile.defaults.filled(options, method)
        if (source := filled.get("copy_source")) is not None:
            filled["copy_source"] = profiled.source(source)
        return made_for(action, filled)

    @property
    def network(self) -> Network:
        """How what is sent through its links goes: as the filesystem of who signs reaches its store."""
        return self.backend.info.network(self.location)

    def reading(
        self, key: str, request: SignRequest, version: str | None = None
    ) -> tuple[Backend, Location]:
        """Return who reads an object's metadata, and where and how: a signer only signs.

        Raises:
            InvalidPathError: if the key is not text, or may lead out of a profile's root, or of one that no backend of its own reads below.
            InvalidRequestError: if the version cannot be one.

        """
        location = self.at(key, version)
        reader = self.backend if self.signer is None else registry.backend(location.protocol)
        if not request.allow_dot_segments:
            if self.profiled is not None:
                profile = self.profiled.profile
                place = f"the profile {profile.name}"
                check_below(location.key.removeprefix(profile.root.key), place)
            elif self.location.key and reader.info.name == _GENERIC:
                below = location.key.removeprefix(self.location.key)
                check_below(below, f"the store {self.location.path}")
        if request.conditions:
            location = attrs.evolve(location, reading=request)
        if self.signer is None:
            return reader, location
        options = structured(reader.info.name, reader.info.options_class, None)
        return reader, attrs.evolve(location, options=options)


def _secret_options(protocol: str, backend: Backend, options: Mapping[str, Any]) -> frozenset[str]:
    """Name the options that the backend declares to be secrets; for a signer also the protocol's own, which may be missing."""
    own = backend.info.secret_storage_options
    if options:
        with suppress(DaypassError):
            own |= registry.secret_options(protocol)
    return own


def _version_mark(
    protocol: str, options: Mapping[str, Any], fs: AbstractFileSystem | None
) -> re.Pattern[str] | None:
    """Return how a filesystem reads a version out of a key, where it was opened for that."""
    if fs is not None:
        aware = getattr(fs, _AWARE, None)
    else:
        aware = options.get(_AWARE)
        if aware is None:
            aware = effective_options({}, tuple(registry.siblings(protocol))).get(_AWARE)
    if not isinstance(aware, int) or not aware:
        return None
    pattern = registry.backend(protocol).info.version_in_path
    return None if pattern is None else re.compile(pattern)


def _made_of(path: ParsedPath, options: dict[str, Any]) -> Root:
    """Make a root that has travelled."""
    return Root.of(path, **options)
