"""``verify`` on forms that boto3 made: what passes, and what is not as the policy says."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import boto3
import pytest
from botocore.config import Config

import daypass
from tests.plugins.s3.sdk import NOW
from tests.plugins.s3.verifying import KEY, codes, verified


def form_by_boto3(version="s3v4", token=None):
    """Return a form of the SDK for images of 2 to 9 bytes, and the fields that its holder sends."""
    client = boto3.client(
        "s3",
        aws_access_key_id=KEY["key"],
        aws_secret_access_key=KEY["secret"],
        aws_session_token=token,
        region_name="eu-west-1",
        config=Config(signature_version=version, s3={"addressing_style": "virtual"}),
    )
    now = {"return_value": NOW.replace(tzinfo=None)}
    with (
        patch("botocore.auth.get_current_datetime", **now),
        patch("botocore.signers.get_current_datetime", **now),
    ):
        form = client.generate_presigned_post(
            "maps",
            "in/${filename}",
            Fields={"acl": "private"},
            Conditions=[
                {"acl": "private"},
                ["content-length-range", 2, 9],
                ["starts-with", "$Content-Type", "image/"],
            ],
            ExpiresIn=600,
        )
    form["fields"]["Content-Type"] = "image/png"
    return form


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("token", [None, "fwoG+x/="])
def test_a_form_of_boto3_passes(version, token):
    form = form_by_boto3(version, token)
    for given_ in (form, form["fields"]):
        answer = verified(given_, None, body=b"image")
        assert (answer.ok, answer.signature, codes(answer)) == (True, "right", set())
    other = {**KEY, "secret": "another"}
    answer = verified(form, None, storage_options=other)
    assert (answer.ok, answer.signature, codes(answer)) == (False, "wrong", {"signature-wrong"})
    answer = verified(form, None, key=KEY["secret"], storage_options=None)
    assert (answer.ok, answer.signature) == (True, "right")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize(
    ("change", "sent", "said"),
    [
        ({"Content-Type": "text/html"}, {}, "the field content-type does not begin with 'image/', as the policy says"),
        ({"Content-Type": None}, {}, "the policy asks for a field content-type that begins with 'image/', and the form has none"),
        ({"key": "out/a"}, {}, "the field key does not begin with 'in/', as the policy says"),
        ({"x-amz-meta-by": "me"}, {}, "the policy names no field x-amz-meta-by: leave it out, or sign it"),
        ({}, {"body": b"more than 9"}, "the file has 11 bytes, and the policy allows 2 to 9"),
        ({}, {"body": b""}, "the file has 0 bytes, and the policy allows 2 to 9"),
        ({}, {"method": "PUT"}, "you send PUT, and the link allows POST"),
        ({}, {"now": NOW + timedelta(hours=1)}, "it ended 50 minutes ago: ask for a new link"),
        (
            {"Content-MD5": "XUFAKrxLKna5cZ2REBfFkg=="}, {"body": b"hullo"},
            "content-md5 says 'XUFAKrxLKna5cZ2REBfFkg==', and the body has VL9Dll4ruqIMIsIsp7Tpxw==",
        ),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_not_as_a_forms_policy_says_is_named(version, change, sent, said):
    form = form_by_boto3(version)
    fields = {**form["fields"], **change}
    form["fields"] = {name: value for name, value in fields.items() if value is not None}
    answer = verified(form, **{"method": None, **sent})
    assert (answer.ok, answer.signature) == (False, "right")
    assert said in [one.message for one in answer.findings if one.severity == "error"]


def test_what_was_changed_of_a_forms_signature_is_named():
    form = form_by_boto3(token="fwoG+x/=")
    for name, value in (
        ("x-amz-date", "20261102T090001Z"),
        ("x-amz-credential", form["fields"]["x-amz-credential"].replace("eu-west-1", "us-east-1")),
        ("x-amz-security-token", "another-token"),
    ):
        answer = verified({**form, "fields": {**form["fields"], name: value}}, None)
        assert (
            f"the field {name} is not the one that the policy says: one of them was changed"
            in str(answer)
        )
        assert "another-token" not in str(answer) + repr(answer)
    signature = form["fields"]["x-amz-signature"]
    answer = verified(
        {**form, "fields": {**form["fields"], "x-amz-signature": signature[:-4]}}, None
    )
    assert codes(answer) == {"signature-changed"}
    policy = form["fields"]["policy"]
    answer = verified({**form, "fields": {**form["fields"], "policy": policy[:-8]}}, None)
    assert codes(answer) >= {"bad-policy", "signature-wrong"}


def test_a_form_that_is_posted_to_another_bucket_is_named():
    form = form_by_boto3()
    answer = verified({**form, "url": "https://other.s3.eu-west-1.amazonaws.com/"}, None)
    assert [one.message for one in answer.findings] == [
        "it is sent to the bucket other, and the policy is for maps"
    ]


def test_a_form_of_another_key_is_not_checked():
    answer = verified(form_by_boto3(), None, storage_options={"key": "AKOTHER", "secret": "x"})
    assert (answer.ok, answer.signature) == (None, "unchecked")
    assert "it is signed by AKIA" in str(answer)


def test_a_form_with_a_lone_surrogate_could_not_be_sent():
    form = form_by_boto3()
    answer = verified({**form, "fields": {**form["fields"], "x-amz-credential": "\ud800"}}, None)
    assert (answer.ok, answer.signature) == (False, "unchecked")


def test_an_own_form_passes_with_the_fields_that_are_left_to_the_sender():
    form = daypass.create_upload_form(
        "s3://maps/in/${filename}", content_type_prefix="image/", storage_options=KEY,
        checksum_sha256="LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", signing_time=NOW,
    )  # fmt: skip
    assert "and the form has none" in str(verified(form, None))
    sent = {"url": form.url, "fields": form.fields_with("a.png")}
    assert verified(sent, None, body=b"hello").ok
    assert codes(verified(sent, None, body=b"hullo")) == {"body"}
