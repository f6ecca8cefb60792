"""Whatever answers in a store's place, such as a network's log-in with 200, is no success of any request."""

from __future__ import annotations

import pytest
from botocore.utils import ContainerMetadataFetcher
from s3fs import S3FileSystem

from daypass.errors import CredentialsError, StoreError
from daypass.transfer import retries
from tests.contract.asking import REQUESTS, hastened
from tests.servers.canned import canned
from tests.servers.certificates import identity

PAGES = {
    "HTML": ({"Content-Type": "text/html"}, b"<html>log in</html>"),
    "HTML, called XML": ({"Content-Type": "application/xml"}, b"<html>log in</html>"),
    "HTML, called bytes": (
        {"Content-Type": "application/octet-stream"},
        b"<!DOCTYPE html>\n<!-- <a> -->\n<html>log in</html>",
    ),
    "XML of something else": (
        {"Content-Type": "application/xml"},
        b'<?xml version="1.0"?><LoginRequired><URL>/</URL></LoginRequired>',
    ),
    "JSON of something else": ({"Content-Type": "application/json"}, b'{"login": "/"}'),
    "JSON, a list": ({"Content-Type": "application/json"}, b"[]"),
    "nothing": ({}, b""),
}
#: Of those: what a store may answer, too.
MAY_BE = {
    "upload": ("JSON of something else", "JSON, a list", "nothing"),  # no two stores say the same
    "form": ("JSON of something else", "JSON, a list", "nothing"),
    "part": ("JSON of something else", "JSON, a list", "nothing"),
    "session, brought to": ("JSON of something else", "JSON, a list", "nothing"),
    "session, asked": ("JSON of something else", "JSON, a list", "nothing"),
    "S3 CORS, written": ("nothing",),
    "S3 upload in parts, abort": ("nothing",),
    "GCS upload in parts, abort": ("nothing",),
}
#: What is read of them is an object itself, or nothing; or they are of another protocol.
TAKE_ANYTHING = {
    "download",
    "a link of a service",  # what looks like one and leads nowhere is the object
    "metadata of another filesystem",
    "signed:: metadata",  # through a link, as a download
    "a part of an object of a page",
    "S3 region",
    "Redis metadata",
    # Only a 404 says anything of the bucket; that the object is missing is known before.
    "S3 bucket, where the object is missing",
    "GCS bucket, where the object is missing",
}
READERS = [name for name in REQUESTS if name not in TAKE_ANYTHING]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    monkeypatch.setattr(hastened, "seconds", 30, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", READERS)
def test_what_no_store_answers_is_no_success(name, page, tmp_path, monkeypatch):
    context = identity(tmp_path)[0] if name == "Azure delegation key" else None
    with canned(*PAGES[page], context=context) as url:
        if page in MAY_BE.get(name, ()):
            REQUESTS[name].ask(url, tmp_path, monkeypatch)
            return
        with pytest.raises((StoreError, CredentialsError)):
            REQUESTS[name].ask(url, tmp_path, monkeypatch)
