"""The stores that answer: those of ``tests/servers``, each with one object in one bucket."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs

from tests.answers.cases import ELSEWHERE, KEY, Shop
from tests.plugins.cloudfront.conftest import pair
from tests.servers.azurite import ACCOUNT
from tests.servers.azurite import KEY as AZURITE
from tests.servers.cloudfront import directory_origin, distribution
from tests.servers.gcs_front import gcs_front
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import hmac_verifier
from tests.servers.nginx import nginx
from tests.servers.s3_client import s3_client

#: Starts a server of ``tests/servers/shared.py`` by its kind.
Start = Callable[[str], Any]


@contextmanager
def shop(name: str, start: Start) -> Iterator[Shop]:
    """Open one store by its name among the cases, behind nginx where that says so."""
    name, _, front = name.partition(" behind ")
    with _opened(name, start) as alone:
        if not front:
            yield alone
            return
        with nginx(alone.link().url) as ways:
            yield attrs.evolve(
                alone, ways={way: f"{url}{alone.account}" for way, url in ways.items()}
            )


@contextmanager
def _opened(name: str, start: Start) -> Iterator[Shop]:
    bucket = f"maps-{uuid4().hex[:8]}"
    if name in ("swift", "localstack", "nanio", "ministack", *ELSEWHERE):
        yield _s3(start(name), bucket)
    elif name == "azurite":
        yield _azure(start(name), bucket)
    else:
        with ExitStack() as stack:
            yield (_google if name == "gcs" else _cloudfront)(stack, bucket)


def _s3(server: Any, bucket: str) -> Shop:
    client = s3_client(server)
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key=KEY, Body=b"abc")
    options = server.storage_options
    return Shop(
        path=f"s3://{bucket}",
        options={"storage_options": options},
        wrong={"storage_options": {**options, "secret": "made-up"}},
        unknown={"storage_options": {**options, "key": "no:body"}},
    )


def _azure(server: Any, bucket: str) -> Shop:
    from azure.storage.blob import BlobServiceClient

    with BlobServiceClient.from_connection_string(server.connection_string) as client:
        client.create_container(bucket)
        client.get_blob_client(bucket, KEY).upload_blob(b"abc")
    other = server.connection_string.replace(AZURITE, base64.b64encode(b"x" * 64).decode())
    return Shop(
        path=f"az://{bucket}",
        options={"storage_options": {"connection_string": server.connection_string}},
        wrong={"storage_options": {"connection_string": other}},
        account=f"/{ACCOUNT}",
    )


def _google(stack: ExitStack, bucket: str) -> Shop:
    front = stack.enter_context(gcs_front())
    front.keys = {("GOOG4-HMAC-SHA256", "GOOG1EXAMPLE"): hmac_verifier("made-up")}
    front.buckets[bucket] = Bucket()
    front.buckets[bucket].put(KEY, b"abc", {})
    storage = {"endpoint_url": front.url, "token": "anon"}

    def signer(name: str, secret: str) -> dict[str, Any]:
        options = {"hmac_access_id": name, "hmac_secret": secret}
        return {"storage_options": storage, "signer_options": options}

    return Shop(
        path=f"gs://{bucket}",
        options=signer("GOOG1EXAMPLE", "made-up"),
        wrong=signer("GOOG1EXAMPLE", "another"),
        unknown=signer("GOOG1NOBODY", "made-up"),
    )


def _cloudfront(stack: ExitStack, bucket: str) -> Shop:
    place = Path(stack.enter_context(tempfile.TemporaryDirectory())) / bucket
    key, other = pair("ecdsa"), pair("rsa")
    edge = stack.enter_context(distribution({key.id: key.public_pem}, directory_origin(place)))
    options = {**key.options(), "domain": edge.domain}
    return Shop(
        path=f"s3://{bucket}",
        options={"signer": "cloudfront", "signer_options": options},
        wrong={"signer_options": {**options, "private_key": other.pem()}},
    )
