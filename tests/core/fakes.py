"""Backends and plugins made up for the tests, and a registry that knows them alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import quote

import attrs

from daypass.errors import InvalidRequestError, ObjectNotFoundError
from daypass.hookspecs import BackendInfo, hookimpl
from daypass.hookspecs.part_limits import PartLimits
from daypass.hookspecs.parts import UploadedPart
from daypass.model.form_options import FormOptions
from daypass.model.forms import FormRequest, UploadForm
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.metadata import ObjectMetadata
from daypass.model.options import DESCRIBING, METHODS, RESTRICTING
from daypass.model.prefixes import SignedPrefix
from daypass.model.requests import SignOptions, SignRequest

#: Options that are no conditions: the core deals with them alone.
NO_CONDITIONS = frozenset(
    {"method", "expires_in", "expires_at", "strict", "on_short", "allow_dot_segments"}
)
EVERY_CONDITION = frozenset(SignOptions.__annotations__) - NO_CONDITIONS
EVERY_FORM_CONDITION = frozenset(FormOptions.__annotations__) - NO_CONDITIONS
SECRET = "hunter2-the-secret"
LIMITS = PartLimits(min_part_size=10, max_part_size=1000, max_parts=100, max_size=50_000)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

assert DESCRIBING | RESTRICTING <= EVERY_CONDITION


@attrs.frozen(kw_only=True)
class FakeOptions:
    """The ``signer_options`` of the fake backend."""

    signature_version: str = "v9"


def honest(location: Location, request: SignRequest, **changes: Any) -> SignedURL:
    """Answer as a sound backend does, ``changes`` excepted."""
    host = f"https://{location.bucket}.fake.example"
    if location.public_endpoint is not None:
        host = f"{location.public_endpoint.rstrip('/')}/{location.bucket}"
    url = f"{host}/{quote(location.key, safe='/~')}?signature={SECRET}"
    if request.method == "LIST":
        url = f"{host}/?prefix={quote(location.key, safe='~')}&signature={SECRET}"
    for name, value in (request.query or {}).items():
        url += f"&{name}={quote(value, safe='')}"
    answer = {
        "url": url,
        "method": request.method,
        "headers": dict(request.headers or ()),
        "expires_at": request.expires_at,
        "expires_because": REQUESTED,
        "permits": frozenset({request.method}),
        "unenforced": frozenset(),
        "path": location.path,
        "backend": "fake",
    }
    return SignedURL(**{**answer, **changes})


def granting(location: Location, request: SignRequest, **changes: Any) -> SignedPrefix:
    """Grant as a sound backend does, ``changes`` excepted."""
    link = honest(location, request)
    url, _, query = link.url.partition("?")
    if request.method == "LIST":
        own = "".join(f"&{n}={quote(v, safe='')}" for n, v in (request.query or {}).items())
        query = f"signature={SECRET}{own}&prefix={quote(location.key, safe='~')}"
    answer = {**attrs.asdict(link), "url": url, "query": query}
    return SignedPrefix(**{**answer, **changes})


class FakeSession:
    """An upload in parts as a sound backend carries it out; all uploads are in ``stored``."""

    #: Uploads by id: the parts by number.
    stored: ClassVar[dict[str, dict[int, UploadedPart]]] = {}

    def __init__(self, location: Location, request: SignRequest) -> None:
        self.location = location
        self.request = request

    def headers(self) -> dict[str, str]:
        return dict(self.request.headers or ())

    def begin(self) -> str:
        upload_id = f"upload-{len(self.stored) + 1}"
        self.stored[upload_id] = {}
        return upload_id

    def check_id(self, upload_id: str) -> None:
        if not upload_id.startswith("upload-"):
            msg = "no id of the fake's"
            raise InvalidRequestError(msg, option="upload_id")

    def sign_part(self, upload_id: str, number: int, request: SignRequest) -> SignedURL:
        link = honest(self.location, request)
        part = UploadedPart(number=number, size=request.content_length, etag=f"etag-{number}")
        self.stored[upload_id][number] = part  # as if it had been uploaded at once
        return attrs.evolve(link, url=f"{link.url}&part={number}&upload={upload_id}")

    def list_parts(self, upload_id: str) -> list[UploadedPart]:
        if upload_id not in self.stored:
            msg = "no such upload"
            raise ObjectNotFoundError(msg)
        return sorted(self.stored[upload_id].values(), key=lambda part: part.number)

    def complete(self, upload_id: str, parts: Sequence[UploadedPart]) -> ObjectMetadata:
        self.list_parts(upload_id)
        del self.stored[upload_id]
        return ObjectMetadata(
            path=self.location.path,
            key=self.location.key,
            etag="+".join(str(part.etag) for part in parts),
        )

    def abort(self, upload_id: str) -> None:
        self.stored.pop(upload_id, None)


def forming(location: Location, request: FormRequest, **changes: Any) -> UploadForm:
    """Make a form as a sound backend does, ``changes`` excepted; the signature is in no field."""
    named = location.key.endswith("${filename}")
    starts = {"key": location.key.removesuffix("${filename}")} if named else {}
    if request.content_type_prefix is not None:
        starts["Content-Type"] = request.content_type_prefix
    status = request.success_status
    fields = {
        "acl": request.acl,
        "Content-Type": request.content_type,
        "success_action_status": None if status is None else str(status),
        "success_action_redirect": request.success_redirect,
        **{f"x-fake-meta-{name}": value for name, value in (request.metadata or {}).items()},
        **(request.headers or {}),
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    conditions = [{"bucket": location.bucket}, *({n: v} for n, v in fields.items())]
    conditions += [["starts-with", f"${name}", value] for name, value in starts.items()]
    conditions += [] if named else [["eq", "$key", location.key]]
    if request.size_range is not None:
        conditions.append(["content-length-range", *request.size_range])
    policy = {"expiration": f"{request.expires_at:%Y-%m-%dT%H:%M:%SZ}", "conditions": conditions}
    text = base64.b64encode(json.dumps(policy).encode()).decode()
    answer = {
        "url": f"{location.public_endpoint or 'https://fake.example'}/{location.bucket}",
        "fields": {**fields, "key": location.key, "policy": text, "signature": SECRET},
        "starts_with": starts,
        "expires_at": request.expires_at,
        "expires_because": REQUESTED,
        "unenforced": frozenset(),
        "path": location.path,
        "backend": "fake",
    }
    return UploadForm(**{**answer, **changes})


def backend(
    sign: Callable[..., Any] | None = honest,
    head: Callable[..., Any] | None = None,
    *,
    describe: Callable[[], Any] | None = None,
    reads: bool = True,
    grant: Callable[..., Any] | None = None,
    session: Callable[..., Any] | None = None,
    form: Callable[..., Any] | None = None,
    **info: Any,
) -> ModuleType:
    """Make a backend's module; ``seen`` lists what its hooks were asked."""
    module = ModuleType("fake_backend")
    module.seen = []
    declared = {
        "name": "fake",
        "methods": METHODS,
        "enforces": EVERY_CONDITION,
        "versions": True,
        "public_endpoint": True,
        "options_class": FakeOptions,
        "max_key_bytes": 1024,
        "max_expires_in": 604_800,
        "prefixes": grant is not None,
        "multipart": None if session is None else LIMITS,
        "forms": form is not None,
        "form_enforces": EVERY_FORM_CONDITION if form is not None else (),
        **info,
    }

    def create_signed_url(location, request):
        module.seen.append((location, request))
        return sign(location, request)

    def create_signed_prefix(location, request):
        module.seen.append((location, request))
        return grant(location, request)

    def create_multipart_upload(location, request):
        module.seen.append((location, request))
        return session(location, request)

    def create_upload_form(location, request):
        module.seen.append((location, request))
        return form(location, request)

    def head_metadata(location):
        module.seen.append((location, None))
        if head is not None:
            return head(location)
        return ObjectMetadata(path=location.path, key=location.key, size=3)

    def describe_backend():
        return BackendInfo(**declared) if describe is None else describe()

    hooks = {
        create_signed_url: sign,
        create_signed_prefix: grant,
        create_multipart_upload: session,
        create_upload_form: form,
        head_metadata: reads,
        describe_backend: True,
    }
    for hook, wanted in hooks.items():
        if wanted:
            setattr(module, hook.__name__, hookimpl(hook))
    return module


def plugin(**hooks: Callable[..., Any]) -> ModuleType:
    """Make a cross-cutting plugin's module of plain functions."""
    module = ModuleType("fake_plugin")
    for name, hook in hooks.items():
        setattr(module, name, hookimpl(hook))
    return module


def entry(name: str, value: str, group: str, distribution: str | None = None) -> EntryPoint:
    """Make an entry point as importlib.metadata gives it."""
    made = EntryPoint(name, value, group)
    if distribution is not None:
        vars(made).update(dist=SimpleNamespace(name=distribution))
    return made


def finder(
    backends: Mapping[str, str] = {},
    plugins: tuple[str, ...] = (),
    signers: Mapping[str, str] = {},
) -> Callable[..., list[EntryPoint]]:
    """Make a stand-in for `importlib.metadata.entry_points`."""
    found = [
        *(entry(protocol, value, "daypass.backends") for protocol, value in backends.items()),
        *(entry(value, value, "daypass.plugins") for value in plugins),
        *(entry(name, value, "daypass.signers") for name, value in signers.items()),
    ]
    return lambda *, group: [point for point in found if point.group == group]


class Hostile:
    """Raises from everything it can be asked, with an error that is none of daypass's."""

    __slots__ = ()

    def _refuse(self, *_args: Any, **_options: Any) -> Any:
        msg = "hostile"
        raise RuntimeError(msg)

    __str__ = __repr__ = __hash__ = __eq__ = __bool__ = __len__ = __iter__ = _refuse
    __index__ = __int__ = __float__ = __getattr__ = __fspath__ = __getitem__ = _refuse
    __lt__ = __gt__ = __le__ = __ge__ = __contains__ = __format__ = __bytes__ = _refuse


class Disguise(str):
    """Text that writes itself as something else."""

    __slots__ = ()

    def __str__(self) -> str:
        return "disguised"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return "disguised"


class HostileMapping(Mapping):
    """A mapping that cannot be read."""

    def _refuse(self, *_args: object) -> Any:
        msg = "hostile"
        raise RuntimeError(msg)

    __getitem__ = __iter__ = __len__ = _refuse


def describe(folder, name, entries, kind="dist-info"):
    """Describe a distribution in a folder, as an installer does."""
    info = folder / (f"{name}-1.0.{kind}" if kind == "dist-info" else f"{name}.{kind}")
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    (info / ("METADATA" if kind == "dist-info" else "PKG-INFO")).write_text(head)
    if entries is not None:
        (info / "entry_points.txt").write_text(entries)
