"""Profiles and presets on S3: where a link leads offline, and the real server behind one."""

from datetime import UTC, datetime

import fsspec
import pytest
import requests

import daypass
from daypass import UnsupportedOptionError
from daypass.config.presets import PRESETS
from tests.stranger import send

KEYS = {"STORAGE_OPTIONS__KEY": "AKIDEXAMPLE", "STORAGE_OPTIONS__SECRET": "made-up"}
REGION = "STORAGE_OPTIONS__CLIENT_KWARGS__REGION_NAME"
ENDPOINT = "STORAGE_OPTIONS__ENDPOINT_URL"

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
#: What each preset leaves to the profile, the link's place and the region that it is signed for.
PLACES = {
    "minio": ({ENDPOINT: "http://minio.svc:9000"}, "http://minio.svc:9000/b/k", "us-east-1"),
    "outscale": ({REGION: "eu-west-2"}, "https://oos.eu-west-2.outscale.com/b/k", "eu-west-2"),
    "swiftstack": ({ENDPOINT: "https://swift.example"}, "https://swift.example/b/k", "us-east-1"),
    "ceph": ({ENDPOINT: "https://rgw.example"}, "https://rgw.example/b/k", "us-east-1"),
    "r2": (
        {ENDPOINT: "https://id.r2.cloudflarestorage.com"},
        "https://id.r2.cloudflarestorage.com/b/k",
        "auto",
    ),
    "gcs-interop": ({}, "https://storage.googleapis.com/b/k", "auto"),
    "aistore": (
        {ENDPOINT: "https://ais.example:51080/s3"},
        "https://ais.example:51080/s3/b/k",
        "us-east-1",
    ),
    "b2": (
        {REGION: "us-west-004"},
        "https://s3.us-west-004.backblazeb2.com/b/k",
        "us-west-004",
    ),
    "wasabi": (
        {REGION: "eu-central-1"},
        "https://s3.eu-central-1.wasabisys.com/b/k",
        "eu-central-1",
    ),
    "spaces": ({REGION: "nyc3"}, "https://nyc3.digitaloceanspaces.com/b/k", "nyc3"),
    "garage": ({ENDPOINT: "https://garage.example"}, "https://garage.example/b/k", "garage"),
    "hetzner": ({REGION: "fsn1"}, "https://fsn1.your-objectstorage.com/b/k", "fsn1"),
    "linode": (
        {ENDPOINT: "https://us-east-1.linodeobjects.com"},
        "https://us-east-1.linodeobjects.com/b/k",
        "us-east-1",
    ),
    "localstack": ({}, "http://localhost:4566/b/k", "us-east-1"),
}


@pytest.fixture
def profile(monkeypatch):
    """Make the profile ``p`` of environment variables."""

    def make(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"DAYPASS_PROFILES__P__{name}", value)

    return make


def test_every_preset_for_s3_is_tried():
    assert set(PLACES) == {name for name, preset in PRESETS.items() if "s3" in preset.protocols}


@pytest.mark.parametrize("preset", ["outscale", "minio"])
def test_a_preset_fills_no_empty_endpoint_in(profile, preset):
    """Neither its own nor the question for one takes the place of a variable that came out empty."""
    profile(URL="s3://b", PRESET=preset, **KEYS, **{REGION: "eu-west-2", ENDPOINT: ""})
    with pytest.raises(daypass.InvalidRequestError, match="endpoint_url must be"):
        daypass.create_signed_url("daypass://p/k")


@pytest.mark.parametrize("preset", PLACES)
def test_a_preset_signs_for_its_place_and_region(profile, preset):
    values, place, region = PLACES[preset]
    own = {} if preset == "localstack" else KEYS
    profile(URL="s3://b", PRESET=preset, **own, **values)
    link = daypass.create_signed_url("daypass://p/k")
    assert link.url.partition("?")[0] == place
    assert f"%2F{region}%2Fs3%2Faws4_request" in link.url
    assert link.path == "s3://b/k"


@pytest.mark.parametrize("preset", PLACES)
def test_what_a_preset_lacks_is_refused_by_name(profile, preset):
    values, _, _ = PLACES[preset]
    profile(URL="s3://b", PRESET=preset, **KEYS, **values)
    options = {"acl": "private", "if_absent": True, "checksum_sha256": bytes(32)}
    for name, value in options.items():
        asked = {"method": "PUT", name: value}
        if name not in PRESETS[preset].lacks:
            daypass.create_signed_url("daypass://p/k", **asked)
            continue
        with pytest.raises(UnsupportedOptionError, match=f"the profile p says .* lacks {name}"):
            daypass.create_signed_url("daypass://p/k", **asked)


@pytest.mark.parametrize(
    ("preset", "header"),
    [
        ("r2", "x-amz-grant-read"),
        ("b2", "X-Amz-Grant-Full-Control"),
        ("b2", "x-amz-checksum-crc32c"),
        ("ceph", "x-amz-sdk-checksum-algorithm"),
        ("gcs-interop", "x-amz-checksum-crc64nvme"),
    ],
)
def test_what_a_preset_lacks_is_refused_as_a_header_too(profile, preset, header):
    """Grants are an ACL in other words, and a store knows all of the checksums or none."""
    values, _, _ = PLACES[preset]
    profile(URL="s3://b", PRESET=preset, **KEYS, **values)
    for door in (
        lambda: daypass.create_signed_url("daypass://p/k", method="PUT", headers={header: "x"}),
        lambda: daypass.create_signed_urls(["daypass://p/k"], method="PUT", headers={header: "x"}),
        lambda: daypass.create_multipart_upload("daypass://p/k", size=10, headers={header: "x"}),
    ):
        with pytest.raises(UnsupportedOptionError, match=f"{header} does what .* lacks") as caught:
            door()
        assert caught.value.option == "headers"
    plain = daypass.create_signed_url(
        "s3://b/k",
        method="PUT",
        headers={header: "x"},
        storage_options={"key": "AKIDEXAMPLE", "secret": "made-up"},
    )
    assert plain.headers == {header: "x"}


@pytest.mark.parametrize(
    ("preset", "kwargs", "header"),
    [("r2", {"ACL": "private"}, "x-amz-acl"), ("b2", {"GrantRead": "id=a"}, "x-amz-grant-read")],
)
def test_what_a_preset_lacks_is_refused_as_the_filesystems_own_setting(
    profile, preset, kwargs, header
):
    values, _, _ = PLACES[preset]
    profile(URL="s3://b", PRESET=preset, **KEYS, **values)
    store = daypass.Store("daypass://p", storage_options={"s3_additional_kwargs": kwargs})
    with pytest.raises(UnsupportedOptionError, match=f"adds {header} to every upload"):
        store.create_signed_url("k", method="PUT")
    assert store.create_signed_url("k").headers == {}


@pytest.mark.parametrize("preset", PLACES)
def test_a_store_without_upload_forms_names_the_put_that_works(profile, preset):
    values, place, _ = PLACES[preset]
    profile(URL="s3://b", PRESET=preset, **KEYS, **values)
    if "create_upload_form" not in PRESETS[preset].lacks:
        form = daypass.create_upload_form("daypass://p/k")
        assert place.startswith(form.url)
        return
    with pytest.raises(UnsupportedOptionError, match=r"profile p has no .*method='PUT'") as caught:
        daypass.create_upload_form("daypass://p/k")
    assert caught.value.option == "form"


def test_a_profile_on_a_real_server(server, bucket, profile, monkeypatch, tmp_path):
    """Swift's S3 API by its preset: up, read, listed, down, as links and as files."""
    (tmp_path / "secret").write_text(f"{server.secret}\n")
    monkeypatch.setenv("SWIFT_KEY", server.access_key)
    profile(
        URL=f"s3://{bucket}/in",
        PRESET="swiftstack",
        STORAGE_OPTIONS__ENDPOINT_URL=server.endpoint,
        STORAGE_OPTIONS__KEY__ENV="SWIFT_KEY",
        STORAGE_OPTIONS__SECRET__FILE=str(tmp_path / "secret"),
        DEFAULTS__RESPONSE_CACHE_CONTROL="private",
        DEFAULTS__EXPIRES_IN__GET="2m",
    )
    for key in ("a b.csv", "sub//é#?.csv", "sub/c.csv"):
        up = daypass.create_signed_url(f"daypass://p/{key}", method="PUT", content_type="text/csv")
        assert send(up, b"x,y\n").status == 200
        assert daypass.head_metadata(f"daypass://p/{key}").content_type == "text/csv"
        down = send(daypass.create_signed_url(f"daypass://p/{key}"))
        assert (down.status, down.body, down.headers["Cache-Control"]) == (
            200,
            b"x,y\n",
            "private",
        )
    listing = send(daypass.create_signed_url("daypass://p", method="LIST")).body
    assert listing.count(b"<Key>in/") == 3
    fs, path = fsspec.url_to_fs("daypass://p")
    assert fs.find(path) == ["p/a b.csv", "p/sub//é#?.csv", "p/sub/c.csv"]
    assert fs.glob("daypass://p/*.csv") == ["p/a b.csv"]
    with fsspec.open("daypass://p/sub/c.csv") as file:
        assert file.read() == b"x,y\n"
    assert fs.info("p/a b.csv")["size"] == 4
    url = fs.sign("p/a b.csv", expiration=60)
    assert requests.get(url, timeout=30).content == b"x,y\n"


def test_bulk_of_a_profile_is_the_very_bulk_of_its_root(server, bucket, profile):
    profile(URL=f"s3://{bucket}/in/", STORAGE_OPTIONS__ENDPOINT_URL=server.endpoint, **KEYS)
    keys = [f"{n:05d} é" for n in range(1000)]
    options = {**server.storage_options, "key": "AKIDEXAMPLE", "secret": "made-up"}
    plain = daypass.create_signed_urls(
        [f"s3://{bucket}/in/{key}" for key in keys], storage_options=options, signing_time=NOW
    )
    named = daypass.create_signed_urls([f"daypass://p/{key}" for key in keys], signing_time=NOW)
    assert list(named) == list(plain)
