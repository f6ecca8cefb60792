"""SignedURL hands out the secret only where it is asked for, and says how to use it."""

from __future__ import annotations

import copy
import json
import pickle
import shlex
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from daypass.base.urls import mask_url
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.metadata import ObjectMetadata
from tests.core.fakes import NOW, SECRET


def _link(**changes) -> SignedURL:
    values = {
        "url": f"https://b.example/a%20b/k.csv?X-Amz-Signature={SECRET}",
        "method": "GET",
        "headers": {},
        "expires_at": NOW,
        "expires_because": REQUESTED,
        "permits": frozenset({"GET", "HEAD"}),
        "unenforced": frozenset(),
        "path": "s3://b/a b/k.csv",
        "backend": "s3",
    }
    return SignedURL(**{**values, **changes})


@pytest.mark.parametrize(
    ("expected", "url"),
    [
        ("https://b.example/k?****", "https://b.example/k?X-Amz-Signature=1"),
        ("https://b.example/k", "https://b.example/k"),
        ("https://b.example/k?****", "https://b.example/k?a=1?b=2"),
        ("https://l.example/l/****", f"https://l.example/l/{'a' * 22}"),
        (
            "https://l.example/team/p/****/a/b?****",
            f"https://l.example/team/p/{'_' * 22}/a/b?as=json",
        ),
        ("https://l.example/l/****#a", f"https://l.example/l/{'-' * 22}#a"),
    ],
)
def test_a_masked_url_shows_the_place_alone(expected, url):
    assert expected == mask_url(url)


#: A link that is secret by the token in its path.
TOKEN = "8w2-aB_dEfGhIjKlMnOpQg"


@pytest.mark.parametrize("rest", ["", "/a.csv", "?as=json"])
def test_no_view_of_a_link_shows_the_token_in_its_path(rest):
    link = _link(url=f"https://links.example/l/{TOKEN}{rest}")
    shown = [repr(link), link._repr_html_(), pretty_repr(link), repr(link.to_dict())]
    assert all("links.example/l/****" in text and TOKEN not in text for text in shown)
    assert link.to_dict(reveal=True)["url"] == link.url


@pytest.mark.parametrize(
    ("rest", "path", "name"),
    [
        ("", "s3://b/a b/k.csv", "k.csv"),
        ("?as=json", "s3://b/k.csv", "k.csv"),
        ("/d/other.csv", "s3://b/d/", "other.csv"),
        ("", "https://links.example/l/****", "object"),
    ],
)
def test_curl_makes_no_name_of_a_token(rest, path, name):
    words = shlex.split(_link(url=f"https://links.example/l/{TOKEN}{rest}", path=path).curl())
    assert words[words.index("--output") + 1] == name


@pytest.mark.parametrize("show", [repr, SignedURL._repr_html_, pretty_repr, "{!r}".format, ascii])
def test_no_view_of_a_link_shows_its_signature(show):
    link = _link(headers={"x-amz-server-side-encryption-customer-key": SECRET})
    assert SECRET not in show(link)
    assert "b.example" in show(link)


def test_the_text_of_a_link_is_the_url_itself():
    link = _link()
    assert link.url == str(link) == f"{link}"


def test_a_view_in_html_escapes_what_it_shows():
    html = _link(expires_because="<script>", url="https://h/<b>?x")._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("expected", "changes"),
    [("x-a", {"headers": {"x-a": "1"}}), ("content_md5", {"unenforced": frozenset({"content_md5"})})],
)  # fmt: skip
def test_a_view_in_html_names_headers_and_what_is_not_enforced(expected, changes):
    assert expected in _link(**changes)._repr_html_()


URL = f"https://b.example/a%20b/k.csv?X-Amz-Signature={SECRET}"


@pytest.mark.parametrize(
    ("expected", "changes", "file"),
    [
        (["--output", "k.csv", URL], {}, None),
        (["--output", "mine", URL], {}, "mine"),
        (["--head", URL], {"method": "HEAD"}, None),
        (["--request", "DELETE", URL], {"method": "DELETE"}, None),
        (["--upload-file", "k.csv", URL], {"method": "PUT"}, None),
        (
            ["--upload-file", "k.csv", "--header", "X-A: it's", "--header", "X-B;", URL],
            {"method": "PUT", "headers": {"X-A": "it's", "X-B": "", "Content-Length": "5"}},
            None,
        ),
        (
            [
                "--request",
                "PUT",
                "--header",
                "Content-Length: 0",
                "--header",
                "X-Amz-Copy-Source: b/a",
                URL,
            ],
            {"method": "PUT", "headers": {"X-Amz-Copy-Source": "b/a"}},
            "no file",
        ),
        (["--output", "object", "https://h/a/"], {"url": "https://h/a/"}, None),
        (
            [
                "--request",
                "PUT",
                "--data-binary",
                "@f",
                "--header",
                "Content-Type:",
                "https://h/a/",
            ],
            {"url": "https://h/a/", "method": "PUT"},
            "f",
        ),
        (["--output", "a b", "https://h/a%20b"], {"url": "https://h/a%20b"}, None),
        (["--path-as-is", "--output", "b", "https://h/a/../b"], {"url": "https://h/a/../b"}, None),
        (["--globoff", "--output", "k", "http://[::1]/k"], {"url": "http://[::1]/k"}, None),
        (
            ["--globoff", "--upload-file", "{a}[1]", "http://h/%7Ba%7D%5B1%5D"],
            {"url": "http://h/%7Ba%7D%5B1%5D", "method": "PUT"},
            None,
        ),
    ],
    ids=range(13),
)
def test_curl_is_a_shell_command_that_uses_the_link(expected, changes, file):
    assert ["curl", "--fail", *expected] == shlex.split(_link(**changes).curl(file))


@pytest.mark.parametrize("key", ["-", ".", "..", "-o", "~"])
def test_curl_reads_and_writes_a_file_whatever_the_key_is_called(key):
    """``-`` and ``.`` mean standard input to curl; a leading dash means an option."""
    command = shlex.split(_link(url=f"https://h/d/{key}?s", method="PUT").curl())
    name = command[command.index("--upload-file") + 1]
    assert name not in ("-", ".", "..")
    assert not name.startswith("-")


@given(st.text(st.characters(codec="ascii")), st.text(st.characters(codec="utf-8"), min_size=1))
def test_nothing_in_a_header_or_a_name_escapes_the_command(value, name):
    words = shlex.split(_link(headers={"X-A": value}).curl(name))
    assert words[:4] == ["curl", "--fail", "--output", name]
    assert words[4:] == ["--header", f"X-A: {value}" if value else "X-A;", URL]


def test_results_are_frozen_and_survive_copies():
    link = _link()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        link.url = "x"
    assert link == copy.deepcopy(link) == pickle.loads(pickle.dumps(link))


def test_metadata_that_a_store_does_not_say_is_none():
    metadata = ObjectMetadata(path="s3://b/k", key="k")
    silent = {
        name: value for name, value in attrs.asdict(metadata).items() if name not in ("path", "key")
    }
    assert {n: v for n, v in silent.items() if v is not None} == {"checksums": {}, "metadata": {}}


def test_metadata_keeps_dicts_of_its_own():
    given_metadata = {"a": "b"}
    metadata = ObjectMetadata(
        path="p", key="k", metadata=given_metadata, checksums=[("sha256", "x")]
    )
    given_metadata["c"] = "d"
    assert (metadata.metadata, metadata.checksums) == ({"a": "b"}, {"sha256": "x"})


def test_metadata_as_a_dict_is_plain_json():
    metadata = ObjectMetadata(
        path="p", key="k", size=1, last_modified=datetime(2026, 1, 1, tzinfo=UTC), metadata={"a": "b"}
    )  # fmt: skip
    plain = metadata.to_dict()
    assert plain["last_modified"] == "2026-01-01T00:00:00Z"
    assert plain == json.loads(json.dumps(plain))
    assert set(plain) == {field.name for field in attrs.fields(ObjectMetadata)}
