"""What daypass sends itself trusts whom the filesystem trusts, and goes by the filesystem's proxies."""

from __future__ import annotations

import os

import pytest

import daypass
from daypass.errors import InvalidRequestError, StoreError
from daypass.transfer import retries
from tests.servers.secure import shelf

KEYS = {"key": "AK", "secret": "made-up", "client_kwargs": {"region_name": "eu-west-1"}}


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.001)
    for name in ("AWS_CA_BUNDLE", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def secure(tmp_path):
    with shelf(tmp_path) as running:
        yield running


def options(url, **client):
    return {**KEYS, "endpoint_url": url, "client_kwargs": {**KEYS["client_kwargs"], **client}}


def there_and_back(tmp_path, **place):
    """Put a file, look at it and get it: what an answer is to."""
    (tmp_path / "up").write_bytes(b"abc")
    done = daypass.upload(tmp_path / "up", "s3://bucket/k", **place)
    assert daypass.head_metadata("s3://bucket/k", **place).size == 3
    assert daypass.download(done.path, tmp_path / "down", **place).size == 3
    assert (tmp_path / "down").read_bytes() == b"abc"


def test_nobody_trusts_a_certificate_that_nobody_knows(secure, tmp_path):
    with pytest.raises(StoreError):
        there_and_back(tmp_path, storage_options=options(secure.url))
    assert secure.asked == []


@pytest.mark.parametrize("verify", ["known", False], ids=["a bundle", "none"])
def test_the_filesystems_own_trust_is_taken(secure, tmp_path, verify):
    trusted = str(secure.known) if verify else False
    there_and_back(tmp_path, storage_options=options(secure.url, verify=trusted))


def test_the_trust_of_an_open_filesystem_is_taken(secure, tmp_path):
    from s3fs import S3FileSystem

    fs = S3FileSystem(**options(secure.url, verify=str(secure.known)), skip_instance_cache=True)
    there_and_back(tmp_path, fs=fs)


def test_the_bundle_of_the_environment_is_taken(secure, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", str(secure.known))
    there_and_back(tmp_path, storage_options=options(secure.url))


def test_the_bundle_of_an_aws_profile_is_taken(secure, tmp_path, monkeypatch):
    (tmp_path / "config").write_text(f"[profile lab]\nca_bundle = {secure.known}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    there_and_back(tmp_path, storage_options={**options(secure.url), "profile": "lab"})


@pytest.mark.parametrize("straight", ["", "store.example", "*"])
def test_the_filesystems_own_proxies_are_used(tmp_path, monkeypatch, straight):
    """Also where ``no_proxy`` names the store: botocore heeds that with the environment's proxies alone."""
    monkeypatch.setenv("no_proxy", straight)
    with shelf(tmp_path, secure=False) as proxy:
        place = options("http://store.example")
        place["config_kwargs"] = {
            "proxies": {"http": proxy.url},
            "s3": {"addressing_style": "path"},
        }
        there_and_back(tmp_path, storage_options=place)
    target = "http://store.example/bucket/k"
    assert proxy.asked == [f"PUT {target}", f"HEAD {target}", f"HEAD {target}", f"GET {target}"]


def test_no_proxies_are_used_where_the_filesystem_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with shelf(tmp_path, secure=False) as store:
        there_and_back(
            tmp_path, storage_options=options(store.url) | {"config_kwargs": {"proxies": {}}}
        )
        assert len(store.asked) == 4


def test_an_upload_in_parts_goes_by_the_filesystems_own_proxies(tmp_path, monkeypatch):
    """The store there has none: that the proxy is asked at all is what it shows."""
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "up").write_bytes(b"a" * 11)
    with shelf(tmp_path, secure=False) as proxy:
        place = options("http://store.example") | {
            "config_kwargs": {"proxies": {"http": proxy.url}}
        }
        with pytest.raises(StoreError, match="501"):
            daypass.upload(tmp_path / "up", "s3://bucket/k", multipart_threshold=1, storage_options=place)  # fmt: skip


def test_the_environments_proxies_are_used(tmp_path, monkeypatch):
    with shelf(tmp_path, secure=False) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        there_and_back(tmp_path, storage_options=options("http://store.example"))
    assert all(" http://" in line for line in proxy.asked)
    assert len(proxy.asked) == 4


def test_a_bundle_that_is_none_is_named_before_anything_is_sent(secure, tmp_path):
    (tmp_path / "up").write_bytes(b"abc")
    (tmp_path / "none.pem").write_text("no certificate")
    for file in (tmp_path / "none.pem", tmp_path / "missing.pem"):
        with pytest.raises(InvalidRequestError, match=r"certificates .* cannot be read") as caught:
            daypass.upload(
                tmp_path / "up",
                "s3://bucket/k",
                storage_options=options(secure.url, verify=os.fspath(file)),
            )
        assert caught.value.option == "storage_options"
    assert secure.asked == []


def test_an_upload_in_parts_is_begun_by_the_same_way(secure, tmp_path):
    """The store there has none: that it is asked at all is what it shows."""
    place = options(secure.url, verify=str(secure.known))
    (tmp_path / "up").write_bytes(b"a" * 11)
    with pytest.raises(StoreError, match="501"):
        daypass.upload(tmp_path / "up", "s3://bucket/k", multipart_threshold=1, storage_options=place)  # fmt: skip
