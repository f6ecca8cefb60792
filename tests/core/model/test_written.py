"""Options in JSON and in text: read in one place, each as a request keeps it, and refused by its name."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest

import daypass
from daypass.base.times import rfc3339
from daypass.errors import InvalidRequestError, UnknownOptionError
from daypass.model.forms import make_form_request
from daypass.model.options import OF_FORMS, OF_LINKS
from daypass.model.requests import SignRequest, make_request
from daypass.model.written import read_option
from tests.core.values import LEGAL
from tests.each import each

MOMENT = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
MD5 = "1B2M2Y8AsgTpgAmY7PhCfg=="  # of no bytes: RFC 1321, appendix 5, in base64
SHA256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # of no bytes: FIPS 180-4
#: What an option is in JSON, the same as text, and what a request keeps.
WRITTEN = {
    "method": ("PUT", "PUT", "PUT"),
    "expires_in": (5400, "1h30m", 5400),
    "expires_at": ("2026-12-01T09:30:00Z", "2026-12-01T10:30+01:00", MOMENT),
    "starts_at": ("2026-12-01T09:30:00Z", "2026-12-01T10:30+01:00", MOMENT),
    "content_type": ("text/csv", "text/csv", "text/csv"),
    "content_type_prefix": ("image/", "image/", "image/"),
    "content_md5": (MD5, MD5, MD5),
    "add_content_md5_metadata": (True, "true", True),
    "content_length": (12, "12", 12),
    "min_bytes": (0, "0", 0),
    "max_bytes": (12, "12", 12),
    "if_absent": (True, "true", True),
    "checksum_sha256": (SHA256, SHA256, SHA256),
    "metadata": ({"a": "1"}, '{"a": "1"}', {"a": "1"}),
    "acl": ("private", "private", "private"),
    "copy_source": ("s3://bucket/a b", "s3://bucket/a b", "s3://bucket/a b"),
    "resumable": (True, "true", True),
    "kms_key": ("alias/k", "alias/k", "alias/k"),
    "encryption_key": (SHA256, SHA256, SHA256),
    "requester_pays": (False, "false", False),
    "headers": ({"X-A": "1"}, '{"X-A": "1"}', {"X-A": "1"}),
    "success_status": (201, "201", 201),
    "success_redirect": ("https://e.example/", "https://e.example/", "https://e.example/"),
    "filename": ("a.csv", "a.csv", "a.csv"),
    "inline": (True, "true", True),
    "response_content_type": ("text/csv", "text/csv", "text/csv"),
    "response_content_disposition": ("inline", "inline", "inline"),
    "response_content_encoding": ("gzip", "gzip", "gzip"),
    "response_content_language": ("en", "en", "en"),
    "response_cache_control": ("no-store", "no-store", "no-store"),
    "response_expires": ("2026-12-01T09:30:00Z", "2026-12-01T10:30+01:00", MOMENT),
    "ip_range": ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
    "https_only": (True, "true", True),
    "max_uses": (100, "100", 100),
    "referrers": (
        ["a.example", "*.b.example"],
        '["a.example", "*.b.example"]',
        ("a.example", "*.b.example"),
    ),
    "strict": (False, "false", False),
    "on_short": ("raise", "raise", "raise"),
    "allow_dot_segments": (True, "true", True),
    "signing_time": ("2026-12-01T09:30:00Z", "2026-12-01T10:30+01:00", MOMENT),
    "stable_for": (300, "5m", 300),
}


@each("name", WRITTEN)
def test_an_option_is_read_from_json_and_from_text(name):
    as_json, as_text, kept = WRITTEN[name]
    assert json.loads(json.dumps(as_json)) == as_json
    for value in (as_json, as_text, kept):
        assert read_option(name, value) == kept
        assert type(read_option(name, value)) is type(kept)


@pytest.mark.parametrize("name", ["min_bytes", "max_bytes"])
def test_a_bound_of_sizes_may_have_a_unit_where_it_is_text(name):
    assert read_option(name, "2GB") == 2_000_000_000
    assert read_option(name, "2 MiB") == 2_097_152
    with pytest.raises(InvalidRequestError, match=f"{name} must be a number of bytes"):
        read_option(name, "2 loaves")


@each("name", OF_LINKS)
def test_every_option_is_in_json_what_it_is_in_python(name):
    def plain(value):
        return rfc3339(value) if isinstance(value, datetime) else b64encode(value).decode()

    options = LEGAL[name]
    body = json.loads(json.dumps(options, default=plain))
    assert SignRequest(**daypass.sign_options(body)) == SignRequest(**options)


@pytest.mark.parametrize(
    ("read", "all_names", "make"),
    [
        (daypass.sign_options, OF_LINKS, make_request),
        (daypass.form_options, OF_FORMS, make_form_request),
    ],
    ids=["link", "form"],
)
def test_the_options_of_one_call_are_read_at_once_and_make_a_request(read, all_names, make):
    names = WRITTEN.keys() & {*all_names}
    assert read({name: WRITTEN[name][0] for name in names}) == {
        name: WRITTEN[name][2] for name in names
    }
    few = ("expires_in", "signing_time", "on_short")
    assert make(read({name: WRITTEN[name][1] for name in few})).expires_in == 5400
    assert read(dict.fromkeys(names)) == read({}) == {}


def test_what_json_says_signs_the_same_link_as_python():
    body = '{"method": "PUT", "expires_in": "15m", "metadata": {"a": "1"}, "starts_at": "2026-12-01T09:30Z"}'
    assert SignRequest(**daypass.sign_options(json.loads(body))) == SignRequest(
        method="PUT", expires_in=900, metadata={"a": "1"}, starts_at=MOMENT
    )


WRONG = {
    "expires_in": ["8x", "-1", True, [], 1.5, "1e3"],
    "stable_for": [{}, "tomorrow"],
    "expires_at": [
        "tomorrow",
        "2026-12-01T09:30",
        "2026-12-01",
        "",
        1_764_581_400,
        "0001-01-01T00:00+23:59",
    ],
    "content_length": ["-1", "1.5", "16MiB", 1.5, True, "9" * 30, "\u0661"],
    "if_absent": ["yes", "True", 1, "1", []],
    "https_only": ["no", 0],
    "max_uses": ["0", 0, -1, True, 1.0, "many", "9" * 30],
    "referrers": [5, "5", [], "[]", [5], "a.example,b.example", "https://a.example"],
    "metadata": ["a=1", "[1]", '{"a": 1}', {"a": 1}, 5],
    "headers": ["hunter2", {"X-A": None}],
    "content_md5": ["d41d8cd98f00b204e9800998ecf8427e", 5],
    "method": [5],
    "on_short": ["explode"],
}


@each("name, value", [(name, value) for name, values in WRONG.items() for value in values])
def test_what_cannot_be_read_is_refused_by_the_options_name(name, value):
    with pytest.raises(InvalidRequestError) as caught:
        daypass.sign_options({name: value})
    assert caught.value.option == name
    assert name in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("read", [daypass.sign_options, daypass.form_options])
def test_an_unknown_option_is_refused_with_the_nearest(read):
    with pytest.raises(UnknownOptionError, match="did you mean expires_in"):
        read({"expire_in": 60})
    with pytest.raises(UnknownOptionError):
        read({5: 60})


def test_an_option_of_forms_is_none_of_links():
    with pytest.raises(UnknownOptionError):
        daypass.sign_options({"success_status": 201})
    with pytest.raises(UnknownOptionError):
        daypass.form_options({"filename": "a"})


@pytest.mark.parametrize("given", [None, [], "method=PUT", 5])
def test_options_that_are_no_mapping_are_refused(given):
    with pytest.raises(InvalidRequestError, match="a mapping of values by name"):
        daypass.sign_options(given)


def test_a_moment_without_a_zone_is_told_what_to_append():
    with pytest.raises(InvalidRequestError, match=r"starts_at has no time zone: append Z for UTC"):
        daypass.sign_options({"starts_at": "2026-12-01T09:30"})
