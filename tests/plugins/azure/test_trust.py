"""What daypass sends itself trusts whom the SDK's client trusts."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

import daypass
from tests.servers.counting_proxy import counting_proxy


def test_a_file_goes_there_and_back_by_the_clients_own_trust(entra_bench, tmp_path):
    """Azurite's certificate is known to nobody but the filesystem's client."""
    place = {"fs": entra_bench.fs, "signer_options": {"sign_headers": False}}
    (tmp_path / "up").write_bytes(b"abc")
    path = f"az://{entra_bench.name}/k"
    daypass.upload(tmp_path / "up", path, strict=False, headers=None, **place)
    assert daypass.head_metadata(path, **place).size == 3
    assert daypass.download(path, tmp_path / "down", **place).size == 3
    assert (tmp_path / "down").read_bytes() == b"abc"


def test_a_file_goes_there_and_back_without_any_trust_by_http(key_bench, tmp_path):
    (tmp_path / "up").write_bytes(b"abc")
    path = f"az://{key_bench.name}/k"
    daypass.upload(tmp_path / "up", path, fs=key_bench.fs)
    assert daypass.download(path, tmp_path / "down", fs=key_bench.fs).size == 3


@pytest.mark.parametrize("straight", ["", "127.0.0.1"])
def test_a_file_goes_there_and_back_by_the_clients_own_proxy(
    key_bench, tmp_path, monkeypatch, straight
):
    """Whatever ``no_proxy`` says, which the SDK heeds with the environment's proxies alone."""
    monkeypatch.setenv("no_proxy", straight)
    client = key_bench.fs.service_client
    (tmp_path / "up").write_bytes(b"abc")
    path = f"az://{key_bench.name}/k"
    with counting_proxy(urlsplit(client.url).netloc) as proxy:
        monkeypatch.setattr(client._config.proxy_policy, "proxies", {"http": proxy.url})
        daypass.upload(tmp_path / "up", path, fs=key_bench.fs)
        daypass.download(path, tmp_path / "down", fs=key_bench.fs)
        assert [line.split()[0] for line in proxy.asked] == ["PUT", "HEAD", "GET"]
