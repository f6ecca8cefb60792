"""Headers a link may sign: RFC 9110 tokens and printable ASCII, never the signature's own."""

from __future__ import annotations

import re
from itertools import count
from types import MappingProxyType
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import DaypassError, InvalidRequestError
from daypass.model.checks import query
from daypass.model.headers import attachment, check_headers, check_metadata, check_text
from tests.core.fakes import Disguise, Hostile, HostileMapping
from tests.each import each

BAD_VALUES = ["a\r\nX: b", "a\n", "\r", "\0", "a\tb", "\x7f", "é", "\u2028", "\ud800", " a", "a ",
              b"a", 5, None, 1.5, ["a"], Hostile()]  # fmt: skip
BAD_NAMES = ["", "a b", "a:", "a\r\n", "a\n", "é", "\0", "(a)", "a/b", '"a"', "a=b", "\ud800",
             b"a", 5, 10**5000, None, Hostile()]  # fmt: skip


def test_headers_are_copied_as_they_were_spelt():
    given_headers = {"X-Custom": "a b", "range": "bytes=0-9", "x-empty": ""}
    copy = check_headers(given_headers)
    assert given_headers == copy
    assert copy is not given_headers


@each(
    "name",
    [
        "x-amz-copy-source",
        "X-Goog-Copy-Source-Generation",
        "x-ms-rename-source",
        "x-ms-source-if-match",
        "x-oss-copy-source",
        "x-cos-metadata-directive",
        "x-goog-resumable",
        "x-amz-bypass-governance-retention",
        "X-HTTP-Method-Override",
        "x-method-override",
        "x-original-url",
        "x-forwarded-host",
        "x_amz_copy_source",
        "x-amz_copy_source",
        "x_http_method_override",
        "HTTP-Method-Override",
        "x-copy-from",
        "X-Copy-From-Account",
        "Destination",
        "Destination-Account",
        "x-object-manifest",
        "x-symlink-target",
        "x-oss-symlink-target",
        "Content-Range",
        *(
            "x-qs-move-source",
            "x-bce-fetch-source",
            "x-oss-callback",
            "X-OSS-Callback-Var",
            "x-bce-process",
        ),
        *("Pic-Operations", "callback", "x-http-method"),
    ],
)
def test_what_makes_another_request_of_it_is_refused_by_name(name):
    with pytest.raises(InvalidRequestError, match=f"{name} would make another request") as caught:
        check_headers({name: "/bucket/other"})
    assert caught.value.option == "headers"


@pytest.mark.parametrize("name", ["X-Amz-Copy-Source", "x-goog-copy-source", "x-ms-copy-source"])
def test_a_copy_has_an_option_of_its_own(name):
    with pytest.raises(InvalidRequestError, match="ask for a copy by copy_source="):
        check_headers({name: "/bucket/other"})


@pytest.mark.parametrize(
    "name",
    [
        "x-amz-expected-bucket-owner",
        "x-goog-if-metageneration-match",
        "x-source",
        "x-amz-grant-read",
        "x-amz-website-redirect-location",
        "x-amz-server-side-encryption",
        "x-amz-checksum-crc32",
        "x-team-tags",
    ],
)
def test_what_has_no_option_and_stays_the_same_request_is_signed(name):
    assert check_headers({name: "1"}) == {name: "1"}


@pytest.mark.parametrize("check", [check_headers, check_metadata])
def test_a_read_only_mapping_will_do(check):
    assert check(MappingProxyType({"x-a": "1"})) == {"x-a": "1"}


@pytest.mark.parametrize("check", [check_headers, check_metadata])
def test_text_in_disguise_is_taken_at_its_characters(check):
    (item,) = check({Disguise("x-a"): Disguise("value")}).items()
    assert [("x-a", str), ("value", str)] == [(part, type(part)) for part in item]


@pytest.mark.parametrize("check", [check_headers, check_metadata])
@each("value", BAD_VALUES)
def test_a_value_that_cannot_travel_is_refused(check, value):
    with pytest.raises(InvalidRequestError):
        check({"x-a": value})


@pytest.mark.parametrize("check", [check_headers, check_metadata])
@each("name", [n for n in BAD_NAMES if type(n) is not Hostile])  # fmt: skip
def test_a_name_that_is_no_token_is_refused(check, name):
    with pytest.raises(InvalidRequestError):
        check({name: "a"})


@pytest.mark.parametrize("check", [check_headers, check_metadata])
@pytest.mark.parametrize("value", [5, "a: b", b"", [("a", "b")], {"a"}, True, HostileMapping()],
                         ids=count())  # fmt: skip
def test_what_is_no_mapping_or_cannot_be_read_is_refused(check, value):
    with pytest.raises(InvalidRequestError):
        check(value)


@pytest.mark.parametrize("check", [check_headers, check_metadata])
def test_two_spellings_of_one_name_are_refused(check):
    with pytest.raises(InvalidRequestError, match="twice"):
        check({"X-A": "1", "x-a": "2"})


@each(
    "name",
    [
        "Host",
        "HOST",
        "authorization",
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "Date",
        "Expect",
        "Connection",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "User-Agent",
        "Keep-Alive",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "x-oss-security-token",
        "security-token",
        "x-amz-date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
        "x-amz-content-sha256",
        "X-Amz-Decoded-Content-Length",
        "x-amz-trailer",
        "X-Amz-S3Session-Token",
        "X-Goog-Algorithm",
        "X-Goog-Credential",
        "X-Goog-Date",
        "X-Goog-Expires",
        "X-Goog-SignedHeaders",
        "X-Goog-Signature",
        "X-Goog-Content-SHA256",
        "X-Goog-Security-Token",
        "x-ms-date",
        "x-ms-version",
        "x_amz_security_token",
        "transfer_encoding",
    ],
)
def test_what_belongs_to_the_signature_or_the_connection_is_never_the_callers(name):
    with pytest.raises(InvalidRequestError, match="cannot be set"):
        check_headers({name: "a"})


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("content_type", "Content-Type"),
        ("content_md5", "content-MD5"),
        ("content_length", "Content-Length"),
        ("metadata", "X-Amz-Meta-Colour"),
        ("metadata", "x-goog-meta-colour"),
        ("metadata", "x-ms-meta-colour"),
        ("metadata", "x-oss-meta-colour"),
        ("metadata", "X-Object-Meta-Colour"),
        ("acl", "X-Amz-Acl"),
        ("acl", "x-goog-acl"),
        ("acl", "x-oss-object-acl"),
        ("acl", "x-cos-acl"),
        ("storage_class", "x-amz-storage-class"),
        ("storage_class", "x-goog-storage-class"),
        ("storage_class", "x-ms-access-tier"),
        ("tags", "x-amz-tagging"),
        ("tags", "x-ms-tags"),
        ("checksum_sha256", "x-amz-checksum-sha256"),
        ("requester_pays", "x-amz-request-payer"),
        ("if_absent", "If-None-Match"),
        ("metadata", "X_Amz_Meta_Colour"),
        ("acl", "x_amz-acl"),
        ("content_type", "content_type"),
    ],
)
def test_a_header_with_an_option_of_its_own_names_the_option(option, name):
    with pytest.raises(InvalidRequestError, match=f"use {option}="):
        check_headers({name: "a"})


def test_metadata_names_fold_to_lower_case_as_stores_fold_them():
    assert check_metadata({"Colour": "Red"}) == {"colour": "Red"}


def test_a_refusal_never_shows_the_value():
    with pytest.raises(InvalidRequestError) as caught:
        check_headers({"x-amz-server-side-encryption-customer-key": "hunter2\n"})
    assert "hunter2" not in str(caught.value)


@given(st.dictionaries(st.text(), st.text()))
def test_any_mapping_of_text_is_signed_as_it_stands_or_refused(headers):
    for check in (check_headers, check_metadata):
        try:
            copy = check(headers)
        except InvalidRequestError:
            continue
        for name, value in copy.items():
            assert re.fullmatch(r"[!-~]+", name)
            assert re.fullmatch(r"[ -~]*", value)
            assert headers.get(name, value) == value


@given(st.text())
def test_any_text_is_a_value_unchanged_or_refused(text):
    try:
        assert text == check_text(text, "x")
    except InvalidRequestError:
        assert text != text.strip(" ") or not re.fullmatch(r"[ -~]*", text)


@pytest.mark.parametrize(
    ("expected", "filename", "inline"),
    [
        ("attachment", None, False),
        ("inline", None, True),
        ('attachment; filename="a b.csv"', "a b.csv", False),
        ('inline; filename="a;b.csv"', "a;b.csv", True),
        ("attachment; filename=\"na_ve.csv\"; filename*=UTF-8''na%C3%AFve.csv", "naïve.csv", False),
        ("attachment; filename=\"a_b\"; filename*=UTF-8''a%22b", 'a"b', False),
        ("attachment; filename=\"a_41\"; filename*=UTF-8''a%2541", "a%41", False),
        ("attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%8E%89", "🎉", False),
        ("attachment; filename=\"__.txt\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.txt", "报告.txt", False),
        ('attachment; filename="it\'s (1)*.txt"', "it's (1)*.txt", False),
    ],
)  # fmt: skip
def test_a_content_disposition_is_rfc_6266_with_unicode_by_rfc_8187(expected, filename, inline):
    assert expected == attachment(filename, inline=inline)


@pytest.mark.parametrize(
    "filename",
    [
        "👨\u200d👩\u200d👧.png",
        "\u0645\u06cc\u200c\u062e.txt",
        "Screenshot at 1.00.00\u202fPM.png",
        "a\u00a0b.txt",
    ],
    ids=["family emoji", "Persian non-joiner", "macOS narrow space", "no-break space"],
)
def test_names_that_people_really_give_their_files_are_accepted(filename):
    assert filename == unquote(attachment(filename, inline=False).partition("UTF-8''")[2])


@pytest.mark.parametrize(
    "filename",
    ["", "a/b", "a\\b", "a\r\nX: b", "\0", "a\tb", "\ud800", "gpj.\u202eexe", "\u2028", "\x85"],
    ids=ascii,
)
def test_a_filename_that_splits_a_header_a_path_or_the_readers_eye_is_refused(filename):
    with pytest.raises(InvalidRequestError) as caught:
        attachment(filename, inline=False)
    assert caught.value.option == "filename"


@given(st.text(), st.booleans())
def test_any_filename_comes_back_from_its_header_or_is_refused(filename, inline):
    try:
        header = attachment(filename, inline=inline)
    except DaypassError:
        return
    assert re.fullmatch(r"[ -~]+", header)
    plain = re.search(r'filename="([^"]*)"', header)[1]
    star = re.search(r"filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]+)$", header)
    assert filename == (unquote(star[1]) if star else plain)


@pytest.mark.parametrize("check", [check_headers, check_metadata, query])
def test_more_names_than_any_server_takes_are_refused(check):
    """Eight thousand headers took S3's signer thirteen seconds, and twice as many four times as long."""
    option = check.__name__.removeprefix("check_")
    names = {f"x-h{number}": "v" for number in range(200)}
    assert len(check(names, option)) == 200
    with pytest.raises(InvalidRequestError, match=f"{option}: at most 200 names"):
        check({**names, "x-more": "v"}, option)


@pytest.mark.parametrize("check", [check_headers, check_metadata, query])
def test_more_text_than_any_store_takes_is_refused(check):
    option = check.__name__.removeprefix("check_")
    assert check({"x-a": "v" * 12_285, "x-b": "v" * 12_285}, option)
    with pytest.raises(InvalidRequestError, match=r"24,576 characters of names and values"):
        check({"x-a": "v" * 12_285, "x-b": "v" * 12_286}, option)


def test_an_endless_mapping_is_not_read_to_its_end():
    class Endless(dict):
        def items(self):
            return ((f"x-{number}", "v") for number in count())

    with pytest.raises(InvalidRequestError, match="at most 200 names"):
        check_headers(Endless())


def test_a_value_that_is_too_long_is_refused():
    assert check_text("v" * 24_576, "content_type")
    with pytest.raises(InvalidRequestError, match=r"content_type: .* not 24,577"):
        check_text("v" * 24_577, "content_type")
    assert attachment("n" * 1_024, inline=False)
    with pytest.raises(InvalidRequestError, match=r"filename has 1,024 characters at most"):
        attachment("n" * 1_025, inline=False)
