"""Upload forms of Cloud Storage: Google's vectors, its SDK's bytes, and a front that verifies them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from unittest.mock import patch

import pytest
import requests
from google.cloud.storage import Client
from google.cloud.storage import client as sdk
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import CredentialsError, InvalidExpiryError, UnsupportedOptionError
from tests.conftest import examples
from tests.plugins.gcs.conftest import HMAC, VECTORS
from tests.plugins.gcs.sdk import BUCKETS, KEYS, LIFETIMES, STYLES, TIMES, TOKENS, VALUES

CASES = json.loads((VECTORS / "v4_post_policy.json").read_text())["cases"]
#: Their policies hold what no request of daypass says: non-ASCII metadata, other open fields.
BEYOND = ("acl-matching", "character-escaping", "with-additional-metadata")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
# A form's ${filename} is the sender's own: refused, or another condition.
FORM_VALUES = VALUES.filter(lambda value: "${filename}" not in value)
FORM_KEYS = KEYS.filter(lambda key: "${filename}" not in key)
FORMS = st.fixed_dictionaries(
    {},
    optional={
        "acl": st.sampled_from(["private", "publicRead"]),
        "content_type": FORM_VALUES,
        "metadata": st.dictionaries(TOKENS.map(str.lower), FORM_VALUES, max_size=3),
        "max_bytes": st.integers(0, 2**40),
        "success_status": st.sampled_from([200, 201, 204]),
        "headers": st.fixed_dictionaries(
            {}, optional={"cache-control": FORM_VALUES, "Content-Disposition": FORM_VALUES}
        ),
    },
)


def policy_of(form):
    return json.loads(base64.b64decode(form.fields["policy"]))


@pytest.mark.isolated
@pytest.mark.parametrize(
    "case",
    [case for case in CASES if not case["id"].endswith(BEYOND)],
    ids=lambda case: case["id"],
)
def test_published_forms_are_made_byte_for_byte(credentials, case):
    asked = case["req"]
    fields = dict(asked["fields"])
    style = asked["options"].get("urlStyle", "")
    signer = {"virtual_hosted_style": style == "VIRTUAL_HOSTED_STYLE"}
    if style == "BUCKET_BOUND_HOSTNAME":
        host = asked["options"]["bucketBoundHostname"]
        signer["bucket_bound_hostname"] = f"{asked['options']['scheme']}://{host}"
    options = {}
    if "contentLengthRange" in asked["conditions"]:
        smallest, largest = asked["conditions"]["contentLengthRange"]
        options.update(min_bytes=smallest, max_bytes=largest)
    if "success_action_status" in fields:
        options["success_status"] = int(fields.pop("success_action_status"))
    if "success_action_redirect" in fields:
        options["success_redirect"] = fields.pop("success_action_redirect")
    options["acl"] = fields.pop("acl", None)

    form = daypass.create_upload_form(
        f"gs://{asked['bucket']}/{asked['key']}",
        expires_in=asked["expires"],
        signing_time=datetime.fromisoformat(asked["now"]),
        headers=fields,
        storage_options={"token": credentials},
        signer_options=signer,
        **options,
    )

    assert (form.url, form.fields) == (case["expect"]["url"], case["expect"]["fields"])


@cache
def client(credentials):
    return Client("p", credentials)


def by_google(credentials, bucket, key, lifetime, now, fields, conditions, **options):
    stamp = f"{now:%Y%m%dT%H%M%SZ}"
    with (
        patch.object(sdk, "get_v4_now_dtstamps", return_value=(stamp, stamp[:8])),
        patch.object(sdk, "_NOW", return_value=now),
    ):
        return client(credentials).generate_signed_post_policy_v4(
            bucket,
            key,
            expiration=timedelta(seconds=lifetime),
            conditions=conditions,
            fields=fields,
            **options,
        )


@examples(50)
@given(bucket=BUCKETS, key=FORM_KEYS, now=TIMES, lifetime=LIFETIMES, options=FORMS)
def test_forms_equal_the_sdk_s(credentials, bucket, key, now, lifetime, options):
    fields = {f"x-goog-meta-{name}": v for name, v in options.get("metadata", {}).items()}
    fields.update(options.get("headers", {}))
    for option, name in (
        ("acl", "acl"),
        ("content_type", "Content-Type"),
        ("success_status", "success_action_status"),
    ):
        if option in options:
            fields[name] = str(options[option])
    conditions = []
    if "max_bytes" in options:
        conditions.append(["content-length-range", 0, options["max_bytes"]])
    theirs = by_google(credentials, bucket, key, lifetime, now, fields, conditions)

    ours = daypass.create_upload_form(
        f"gs://{bucket}/{key}",
        expires_in=lifetime,
        signing_time=now,
        storage_options={"token": credentials},
        **options,
    )

    assert (ours.url, ours.fields) == (theirs["url"], theirs["fields"])


@pytest.mark.parametrize("style", [style for style in STYLES if style != "endpoint"])
def test_every_style_equals_the_sdk_s(credentials, style):
    signer, google, _ = STYLES[style]
    theirs = by_google(credentials, "bucket", "k", 60, NOW, {}, [], **google)
    ours = daypass.create_upload_form(
        "gs://bucket/k",
        expires_in=60,
        signing_time=NOW,
        storage_options={"token": credentials},
        signer_options=signer,
    )
    assert (ours.url, ours.fields) == (theirs["url"], theirs["fields"])


def post(form, content=b"content", name="a b.txt", **changes):
    fields = {k: v for k, v in {**form.fields, **changes}.items() if v is not None}
    return requests.post(
        form.url,
        data=fields,
        files={"file": (name, content)},
        timeout=30,
        allow_redirects=False,
    )


def test_every_kind_of_credential_makes_forms_that_are_accepted(store, front):
    form = store.create_upload_form(
        "in/é b.txt",
        content_type="text/plain",
        metadata={"by": "me"},
        min_bytes=1,
        max_bytes=10,
        success_status=201,
    )
    assert post(form).status_code == 201
    found = front.buckets["bucket"].objects["in/é b.txt"][-1]
    assert found.body == b"content"
    assert found.headers["content-type"] == "text/plain"
    assert found.headers["x-goog-meta-by"] == "me"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Content-Type": "text/html"}, 400),
        ({"Content-Type": None}, 400),
        ({"key": "out/k"}, 400),
        ({"acl": "publicRead"}, 400),
        ({"x-goog-meta-by": "you"}, 400),
        ({"x-goog-meta-more": "1"}, 400),
        ({"success_action_redirect": "https://evil.example/"}, 400),
        ({"policy": None}, 403),
        ({"x-goog-signature": "00"}, 403),
    ],
    ids=str,
)
def test_what_deviates_from_the_form_is_refused(store, front, changes, status):
    form = store.create_upload_form("in/k", content_type="text/plain", metadata={"by": "me"})
    assert post(form, **changes).status_code == status
    assert front.buckets["bucket"].objects == {}


def test_name_type_and_size_are_the_sender_s_within_bounds(store, front):
    form = store.create_upload_form(
        "in/${filename}", content_type_prefix="image/", min_bytes=2, max_bytes=4
    )
    png = {"Content-Type": "image/png"}
    assert post(form, b"123", name="a b.png", **png).status_code == 204
    assert list(front.buckets["bucket"].objects) == ["in/a b.png"]
    for content in (b"1", b"12345"):
        assert post(form, content, **png).status_code == 400
    assert post(form, b"123", **{"Content-Type": "text/plain"}).status_code == 400
    assert post(form, b"123", key="out/k", **png).status_code == 400
    assert post(form, b"123").status_code == 400
    front.ahead = timedelta(hours=1)
    assert post(form, b"123", **png).status_code == 400


def test_a_redirect_leads_on(store, front):
    form = store.create_upload_form("k", success_redirect="https://app.example/done")
    answer = post(form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "https://app.example/done")


def form(credentials, path="gs://bucket/k", *, storage=None, signer=None, **options):
    return daypass.create_upload_form(
        path,
        storage_options={"token": credentials, **(storage or {})},
        signer_options=signer,
        **options,
    )


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"content_md5": bytes(16)}, "content_md5"),
        ({"checksum_sha256": bytes(32)}, "checksum_sha256"),
        ({"if_absent": True}, "if_absent"),
        ({"headers": {"x-goog-if-generation-match": "0"}}, "headers"),
        ({"storage": {"requester_pays": "project"}}, "requester_pays"),
    ],
)
def test_what_a_form_cannot_enforce_is_refused_by_name(credentials, options, option):
    with pytest.raises(UnsupportedOptionError) as caught:
        form(credentials, **options)
    assert caught.value.option == option


def test_a_form_ends_with_its_key(credentials):
    end = NOW + timedelta(minutes=5)
    with pytest.warns(daypass.ShortLivedURLWarning):
        made = form(credentials, signer={"credentials_expire_at": end}, signing_time=NOW)
    assert (made.expires_at, policy_of(made)["expiration"]) == (end, "2026-11-23T12:05:00Z")
    with pytest.raises(CredentialsError):
        form(credentials, signer={"credentials_expire_at": end}, signing_time=end)


def test_keyless_forms_live_no_longer_than_google_s_keys(iam):
    signer = {"service_account_email": iam.email, "iam_endpoint": iam.url}
    with pytest.raises(InvalidExpiryError, match="12 hours"):
        form("fake-token", signer=signer, expires_in="13h")
    assert form("fake-token", signer=signer, expires_in="12h").expires_because == "requested"


def test_an_hmac_key_says_so():
    made = daypass.create_upload_form(
        "gs://bucket/k", storage_options={"token": "anon"}, signer_options=HMAC
    )
    assert made.fields["x-goog-algorithm"] == "GOOG4-HMAC-SHA256"
    assert HMAC["hmac_secret"] not in repr(made)
