"""What goes into a prefix or a folder has its own name there."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import ClassVar

import pytest

import daypass
from daypass.errors import InvalidRequestError
from daypass.transfer.names import inside, within


def link_to(path):
    return daypass.SignedURL(
        url="https://b.example/x?sig=1", method="GET", headers={}, expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        expires_because="requested", permits=frozenset({"GET"}), unenforced=frozenset(),
        path=path, backend="s3",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://b/n/", "s3://b/n/7 ü.csv"),
        ("s3://b/n//", "s3://b/n//7 ü.csv"),
        ("s3://b//", "s3://b//7 ü.csv"),
        ("s3://b", "s3://b/7 ü.csv"),
        ("s3://b/", "s3://b/7 ü.csv"),
        ("daypass://maps", "daypass://maps/7 ü.csv"),
        ("s3://b/n", "s3://b/n"),
        ("s3://b/n/other", "s3://b/n/other"),
        ("abfss://box@account.dfs.core.windows.net/n/", "abfss://box@account.dfs.core.windows.net/n/7 ü.csv"),
        ("s3://arn:aws:s3:eu-west-1:1:accesspoint/p/n/", "s3://arn:aws:s3:eu-west-1:1:accesspoint/p/n/7 ü.csv"),
        ("simplecache::s3://b/n/", "simplecache::s3://b/n/7 ü.csv"),
    ],
)  # fmt: skip
def test_a_path_that_ends_in_a_slash_means_into_it(path, expected):
    assert inside(path, "7 ü.csv") == expected


class Upath(PurePosixPath):
    """As universal_pathlib's are: text of its own, and options."""

    storage_options: ClassVar = {"key": "AK"}

    def __str__(self):
        return "s3://b/" + "/".join(self.parts) + ("" if self.suffix else "/")


def test_a_path_object_keeps_the_options_that_it_brings_along():
    into = inside(Upath("n"), "7.csv")
    assert str(into) == "s3://b/n/7.csv"
    assert into.storage_options == {"key": "AK"}


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("s3://b/n/7 %41ü.csv", "7 %41ü.csv"),
        ("https://b.example/n/7%20%C3%BC.csv?x=/no", "7 ü.csv"),
        ("HTTPS://b.example/k#f", "k"),
        (link_to("s3://b/n/7.csv"), "7.csv"),
    ],
)
def test_in_a_folder_an_object_has_its_own_name(tmp_path, link, name):
    assert within(tmp_path, link) == tmp_path / name
    assert within(f"{tmp_path}{os.sep}", link) == tmp_path / name
    assert within(tmp_path / "other", link) == tmp_path / "other"


@pytest.mark.parametrize(
    "link",
    [
        "https://links.example/l/8w2-aB_dEfGhIjKlMnOpQg?as=json",
        "s3://b/n/",
        "s3://b",
        "s3://b/n/..",
        "s3://b/n\\..\\x",
        "https://b.example/",
        "https://b.example",
        "https://b.example/n%2F..%2F..%2Fx",
        "https://b.example/..%5Cx",
        "https://b.example/%2e%2e",
        "https://b.example/a%00b",
        "https://b.example/a%1B%5B2J",
        "https://b.example/a%0Ab",
        "https://b.example/a%C2%9B2J",
        "https://b.example/a%E2%80%AEgpj.exe",
        "https://b.example/a%E2%80%A9b",
        "s3://b/n/a\u202egpj.exe",
        link_to("s3://b/n/a\x1b[2J"),
        "https://b.example/%FF",
        "https://[b.example/k",
        link_to("s3://b/.."),
    ],
)
def test_what_is_no_name_of_a_file_names_none(tmp_path, link):
    with pytest.raises(InvalidRequestError, match=r"no (object|name) of its own") as caught:
        within(tmp_path, link)
    assert caught.value.option == "file"


def test_a_link_of_a_service_is_said_to_name_no_file(tmp_path):
    link = f"https://links.example/l/{'t' * 22}"
    with pytest.raises(
        InvalidRequestError, match=r"no name of its own: name the file too"
    ) as caught:
        within(tmp_path, link)
    assert "tttt" not in str(caught.value)


def test_a_file_goes_into_a_prefix_and_out_into_a_folder(real, tmp_path):
    path, options, proxy = real
    prefix = path.rpartition("/")[0] + "/n/"
    (tmp_path / "7 ü.csv").write_text("7\n")
    for _ in range(2):
        done = daypass.upload(tmp_path / "7 ü.csv", prefix, storage_options=options)
        assert done.path == f"{prefix}7 ü.csv"
    (tmp_path / "folder").mkdir()
    daypass.download(done.path, tmp_path / "folder", storage_options=options)
    assert (tmp_path / "folder" / "7 ü.csv").read_text() == "7\n"
    assert not any(line.endswith("/n/") for line in proxy.asked)


@pytest.mark.parametrize("threshold", [1 << 26, 1], ids=["whole", "in parts"])
@pytest.mark.parametrize("name", ["content_md5", "checksum_sha256"])
def test_a_checksum_that_is_not_the_files_stops_it_before_anything_is_sent(
    real, tmp_path, name, threshold
):
    path, options, proxy = real
    (tmp_path / "up").write_bytes(b"run,value\n")
    algorithm = {"content_md5": "md5", "checksum_sha256": "sha256"}[name]
    right, wrong = (hashlib.new(algorithm, body).digest() for body in (b"run,value\n", b"other"))
    with pytest.raises(InvalidRequestError, match=f"{name} says .*: nothing was sent") as caught:
        daypass.upload(
            tmp_path / "up", path, storage_options=options, multipart_threshold=threshold,
            **{name: wrong},
        )  # fmt: skip
    assert caught.value.option == name
    assert proxy.asked == []
    done = daypass.upload(tmp_path / "up", path, storage_options=options, **{name: right})
    assert done.size == 10
