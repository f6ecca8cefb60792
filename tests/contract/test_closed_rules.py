"""Whatever is asked of whatever backend, and whatever settings add: no rule without a line for it lets an ACL out."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import Policy, Rule
from daypass.policy import in_force
from tests.conftest import examples
from tests.plugins.azure.conftest import OPTIONS as AZURE
from tests.plugins.azure.sdk import DELEGATED
from tests.plugins.cloudfront.conftest import pair
from tests.plugins.gcs.conftest import HMAC

KEYS = {"key": "AKIDEXAMPLE", "secret": "made-up"}
PROXY = pair("ec").options(allowed_methods=["GET", "HEAD", "PUT", "DELETE"])

ACLS = ["private", "public-read", "public-read-write", "authenticated-read", "Private", "private "]
#: What s3fs adds to every upload where it is told to.
SETTINGS = {
    "ACL": ACLS[1],
    "GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
    "GrantFullControl": 'id="0f9e"',
    "WebsiteRedirectLocation": "https://elsewhere.example/",
    "Tagging": "public=yes",
    "StorageClass": "GLACIER",
    "Metadata": {"by": "me"},
    "ServerSideEncryption": "aws:kms",
    "ObjectLockMode": "COMPLIANCE",
}
NAMES = [
    "x-amz-acl", "X-Amz-ACL", "x-goog-acl", "x-ms-acl", "x-oss-object-acl", "x-cos-acl", "acl",
    "x-amz-grant-read", "X-Amz-Grant-Write-Acp", "x-oss-grant-read", "x-amz-website-redirect-location",
    "x-ms-blob-public-access", "x-amz-tagging", "x-ms-tags", "Cache-Control", "Content-Encoding",
    "x-amz-server-side-encryption", "x-amz-object-lock-mode", "If-Match",
]  # fmt: skip
VALUES = ["private", "public-read", "a=b", "/", "COMPLIANCE", "no-store"]
#: Lines that open something else.
LINES = {
    "upload_options": [["metadata", "tags"], ["storage_class"]],
    "header_names": [["Cache-Control"], ["x-amz-server-side-encryption", "x-amz-object-lock-mode"]],
    "query_names": [["x-job"]],
    "content_types": [["*/*"], ["text/html", "image/*"]],
    "require": [["acl"], ["tags"]],
    "prefixes": [True],
}
ASKED = {
    "acl": ACLS,
    "content_type": ["text/html", "text/csv", "image/svg+xml"],
    "metadata": [{"acl": "public-read"}],
    "tags": [{"acl": "public"}],
    "storage_class": ["STANDARD_IA"],
    "query": [{"x-job": "1"}, {"acl": ""}, {"x-amz-acl": "public-read"}],
    "headers": None,
}

texts = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3)
asked = st.fixed_dictionaries(
    {}, optional={n: texts if v is None else st.sampled_from(v) for n, v in ASKED.items()}
)
lines = st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in LINES.items()})


def s3(settings=(), version="s3v4"):
    options = {**KEYS, "s3_additional_kwargs": {name: SETTINGS[name] for name in settings}}
    return daypass.Store(
        "s3://maps", storage_options=options, signer_options={"signature_version": version}
    )


settings_ = st.lists(st.sampled_from(list(SETTINGS)), max_size=2, unique=True)
stores = st.one_of(
    st.builds(s3, settings_, st.sampled_from(["s3v4", "s3"])),
    st.sampled_from(
        [
            daypass.Store("gs://maps", signer_options=HMAC),
            daypass.Store("az://maps", storage_options=AZURE),
            DELEGATED,
            daypass.Store("s3://maps", signer="cloudfront", signer_options=PROXY),
        ]
    ),
)


@contextmanager
def only(**limits):
    """Put one rule in force, for every path, and for every method where its lines are not for uploads alone."""
    before = in_force._application[:]
    in_force._application.clear()
    methods = ["PUT", "POST"]
    if limits.keys().isdisjoint({"content_types", "require"}):
        methods += ["GET", "HEAD", "DELETE", "LIST"]  # CloudFront binds no method
    rule = Rule(name="all", paths=["**"], methods=methods, **limits)
    daypass.set_policy(Policy(rules=[rule]))
    try:
        yield
    finally:
        in_force._application[:] = before


def sent(link):
    """Return all that a holder sends: headers, fields, and the query, in lower case."""
    headers = link.fields if isinstance(link, daypass.UploadForm) else link.headers
    url = getattr(link, "url", "")
    query = getattr(link, "query", urlsplit(url).query)
    pairs = [*headers.items(), *parse_qsl(query, keep_blank_values=True)]
    return [(name.lower(), value) for name, value in pairs]


DOORS = {
    "link": lambda store, **asked: store.create_signed_url("k", method="PUT", **asked),
    "many": lambda store, **asked: store.create_signed_urls(["a", "b"], method="PUT", **asked)[1],
    "prefix": lambda store, **asked: store.create_signed_prefix("a", method="PUT", **asked),
    "form": lambda store, **asked: store.create_upload_form("k", **asked),
}


@pytest.mark.parametrize("door", DOORS)
@examples(60)
@given(store=stores, options=asked, limits=lines)
def test_without_a_line_no_link_makes_an_object_public(door, store, options, limits):
    with only(**limits), suppress(daypass.DaypassError):
        link = DOORS[door](store, **options)
        for name, value in sent(link):
            if "-meta-" in name:
                continue  # called so by whom it belongs to
            assert not name.endswith("acl") or value == "private", name
            assert not {"grant", "website", "public"} & set(name.split("-")), name


@pytest.mark.parametrize("name", sorted({*SETTINGS} - {"ServerSideEncryption"}))
def test_what_settings_of_a_filesystem_add_is_refused_where_an_upload_in_parts_begins(name):
    with only(), pytest.raises(daypass.PolicyError, match="unless the rule says"):
        s3([name]).create_multipart_upload("k", size=25 << 20)


@pytest.mark.parametrize("door", ["link", "many", "form"])
def test_an_acl_of_the_settings_leaves_where_the_rule_names_it(door):
    store = s3(["ACL"])
    with only(), pytest.raises(daypass.PolicyError, match=r'acls = \["private", "public-read"\]'):
        DOORS[door](store)
    with only(acls=["public-read"]):
        assert "public-read" in dict(sent(DOORS[door](store))).values()
