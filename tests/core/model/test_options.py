"""Each option is declared in one line, and all that is said of it elsewhere agrees with that line."""

from __future__ import annotations

from base64 import b64encode

import attrs
import pytest

from daypass.arrow.signing import ColumnOptions
from daypass.model import options
from daypass.model.form_options import FormOptions
from daypass.model.forms import FormRequest
from daypass.model.options import OPTIONS, WAIVABLE
from daypass.model.requests import BulkOptions, ReadOptions, SharedOptions, SignOptions, SignRequest
from tests.core.fakes import SECRET
from tests.each import each

WORDS = {
    "link",
    "form",
    "upload",
    "download",
    "listing",
    "object",
    "part",
    "whole",
    "transfer",
    "read",
    "secret",
}


def fields(request):
    return {field.name for field in attrs.fields(request) if field.init}


@each("name", OPTIONS)
def test_every_line_says_its_kind_what_it_goes_with_and_its_help(name):
    option = OPTIONS[name]
    words = option.goes_with.split()
    assert option.kind in ("", "restricts", "describes", "shapes")
    assert words
    assert len(words) == len(set(words))
    assert WORDS.issuperset(words)
    assert {"link", "form"}.intersection(words)
    assert not {"upload", "download"}.issubset(words)
    assert not {"part", "whole"}.issubset(words)
    assert option.help.endswith(".")
    assert option.help.isascii()


def test_the_typed_keywords_are_those_of_the_table():
    assert set(SignOptions.__annotations__) == set(options.OF_LINKS) == fields(SignRequest)
    assert set(FormOptions.__annotations__) == set(options.OF_FORMS) == fields(FormRequest)
    assert set(ReadOptions.__annotations__) == set(options.OF_READING)
    assert set(OPTIONS) == {*options.OF_LINKS, *options.OF_FORMS}


def test_what_belongs_to_one_object_is_shared_by_no_many():
    shared = set(SharedOptions.__annotations__)
    assert set(SignOptions.__annotations__) - shared == set(options.ONE_OBJECT)
    assert set(BulkOptions.__annotations__) - shared == set(options.PER_ROW)
    assert set(ColumnOptions.__annotations__) - shared == set(options.PER_ROW)


def test_the_kinds_are_those_of_the_decision():
    """``docs/decisions/0004-describing-and-restricting.md``; what no backend deals with has none."""
    assert {
        "starts_at", "content_md5", "content_length", "max_bytes", "if_absent", "checksum_sha256",
        "ip_range", "https_only", "max_uses", "referrers",
    } == options.RESTRICTING  # fmt: skip
    assert {"content_type", "metadata", "add_content_md5_metadata"} == options.DESCRIBING
    assert {
        "method", "expires_in", "expires_at", "strict", "on_short", "allow_dot_segments",
    } == {name for name, option in OPTIONS.items() if not option.kind}  # fmt: skip
    assert {
        "checksum_sha256", "content_length", "content_md5", "content_type", "content_type_prefix",
        "if_absent", "max_bytes", "min_bytes",
    } == WAIVABLE  # fmt: skip


def test_the_options_of_each_part_and_those_of_a_whole_upload_are_these():
    assert {
        "expires_in", "expires_at", "starts_at", "encryption_key", "requester_pays", "query", "ip_range", "https_only", "strict",
        "on_short", "allow_dot_segments", "signing_time", "stable_for",
    } == set(options.OF_PARTS)  # fmt: skip
    assert {
        "content_md5", "add_content_md5_metadata", "checksum_sha256", "content_length", "max_bytes", "max_uses", "referrers",
    } == options.WHOLE_UPLOAD  # fmt: skip


@pytest.mark.parametrize("name", sorted(options.SECRET))
@pytest.mark.parametrize("request_", [SignRequest, FormRequest])
def test_no_repr_shows_the_values_of_what_can_be_secret(name, request_):
    if name in fields(request_):
        value = b64encode(SECRET.ljust(32, "x").encode()).decode()
        given = value if name == "encryption_key" else {"x-key": value}
        assert value not in repr(request_(**{name: given}))
