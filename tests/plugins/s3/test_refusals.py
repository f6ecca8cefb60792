"""What S3 refuses: clearly, by name, and without asking anybody."""

import builtins
import io
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import botocore.session
import pytest

import daypass
from tests.stranger import send

STATIC = {
    "key": "AKIDEXAMPLE",
    "secret": "s3cr3t-value",
    "client_kwargs": {"region_name": "eu-west-1"},
}
NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


def sign(path="s3://bucket/key", **options):
    return daypass.create_signed_url(path, storage_options=STATIC, **options)


def _other_operations():
    """Every header of botocore's model of S3 by which a request copies, renames, appends or passes over a retention."""
    model = botocore.session.Session().get_service_model("s3")
    operations = map(model.operation_model, model.operation_names)
    members = [m for o in operations if o.input_shape for m in o.input_shape.members.values()]
    names = {
        member.serialization["name"].lower()
        for member in members
        if member.serialization.get("location") == "header"
    }
    words = ("copy-source", "rename-source", "source-expected", "directive", "bypass", "offset")
    return sorted(name for name in names if any(word in name for word in words))


def test_the_model_has_such_headers():
    assert {"x-amz-copy-source", "x-amz-rename-source"} < set(_other_operations())


@pytest.mark.parametrize("name", _other_operations())
def test_no_header_is_signed_that_makes_another_request(name):
    """A PUT with a copy source reads an object that no policy was asked about."""
    store = daypass.Store("s3://bucket", storage_options=STATIC)
    headers = {name.title(): "/bucket/secret"}
    for door in (
        lambda: store.create_signed_url("key", method="PUT", headers=headers),
        lambda: store.create_signed_urls(["key"], method="PUT", headers=headers),
        lambda: store.create_multipart_upload("key", size=10**8, headers=headers),
        lambda: store.create_upload_form("key", headers=headers),
        lambda: daypass.rehearse("s3://bucket/key", method="PUT", headers=headers),
    ):
        with pytest.raises(daypass.InvalidRequestError, match="would make another request"):
            door()


@pytest.mark.parametrize(
    ("bucket", "reason"),
    [
        ("data--euw1-az1--x-s3", "directory bucket"),
        ("data--euw1-az1--xa-s3", "directory bucket"),
        ("arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap", "multi-region"),
    ],
)
def test_dead_shapes_are_refused_with_the_reason(bucket, reason):
    """With V4 pinned the SDK signs these, and no store accepts the result."""
    with pytest.raises(NotImplementedError, match=reason):
        sign(f"s3://{bucket}/key")


@pytest.mark.parametrize(
    "bucket",
    [
        "bucket@evil.example",
        "user:pass@evil",
        "evil.example\\",
        "evil?x",
        "evil#x",
        "b%2Fx",
        "b b",
        "b\u00fccket",
        "b*",
        "-b",
        ".b",
        "arn:aws:s3:eu-west-1:1:accesspoint",
        "arn:aws:sqs:eu-west-1:123456789012:queue",
        "arn:aws:s3:evil.example:123456789012:accesspoint:x",
        "arn:",
        "b" * 300,
    ],
)
def test_the_host_never_moves(bucket):
    """A bucket's name that is none, or a malformed ARN, is refused before it can name a host."""
    with pytest.raises(daypass.DaypassError):
        sign(f"s3://{bucket}/key")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://user:pass@127.0.0.1:9000",
        "ftp://127.0.0.1",
        "javascript:alert(1)",
        "file:///etc",
        "127.0.0.1:9000",
        "http://",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://h\\evil",
        "http://h?x=1",
        "http://h#x",
        "http://h /",
        "http://h\r\nX: y",
        "",
    ],
)
def test_endpoints_that_are_none(endpoint):
    """Custom and public endpoints alike: http(s), a host, a port that exists, nothing more."""
    with pytest.raises(daypass.InvalidRequestError) as caught:
        daypass.create_signed_url(
            "s3://bucket/key", storage_options={**STATIC, "endpoint_url": endpoint}
        )
    assert "pass" not in str(caught.value)
    with pytest.raises(daypass.InvalidRequestError, match="endpoint_url"):
        daypass.head_metadata(
            "s3://bucket/key", storage_options={**STATIC, "endpoint_url": endpoint}
        )
    with pytest.raises(daypass.InvalidRequestError, match="public_endpoint"):
        sign(public_endpoint=endpoint)


@pytest.mark.parametrize(
    ("client", "config"), [({"region_name": ""}, {}), ({}, {"region_name": ""})]
)
def test_an_empty_region_is_none_as_the_sdk_says(monkeypatch, client, config):
    """An empty environment variable is no wish for the region that another one names."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    with pytest.raises(daypass.InvalidRequestError, match="region_name"):
        daypass.create_signed_url(
            "s3://bucket/key",
            storage_options={
                "key": "AKIDEXAMPLE",
                "secret": "made-up",
                "client_kwargs": client,
                "config_kwargs": config,
            },
        )


def test_an_endpoint_that_the_environment_leaves_empty_is_none(monkeypatch):
    """It is no wish either, by the SDK's own order: the next place that names one counts."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "")
    assert sign().url.startswith("https://bucket.s3.eu-west-1.amazonaws.com/key?")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio.example:9000")
    assert sign().url.startswith("http://minio.example:9000/bucket/key?")


@pytest.mark.parametrize(
    "options",
    [
        {"max_bytes": 10, "method": "PUT"},
        {"ip_range": "192.0.2.0/24"},
        {"https_only": True},
        {"starts_at": NOW},
    ],
)
def test_what_s3_cannot_enforce_is_refused_by_name_or_named(options):
    """A restriction is never dropped silently; strict=False moves it to ``unenforced``."""
    (name,) = set(options) - {"method"}
    with pytest.raises(daypass.UnsupportedOptionError, match=name) as caught:
        sign(
            signing_time=NOW,
            expires_in=60,
            **{**options, **({"starts_at": NOW} if name == "starts_at" else {})},
        )
    assert caught.value.option == name
    assert caught.value.backend == "s3"

    link = sign(signing_time=NOW, expires_in=60, strict=False, **options)
    assert link.unenforced == {name}


@pytest.mark.parametrize(
    "options",
    [
        {"if_absent": True},
        {"content_length": 3},
        {"headers": {"Cache-Control": "no-store"}},
        {"query": {"x-job": "42"}},
    ],
)
def test_legacy_signatures_refuse_what_they_do_not_sign(options):
    with pytest.raises(daypass.UnsupportedOptionError, match="s3v4"):
        sign(method="PUT", signer_options={"signature_version": "s3"}, **options)


@pytest.mark.parametrize(
    ("signer_options", "words"),
    [
        ({"signature_version": "v4"}, "s3v4"),
        ({"signature_versoin": "s3"}, "signature_version"),
        ({"region": "eu-west-1"}, "signer option of s3"),
        ("s3", "mapping"),
    ],
)
def test_signer_options_are_checked(signer_options, words):
    with pytest.raises(daypass.InvalidRequestError, match=words):
        sign(signer_options=signer_options)


def test_misspelt_storage_options_are_refused():
    """A key that nobody reads would end in another login, or in none."""
    with pytest.raises(daypass.UnknownOptionError, match="endpoint_url"):
        daypass.create_signed_url("s3://b/k", storage_options={**STATIC, "endpont_url": "http://h"})
    with pytest.raises(daypass.UnknownOptionError, match="secret"):
        daypass.create_signed_url("s3://b/k", storage_options={"key": "A", "secrt": "S"})
    for wrong, name in (
        ({"client_kwargs": {"regoin_name": "eu-west-1"}}, "region_name"),
        ({"config_kwargs": {"use_fips_endpont": True}}, "use_fips_endpoint"),
        ({"config_kwargs": {"s3": {"adressing_style": "path"}}}, "addressing_style"),
    ):
        with pytest.raises(daypass.UnknownOptionError, match=name):
            daypass.create_signed_url("s3://b/k", storage_options={**STATIC, **wrong})
    for name, meant in (
        ("region", "client_kwargs.region_name"),
        ("region_name", "client_kwargs.region_name"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("secret_access_key", "secret"),
        ("aws_session_token", "token"),
        ("endpoint_override", "endpoint_url"),
        ("anonymous", "anon"),
    ):
        said = f"no storage option of s3 is named '{name}': did you mean {meant}[?]$"
        with pytest.raises(daypass.UnknownOptionError, match=said):
            daypass.create_signed_url("s3://b/k", storage_options={**STATIC, name: "x"})
    options = {**STATIC, "version_aware": True, "default_block_size": 5, "max_concurrency": 2}
    assert daypass.create_signed_url("s3://b/k", storage_options=options).method == "GET"


def test_a_header_that_an_option_says():
    with pytest.raises(
        daypass.InvalidRequestError, match="X-Amz-Acl has an option of its own, use acl="
    ):
        sign(method="PUT", headers={"X-Amz-Acl": "public-read"})


def test_grants_and_redirects_have_no_option_and_pass_as_headers():
    headers = {"x-amz-grant-read": 'id="me"', "x-amz-website-redirect-location": "/b"}
    assert headers.items() <= sign(method="PUT", headers=headers).headers.items()


def test_settings_that_the_sdk_would_drop_are_refused():
    """Botocore ignores FIPS and dual-stack beside a custom endpoint; AWS's rules refuse them."""
    for name in ("use_fips_endpoint", "use_dualstack_endpoint"):
        options = {
            **STATIC,
            "endpoint_url": "https://s3.example",
            "config_kwargs": {name: True},
        }
        with pytest.raises(daypass.InvalidRequestError, match=name):
            daypass.create_signed_url("s3://b/k", storage_options=options)


def test_a_foreign_filesystem_is_refused():
    import fsspec

    with pytest.raises(daypass.InvalidPathError, match="memory"):
        daypass.create_signed_url("s3://bucket/k", fs=fsspec.filesystem("memory"))
    with pytest.raises(daypass.InvalidRequestError, match="not both"):
        daypass.create_signed_url(
            "s3://bucket/k", fs=fsspec.filesystem("memory"), storage_options={}
        )


def test_signing_opens_no_socket_and_a_warm_store_touches_no_file(monkeypatch):
    """Clock, keys, region and endpoint given: nothing is asked of network or disk."""

    def refuse(*args, **kwargs):
        msg = "signing touched the network"
        raise AssertionError(msg)

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    store = daypass.Store("s3://bucket", storage_options=STATIC)
    first = store.create_signed_url("k", signing_time=NOW)

    def touch(*args, **kwargs):
        msg = "a warm store touched a file"
        raise AssertionError(msg)

    with monkeypatch.context() as patched:  # or pytest could not say what failed
        for module, name in (
            (builtins, "open"),
            (io, "open"),
            (os, "open"),
            (os, "stat"),
            (os, "listdir"),
        ):
            patched.setattr(module, name, touch)
        second = store.create_signed_url("k2", signing_time=NOW)
        third = store.create_signed_url("k3")
    assert first.url != second.url != third.url


def test_same_input_same_url():
    """Clock and credentials are inputs: stores made apart give equal bytes, at any later time."""
    urls = {
        daypass.Store("s3://bucket", storage_options=dict(STATIC))
        .create_signed_url("k", signing_time=NOW, metadata={"a": "1"}, method="PUT")
        .url
        for _ in range(3)
    }
    assert len(urls) == 1


def test_many_threads_share_a_store():
    """One store, many threads, many forms: every URL is what one thread alone would make."""
    shared = daypass.Store("s3://bucket", storage_options=STATIC)
    barrier = threading.Barrier(8)

    def work(number):
        barrier.wait()
        return [
            shared.create_signed_url(
                f"k{i}", method="PUT", signing_time=NOW, metadata={f"m{(number + i) % 5}": str(i)}
            ).url
            for i in range(50)
        ]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    for number, urls in enumerate(found):
        alone = daypass.Store("s3://bucket", storage_options=STATIC)
        expected = [
            alone.create_signed_url(
                f"k{i}", method="PUT", signing_time=NOW, metadata={f"m{(number + i) % 5}": str(i)}
            ).url
            for i in range(50)
        ]
        assert expected == urls


def test_the_plugin_module_imports_no_sdk():
    code = (
        "import sys, daypass_s3; "
        "found = {'botocore', 'boto3', 's3fs', 'aiobotocore', 'aiohttp', 'fsspec'} & set(sys.modules); "
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_signing_from_options_alone_imports_no_s3fs():
    """Only the SDK that signs is loaded; s3fs waits until metadata is read."""
    code = (
        "import sys, daypass; "
        "daypass.create_signed_url('s3://b/k', storage_options={'key': 'A', 'secret': 'S'}); "
        "found = {'boto3', 's3fs', 'aiobotocore', 'aiohttp'} & set(sys.modules); "
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_hanging_store_ends_at_the_deadline():
    """A store that accepts and never answers is one clear error, in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        store = daypass.Store(
            "s3://bucket",
            storage_options={**STATIC, "endpoint_url": f"http://127.0.0.1:{port}"},
        )
        store.location.__dict__["deadline"] = 0.5
        with pytest.raises(TimeoutError, match=r"0\.5 s"):
            store.head_metadata("k")


def test_callers_objects_are_left_alone(store):
    """Dicts handed in come back unchanged, and a link's own dicts are its own."""
    options = {
        "key": "A",
        "secret": "S",
        "client_kwargs": {"region_name": "eu-west-1"},
        "config_kwargs": {"s3": {}},
    }
    metadata, headers = {"Run": "1"}, {"Cache-Control": "no-store"}
    before = repr((options, metadata, headers))
    link = daypass.create_signed_url(
        "s3://b/k", method="PUT", storage_options=options, metadata=metadata, headers=headers
    )
    link.headers["x"] = "y"
    again = daypass.create_signed_url(
        "s3://b/k", method="PUT", storage_options=options, metadata=metadata, headers=headers
    )
    assert before == repr((options, metadata, headers))
    assert "x" not in again.headers
    first = store.create_signed_url("k")
    first.headers["x"] = "y"
    assert store.create_signed_url("k").headers == {}
    assert send(store.create_signed_url("k")).status == 404


def test_what_s3fs_reads_as_a_version_is_refused_where_it_does():
    """With ``version_aware`` its own ``split_path`` takes it off the key; the link would be for another key."""
    from s3fs import S3FileSystem

    options = {**STATIC, "version_aware": True, "skip_instance_cache": True}
    fs = S3FileSystem(**options)
    for key in ("k?versionId=3HL4", "k?versionId=", "k?versionID=3HL4", "k", "k?v=1#5"):
        if fs.split_path(f"bucket/{key}")[1] == key:
            assert daypass.create_signed_url(f"s3://bucket/{key}", fs=fs).url
            continue
        for given in ({"fs": fs}, {"storage_options": options}):
            with pytest.raises(daypass.InvalidPathError, match="say it as version="):
                daypass.create_signed_url(f"s3://bucket/{key}", **given)
    assert "k%3FversionId%3D3HL4?" in sign("s3://bucket/k?versionId=3HL4").url
