"""The README's table of backends says what the backends declare."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from daypass.backends import registry
from daypass.backends.loading import KNOWN, KNOWN_SIGNERS
from daypass.model.options import DESCRIBING, RESTRICTING

ROOT = Path(__file__).parents[2]
COLUMNS = {"s3": 1, "gs": 2, "az": 3, "redis": 4, "file": 5, "cloudfront": 6}


def cells(protocol):
    """Return one column of the table, by the names of the rows."""
    text = (ROOT / "README.md").read_text().partition("## What each backend can do")[2]
    lines = text.strip().split("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row[0]: row[COLUMNS[protocol]] for row in rows}


def words(cell):
    return set(re.findall(r"`([^`]+)`", cell))


@pytest.fixture(params=COLUMNS)
def protocol(request):
    return request.param


@pytest.fixture
def info(protocol):
    signs = protocol in KNOWN_SIGNERS
    return registry.signer(protocol).info if signs else registry.backend(protocol).info


def test_methods(protocol, info):
    said = words(cells(protocol)["sign"]) - {"sign()"}
    # The generic backend declares the most that any filesystem can; its fsspec signs GET alone.
    assert said == (info.methods if protocol != "file" else {"GET"})


def test_options(protocol, info):
    said = cells(protocol)
    assert words(said["restricts the holder"]) == info.enforces & RESTRICTING
    assert words(said["describes the upload"]) == info.enforces & DESCRIBING
    assert words(said["shapes request or answer"]) == info.enforces - RESTRICTING - DESCRIBING


def test_limits(protocol, info):
    said = cells(protocol)
    days = re.match(r"(\d+) days", said["longest link"])
    assert (int(days[1]) * 86_400 if days else None) == info.max_expires_in
    size = re.match(r"(\d+) bytes", said["longest key"])
    assert (int(size[1]) if size else None) == info.max_key_bytes


def test_versions_and_endpoints(protocol, info):
    said = cells(protocol)
    assert (said["versions of an object"] == "yes") is info.versions
    assert (said["another endpoint for readers"] == "yes") is info.public_endpoint
    assert (said["one grant for a whole prefix"] == "yes") is info.prefixes
    assert (said["upload forms for browsers"] == "yes") is info.forms


def test_uploads_in_parts(protocol, info):
    cell = cells(protocol)["uploads in parts"]
    if info.multipart is None:
        assert cell == "no"
        return
    said = re.fullmatch(r"([\d,]+) parts of up to (\d+) (MiB|GiB)", cell)
    assert int(said[1].replace(",", "")) == info.multipart.max_parts
    assert int(said[2]) << {"MiB": 20, "GiB": 30}[said[3]] == info.multipart.max_part_size


def test_packages(protocol):
    said = cells(protocol)
    if protocol in KNOWN_SIGNERS:
        assert words(said["package"]) == {KNOWN_SIGNERS[protocol]}
    for path in words(said["paths"]):
        expected = KNOWN.get(path.removesuffix("://"), "daypass")
        assert words(said["package"]) == {expected}
