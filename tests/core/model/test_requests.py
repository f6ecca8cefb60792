"""SignRequest says what a URL shall permit, and refuses what no URL could."""

from __future__ import annotations

from enum import Enum
from itertools import count
from typing import get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import (
    InvalidExpiryError,
    InvalidRequestError,
)
from daypass.model.options import DESCRIBING, RESTRICTING
from daypass.model.requests import SignOptions, SignRequest
from tests.core.fakes import EVERY_CONDITION, NOW, SECRET
from tests.core.values import LEGAL, MD5, MD5_TEXT, ODD, SHA256, SHA256_TEXT
from tests.each import each

OPTIONS = sorted(SignOptions.__annotations__)

UPLOAD_ONLY = sorted(name for name, options in LEGAL.items() if options.get("method") == "PUT")
DOWNLOAD_ONLY = sorted(
    name for name in LEGAL if name in ("filename", "inline") or name.startswith("response_")
)


def test_each_option_has_a_legal_value_here():
    assert set(OPTIONS) == set(LEGAL)


@each("name", OPTIONS)
def test_each_option_is_accepted(name):
    request = SignRequest(**LEGAL[name])
    assert getattr(request, name) is not None


def test_the_options_of_every_face_are_the_fields_one_for_one():
    fields = [field.name for field in attrs.fields(SignRequest) if field.init]
    assert sorted(fields) == sorted(SignOptions.__annotations__)
    assert set(get_type_hints(SignOptions)) == set(fields)


def test_every_option_that_can_be_refused_by_a_backend_is_a_condition():
    request = SignRequest(method="PUT", content_length=0, starts_at=NOW, signing_time=NOW)
    assert {"content_length", "starts_at", "signing_time"} == request.conditions
    used = frozenset().union(*(SignRequest(**options).conditions for options in LEGAL.values()))
    assert used == EVERY_CONDITION
    assert DESCRIBING.isdisjoint(RESTRICTING)


def test_options_left_alone_are_no_conditions():
    assert frozenset() == SignRequest(https_only=False, if_absent=False, inline=False).conditions


@pytest.mark.parametrize("name", ["headers", "metadata", "tags", "query"])
def test_an_empty_mapping_asks_for_nothing(name):
    assert frozenset() == SignRequest(method="PUT", **{name: {}}).conditions


@pytest.mark.parametrize("name", OPTIONS)
@each("kind", ODD)
def test_any_object_given_to_any_option_works_or_is_a_daypass_error(name, kind):
    options = {**LEGAL[name], name: ODD[kind]}
    try:
        request = SignRequest(**options).resolve(NOW)
    except InvalidRequestError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 500
        return
    assert request.disposition is None or request.disposition
    assert isinstance(request.object_metadata, dict)


@given(name=st.sampled_from(OPTIONS), value=st.text() | st.binary() | st.integers() | st.floats())
def test_any_text_or_number_given_to_any_option_works_or_is_a_daypass_error(name, value):
    try:
        SignRequest(**{**LEGAL[name], name: value}).resolve(NOW)
    except InvalidRequestError as error:
        assert str(error)


@each("name", [n for n in OPTIONS if n not in ("expires_in", "stable_for")])
def test_text_in_disguise_becomes_its_characters_or_is_refused(name):
    class Word(str, Enum):  # noqa: UP042 - this is the kind that formats as its name
        VALUE = {"method": "GET", "on_short": "warn", "content_md5": MD5_TEXT,
                 "checksum_sha256": SHA256_TEXT}.get(name, "real")  # fmt: skip

    try:
        value = getattr(SignRequest(**{**LEGAL[name], name: Word.VALUE}), name)
    except InvalidRequestError:
        return
    if name == "referrers":  # a list, of which one text is one
        (value,) = value
    assert type(value) is str
    assert value == Word.VALUE.value


@pytest.mark.parametrize("method", ["get", "POST", "list", "", "GET ", "PATCH", None, b"GET", 5])
def test_an_unknown_method_is_refused_naming_those_there_are(method):
    with pytest.raises(InvalidRequestError, match=r"method.*") as caught:
        SignRequest(method=method)
    assert caught.value.option == "method"


@each("value", [None, 0, 1, "yes", "", "False"])
@pytest.mark.parametrize(
    "name",
    ["strict", "if_absent", "inline", "requester_pays", "allow_dot_segments",
     "add_content_md5_metadata"],
)  # fmt: skip
def test_only_true_and_false_are_flags(name, value):
    """``strict=None`` in particular must not pass for ``strict=False``."""
    with pytest.raises(InvalidRequestError, match=f"{name} must be True or False"):
        SignRequest(**{**LEGAL[name], name: value})


@each("name", UPLOAD_ONLY)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_what_describes_an_upload_is_refused_elsewhere(name, method):
    with pytest.raises(InvalidRequestError, match="goes with method='PUT'"):
        SignRequest(**{**LEGAL[name], "method": method})


@pytest.mark.parametrize("name", ["delimiter", "max_keys", "continuation_token"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_what_shapes_a_listing_is_refused_elsewhere(name, method):
    with pytest.raises(InvalidRequestError, match="goes with method='LIST'"):
        SignRequest(**{**LEGAL[name], "method": method})


@pytest.mark.parametrize("name", ["delimiter", "continuation_token"])
@pytest.mark.parametrize("value", ["", "a\nb", "\x00", "\ud800", "\u2028", 7, b"a"])
def test_a_parameter_is_text_of_one_line(name, value):
    with pytest.raises(InvalidRequestError, match=f"{name} must be text"):
        SignRequest(**{**LEGAL[name], name: value})


@pytest.mark.parametrize("value", [0, -1, 1001, True, "10", 1.0])
def test_a_page_has_as_many_keys_as_stores_give(value):
    with pytest.raises(InvalidRequestError, match="from 1 to 1000"):
        SignRequest(method="LIST", max_keys=value)


@pytest.mark.parametrize("name", DOWNLOAD_ONLY)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_shapes_an_answer_is_refused_elsewhere(name, method):
    with pytest.raises(InvalidRequestError, match="goes with method='GET'"):
        SignRequest(**{**LEGAL[name], "method": method})


@pytest.mark.parametrize(
    ("expected", "name", "value"),
    [
        (MD5_TEXT, "content_md5", MD5),
        (MD5_TEXT, "content_md5", bytearray(MD5)),
        (MD5_TEXT, "content_md5", memoryview(MD5)),
        (MD5_TEXT, "content_md5", MD5_TEXT),
        (SHA256_TEXT, "checksum_sha256", SHA256),
        (SHA256_TEXT, "checksum_sha256", SHA256_TEXT),
    ],
)
def test_a_digest_is_base64_or_raw_bytes(expected, name, value):
    assert expected == getattr(SignRequest(method="PUT", **{name: value}), name)


@pytest.mark.parametrize(
    ("right", "name", "value"),
    [
        (MD5_TEXT, "content_md5", MD5.hex()),
        (MD5_TEXT, "content_md5", MD5.hex().upper()),
        (SHA256_TEXT, "checksum_sha256", SHA256.hex()),
    ],
)
def test_a_hex_digest_is_refused_with_the_base64_to_use(right, name, value):
    with pytest.raises(InvalidRequestError) as caught:
        SignRequest(method="PUT", **{name: value})
    assert repr(right) in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [MD5[:-1], MD5 + b"x", b"", "", MD5_TEXT[:-2], MD5_TEXT + "\n", MD5_TEXT.rstrip("=") + "A=",
     " " * 32, MD5_TEXT[:-3] + "R==", "é" * 24, SHA256_TEXT, [1] * 16],
    ids=count(),
)  # fmt: skip
def test_a_digest_of_another_length_or_spelling_is_refused(value):
    with pytest.raises(InvalidRequestError) as caught:
        SignRequest(method="PUT", content_md5=value)
    assert caught.value.option == "content_md5"
    assert "use ''" not in str(caught.value)


@pytest.mark.parametrize(
    ("culprit", "options"),
    [
        ("add_content_md5_metadata", {"add_content_md5_metadata": True}),
        ("metadata", {"add_content_md5_metadata": True, "content_md5": MD5,
                      "metadata": {"MD5CHKSUM": "x"}}),
        ("content_length", {"content_length": 11, "max_bytes": 10}),
    ],
)  # fmt: skip
def test_options_that_contradict_each_other_are_refused(culprit, options):
    with pytest.raises(InvalidRequestError) as caught:
        SignRequest(method="PUT", **options)
    assert culprit == caught.value.option


@pytest.mark.parametrize(
    "tags",
    [{"a" * 128: "b" * 256}, {f"run{number}": "" for number in range(10)},
     {"Größe +-=._:/@": "4 2"}, {"名": "値"}],
    ids=count(),
)  # fmt: skip
def test_tags_that_both_providers_describe_are_taken(tags):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html says the same as Azure."""
    assert tags == SignRequest(method="PUT", tags=tags).tags


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({f"run{number}": "" for number in range(11)}, "10 tags at most, not 11"),
        ({"a" * 129: "b"}, "1 to 128"),
        ({"": "b"}, "1 to 128"),
        ({"a": "b" * 257}, "256 at most"),
        ({"a<b": "c"}, r"letters, digits, spaces and \+ - = \. _ : / @, unlike"),
        ({"aws:cloudformation:stack-name": "c"}, "begin with aws: are the store's own"),
        ({"AWS:x": "c"}, "begin with aws: are the store's own"),
        ({"a": "${filename}"}, "letters, digits"),
        ({"a": "b\n"}, "letters, digits"),
        ({"a\u2028": "b"}, "letters, digits"),
        ({"a": None}, "names to text"),
        ({7: "b"}, "names to text"),
        ("a=b", "mapping"),
    ],
    ids=count(),
)
def test_tags_that_no_store_takes_are_refused(tags, why):
    with pytest.raises(InvalidRequestError, match=why) as caught:
        SignRequest(method="PUT", tags=tags)
    assert caught.value.option == "tags"
    assert str(caught.value).isprintable()


@each("name", ["X-Amz-Signature", "x-amz-anything", "X-Goog-Expires", "response-anything", "Expires", "Policy",
     "Signature", "Key-Pair-Id", "Hash-Algorithm", "AWSAccessKeyId", "GoogleAccessId", "versionId",
     "uploadId", "partNumber", "acl", "tagging", "ACL", "prefix", "generation", "userProject", "append",
     "lambdaArn", "events", "metadata", "replication-reset", "x-minio-extract", "rgwx-uid", "x-oss-process",
     "x-image-process", "ci-process", "access_token", "symlink", "copy", "comp", "restype", "_method", "rename",
     "truncate", "modify", "multipart-manifest", "temp_url_sig", "version_id", "part_number", "x_amz_anything",
     "callback", "callback-var", "Callback_Var", "security-token", "x-http-method-override", "X-Method-Override",
     "x-http-method", "x-original-url", "x-qs-move-source", "x-bce-fetch-source", "x-copy-from", "Destination", "link",
     "asyncFetch", "objectMeta", "fetch", "x-bce-process"])  # fmt: skip
def test_a_parameter_that_is_not_the_callers_own_is_refused_by_name(name):
    with pytest.raises(InvalidRequestError, match=f"{name} belongs to") as caught:
        SignRequest(query={"x-job": "1", name: "1"})
    assert caught.value.option == "query"


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("response-content-type", "response_content_type"),
        ("Response-Content-Disposition", "response_content_disposition"),
        ("response-content-encoding", "response_content_encoding"),
        ("response-content-language", "response_content_language"),
        ("response-cache-control", "response_cache_control"),
        ("response-expires", "response_expires"),
        ("x-obs-acl", "acl"),
        ("x-cos-acl", "acl"),
        ("x-amz-acl", "acl"),
        ("x-amz-copy-source", "copy_source"),
        ("x-ms-copy-source", "copy_source"),
        ("X-Amz-Meta-A", "metadata"),
    ],
)
def test_a_parameter_with_an_option_of_its_own_names_the_option(name, option):
    with pytest.raises(
        InvalidRequestError, match=f"^query: {name} has an option of its own, use {option}="
    ):
        SignRequest(query={name: "1"})


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"a b": "1"}, "letters, digits"),
        ({"a&b": "1"}, "letters, digits"),
        ({"": "1"}, "letters, digits"),
        ({"a" * 129: "1"}, "letters, digits"),
        ({"x": "a\nb"}, "line breaks"),
        ({"x": "\ud800"}, "line breaks"),
        ({"x": 1}, "names to text"),
        (["x"], "mapping"),
    ],
    ids=count(),
)
def test_parameters_that_no_url_could_carry_alike_everywhere_are_refused(query, why):
    with pytest.raises(InvalidRequestError, match=why) as caught:
        SignRequest(query=query)
    assert caught.value.option == "query"


@pytest.mark.parametrize(
    "name",
    [
        "x-job",
        "w",
        "utm_source",
        "id",
        "X",
        "policyholder",
        "a.b~c",
        "x-job-meta-a",
        "content-type",
    ],
)
def test_any_other_parameter_is_the_callers_own(name):
    assert {name: ""} == SignRequest(method="PUT", query={name: ""}).query


@pytest.mark.parametrize(
    "source",
    ["s3://b/k", "s3a://b/a b//c", "az://c/%2F?a#b", "s3://arn:aws:s3:r:1:accesspoint/n/k"],
)
def test_the_source_of_a_copy_is_a_path_as_it_is_written(source):
    assert SignRequest(method="PUT", copy_source=source).copy_source == source


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("b/k", "with its protocol"),
        ("/tmp/k", "with its protocol"),
        ("file:///tmp/k", "with its protocol"),
        ("memory://k", "with its protocol"),
        ("s3://b", "the path of one object"),
        ("s3://b/", "the path of one object"),
        ("s3:///k", "the path of one object"),
        ("s3://b/a\nb", "the path of one object"),
        ("s3://b/\ud800", "the path of one object"),
        ("zip://a::s3://b/k.zip", "the path of one object"),
        ("az://container@account/k", "without a login"),
        ("s3://b/k?versionId=3", r"leave \?versionId= out"),
        ("s3://b/k?VERSIONID=3", r"leave \?versionId= out"),
        ("", "the path of one object"),
        (b"s3://b/k", "must be text"),
        (["s3://b/k"], "must be text"),
    ],
    ids=count(),
)
def test_what_is_no_path_of_one_object_is_no_source_of_a_copy(source, why):
    with pytest.raises(InvalidRequestError, match=why) as caught:
        SignRequest(method="PUT", copy_source=source)
    assert caught.value.option == "copy_source"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", UPLOAD_ONLY)
def test_what_a_copy_takes_from_its_source_is_refused_beside_it(name):
    options = {"copy_source": "s3://b/k", **LEGAL[name]}
    if name in ("acl", "copy_source", "storage_class"):
        assert SignRequest(**options).copy_source
        return
    with pytest.raises(InvalidRequestError, match=r"leave .* out, or copy_source") as caught:
        SignRequest(**options)
    assert caught.value.option in LEGAL[name]


@pytest.mark.parametrize("other", [{"filename": "a"}, {"inline": True}])
def test_a_disposition_is_given_once(other):
    with pytest.raises(InvalidRequestError):
        SignRequest(response_content_disposition="inline", **other)


def test_a_lifetime_is_given_once():
    with pytest.raises(InvalidExpiryError):
        SignRequest(expires_in=60, expires_at=NOW)


def test_md5_is_also_stored_as_metadata_where_asked():
    request = SignRequest(
        method="PUT", content_md5=MD5, add_content_md5_metadata=True, metadata={"A": "b"}
    )
    assert request.object_metadata == {"a": "b", "md5chksum": MD5_TEXT}


@pytest.mark.parametrize(
    ("expected", "options"),
    [
        (None, {}),
        ("inline", {"inline": True}),
        ("attachment; filename=\"_\"; filename*=UTF-8''%C3%A9", {"filename": "é"}),
        ("x", {"response_content_disposition": "x"}),
    ],
)
def test_the_disposition_is_made_of_filename_and_inline(expected, options):
    assert expected == SignRequest(**options).disposition


def test_a_copy_without_conditions_asks_for_them_no_more():
    request = SignRequest(method="PUT", content_md5=MD5, max_bytes=5)
    copy = request.without({"max_bytes"})
    assert frozenset({"content_md5"}) == copy.conditions
    assert copy.max_bytes is None
    assert request.max_bytes == 5


def test_a_request_is_frozen():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        SignRequest().method = "PUT"


def test_the_callers_dicts_are_neither_kept_nor_changed():
    headers, metadata = {"X-A": "1"}, {"Colour": "red"}
    request = SignRequest(method="PUT", headers=headers, metadata=metadata)
    request.resolve(NOW)
    assert (headers, metadata) == ({"X-A": "1"}, {"Colour": "red"})
    headers["X-B"] = metadata["B"] = "2"
    assert (request.headers, request.metadata) == ({"X-A": "1"}, {"colour": "red"})


def test_header_values_stay_out_of_the_repr():
    request = SignRequest(headers={"x-amz-server-side-encryption-customer-key": SECRET})
    assert SECRET not in repr(request) + str(request)
    assert "customer-key" in repr(request)


@pytest.mark.parametrize(
    "given",
    [
        *("192.0.2.7", "192.0.2.0/24", "192.0.2.7/32", "192.0.2.4-192.0.2.9", "0.0.0.0/0"),
        *("192.0.2.4-192.0.2.4", "::1", "2001:DB8::/32", "2001:db8::1-2001:db8::2", "::/0"),
    ],
)
def test_addresses_are_kept_as_they_were_written(given):
    assert SignRequest(ip_range=given).ip_range == given


@each(
    "given",
    [
        *("nonsense", "1.2.3.4/33", "::/129", "1.2.3.4/24", "1.2.3", "1.2.3.256", "010.0.0.1"),
        *("1.2.3.9-1.2.3.4", "1.2.3.4-", "-1.2.3.4", "-", "/", "1.2.3.4/", "/24", "*", "localhost"),
        *("1.2.3.4 - 1.2.3.9", "1.2.3.4,1.2.3.5", "1.2.3.4-::1", "1.2.3.1-1.2.3.4-1.2.3.9"),
        *("10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255", "fe80::1%eth0", "fe80::%eth0/64", "1"),
        *("1.2.3.0/24-1.2.4.0/24", "[::1]", "1.2.3.4:80", "9" * 5000, "1.2.3.0/" + "9" * 5000),
    ],
)
def test_what_is_no_address_is_refused(given):
    with pytest.raises(InvalidRequestError, match="ip_range must be an address, first-last") as e:
        SignRequest(ip_range=given)
    assert e.value.option == "ip_range"
    assert len(str(e.value)) < 200


@pytest.mark.parametrize("method", ["LIST", "DELETE"])
def test_the_key_of_an_object_goes_where_it_is_read_or_written(method):
    with pytest.raises(InvalidRequestError, match="object is read or written") as caught:
        SignRequest(method=method, encryption_key=b"k" * 32)
    assert caught.value.option == "encryption_key"
    for other in ("GET", "HEAD", "PUT"):
        assert SignRequest(method=other, encryption_key=b"k" * 32).encryption_key
