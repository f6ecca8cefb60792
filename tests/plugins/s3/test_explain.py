"""``explain`` on links that boto3 and others made: provider, key, end and headers are right."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

import daypass
from tests.conftest import examples
from tests.each import each
from tests.plugins.s3.sdk import (
    BUCKETS,
    KEYS,
    NOW,
    VECTORS,
    by_boto3,
    keys,
    lifetimes,
    moments,
    ours,
    places,
    theirs,
)

#: The bucket is in these hosts' names, where no one but their owner can tell.
HIDDEN = {"custom virtual"}


def codes(answer):
    return {finding.code for finding in answer.findings}


def errors(answer):
    return {finding.code for finding in answer.findings if finding.severity == "error"}


def test_a_version_4_link_of_boto3():
    params = {"Bucket": "maps", "Key": "a b//é.tif", "ContentType": "text/csv", "IfNoneMatch": "*"}
    answer = daypass.explain(by_boto3("put_object", params=params), now=NOW + timedelta(minutes=5))

    assert (answer.backend, answer.scheme) == ("s3", "AWS Signature Version 4")
    assert (answer.bucket, answer.key, answer.path) == (
        "maps",
        "a b//é.tif",
        "s3://maps/a b//é.tif",
    )
    assert (answer.signed_at, answer.expires_at) == (NOW, NOW + timedelta(hours=1))
    assert set(answer.headers) == {"content-type", "if-none-match"}
    assert answer.credential_id == "AKIAIOSFODNN7EXAMPLE"
    assert answer.permits is None
    assert answer.conditions["region"] == "eu-west-1"
    assert answer.ok
    assert answer.findings == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("eu-west-1%2Fs3", "eu-west-1%2Fsns"), "for the service sns and not for s3"),
        (("eu-west-1%2Fs3", "eu-west-2%2Fs3"), "signed for eu-west-2: S3 refuses that"),
        (("AWS4-HMAC-SHA256", "AWS4-HMAC"), "X-Amz-Algorithm is AWS4-HMAC, and S3's links"),
    ],
)
def test_what_a_link_says_stands_in_a_sentence_without_a_stray_quote(change, said):
    answer = daypass.explain(by_boto3().replace(*change), now=NOW)
    assert any(said in finding.message for finding in answer.findings)


OWN = {"key": "AKIAIOSFODNN7EXAMPLE", "secret": "made-up"}
#: A host of each store as its own documentation writes it, for the bucket in front of it or not.
STORES = [
    "s3.oss-cn-hangzhou.aliyuncs.com",
    "s3.oss-eu-central-1-internal.aliyuncs.com",
    "s3.oss-accelerate.aliyuncs.com",
    "cos.ap-guangzhou.myqcloud.com",
    "obs.cn-north-4.myhuaweicloud.com",
    "obs.eu-west-101.myhuaweicloud.eu",
    "tos-s3-cn-beijing.volces.com",
    "tos-s3-cn-shanghai.ivolces.com",
    "s3.bj.bcebos.com",
    "s3.us-south.cloud-object-storage.appdomain.cloud",
    "s3.us.cloud-object-storage.appdomain.cloud",
    "s3.private.dal.us.cloud-object-storage.appdomain.cloud",
    "s3.cn-east-1.qiniucs.com",
    "s3-cn-east-1.qiniucs.com",
]


@each("host", STORES)
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_the_bucket_of_a_store_that_speaks_s3_is_known_by_its_host(host, style):
    endpoint = {
        "endpoint_url": f"https://{host}",
        "config_kwargs": {"s3": {"addressing_style": style}},
    }
    link = daypass.create_signed_url(
        "s3://maps-1250000000/a b.tif", signing_time=NOW, storage_options={**OWN, **endpoint}
    )
    assert urlsplit(link.url).netloc == (host if style == "path" else f"maps-1250000000.{host}")
    answer = daypass.explain(link.url, now=NOW)
    assert (answer.bucket, answer.key) == ("maps-1250000000", "a b.tif")
    assert "addressing" not in codes(answer)
    assert errors(answer) == set()


@pytest.mark.parametrize(
    ("host", "path", "bucket"),
    [
        ("axaxnpcrorw5.compat.objectstorage.eu-frankfurt-1.oraclecloud.com", "/maps/k", "maps"),
        (
            "axaxnpcrorw5.compat.objectstorage.eu-frankfurt-1.oci.customer-oci.com",
            "/maps/k",
            "maps",
        ),
        ("maps.vhcompat.objectstorage.eu-frankfurt-1.oci.customer-oci.com", "/k", "maps"),
    ],
)
def test_the_namespace_in_oracles_hosts_is_no_bucket(host, path, bucket):
    parameters = by_boto3().partition("?")[2]
    answer = daypass.explain(f"https://{host}{path}?{parameters}", now=NOW)
    assert (answer.bucket, answer.key) == (bucket, "k")
    assert "addressing" not in codes(answer)


def test_a_version_2_link_of_boto3():
    params = {"Bucket": "maps", "Key": "k", "ResponseContentType": "text/html"}
    url = by_boto3(version="s3", params=params)
    answer = daypass.explain(url, now=NOW + timedelta(hours=4))

    assert (answer.backend, answer.scheme) == ("s3", "AWS Signature Version 2")
    assert answer.path == "s3://maps/k"
    assert answer.expires_at == NOW + timedelta(hours=1)
    assert answer.headers is None
    assert answer.conditions == {"response-content-type": "text/html"}
    assert codes(answer) >= {"expired", "v2"}
    assert any("it ended 3 hours ago" in finding.message for finding in answer.findings)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_link_of_temporary_credentials_says_that_it_dies_with_them(version):
    answer = daypass.explain(by_boto3(token="fwoG+x/=", version=version), now=NOW)

    assert "session-token" in codes(answer)
    assert "fwoG" not in str(answer) + repr(answer) + repr(answer.to_dict())


def test_the_signature_is_shown_nowhere():
    url = by_boto3(token="fwoG+x/=")
    signature = url.partition("X-Amz-Signature=")[2].partition("&")[0]
    answer = daypass.explain(url, now=NOW)

    for text in (str(answer), repr(answer), answer._repr_html_(), repr(answer.to_dict())):
        assert signature not in text
        assert "AKIAIOSFODNN7EXAMPLE" not in text
    assert answer.url == answer.to_dict(reveal=True)["url"] == url


@examples(100)
@given(places, st.sampled_from(BUCKETS), keys, moments, lifetimes)
def test_every_link_of_boto3_gives_back_its_key_and_its_end(place, bucket, key, moment, lifetime):
    if place[0] == "accelerate" and bucket != "bucket":
        return
    url = theirs(*place, "get_object", moment, lifetime, {"Bucket": bucket, "Key": key})
    answer = daypass.explain(url, now=moment)

    assert answer.backend == "s3"
    assert errors(answer) == set()
    assert answer.expires_at == moment + timedelta(seconds=lifetime)
    assert answer.credential_id == KEYS[place[1]][0]
    if place[0] not in HIDDEN or bucket == "Upper_case":
        assert (answer.bucket, answer.key) == (bucket, key)
    else:
        assert "addressing" in codes(answer)


@examples(100)
@given(
    places.filter(lambda place: place[0] not in HIDDEN),
    keys,
    moments,
    lifetimes,
    st.sampled_from(["GET", "PUT", "DELETE", "HEAD"]),
)
def test_every_link_we_sign_gives_back_what_it_was_made_of(place, key, moment, lifetime, method):
    options = {"content_type": "text/csv", "if_absent": True} if method == "PUT" else {}
    link = ours(*place, "bucket").create_signed_url(
        key, method=method, expires_in=lifetime, signing_time=moment, **options
    )
    answer = daypass.explain(link, now=moment)

    assert (answer.backend, answer.bucket, answer.key) == ("s3", "bucket", key)
    assert answer.expires_at == link.expires_at
    assert set(answer.headers) == {name.lower() for name in link.headers}
    assert errors(answer) == set()


def vectors(name):
    return [
        pytest.param(case, id=case["id"])
        for case in json.loads((VECTORS / f"{name}.json").read_text())["cases"]
        if "url" in case["expect"]
    ]


@pytest.mark.parametrize("case", [*vectors("aws_sdk_presign"), *vectors("aws_sigv2")])
def test_published_links_give_back_what_they_were_made_of(case):
    """Of the AWS CLI (both versions), the Ruby SDK and minio-py."""
    asked = case["req"]
    now = datetime.fromisoformat(asked["now"])
    answer = daypass.explain(case["expect"]["url"], now=now)

    assert (answer.backend, answer.bucket, answer.key) == ("s3", asked["bucket"], asked["key"])
    assert answer.expires_at == now + timedelta(seconds=asked["expires"])
    assert answer.credential_id == asked["creds"]["access_key"]
    assert errors(answer) == set()


def test_a_form_of_boto3():
    client = boto3.client(
        "s3",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="made-up",
        region_name="eu-west-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    with patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        form = client.generate_presigned_post(
            "maps",
            "in/${filename}",
            Fields={"acl": "private"},
            Conditions=[{"acl": "private"}, ["content-length-range", 1, 1024]],
            ExpiresIn=600,
        )
    for given_ in (form, form["fields"]):
        answer = daypass.explain(given_)
        assert (answer.backend, answer.scheme) == ("s3", "AWS Signature Version 4, POST policy")
        assert answer.path == "s3://maps/in/${filename}"
        assert answer.permits == {"POST"}
        assert answer.conditions["content-length-range"] == "1 to 1024 bytes"
        assert answer.conditions["acl"] == "private"
        assert answer.conditions["key"] == "begins with in/"
        assert form["fields"]["x-amz-signature"] not in str(answer) + repr(answer)


def test_a_version_2_form_of_boto3():
    client = boto3.client(
        "s3",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="made-up",
        region_name="us-east-1",
        config=Config(signature_version="s3"),
    )
    answer = daypass.explain(client.generate_presigned_post("maps", "k", ExpiresIn=600))

    assert (answer.scheme, answer.path) == ("AWS Signature Version 2, POST policy", "s3://maps/k")
    assert "v2" in codes(answer)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda url: url.replace("X-Amz-Expires=3600", "X-Amz-Expires=604801"), "over-limit"),
        (lambda url: url.replace("X-Amz-Expires=3600", "X-Amz-Expires=1e3"), "bad-expires"),
        (lambda url: url.replace("X-Amz-Expires=3600&", ""), "incomplete"),
        (lambda url: url.replace("X-Amz-Date=20261102", "X-Amz-Date=20261302"), "bad-date"),
        (lambda url: url.replace("X-Amz-Date=20261102", "X-Amz-Date=20261103"), "date-mismatch"),
        (lambda url: url.replace("%2Faws4_request", ""), "bad-credential"),
        (lambda url: url.replace("SignedHeaders=host", "SignedHeaders=accept"), "host-unsigned"),
        (lambda url: url.replace("eu-west-1.amaz", "us-west-2.amaz"), "region"),
        (lambda url: url.replace("X-Amz-", "x-amz-"), "parameter-case"),
        (lambda url: url + "&AWSAccessKeyId=A&Signature=b&Expires=1", "two-signatures"),
        (lambda url: url + "&X-Amz-Date=20261102T090000Z", "duplicate-parameter"),
        (lambda url: url.replace("https://", "https://user:word@"), "userinfo"),
        (lambda url: url.replace("&", "&amp;"), "html-escaped"),
        (lambda url: url.replace("&", "\\u0026"), "json-escaped"),
        (lambda url: url[:60] + "\n  " + url[60:], "broken-up"),
        (lambda url: url.replace("a%20b", "aéb"), "not-encoded"),
        (lambda url: url.replace("a%20b", "a%2"), "bad-escape"),
        (lambda url: url + "#part", "fragment"),
        (lambda url: url.replace(".com/", ".com:99999/"), "bad-host"),
    ],
)
def test_what_is_wrong_with_a_link_is_named(change, code):
    url = change(by_boto3())
    answer = daypass.explain(url, now=NOW)
    assert (answer.backend, answer.ok) == ("s3", False)
    assert code in errors(answer)
    assert "word" not in str(answer)


def test_what_is_dangerous_about_a_link_is_named():
    url = by_boto3()
    assert "http" in codes(daypass.explain(url.replace("https://", "http://"), now=NOW))
    early = daypass.explain(url, now=NOW - timedelta(hours=1))
    assert errors(early) == {"not-yet-valid"}
    other = url.replace("s3.eu-west-1.amaz", "s3.amaz")
    assert "global-host" in codes(daypass.explain(other, now=NOW))
    home = by_boto3(region_name="us-east-1")
    assert urlsplit(home).netloc == "maps.s3.amazonaws.com"
    assert codes(daypass.explain(home, now=NOW)) == set()
    listing = by_boto3("list_objects", version="s3", params={"Bucket": "maps", "Prefix": "2026/"})
    assert "forgeable" in codes(daypass.explain(listing, now=NOW))


def test_a_link_of_googles_interoperability_says_so():
    url = by_boto3(endpoint_url="https://storage.googleapis.com", region_name="auto")
    answer = daypass.explain(url, now=NOW)
    assert (answer.backend, answer.path) == ("s3", "s3://maps/a b//é.tif")
    assert codes(answer) == {"interoperability", "unsigned-headers"}  # nobody has tried it there


def test_a_listing_says_its_prefix():
    params = {"Bucket": "maps", "Prefix": "2026/"}
    answer = daypass.explain(by_boto3("list_objects_v2", params=params), now=NOW)
    assert (answer.path, answer.key) == ("s3://maps/2026/", "")
    assert answer.conditions["prefix"] == "2026/"


@examples(150)
@given(st.data())
def test_no_change_of_a_link_ends_in_an_error(data):
    url = by_boto3()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(url)))
        length = data.draw(st.integers(0, 30))
        text = data.draw(st.text(max_size=20))
        url = url[:start] + text + url[start + length :]
    answer = daypass.explain(url, now=NOW)
    assert str(answer)
    assert json.dumps(answer.to_dict())


ERRORS = {
    "<Code>AccessDenied</Code><Message>Request has expired</Message>"
    "<Expires>2026-11-02T10:00:00Z</Expires><ServerTime>2026-11-02T10:30:00Z</ServerTime>": (
        "had ended when the request arrived",
        "30 minutes before",
    ),
    "<Code>AccessDenied</Code><Message>Access Denied</Message>": (
        "can never do more than its signer",
    ),
    "<Code>AccessDenied</Code><Message>There were headers present in the request which were not "
    "signed</Message><HeadersNotSigned>x-amz-acl</HeadersNotSigned>": ("did not sign",),
    "<Code>SignatureDoesNotMatch</Code><Message>...</Message><CanonicalRequest>PUT\n/k\n\n"
    "content-type:text/csv\nhost:h\n\ncontent-type;host\nUNSIGNED-PAYLOAD</CanonicalRequest>": (
        "a PUT request",
        "the request arrived with the host h, and the link is for maps.s3.eu-west-1.amazonaws.com",
    ),
    "<Code>ExpiredToken</Code><Message>The provided token has expired.</Message>": (
        "temporary credentials that signed it have ended",
    ),
    "<Code>InvalidAccessKeyId</Code><Message>.</Message>": ("no such access key",),
    "<Code>RequestTimeTooSkewed</Code><Message>.</Message><ServerTime>2026-11-02T09:40:00Z</ServerTime>": (
        "differs from the store's by more than 15 minutes",
        "40 minutes behind",
    ),
    "<Code>AuthorizationQueryParametersError</Code><Message>.</Message><Region>us-west-2</Region>": (
        "sign for us-west-2",
    ),
    "<Code>AuthorizationHeaderMalformed</Code><Message>.</Message><Region>us-west-2</Region>": (
        "sign for us-west-2",
    ),
    "<Code>PermanentRedirect</Code><Message>.</Message><Endpoint>maps.s3.us-west-2.amazonaws.com"
    "</Endpoint>": ("sign for that host",),
    "<Code>NoSuchKey</Code><Message>.</Message>": ("no such object",),
    "<Code>NoSuchBucket</Code><Message>.</Message>": ("no such bucket",),
    "<Code>Brand-New</Code><Message>Something else.</Message>": ("Something else.",),
}


@pytest.mark.parametrize(("body", "said"), ERRORS.items(), ids=range(len(ERRORS)))
def test_an_answer_of_s3_is_explained(body, said):
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{body}</Error>'
    answer = daypass.explain(by_boto3(), error=xml, now=NOW)
    text = str(answer)
    for part in said:
        assert part in text
    assert not answer.ok


@pytest.mark.parametrize(
    "arrived", ["", "<StringToSign>AWS4-HMAC-SHA256\nx</StringToSign>"], ids=range(2)
)
def test_a_mismatch_points_to_the_headers_that_the_link_needs(arrived):
    params = {"Bucket": "maps", "Key": "k", "ContentType": "text/csv"}
    url = by_boto3("put_object", params=params)
    xml = f"<Error><Code>SignatureDoesNotMatch</Code><Message>.</Message>{arrived}</Error>"
    said = str(daypass.explain(url, error=xml, now=NOW))
    assert "only where content-type arrive with the signed values: see its headers to send" in said
    assert "signed values" not in str(daypass.explain(by_boto3(), error=xml, now=NOW))


@pytest.mark.parametrize(
    ("place", "options", "told"),
    [
        ({"endpoint_url": "https://rgw.example.org"}, {"method": "PUT"}, True),
        ({"endpoint_url": "https://rgw.example.org"}, {"method": "PUT", "if_absent": True}, True),
        # The method cannot be seen, and nothing says that it is another.
        ({"endpoint_url": "http://127.0.0.1:9000"}, {}, True),
        ({"endpoint_url": "https://rgw.example.org"}, {"filename": "a.csv"}, False),
        ({"endpoint_url": "https://rgw.example.org"}, {"version": "3"}, False),
        ({"client_kwargs": {"region_name": "eu-west-2"}}, {"method": "PUT"}, False),
    ],
    ids=str,
)
def test_what_a_holder_may_add_is_said_where_the_store_may_take_it(place, options, told):
    keys = {"key": "AKIDEXAMPLE", "secret": "made-up"}
    link = daypass.create_signed_url("s3://maps/k", storage_options={**keys, **place}, **options)
    answer = daypass.explain(link.url)

    found = [finding for finding in answer.findings if finding.code == "unsigned-headers"]
    assert [finding.severity for finding in found] == (["note"] if told else [])
    assert answer.ok


def test_version_2_leaves_nothing_to_add():
    link = daypass.create_signed_url(
        "s3://maps/k",
        method="PUT",
        storage_options={"key": "A", "secret": "made-up", "endpoint_url": "https://x.example.org"},
        signer_options={"signature_version": "s3"},
    )
    assert "unsigned-headers" not in codes(daypass.explain(link.url))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Content-Type": "text/html"}, "the field content-type is 'text/html', and the policy says 'text/csv'"),
        ({"x-amz-storage-class": "GLACIER"}, "the policy names no field x-amz-storage-class: leave it out"),
        ({"Content-Type": None}, "the policy asks for the field content-type, and the form has none"),
        ({"key": "elsewhere/a"}, "the field key does not begin with 'in/', as the policy says"),
    ],
    ids=range(4),
)  # fmt: skip
def test_a_form_s_fields_are_held_against_its_policy(change, said):
    options = {"key": "AK", "secret": "made-up"}
    form = daypass.create_upload_form(
        "s3://maps/in/${filename}", content_type="text/csv", storage_options=options
    )
    assert errors(daypass.explain(form)) == set()
    fields = {name: value for name, value in {**form.fields, **change}.items() if value is not None}
    told = daypass.explain({"url": form.url, "fields": fields})
    assert [
        one.message.partition(" or sign")[0] for one in told.findings if one.severity == "error"
    ] == [said + ("," if said.endswith("leave it out") else "")]
