"""The command line signs by a signer, and reads metadata from the path itself."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.plugins.cloudfront.conftest import pair
from tests.stranger import send


@pytest.fixture
def run(tmp_path):
    """Run the command in this test's directory, where the private key is a file."""
    (tmp_path / "key.pem").write_text(pair("rsa").pem())

    def call(*words, domain):
        options = [f"domain={domain}", f"key_pair_id={pair('rsa').id}", "private_key=key.pem"]
        signer = [word for option in options for word in ("--signer-option", option)]
        return subprocess.run(
            [sys.executable, "-m", "daypass.cli", *words, "--signer", "cloudfront", *signer],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


def test_sign_get_and_a_refusal(run, serve, tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "europe.tif").write_bytes(b"europe")
    edge = serve()
    done = run("sign", "s3://bucket/maps/europe.tif", "--json", domain=edge.domain)
    link = json.loads(done.stdout)
    assert (link["backend"], link["permits"]) == ("cloudfront", ["GET", "HEAD"])
    assert send(None, url=link["url"], method="GET", headers={}).body == b"europe"

    refused = run("sign", "s3://bucket/a", "--filename", "a.tif", domain=edge.domain)
    assert refused.returncode != 0
    assert "cloudfront cannot enforce filename" in refused.stderr


def test_get_reads_the_metadata_from_the_path_itself(run, serve, tmp_path):
    (tmp_path / "europe.tif").write_bytes(b"europe")
    edge = serve()
    edge.origin = lambda method, key, headers, body: (200, {}, b"europe")
    path = f"file://{tmp_path}/europe.tif"
    done = run("get", path, "copy.tif", "--json", domain=edge.domain)
    assert json.loads(done.stdout)["size"] == 6
    assert (tmp_path / "copy.tif").read_bytes() == b"europe"


def test_a_manifest_is_signed_by_several_processes(run, serve, tmp_path):
    rows = "".join(f"s3://bucket/part-{number}\n" for number in range(20))
    (tmp_path / "paths.csv").write_text("path\n" + rows)
    (tmp_path / "part-7").write_bytes(b"seven")
    edge = serve()
    done = run(
        *("sign", "--from", "paths.csv", "--to", "urls.csv", "--jobs", "2"), domain=edge.domain
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "urls.csv").read_text().splitlines()
    url = lines[8].split(",")[1]
    assert len(lines) == 21
    assert send(None, url=url, method="GET", headers={}).body == b"seven"
