"""``daypass head --from``: the metadata of every row, those of versions, and of what links of a manifest uploaded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import daypass as library
from daypass.cli.run import run as command
from tests.core.cli.manifests import KEYS, read, write
from tests.stranger import send


def test_links_of_a_manifest_work_and_heads_are_true(daypass, real, bucket, tmp_path):
    """On a real server: PUT links from a manifest, GET links with HEAD twins, metadata of all."""
    rows = [{"path": f"s3://{bucket}/{key}", "n": n} for n, key in enumerate(KEYS[:3])]
    given = write(tmp_path / "in.ndjson", rows)
    assert daypass("sign", "--from", given, "--to", "put.ndjson", "--method", "PUT").returncode == 0
    for row in read(tmp_path / "put.ndjson"):
        assert send(link("PUT", row["url"]), b"x" * (row["n"] + 1)).status == 200

    given = write(tmp_path / "in.parquet", rows)
    done = daypass("sign", "--from", given, "--to", "get.parquet", "--with-head")
    assert (done.returncode, done.stderr) == (0, "")
    for row in read(tmp_path / "get.parquet"):
        assert send(link("GET", row["url"])).body == b"x" * (row["n"] + 1)
        assert send(link("HEAD", row["url"])).status == 403
        answer = send(link("HEAD", row["head_url"]))
        assert answer.status == 200
        assert int(answer.headers["Content-Length"]) == row["size"] == row["n"] + 1

    write(given, [*rows, {"path": f"s3://{bucket}/gone", "n": 9}, {"path": None, "n": 10}])
    done = daypass("head", "--from", given, "--to", "heads.parquet", "--jobs", "2")
    assert done.returncode == 1
    assert "1 of 5 rows failed" in done.stderr
    heads = read(tmp_path / "heads.parquet")
    assert [row["size"] for row in heads] == [1, 2, 3, None, None]
    assert all(row["etag"] and row["last_modified"] for row in heads[:3])
    assert heads[3]["error"]
    assert heads[4]["error"] is None
    done = daypass("head", "--from", given, "--errors", "raise")
    assert (done.returncode, done.stdout) == (1, "")
    assert "row 3" in done.stderr


def link(method, url):
    return library.SignedURL(
        url, method, {}, datetime.now(UTC), "", frozenset(), frozenset(), "", "s3"
    )


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--from", "in.txt", "--to", "out.txt"], "room for URLs alone"),
        (["--from", "in.csv", "--column", "content_md5=n"], "is for signing"),
        (["fake://b/k", "--from", "in.csv"], "not both"),
        (["--from", "in.csv", "--version", "1"], "use --column"),
        (["fake://b/k", "--errors", "raise"], "--errors goes with --from"),
        ([], "Missing argument"),
    ],
)
def test_what_does_not_fit_a_head_is_said(tmp_path, fake, capsys, monkeypatch, arguments, hint):
    monkeypatch.chdir(tmp_path)
    for kind in ("csv", "txt"):
        write(tmp_path / f"in.{kind}")
    assert command(["head", *arguments]) == 2
    assert hint in capsys.readouterr().err


def test_heads_of_a_manifest_name_versions(tmp_path, fake):
    given = write(
        tmp_path / "in.csv", [{"path": "fake://b/k", "v": "1"}, {"path": "fake://b/l", "v": ""}]
    )
    out = tmp_path / "out.ndjson"
    assert command(["head", "--from", str(given), "--to", str(out), "--column", "version=v"]) == 0
    assert sorted(str(location.version) for location, _ in fake.seen) == ["1", "None"]
    assert [row["size"] for row in read(out)] == [3, 3]
