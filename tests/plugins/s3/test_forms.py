"""Upload forms of S3: the SDK's own bytes, the published vectors, and what is refused."""

import base64
import hashlib
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import (
    CredentialsError,
    InvalidExpiryError,
    InvalidPathError,
    InvalidRequestError,
    SigningNotSupportedError,
    UnsupportedOptionError,
)
from daypass.policy import in_force
from daypass.policy.enforcer import Enforcer
from tests.conftest import examples
from tests.plugins.s3.sdk import (
    BUCKETS,
    STORES,
    boto,
    header_values,
    keys,
    lifetimes,
    moments,
    names,
    ours,
    places,
    spaced_values,
)

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "s3" / "aws_post_policy.json").read_text()
)["cases"]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OPTIONS = {"key": "AKIDEXAMPLE", "secret": "secret"}
POLICY = ("key", "policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")

# A form's ${filename} is the sender's own: refused, or another condition.
FORM_KEYS = keys.filter(lambda key: "${filename}" not in key)
FORM_VALUES = spaced_values.filter(lambda value: "${filename}" not in value)
form_options = st.fixed_dictionaries(
    {},
    optional={
        "acl": st.sampled_from(["private", "public-read"]),
        "storage_class": st.sampled_from(["STANDARD", "DEEP_ARCHIVE"]),
        "tags": st.just({"run no": "4/2", "by": ""}),
        "kms_key": st.sampled_from(["alias/k", "arn:aws:kms:eu-west-1:123456789012:key/k"]),
        "encryption_key": st.binary(min_size=32, max_size=32),
        "content_type": FORM_VALUES,
        "metadata": st.dictionaries(names, FORM_VALUES, max_size=3),
        "max_bytes": st.integers(0, 2**40),
        "success_status": st.sampled_from([200, 201, 204]),
        "headers": st.fixed_dictionaries(
            {},
            optional={
                "Cache-Control": FORM_VALUES,
                "Content-Disposition": FORM_VALUES,
                "x-amz-website-redirect-location": header_values.filter(
                    lambda value: "${filename}" not in value
                ),
            },
        ),
    },
)


def made_by(moment, client, bucket, key, lifetime, fields, conditions):
    """Let boto3 make a form at a given second; it reads its clock in two places."""
    naive = moment.replace(tzinfo=None)
    with (
        patch("botocore.auth.get_current_datetime", return_value=naive),
        patch("botocore.signers.get_current_datetime", return_value=naive),
    ):
        return client.generate_presigned_post(
            bucket, key, Fields=fields, Conditions=conditions, ExpiresIn=lifetime
        )


def told(options):
    """Say options as boto3 wants to be told: all of them twice."""
    fields = {}
    if "acl" in options:
        fields["acl"] = options["acl"]
    if "content_type" in options:
        fields["Content-Type"] = options["content_type"]
    if "success_status" in options:
        fields["success_action_status"] = str(options["success_status"])
    fields.update({f"x-amz-meta-{k}": v for k, v in options.get("metadata", {}).items()})
    if "storage_class" in options:
        fields["x-amz-storage-class"] = options["storage_class"]
    if (
        "tags" in options
    ):  # the XML of https://docs.aws.amazon.com/AmazonS3/latest/API/API_Tagging.html
        fields["tagging"] = (
            "<Tagging><TagSet><Tag><Key>run no</Key><Value>4/2</Value></Tag>"
            "<Tag><Key>by</Key><Value></Value></Tag></TagSet></Tagging>"
        )
    sse = "x-amz-server-side-encryption"
    if "kms_key" in options:
        fields |= {sse: "aws:kms", f"{sse}-aws-kms-key-id": options["kms_key"]}
    if "encryption_key" in options:
        key = options["encryption_key"]
        fields |= {
            f"{sse}-customer-algorithm": "AES256",
            f"{sse}-customer-key": base64.b64encode(key).decode(),
            f"{sse}-customer-key-MD5": base64.b64encode(hashlib.md5(key).digest()).decode(),
        }
    fields.update(options.get("headers", {}))
    conditions = [{name: value} for name, value in fields.items()]
    if "max_bytes" in options:
        conditions.append(["content-length-range", 0, options["max_bytes"]])
    return fields, conditions


def policy_of(form):
    return json.loads(base64.b64decode(form.fields["policy"]))


@examples(100)
@given(places, st.sampled_from(BUCKETS), FORM_KEYS, st.booleans(), moments, lifetimes, form_options)
def test_forms_equal_boto3s(place, bucket, key, named, moment, lifetime, options):
    """URL, every field, the policy's bytes and the signature."""
    if named:
        key += "${filename}"
    if place[0] == "accelerate" and bucket != "bucket":
        bucket = "bucket"
    expected = made_by(moment, boto(*place), bucket, key, lifetime, *told(options))
    store = ours(*place, bucket)
    if ".s3.amazonaws.com" in expected["url"] and STORES[place[0]]["region_name"] != "us-east-1":
        with pytest.raises(InvalidRequestError, match="global host"):
            store.create_upload_form(key)
        return
    form = store.create_upload_form(key, expires_in=lifetime, signing_time=moment, **options)
    assert (form.url, form.fields) == (expected["url"], expected["fields"])
    assert list(form.fields) == list(expected["fields"])
    assert form.expires_at == moment + timedelta(seconds=lifetime)


def asked_in(case):
    """Return what makes a vector's form."""
    asked = case["req"]
    version = "s3" if case["family"].endswith("v2") else "s3v4"
    options = dict(asked.get("fields", {}))
    for condition in asked.get("conditions", []):
        if isinstance(condition, list):
            options.update(min_bytes=condition[1], max_bytes=condition[2])
    store = daypass.Store(
        f"s3://{asked['bucket']}",
        storage_options={
            "key": asked["creds"]["access_key"],
            "secret": asked["creds"]["secret_key"],
            "token": asked["creds"].get("session_token"),
            "client_kwargs": {"region_name": asked["region"]},
        },
        signer_options={
            "signature_version": version,
            "credentials_expire_at": "2036-01-01T00:00:00Z",
        },
    )
    moment = datetime.fromisoformat(asked["now"])
    return lambda: store.create_upload_form(
        asked["key"] or "", expires_in=asked["expires"], signing_time=moment, **options
    )


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["id"])
def test_published_expectations(case):
    make, expect = asked_in(case), case["expect"]
    if case["family"].endswith("v2"):  # V2 drops conditions, so there are no such forms
        with pytest.raises(UnsupportedOptionError, match="drops their conditions"):
            make()
        return
    if "error" in expect:
        with pytest.raises(InvalidPathError):
            make()
        return
    form = make()
    conditions = policy_of(form)["conditions"]
    assert {*expect.get("fields_required", ())} <= form.fields.keys()
    assert all(condition in conditions for condition in expect.get("condition_contains", ()))
    if "field" in expect:
        assert tuple(expect["field"]) in form.fields.items()
    suffix = [next(iter(condition)) for condition in expect.get("condition_order_suffix", ())]
    last = conditions[len(conditions) - len(suffix) :]
    assert [next(iter(condition)) for condition in last] == suffix
    if "policy_expiration_instant" in expect:
        assert form.expires_at == datetime.fromisoformat(expect["policy_expiration_instant"])
    assert form.url.rstrip("/") == expect.get("url", form.url).rstrip("/")


def form(path="s3://maps/k", *, storage_options=OPTIONS, signer_options=None, **options):
    return daypass.create_upload_form(
        path, storage_options=storage_options, signer_options=signer_options, **options
    )


def test_every_field_has_a_condition_and_the_caller_s_mappings_stay_as_they_were():
    metadata, headers = {"By": "me"}, {"cache-control": "no-store"}
    made = form(
        "s3://maps/in/${filename}",
        metadata=metadata,
        headers=headers,
        content_type_prefix="image/",
        min_bytes=1,
        max_bytes=9,
        checksum_sha256=bytes(32),
        success_redirect="https://app.example/done?a=%20",
        signing_time=NOW,
    )
    held = {}
    for condition in policy_of(made)["conditions"]:
        held.update(condition if isinstance(condition, dict) else {condition[1]: condition})
    free = {"policy", "x-amz-signature", "key"}
    assert {n: v for n, v in made.fields.items() if n not in free}.items() <= held.items()
    assert held["$key"] == ["starts-with", "$key", "in/"]
    assert held["$Content-Type"] == ["starts-with", "$Content-Type", "image/"]
    assert ["content-length-range", 1, 9] in policy_of(made)["conditions"]
    assert made.starts_with == {"key": "in/", "Content-Type": "image/"}
    assert (metadata, headers) == ({"By": "me"}, {"cache-control": "no-store"})
    assert made.fields["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"content_md5": bytes(16)}, "content_md5"),
        ({"if_absent": True}, "if_absent"),
        ({"headers": {"If-Match": "a"}}, "headers"),
        ({"headers": {"x-amz-grant-read": "a=b"}}, "headers"),
        ({"signer_options": {"signature_version": "s3"}}, "signature_version"),
        ({"path": "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/ap/k"}, "form"),
        ({"storage_options": {**OPTIONS, "requester_pays": True}}, "requester_pays"),
    ],
)
def test_what_a_form_cannot_enforce_is_refused_by_name(options, option):
    with pytest.raises(UnsupportedOptionError) as caught:
        form(**options)
    assert caught.value.option == option
    assert caught.value.alternatives


def test_a_restriction_can_be_waived_and_is_named():
    made = form(if_absent=True, content_md5=bytes(16), strict=False)
    assert made.unenforced == {"if_absent", "content_md5"}


def test_a_field_is_said_once():
    with pytest.raises(InvalidRequestError, match="option of its own") as caught:
        daypass.create_upload_form(
            "s3://maps/k",
            headers={"X-Amz-Storage-Class": "GLACIER"},
            storage_options=OPTIONS,
        )
    assert caught.value.option == "headers"


@pytest.mark.parametrize("style", ["auto", "virtual", "path", None])
def test_a_form_never_names_the_global_host_for_another_region(style):
    config = {} if style is None else {"config_kwargs": {"s3": {"addressing_style": style}}}
    options = {**OPTIONS, "client_kwargs": {"region_name": "eu-central-1"}, **config}
    if style == "auto":
        with pytest.raises(InvalidRequestError, match="global host"):
            form(storage_options=options)
    else:
        assert ".eu-central-1.amazonaws.com/" in form(storage_options=options).url


def test_settings_of_the_filesystem_become_fields():
    encrypted = {
        **OPTIONS,
        "s3_additional_kwargs": {"ServerSideEncryption": "AES256", "ACL": "private"},
    }
    made = form(storage_options=encrypted)
    assert made.fields["x-amz-server-side-encryption"] == "AES256"
    assert made.fields["acl"] == "private"
    assert {"x-amz-server-side-encryption": "AES256"} in policy_of(made)["conditions"]
    with pytest.raises(UnsupportedOptionError, match="cannot carry x-amz-tagging"):
        form(storage_options={**OPTIONS, "s3_additional_kwargs": {"Tagging": "a=b"}})


def test_a_form_ends_with_its_credentials():
    end = NOW + timedelta(minutes=5)
    temporary = {**OPTIONS, "token": "session-token"}
    with pytest.warns(daypass.ShortLivedURLWarning):
        made = form(
            storage_options=temporary,
            signer_options={"credentials_expire_at": end},
            signing_time=NOW,
            expires_in="1h",
        )
    assert (made.expires_at, policy_of(made)["expiration"]) == (end, "2026-11-23T12:05:00Z")
    assert made.fields["x-amz-security-token"] == "session-token"
    assert {"x-amz-security-token": "session-token"} in policy_of(made)["conditions"]
    assert "session-token" not in repr(made)
    with pytest.warns(daypass.ShortLivedURLWarning, match="end is unknown"):
        form(storage_options=temporary)
    with pytest.raises(daypass.ShortLivedURLError):
        form(storage_options=temporary, on_short="raise")
    with pytest.raises(CredentialsError, match="ended"):
        form(signer_options={"credentials_expire_at": NOW}, signing_time=NOW)


def test_new_keys_make_new_forms():
    made = [form(storage_options={"key": key, "secret": "s"}) for key in ("A", "B", "A")]
    assert [one.fields["x-amz-credential"][0] for one in made] == ["A", "B", "A"]


@pytest.mark.parametrize(
    ("path", "options", "error"),
    [
        ("s3://maps", {}, InvalidPathError),
        ("s3://maps/${filename}/x", {}, InvalidPathError),
        ("s3://maps/${filename}${filename}", {}, InvalidPathError),
        ("s3://maps/a/../b", {}, InvalidPathError),
        ("s3://maps--use1-az4--x-s3/k", {}, SigningNotSupportedError),
        ("s3://maps/k", {"expires_in": 604_801}, InvalidExpiryError),
        ("s3://maps/k", {"storage_options": {"anon": True}}, CredentialsError),
    ],
)
def test_what_no_form_can_be_made_for_is_refused(path, options, error):
    with pytest.raises(error):
        form(path, **options)


def test_a_form_that_cannot_be_recomputed_is_refused():
    from botocore.auth import S3SigV4PostAuth

    with (
        patch.object(S3SigV4PostAuth, "signature", return_value="0" * 64),
        pytest.raises(SigningNotSupportedError, match="could not be recomputed"),
    ):
        form("s3://other/k", storage_options={"key": "A", "secret": "another-secret"})


def test_links_name_the_form_that_enforces_a_size():
    with pytest.raises(UnsupportedOptionError, match="create_upload_form") as caught:
        daypass.create_signed_url("s3://maps/k", method="PUT", max_bytes=5, storage_options=OPTIONS)
    assert "create_upload_form" in caught.value.alternatives


@examples(60)
@given(st.text(max_size=20), form_options)
def test_any_key_is_signed_exactly_or_refused(key, options):
    with suppress(daypass.DaypassError):
        made = form(f"s3://maps/{key}", **options)
        assert made.fields["key"] == key
        assert all(POLICY[i] in made.fields for i in range(len(POLICY)))


KEY = base64.b64encode(b"k" * 32).decode()


def sse_of(form):
    start = "x-amz-server-side-encryption"
    return {n.removeprefix(start): v for n, v in form.fields.items() if n.startswith(start)}


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ({"kms_key": "alias/k"}, {"": "aws:kms", "-aws-kms-key-id": "alias/k"}),
        (
            {"encryption_key": KEY},
            {
                "-customer-algorithm": "AES256",
                "-customer-key": KEY,
                "-customer-key-MD5": base64.b64encode(hashlib.md5(b"k" * 32).digest()).decode(),
            },
        ),
    ],
    ids=["kms", "own key"],
)
def test_the_key_that_is_asked_for_outranks_the_one_of_the_settings(option, expected):
    """Of two the store would take neither."""
    settings = {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "alias/other",
        "BucketKeyEnabled": True,
    }
    storage = {**OPTIONS, "s3_additional_kwargs": settings}
    bare = daypass.create_upload_form("s3://b/k", storage_options=storage)
    assert sse_of(bare)["-aws-kms-key-id"] == "alias/other"
    form = daypass.create_upload_form("s3://b/k", storage_options=storage, **option)
    assert sse_of(form) == expected


@pytest.mark.parametrize(
    "option", [{"kms_key": "alias/k"}, {"encryption_key": KEY}], ids=["kms", "own"]
)
def test_a_key_is_said_in_one_place(option):
    (name,) = option
    headers = {"x-amz-server-side-encryption": "AES256"}
    with pytest.raises(InvalidRequestError, match=f"has an option of its own, use {name}="):
        daypass.create_upload_form("s3://b/k", storage_options=OPTIONS, headers=headers, **option)


def test_a_customer_s_key_is_shown_nowhere_but_in_the_form():
    form = daypass.create_upload_form("s3://b/k", storage_options=OPTIONS, encryption_key=KEY)
    assert form.fields["x-amz-server-side-encryption-customer-key"] == KEY
    said = daypass.explain(form.fields)
    request = daypass.FormRequest(encryption_key=KEY)
    for text in (
        repr(form),
        str(form.to_dict()),
        repr(said),
        str(said),
        str(said.to_dict()),
        repr(request),
    ):
        assert KEY not in text
        assert form.fields["policy"] not in text


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        ({}, False),
        ({"upload_options": ["kms_key"]}, False),
        ({"header_names": ["x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"]}, False),
        ({"upload_options": ["kms_key"],
          "header_names": ["x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"]}, True),
    ],
)  # fmt: skip
def test_a_policy_has_to_name_the_key_as_of_a_link(monkeypatch, lines, allowed):
    rule = daypass.Rule(name="up", paths=["s3://b/**"], methods=["POST"], **lines)
    monkeypatch.setattr(in_force, "_application", [Enforcer(daypass.Policy(rules=[rule]))])
    asked = {"storage_options": OPTIONS, "kms_key": "alias/k"}
    if allowed:
        assert daypass.create_upload_form("s3://b/k", **asked)
    else:
        with pytest.raises(daypass.PolicyError):
            daypass.create_upload_form("s3://b/k", **asked)


def test_nor_is_it_in_what_verify_says_of_a_form_with_another():
    form = daypass.create_upload_form("s3://b/k", storage_options=OPTIONS, encryption_key=KEY)
    name = "x-amz-server-side-encryption-customer-key"
    other = base64.b64encode(b"l" * 32).decode()
    said = daypass.verify({**form.fields, name: other}, storage_options=OPTIONS)
    assert not said.ok
    assert f"the field {name} is '****', and the policy says '****'" in str(said)
    assert KEY not in repr(said)
    assert other not in repr(said)
