"""Every request that the library makes, once: where in the sources, and how to have it made of a server."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

import daypass
from daypass.gate.cors import plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from daypass.hookspecs.parts import UploadedPart
from daypass.signed import reading
from daypass.signed.filesystem import SignedFileSystem
from daypass.toolkit.deadlines import Deadline
from daypass.transfer import parts, sessions
from daypass.transfer.meter import Meter
from daypass_gcs.metadata import _check_there
from daypass_links.server import listings
from daypass_links.server.pages import reading as pages_reading
from tests.servers.azurite import ACCOUNT, KEY, FakeEntra


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
    #: False where no body of the answer is read; that of HEAD has none.
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


def put_link(url: str) -> daypass.SignedURL:
    return daypass.SignedURL(
        url=url, method="PUT", headers={}, expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        expires_because="requested", permits=frozenset({"PUT"}), unenforced=frozenset(),
        path="s3://b/k", backend="s3",
    )  # fmt: skip


def send_part(url: str, directory: Path, _: Any) -> object:
    link = put_link(url)
    upload: Any = SimpleNamespace(part=lambda *_, **__: link, size_of=lambda _: 4, part_size=4)
    md5 = b64encode(hashlib.md5(b"body", usedforsecurity=False).digest()).decode()
    return list(parts.send_parts(upload, file_of(directory), [md5], [1], jobs=1, meter=Meter(None)))


def start_session(url: str, directory: Path, _: Any) -> object:
    headers = {"x-goog-resumable": "start"}
    return daypass.upload(file_of(directory), f"{url}/k", headers=headers)


def bring(url: str, directory: Path, _: Any) -> object:
    with file_of(directory).open("rb") as source:
        return sessions.Sending(put_link(url), source, 4, Meter(None), have=0).finish()


def ask_session(url: str, directory: Path, _: Any) -> object:
    with file_of(directory).open("rb") as source:
        return sessions.Sending(put_link(url), source, 4, Meter(None)).finish()


CORE = {
    "download": Request(
        "daypass.transfer.downloads._Coming._ask",
        lambda url, directory, _: daypass.download(f"{url}/k", directory / "down"),
    ),
    "upload": Request(
        "daypass.transfer.whole._send.once",
        lambda url, directory, _: daypass.upload(file_of(directory), f"{url}/k"),
    ),
    "form": Request("daypass.transfer.whole._send.once", send_form),
    "part": Request("daypass.transfer.parts._Job._send", send_part),
    "session, started": Request(
        "daypass.transfer.sessions.start.once", start_session, has_body=False
    ),
    "session, brought to": Request("daypass.transfer.sessions.Sending._ask", bring),
    "session, asked": Request("daypass.transfer.sessions.Sending._ask", ask_session),
    "session, cancelled": Request(
        "daypass.transfer.sessions.cancel",
        lambda url, *_: sessions.cancel(put_link(url)),
        has_body=False,
    ),
    "a link of a service": Request(
        "daypass.transfer.followed.followed",
        lambda url, directory, _: daypass.download(f"{url}/l/{'t' * 22}", directory / "down"),
    ),
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


def narrowed(url: str, *_: Any) -> object:
    """Sign with a session of STS."""
    told = {"role_arn": "arn:aws:iam::123456789012:role/r", "endpoint_url": url}
    given = {"key": "AK", "secret": "SK"}
    store = hastened("s3://maps", storage_options=given, signer_options={"narrow": told})
    return store.create_signed_url("k")


def find_region(url: str, _: Any, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    given = {"key": "AK", "secret": "SK", "cache_regions": True}
    return hastened("s3://maps", storage_options=given).create_signed_url("k")


def xml_step(step: str, store_of: Callable[[str], daypass.Store]) -> Callable[..., object]:
    def ask(url: str, *_: Any) -> object:
        upload = store_of(url).resume_multipart_upload("k", "id", size=4)
        if step == "complete":
            return upload.complete([UploadedPart(number=1, size=4, etag="e")])
        return getattr(upload, step)()

    return ask


def missing_bucket(url: str, *_: Any) -> object:
    from daypass.toolkit.filesystems import sync_filesystem
    from daypass_s3.metadata import _check_bucket

    location = s3(url).location.at("k")
    return _check_bucket(location, sync_filesystem(location), Deadline.after(location.deadline))


#: What follows the beginning of an upload in parts.
STEPS = ("list_parts", "complete", "abort")
XML_STEP = "daypass.toolkit.xml_uploads.XMLUploadSession._take.exchange"
S3 = {
    "S3 metadata": Request(
        "daypass_s3.asking.ask", lambda url, *_: s3(url).head_metadata("k"), has_body=False
    ),
    "S3 bucket, where the object is missing": Request(
        "daypass_s3.asking.ask", missing_bucket, has_body=False
    ),
    "S3 CORS, read": Request(
        "daypass_s3.asking.ask", lambda url, *_: cors(s3(url)).read()
    ),
    "S3 CORS, written": Request(
        "daypass_s3.asking.ask", lambda url, *_: cors(s3(url)).write([])
    ),
    "S3 credentials": Request(
        "daypass_s3.credentials.KeyRing._ask.ask", sign_in_a_container, by_tls=False
    ),
    "S3 credentials of a session": Request(
        "daypass_s3.credentials.KeyRing._ask.ask", sign_with_a_session, by_tls=False
    ),
    "S3 narrowed session": Request("daypass_s3.sessions.Sessions._ask", narrowed),
    "S3 region": Request("daypass_s3.asking.ask", find_region, has_body=False),
    "S3 upload in parts": Request(
        XML_STEP, lambda url, *_: s3(url).create_multipart_upload("k", size=4)
    ),
    **{f"S3 upload in parts, {step}": Request(XML_STEP, xml_step(step, s3)) for step in STEPS},
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


def gcs_by_key(url: str) -> daypass.Store:
    signer = {"hmac_access_id": "GOOG1EXAMPLE", "hmac_secret": "c2VjcmV0"}
    return gcs(url, signer_options=signer)


def renewed(url: str, *_: Any) -> object:
    """Ask for an access token as before reading metadata."""
    from google.oauth2.credentials import Credentials

    from daypass_gcs.metadata import _renew

    source = Credentials(None, "refresh", None, f"{url}/token", "client", "secret")
    held = SimpleNamespace(credentials=source, lock=threading.Lock())
    return _renew(held, Deadline.after(hastened.seconds))


API = "daypass_gcs.metadata._call"
GCS = {
    "GCS metadata": Request(
        "daypass_gcs.metadata.head_metadata", lambda url, *_: gcs(url).head_metadata("k")
    ),
    "GCS metadata, by the API": Request(API, lambda url, *_: gcs(url).head_metadata("k")),
    "GCS bucket, where the object is missing": Request(
        "daypass_gcs.metadata._check_there",
        lambda url, *_: _check_there(gcs(url).location.at("k"), None),
    ),
    "GCS token, for metadata": Request("daypass_gcs.metadata._renew", renewed, by_tls=False),
    "GCS CORS, read": Request(
        "daypass_gcs.cors_rules.plan.read", lambda url, *_: cors(gcs(url)).read()
    ),
    "GCS CORS, written": Request(
        "daypass_gcs.cors_rules.plan.write", lambda url, *_: cors(gcs(url)).write([])
    ),
    "GCS signBlob": Request("daypass_gcs.keys.KeylessKey.sign", sign_blob),
    "GCS token": Request("daypass_gcs.keys.KeylessKey.sign", get_token),
    "GCS default credentials": Request(
        "daypass_gcs.credentials.default_credentials", metadata_server(None), by_tls=False
    ),
    "GCS account of a machine": Request(
        "daypass_gcs.credentials._email_of", metadata_server("cloud"), by_tls=False
    ),
    "GCS upload in parts": Request(
        XML_STEP, lambda url, *_: gcs_by_key(url).create_multipart_upload("k", size=4)
    ),
    **{
        f"GCS upload in parts, {step}": Request(XML_STEP, xml_step(step, gcs_by_key))
        for step in STEPS
    },
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
        if step == "complete":
            return upload.complete([UploadedPart(number=1, size=4)])
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
    "Azure blocks, committed": Request(
        "daypass_azure.multipart.BlockUploadSession._call", blocks("complete")
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


# What reads through a link: a filesystem, and the pages of the links service.


def read_signed(url: str, _: Any, monkeypatch: pytest.MonkeyPatch) -> object:
    """Ask for the size of an object by ``signed::``."""
    monkeypatch.setattr(reading, "_TRIES", 1)
    given = {"key": "AK", "secret": "SK", "endpoint_url": url}
    files = SignedFileSystem("s3", given, skip_instance_cache=True)
    return files.find_object("maps/k")


def list_folder(url: str, _: Any, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(listings, "_PATIENCE", hastened.seconds)
    return listings.listed(s3(url), "", None)


def read_a_part(url: str, _: Any, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(pages_reading, "PATIENCE", hastened.seconds)
    store = s3(url)
    return pages_reading.fetched(store, store.create_signed_url("k"), 100)


READING = {
    "signed:: metadata": Request("daypass.signed.reading._asked", read_signed, has_body=False),
    "a folder of a page": Request("daypass_links.server.listings._page.exchange", list_folder),
    "a part of an object of a page": Request(
        "daypass_links.server.pages.reading.fetched.ask", read_a_part
    ),
}
REQUESTS = {**CORE, **S3, **GCS, **AZURE, **REDIS, **READING}
