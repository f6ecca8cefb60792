"""Our bytes against boto3's: any key, header and time, every method and addressing style."""

from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass.model.checks import is_owned
from daypass.model.headers import folded
from tests.conftest import examples
from tests.plugins.s3.sdk import (
    BUCKETS,
    NOW,
    by_boto3,
    header_values,
    keys,
    lifetimes,
    moments,
    names,
    ours,
    places,
    spaced_values,
    theirs,
    theirs_by_url,
)

#: What Version 2 has in the query beside parameters of the request: the SDK puts all signed headers there too.
_OF_V2 = ("AWSAccessKeyId", "Signature", "Expires", "x-amz-security-token")
_SDK_HEADERS = {"Cache-Control": "CacheControl"}
#: A character of a tag.
TAG = st.one_of(st.characters(categories=["L", "Nd"]), st.sampled_from(" +-=._:/@"))


@examples(150)
@given(
    places,
    st.sampled_from(BUCKETS),
    keys,
    moments,
    lifetimes,
    st.sampled_from(["GET", "HEAD", "DELETE"]),
)
def test_plain_links_equal_boto3s(place, bucket, key, moment, lifetime, method):
    """GET, HEAD and DELETE links are byte for byte what boto3 makes, in every kind of store."""
    if place[0] == "accelerate" and bucket != "bucket":
        with pytest.raises(daypass.InvalidRequestError, match="Accelerate"):
            ours(*place, bucket).create_signed_url(key, method=method)
        return
    expected = theirs(
        *place, f"{method.lower()}_object", moment, lifetime, {"Bucket": bucket, "Key": key}
    )
    link = ours(*place, bucket).create_signed_url(
        key, method=method, expires_in=lifetime, signing_time=moment
    )
    assert expected == link.url


@examples(150)
@given(
    places,
    keys,
    moments,
    lifetimes,
    st.fixed_dictionaries(
        {},
        optional={
            "response_content_type": spaced_values,
            "response_content_disposition": spaced_values,
            "response_content_encoding": header_values,
            "response_content_language": header_values,
            "response_cache_control": spaced_values,
            "response_expires": moments,
            "version": st.text(min_size=1, max_size=20).filter(
                lambda text: text.isprintable() and text.strip() == text
            ),
            "requester_pays": st.just(True),
        },
    ),
)
def test_download_links_with_overrides_equal_boto3s(place, key, moment, lifetime, options):
    """Each override is signed as boto3 signs it, whatever its value."""
    params = {"Bucket": "bucket", "Key": key}
    for name, value in options.items():
        if name == "version":
            params["VersionId"] = value
        elif name == "requester_pays":
            params["RequestPayer"] = "requester"
        else:
            params["".join(word.capitalize() for word in name.split("_"))] = value
    expected = theirs(*place, "get_object", moment, lifetime, params)
    link = ours(*place, "bucket").create_signed_url(
        key, expires_in=lifetime, signing_time=moment, **options
    )
    # The SDK writes parameters in the order they were given in; a signature does not depend on it.
    assert sorted(expected.split("?")[1].split("&")) == sorted(link.url.split("?")[1].split("&"))
    assert expected.split("?")[0] == link.url.split("?")[0]


@examples(150)
@given(
    places,
    keys,
    moments,
    lifetimes,
    st.fixed_dictionaries(
        {},
        optional={
            "content_type": spaced_values,
            "content_md5": st.binary(min_size=16, max_size=16),
            "checksum_sha256": st.binary(min_size=32, max_size=32),
            "content_length": st.integers(0, 2**40),
            "if_absent": st.just(True),
            "acl": st.sampled_from(["private", "public-read", "bucket-owner-full-control"]),
            "storage_class": st.sampled_from(["STANDARD", "GLACIER_IR", "a class of 2030"]),
            "requester_pays": st.just(True),
            "kms_key": header_values,
            "metadata": st.dictionaries(names, spaced_values, max_size=4),
            "headers": st.fixed_dictionaries({}, optional={"Cache-Control": spaced_values}),
            "tags": st.dictionaries(
                st.text(TAG, min_size=1, max_size=128), st.text(TAG, max_size=256), max_size=10
            ),
        },
    ),
)
def test_upload_links_equal_boto3s(place, key, moment, lifetime, options):
    """Uploads sign the headers that boto3 signs, and the result lists exactly those."""
    told = {
        "content_type": "ContentType",
        "content_length": "ContentLength",
        "acl": "ACL",
        "storage_class": "StorageClass",
        "metadata": "Metadata",
    }
    params = {"Bucket": "bucket", "Key": key}
    for name, value in options.items():
        if name in told:
            params[told[name]] = value
        elif name == "content_md5":
            params["ContentMD5"] = b64encode(value).decode()
        elif name == "checksum_sha256":
            params["ChecksumSHA256"] = b64encode(value).decode()
        elif name == "if_absent":
            params["IfNoneMatch"] = "*"
        elif name == "requester_pays":
            params["RequestPayer"] = "requester"
        elif name == "kms_key":
            params |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": value}
        elif name == "tags":
            params |= {"Tagging": urlencode(value, quote_via=quote, safe="")} if value else {}
        else:
            params.update({_SDK_HEADERS[header]: text for header, text in value.items()})
    expected = theirs(*place, "put_object", moment, lifetime, params)
    link = ours(*place, "bucket").create_signed_url(
        key, method="PUT", expires_in=lifetime, signing_time=moment, **options
    )
    assert expected == link.url
    signed = link.url.partition("X-Amz-SignedHeaders=")[2].partition("&")[0].split("%3B")
    assert sorted(signed) == sorted(["host", *map(str.lower, link.headers)])


@examples(100)
@given(
    places,
    keys,
    moments,
    lifetimes,
    st.sampled_from(["GET", "PUT", "HEAD", "DELETE", "LIST"]),
    st.dictionaries(
        st.from_regex(r"x-[A-Za-z0-9._~-]{1,9}", fullmatch=True).filter(
            lambda name: not is_owned(folded(name))
        ),
        keys,
        min_size=1,
        max_size=4,
    ),
)
def test_own_parameters_are_signed_as_botocores_signer_signs_them(
    place, key, moment, lifetime, method, query
):
    link = ours(*place, "bucket").create_signed_url(
        key, method=method, expires_in=lifetime, signing_time=moment, query=query
    )
    pairs = sorted(link.url.partition("?")[2].split("&"))
    verb = "GET" if method == "LIST" else method
    assert theirs_by_url(place[1], verb, link.url, moment, lifetime) == pairs
    assert {f"{name}={quote(value, safe='~')}" for name, value in query.items()} <= {*pairs}


def test_no_parameter_that_botocore_knows_is_the_callers_own():
    """``id`` alone asks for nothing: it names one of several ``analytics``, ``metrics`` and so on."""
    model = get_session().get_service_model("s3")
    known = set()
    for name in model.operation_names:
        operation = model.operation_model(name)
        known |= {
            pair.partition("=")[0]
            for pair in operation.http["requestUri"].partition("?")[2].split("&")
        }
        members = operation.input_shape.members.values() if operation.input_shape else ()
        known |= {
            m.serialization["name"]
            for m in members
            if m.serialization.get("location") == "querystring"
        }
    assert len(known) > 60
    for name in known - {"id", ""}:
        with pytest.raises(daypass.InvalidRequestError, match=r"belongs to|option of its own"):
            daypass.SignRequest(query={name: ""})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
@pytest.mark.parametrize(
    "bucket",
    [
        "arn:aws:s3:eu-west-1:123456789012:accesspoint:mine",
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine",
        "arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/mine",
        "arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-01234567890123456/accesspoint/mine",
    ],
)
def test_access_points_equal_boto3s(bucket, method):
    """Access points of every kind that takes plain V4, in either spelling of the ARN."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    place = ("region", "plain")
    expected = theirs(
        *place, f"{method.lower()}_object", moment, 60, {"Bucket": bucket, "Key": "a b/c"}
    )
    link = ours(*place, bucket).create_signed_url(
        "a b/c", method=method, expires_in=60, signing_time=moment
    )
    assert expected == link.url


@pytest.mark.filterwarnings("ignore::daypass.ShortLivedURLWarning")
@examples(50)
@given(
    keys,
    st.dictionaries(names, spaced_values, max_size=3),
    st.sampled_from([None, "text/csv"]),
    st.sampled_from([None, "made-up-token"]),
)
def test_legacy_uploads_equal_boto3s_but_for_headers_in_the_query(key, metadata, kind, token):
    """They are signed as headers, and a store that finds them in both places refuses the link (Ceph RGW)."""
    params = {"Bucket": "maps", "Key": key, "Metadata": metadata, "ContentType": kind}
    expected = by_boto3(
        "put_object",
        version="s3",
        token=token,
        params={name: value for name, value in params.items() if value},
    )
    link = daypass.create_signed_url(
        f"s3://maps/{key}",
        method="PUT",
        metadata=metadata or None,
        content_type=kind,
        expires_in="1h",
        signing_time=NOW,
        storage_options={
            "key": "AKIAIOSFODNN7EXAMPLE",
            "secret": "made-up",
            "token": token,
            "client_kwargs": {"region_name": "eu-west-1"},
        },
        signer_options={"signature_version": "s3"},
    )
    query = parse_qsl(urlsplit(expected).query, keep_blank_values=True)
    assert [pair for pair in query if pair[0] in _OF_V2] == parse_qsl(urlsplit(link.url).query)
    assert link.url.partition("?")[0] == expected.partition("?")[0]
    sent = {name.lower(): " ".join(value.split()) for name, value in link.headers.items()}
    assert {n: " ".join(v.split()) for n, v in query if n not in _OF_V2} == sent
