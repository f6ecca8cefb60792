"""Programs walk what lies below a link to a prefix, as the service lists it for them."""

from __future__ import annotations

import subprocess
from urllib.parse import unquote
from uuid import uuid4

import pytest

from tests.servers.install import rclone_program

pytestmark = [pytest.mark.servers, pytest.mark.nightly]

NAMES = ["a b+ä.csv", "sub/what?#&.txt", "sub/deep/d.txt"]


@pytest.fixture
def url(process, kit):
    """A link to a prefix."""
    client, bucket = kit
    folder = f"in/{uuid4().hex}"
    for name in NAMES:
        client.put_object(Bucket=bucket, Key=f"{folder}/{name}", Body=name.encode())
    return process.client.create(f"daypass://kit/{folder}/", prefix=True).url


def files(folder):
    """Return the contents by the names."""
    return {
        str(file.relative_to(folder)): file.read_text("utf-8")
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_rclone_copies_it(url, tmp_path):
    command = [rclone_program(), "copy", "--http-url", url, ":http:", str(tmp_path)]
    subprocess.run(command, check=True, timeout=120, env={"HOME": str(tmp_path)})
    assert files(tmp_path) == {name: name for name in NAMES}


def test_wget_mirrors_it(url, tmp_path):
    command = [
        "wget",
        "-q",
        "-e",
        "robots=off",
        "-r",
        "-np",
        "-nH",
        "--cut-dirs=2",
        "-R",
        "index.html*",
        url,
    ]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    assert {unquote(name): text for name, text in files(tmp_path).items()} == {
        name: name for name in NAMES
    }
