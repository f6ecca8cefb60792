"""A profile names the signer, so that its paths are CloudFront's links wherever they are used."""

from __future__ import annotations

import pytest

import daypass
from daypass import config
from tests.plugins.cloudfront.conftest import DOMAIN, NOW, pair, sign

PROFILE = """
[profiles.maps]
url = "s3://maps"
signer = "cloudfront"

[profiles.maps.signer_options]
domain = "{domain}"
key_pair_id = "{key_pair_id}"
private_key = {private_key}
allowed_methods = ["GET", "HEAD", "PUT"]
"""


@pytest.fixture(params=["file", "environment", "path"])
def profile(request, tmp_path, monkeypatch):
    """Write a profile that refers to its key in each of the ways."""
    (tmp_path / "key.pem").write_text(pair("ecdsa").pem())
    monkeypatch.setenv("CF_KEY", pair("ecdsa").pem())
    key = {
        "file": '{ file = "key.pem" }',
        "environment": '{ env = "CF_KEY" }',
        "path": f'"{tmp_path}/key.pem"',
    }[request.param]
    text = PROFILE.format(domain=DOMAIN, key_pair_id=pair("ecdsa").id, private_key=key)
    (tmp_path / "daypass.toml").write_text(text)
    monkeypatch.setenv("DAYPASS_CONFIG", str(tmp_path / "daypass.toml"))
    config._loaded.clear()
    yield
    config._loaded.clear()


@pytest.mark.isolated
@pytest.mark.usefixtures("profile")
def test_a_profile_signs_by_its_signer():
    asked = {"signing_time": NOW, "expires_in": 3600}
    link = daypass.create_signed_url("daypass://maps/europe.tif", **asked)
    assert link.url == sign().url
    assert link.permits == {"GET", "HEAD", "PUT"}
    assert daypass.create_signed_url("daypass://maps/new", method="PUT", **asked)
    grant = daypass.create_signed_prefix("daypass://maps/2026", **asked)
    assert grant.url_for("a").startswith(f"https://{DOMAIN}/2026/a?Policy=")
