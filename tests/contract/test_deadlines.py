"""Every request that the library makes, once: none of them outlasts its deadline, whatever drips.

A request that is new is a call in the sources of one of `PRIMITIVES`, and a test fails until it is in `REQUESTS`.
"""

from __future__ import annotations

import ast
import hashlib
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

import daypass
from daypass.errors import DaypassError
from daypass.gate.cors import plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from daypass.toolkit import wire
from daypass.transfer import parts, retries
from daypass.transfer.meter import Meter
from tests.servers.azurite import ACCOUNT, KEY, FakeEntra
from tests.servers.dripping import DRIPS, DRIPS_OF_TLS, dripping, identity, soon

#: Seconds that a hook call has, and what goes through a link: the first that let it come to the request, which on a
#: machine under load only a longer one may.
DEADLINES = (0.3, 1, 3, 9)
ROOT = Path(__file__).parents[2]
#: By what the sources ask anybody over a network; all else that does is behind one of these.
PRIMITIVES = {
    *("send", "sync", "call_sdk", "call_api", "call_server", "BoundedRequest"),
    *("urlopen", "create_connection", "HTTPConnection", "HTTPSConnection"),
}
#: Calls of those names that ask nobody, or not for the library.
NO_REQUESTS = {
    "daypass.demo.server._is_ready": "its own server, on loopback, with a socket's timeout",
    "daypass.demo.story._use": "the same",
    "daypass.manifest.child.main": "a pipe to another process",
    "daypass.manifest.workers._Children._start": "the same",
    "daypass.manifest.workers._Children.work": "the same",
    "daypass.toolkit.wire._Socket.sendall": "of a connection that `send` has made",
    "daypass_redis.filesystem.RedisFileSystem._call": "a filesystem, whose caller asks; a socket's timeout",
}


def hurry(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "TIMEOUT", seconds)
    monkeypatch.setattr(wire, "_SLOWEST", seconds)
    monkeypatch.setattr(hastened, "seconds", seconds, raising=False)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(parts, "_TRIES", 1)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def hastened(path: str, **options: Any) -> daypass.Store:
    store = daypass.Store(path, **options)
    location = attrs.evolve(store.location, deadline=hastened.seconds)
    store.root = attrs.evolve(store.root, location=location)
    return store


@attrs.frozen
class Request:
    """How to have one request made."""

    #: Where in the sources it is sent.
    site: str
    #: Is given the server's URL, a directory, and what sets the environment.
    ask: Callable[[str, Path, pytest.MonkeyPatch], object]
    #: False for HEAD, whose answer has no body.
    has_body: bool = True
    #: False where only http is spoken, or another protocol.
    by_tls: bool = True


# Links, which core uses itself.


def file_of(directory: Path) -> Path:
    file = directory / "file"
    file.write_bytes(b"body")
    return file


def send_form(url: str, directory: Path, _: Any) -> object:
    form = daypass.UploadForm(
        url=url,
        fields={"key": "k"},
        starts_with={},
        expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        expires_because="requested",
        unenforced=frozenset(),
        path="s3://b/k",
        backend="s3",
    )
    return daypass.upload(file_of(directory), form)


def send_part(url: str, directory: Path, _: Any) -> object:
    link = daypass.SignedURL(
        url=url, method="PUT", headers={}, expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        expires_because="requested", permits=frozenset({"PUT"}), unenforced=frozenset(),
        path="s3://b/k", backend="s3",
    )  # fmt: skip
    upload: Any = SimpleNamespace(part=lambda *_, **__: link, size_of=lambda _: 4, part_size=4)
    md5 = b64encode(hashlib.md5(b"body", usedforsecurity=False).digest()).decode()
    return list(parts.send_parts(upload, file_of(directory), [md5], [1], jobs=1, meter=Meter(None)))


CORE = {
    "download": Request(
        "daypass.transfer.downloads._Coming.go_on",
        lambda url, directory, _: daypass.download(f"{url}/k", directory / "down"),
    ),
    "upload": Request(
        "daypass.transfer.whole._send.once",
        lambda url, directory, _: daypass.upload(file_of(directory), f"{url}/k"),
    ),
    "form": Request("daypass.transfer.whole._send.once", send_form),
    "part": Request("daypass.transfer.parts._Job._send", send_part),
    "metadata of another filesystem": Request(
        "daypass.backends.generic._look",
        lambda url, *_: hastened(url).head_metadata("k"),
        has_body=False,
    ),
}

# S3.


def s3(url: str, **options: Any) -> daypass.Store:
    given = {"key": "AK", "secret": "SK", "endpoint_url": url, **options}
    return hastened("s3://maps", storage_options=given)


def cors(store: daypass.Store) -> Any:
    rule = CorsRule(origins=["https://app.example"], methods=["PUT"])
    return plan_cors(store.backend, store.location, rule)


def container(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK find a container's credentials: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/credentials")


def sign_in_a_container(url: str, _: Any, monkeypatch: pytest.MonkeyPatch) -> object:
    container(url, monkeypatch)
    return hastened("s3://maps").create_signed_url("k")


def sign_with_a_session(url: str, _: Any, monkeypatch: pytest.MonkeyPatch) -> object:
    from aiobotocore.session import AioSession

    container(url, monkeypatch)
    return hastened("s3://maps", storage_options={"session": AioSession()}).create_signed_url("k")


def find_region(url: str, _: Any, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    given = {"key": "AK", "secret": "SK", "cache_regions": True}
    return hastened("s3://maps", storage_options=given).create_signed_url("k")


XML_STEP = "daypass.toolkit.xml_uploads.XMLUploadSession._take.exchange"
S3 = {
    "S3 metadata": Request(
        "daypass_s3.metadata._head", lambda url, *_: s3(url).head_metadata("k"), has_body=False
    ),
    "S3 CORS, read": Request(
        "daypass_s3.cors_rules._call", lambda url, *_: cors(s3(url)).read()
    ),
    "S3 CORS, written": Request(
        "daypass_s3.cors_rules._call", lambda url, *_: cors(s3(url)).write([])
    ),
    "S3 credentials": Request(
        "daypass_s3.credentials.KeyRing._ask.ask", sign_in_a_container, by_tls=False
    ),
    "S3 credentials of a session": Request(
        "daypass_s3.credentials.KeyRing._ask.ask", sign_with_a_session, by_tls=False
    ),
    "S3 region": Request("daypass_s3.settings.with_region", find_region, has_body=False),
    "S3 upload in parts": Request(
        XML_STEP, lambda url, *_: s3(url).create_multipart_upload("k", size=4)
    ),
}  # fmt: skip

# Cloud Storage.


def gcs(url: str, **options: Any) -> daypass.Store:
    return hastened("gs://maps", storage_options={"token": "anon", "endpoint_url": url}, **options)


def sign_blob(url: str, *_: Any) -> object:
    signer = {"service_account_email": "robot@p.iam.gserviceaccount.com", "iam_endpoint": url}
    store = hastened("gs://maps", storage_options={"token": "t"}, signer_options=signer)
    return store.create_signed_url("k")


def get_token(url: str, *_: Any) -> object:
    from google.oauth2.credentials import Credentials

    person = Credentials(
        None, refresh_token="r", token_uri=f"{url}/token", client_id="c", client_secret="s"
    )
    signer = {"service_account_email": "robot@p.iam.gserviceaccount.com", "iam_endpoint": url}
    store = hastened("gs://maps", storage_options={"token": person}, signer_options=signer)
    return store.create_signed_url("k")


def metadata_server(token: str | None) -> Callable[[str, Path, pytest.MonkeyPatch], object]:
    def ask(url: str, _: Any, monkeypatch: pytest.MonkeyPatch) -> object:
        from google.auth.compute_engine import _metadata

        host = url.partition("://")[2]
        monkeypatch.setenv("NO_GCE_CHECK", "false")
        monkeypatch.setenv("GCE_METADATA_IP", host)
        monkeypatch.setattr(_metadata, "_NO_GCE_CHECK", False, raising=False)  # newer ones have it
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", host)
        return hastened("gs://maps", storage_options={"token": token}).create_signed_url("k")

    return ask


def gcs_parts(url: str, *_: Any) -> object:
    signer = {"hmac_access_id": "GOOG1EXAMPLE", "hmac_secret": "c2VjcmV0"}
    return gcs(url, signer_options=signer).create_multipart_upload("k", size=4)


API = "daypass_gcs.metadata._call"
GCS = {
    "GCS metadata": Request(
        "daypass_gcs.metadata.head_metadata", lambda url, *_: gcs(url).head_metadata("k")
    ),
    "GCS metadata, by the API": Request(API, lambda url, *_: gcs(url).head_metadata("k")),
    "GCS CORS, read": Request(
        "daypass_gcs.cors_rules.plan.read", lambda url, *_: cors(gcs(url)).read()
    ),
    "GCS CORS, written": Request(
        "daypass_gcs.cors_rules.plan.write", lambda url, *_: cors(gcs(url)).write([])
    ),
    "GCS signBlob": Request("daypass_gcs.keys.KeylessKey.sign", sign_blob),
    "GCS token": Request("daypass_gcs.keys.KeylessKey.sign", get_token),
    "GCS default credentials": Request(
        "daypass_gcs.credentials._default", metadata_server(None), by_tls=False
    ),
    "GCS account of a machine": Request(
        "daypass_gcs.credentials._email_of", metadata_server("cloud"), by_tls=False
    ),
    "GCS upload in parts": Request(XML_STEP, gcs_parts),
}

# Azure.


def azure(url: str, **options: Any) -> daypass.Store:
    text = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={url}/{ACCOUNT}"
    return hastened("az://maps", storage_options={"connection_string": text}, **options)


def delegation_key(url: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Ask as an identity does, whose tokens the SDK sends by TLS alone."""
    from adlfs import AzureBlobFileSystem
    from azure.storage.blob.aio import BlobServiceClient

    host = f"{url.partition('://')[2]}/{ACCOUNT}"
    fs = AzureBlobFileSystem(
        account_name=ACCOUNT, account_host=host, credential=FakeEntra(), skip_instance_cache=True
    )
    known = directory / "ca.pem"
    fs.service_client = BlobServiceClient(
        f"https://{host}",
        credential=FakeEntra(),
        connection_verify=str(known) if known.exists() else True,
    )
    return hastened("az://maps", fs=fs).create_signed_url("k")


def blocks(step: str) -> Callable[[str, Path, pytest.MonkeyPatch], object]:
    def ask(url: str, *_: Any) -> object:
        upload = azure(url).resume_multipart_upload("k", "0" * 32, size=4)
        return getattr(upload, step)()

    return ask


SDK = "daypass_azure.network.call_sdk"
AZURE = {
    "Azure metadata": Request(
        "daypass_azure.metadata.head_metadata",
        lambda url, *_: azure(url).head_metadata("k"),
        has_body=False,
    ),
    "Azure CORS, read": Request(
        "daypass_azure.cors_rules.plan.read", lambda url, *_: cors(azure(url)).read()
    ),
    "Azure CORS, read by the SDK": Request(SDK, lambda url, *_: cors(azure(url)).read()),
    "Azure CORS, written": Request(
        "daypass_azure.cors_rules.plan.write", lambda url, *_: cors(azure(url)).write([])
    ),
    "Azure stored policies": Request(
        "daypass_azure.stored_policies.read_policy",
        lambda url, *_: azure(url, signer_options={"stored_access_policy": "p"}).create_signed_url(
            "k"
        ),
    ),
    "Azure blocks": Request(
        "daypass_azure.multipart.BlockUploadSession._call", blocks("list_parts")
    ),
    "Azure delegation key": Request("daypass_azure.keys.DelegationKeys._fetch", delegation_key),
}

# Redis: whatever is no answer of its protocol is an error; what drips in it is in its own tests.

REDIS = {
    "Redis metadata": Request(
        "daypass_redis.metadata._look",
        lambda url, *_: hastened(
            url.replace("https:", "rediss:").replace("http:", "redis:") + "/0"
        ).head_metadata("k"),
    ),
}

REQUESTS = {**CORE, **S3, **GCS, **AZURE, **REDIS}


@pytest.mark.parametrize("drip", ["header", "body", "handshake"])
@pytest.mark.parametrize("name", REQUESTS)
def test_no_request_outlasts_its_deadline(name, drip, tmp_path, monkeypatch):
    request, came = REQUESTS[name], []
    if (drip == "body" and not request.has_body) or (drip == "handshake" and not request.by_tls):
        return  # there is none
    if drip == "handshake":
        server = dripping(*DRIPS_OF_TLS["handshake"], "https", came=came)
    elif name == "Azure delegation key":
        context, _ = identity(tmp_path)
        server = dripping(*DRIPS[drip], "https", context=context, came=came)
    else:
        server = dripping(*DRIPS[drip], came=came)
    with server as url:
        for seconds in DEADLINES:
            hurry(seconds, monkeypatch)
            with soon(), pytest.raises(DaypassError) as caught:
                request.ask(url, tmp_path, monkeypatch)
            if came:
                break
    assert came, f"nothing was asked: {caught.value}"


def sites() -> set[str]:
    """Find where the sources call one of the primitives, and in which function."""
    found = set()
    for root in (ROOT / "core/src", *sorted((ROOT / "plugins").glob("*/src"))):
        for file in sorted(root.rglob("*.py")):
            module = ".".join(file.relative_to(root).with_suffix("").parts)
            if not module.startswith("daypass.testing."):  # what plugins' tests send
                found |= {f"{module}.{place}" for place in _calls(ast.parse(file.read_text()), ())}
    return found


def _calls(node: ast.AST, inside: tuple[str, ...]) -> set[str]:
    found = set()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        inside = (*inside, node.name)
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
        if name in PRIMITIVES:
            found.add(".".join(inside))
    for child in ast.iter_child_nodes(node):
        found |= _calls(child, inside)
    return found


def test_every_request_of_the_sources_is_in_the_list():
    tried = {request.site for request in REQUESTS.values()}
    assert sites() == tried | NO_REQUESTS.keys()
