"""What a link may set on an object and show of it is closed, and a line in the rule opens it."""

from __future__ import annotations

import tomllib

import pytest

import daypass
from daypass import PolicyError
from daypass.policy import in_force as force
from tests.core import fakes
from tests.core.fakes import NOW

PATH = "fake://bucket/data/a"
SVG = "image/svg+xml"


def sign(path=PATH, **options):
    return daypass.create_signed_url(path, signing_time=NOW, **options)


def form(**options):
    return daypass.create_upload_form(PATH, signing_time=NOW, **options)


def rule(**limits):
    return daypass.Rule(
        name="all", paths=["fake://bucket/**"], methods=["GET", "HEAD", "PUT", "POST"], **limits
    )


def rule_for_uploads(**limits):
    return daypass.Rule(name="all", paths=["fake://bucket/**"], methods=["PUT", "POST"], **limits)


@pytest.fixture
def module(registry_of):
    module = fakes.backend(form=fakes.forming)
    registry_of({"fake": module})
    return module


PUT = {"method": "PUT"}
#: What is asked, and the one line that allows it.
CLOSED = {
    "public ACL": ({**PUT, "acl": "public-read"}, 'acls = ["private", "public-read"]'),
    "ACL of another case": ({**PUT, "acl": "Private"}, 'acls = ["private", "Private"]'),
    "metadata": ({**PUT, "metadata": {"by": "me"}}, 'upload_options = ["metadata"]'),
    "storage class": ({**PUT, "storage_class": "GLACIER"}, 'upload_options = ["storage_class"]'),
    "tags": ({**PUT, "tags": {"a": "b"}}, 'upload_options = ["tags"]'),
    "several": (
        {**PUT, "tags": {"a": "b"}, "metadata": {"by": "me"}},
        'upload_options = ["metadata", "tags"]',
    ),
    "grant": ({**PUT, "headers": {"X-Amz-Grant-Read": "id=1"}}, "X-Amz-Grant-Read"),
    "website": ({**PUT, "headers": {"x-amz-website-redirect-location": "/"}}, "x-amz-website-redirect-location"),
    "lock": ({**PUT, "headers": {"x-amz-object-lock-mode": "COMPLIANCE"}}, "x-amz-object-lock-mode"),
    "header of a download": ({"headers": {"x-own": "1"}}, "x-own"),
    "query": ({"query": {"x-job": "1"}}, 'query_names = ["x-job"]'),
    "HTML uploaded": ({**PUT, "content_type": "text/html"}, 'content_types = ["text/html"]'),
    "SVG uploaded": ({**PUT, "content_type": SVG}, f'content_types = ["{SVG}"]'),
    "HTML shown": (
        {"response_content_type": "text/html", "inline": True},
        'inline_types = ["text/html"]',
    ),
    "HTML shown by default": (
        {"response_content_type": "text/html; charset=utf-8"},
        'inline_types = ["text/html"]',
    ),
    "whatever is stored": ({"inline": True}, 'inline_types = ["*/*"]'),
    "whatever is stored, with a name": ({"inline": True, "filename": "a"}, 'inline_types = ["*/*"]'),
    "two types": (
        {"response_content_type": "text/plain, text/html"},
        'inline_types = ["*/*"]',
    ),
    "cache": (
        {"response_cache_control": "public"},
        'response_options = ["filename", "inline", "response_content_type", "response_cache_control"]',
    ),
    "disposition": ({"response_content_disposition": "attachment"}, "response_content_disposition"),
}  # fmt: skip


@pytest.fixture
def only(in_force):
    """Put one rule in force, in the place of the last."""

    def put(made):
        force._application.clear()
        in_force(made)

    return put


@pytest.mark.parametrize("kind", CLOSED)
def test_without_a_line_it_is_refused_and_the_line_that_is_named_allows_it(module, only, kind):
    options, line = CLOSED[kind]
    made = rule_for_uploads if options.get("method") == "PUT" else rule
    only(made())
    with pytest.raises(PolicyError, match="rule 'all' of the policy refuses") as caught:
        sign(**options)
    assert module.seen == []
    named = caught.value.nearest.partition("unless the rule says ")[2]
    assert line in named
    only(made(**tomllib.loads(named)))
    assert sign(**options)


@pytest.mark.parametrize("option", ["headers", "query"])
def test_a_refusal_of_many_names_stays_short(module, only, option):
    only(rule())
    with pytest.raises(PolicyError) as caught:
        sign(**{option: {f"x-own-{number}": "1" for number in range(200)}})
    assert len(str(caught.value)) < 1000


def test_a_rule_for_downloads_too_is_told_of_a_rule_that_can_have_the_line(module, only):
    only(rule())
    with pytest.raises(PolicyError, match="unless a rule for uploads alone says content_types"):
        sign(**PUT, content_type="text/html")


@pytest.mark.parametrize(
    "options",
    [
        {**PUT, "content_type": "text/csv; charset=utf-8", "content_md5": bytes(16), "if_absent": True},
        {**PUT, "content_length": 5, "checksum_sha256": bytes(32), "acl": "private"},
        {**PUT, "content_md5": bytes(16), "add_content_md5_metadata": True, "max_bytes": 9},
        {**PUT, "headers": {"Content-Encoding": "gzip", "content-disposition": "attachment"}},
        {**PUT, "headers": {"x-amz-expected-bucket-owner": "1", "x-amz-checksum-crc32": "AAAAAA=="}},
        {"filename": "page.html", "response_content_type": "text/html"},
        {"filename": "a.csv", "response_content_type": "text/csv", "headers": {"Range": "bytes=0-9"}},
        {"inline": True, "response_content_type": "image/png"},
        {"response_content_type": "application/pdf"},
        {"requester_pays": True, "ip_range": "192.0.2.1", "https_only": True, "stable_for": 60},
        {"max_uses": 1, "referrers": ["example.org"]},
    ],
    ids=range(11),
)  # fmt: skip
def test_what_is_plainly_harmless_needs_no_line(module, only, options):
    only(rule())
    assert sign(**options)


def test_a_list_that_is_empty_takes_away_what_is_allowed_without_one(module, only):
    only(rule(acls=[], header_names=[], response_options=[], inline_types=[]))
    for options in (
        {**PUT, "acl": "private"},
        {**PUT, "headers": {"Content-Language": "de"}},
        {"filename": "a"},
    ):
        with pytest.raises(PolicyError, match="allowed is none, unless the rule says"):
            sign(**options)
    only(rule(inline_types=[]))
    with pytest.raises(PolicyError, match="allowed is none"):
        sign(response_content_type="image/png")
    assert sign(response_content_type="image/png", filename="a.png")


def test_required_is_allowed_and_allowed_is_not_required(module, only):
    only(rule_for_uploads(require=["metadata"], upload_options=["tags"]))
    assert sign(**PUT, metadata={"a": "b"})
    assert sign(**PUT, metadata={"a": "b"}, tags={"a": "b"})
    with pytest.raises(PolicyError, match="a link without metadata"):
        sign(**PUT, tags={"a": "b"})


def test_an_acl_that_is_required_is_one_that_is_allowed(module, only):
    only(rule_for_uploads(require=["acl"]))
    assert sign(**PUT, acl="private")
    with pytest.raises(PolicyError, match='acl="public-read", allowed is private'):
        sign(**PUT, acl="public-read")


def test_no_wildcard_of_content_types_stands_for_a_type_that_browsers_run(module, only):
    only(rule_for_uploads(content_types=["image/*", "text/*"]))
    assert sign(**PUT, content_type="image/png")
    for kind in (SVG, "text/html", "Image/SVG+xml", "text/html; charset=utf-8"):
        with pytest.raises(PolicyError, match="allowed is content_type of"):
            sign(**PUT, content_type=kind)
    only(rule_for_uploads(content_types=["image/*", SVG]))
    assert sign(**PUT, content_type=SVG)


def test_inline_types_are_those_of_the_rule_and_their_parameters_do_not_matter(module, only):
    only(rule(inline_types=["image/*", "Text/Plain"]))
    assert sign(response_content_type="text/plain; charset=utf-8", inline=True)
    assert sign(response_content_type="image/webp")
    for kind in ("text/csv", SVG, "text/html"):
        with pytest.raises(PolicyError, match=r"allowed is image/\* or text/plain, unless"):
            sign(response_content_type=kind)


@pytest.mark.parametrize(
    ("disposition", "saved"),
    [
        ("attachment", True),
        ("Attachment; filename=a", True),
        ("attachment ;filename=a", True),
        ("attachments", False),
        ("inline", False),
        ("inline; filename=attachment", False),
        ("attachment, inline", False),
        ("filename=a", False),
    ],
)
def test_only_what_a_browser_saves_may_be_of_any_type(module, only, disposition, saved):
    only(rule(response_options=["response_content_disposition", "response_content_type"]))
    options = {"response_content_disposition": disposition, "response_content_type": "text/html"}
    if saved:
        assert sign(**options)
    else:
        with pytest.raises(PolicyError, match="which browsers may run"):
            sign(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"acl": "public-read"},
        {"metadata": {"a": "b"}},
        {"tags": {"a": "b"}},
        {"content_type": "text/html"},
        {"headers": {"Cache-Control": "public"}},
        {"headers": {"x-amz-website-redirect-location": "https://elsewhere.example/"}},
        {"success_redirect": "https://elsewhere.example/"},
    ],
    ids=range(7),
)
def test_a_form_is_held_to_the_same(module, only, options):
    only(rule_for_uploads())
    assert form(success_status=201, content_type_prefix="image/", acl="private")
    with pytest.raises(PolicyError, match="unless the rule says") as caught:
        form(**options)
    only(
        rule_for_uploads(
            **tomllib.loads(caught.value.nearest.partition("unless the rule says ")[2])
        )
    )
    assert form(**options)


#: What a filesystem's settings can add, or a plugin, though nobody has asked for it.
ADDED = {
    "acl": {"x-amz-acl": "public-read"},
    "grant": {"X-Amz-Grant-Full-Control": "id=1"},
    "tags": {"x-amz-tagging": "a=b"},
    "metadata": {"x-fake-meta-a": "b"},
    "encryption": {"x-amz-server-side-encryption": "aws:kms"},
    "HTML": {"Content-Type": "text/html"},
    "one of the provider's own": {"x-own-acl-of-the-store": "public"},
}


@pytest.mark.parametrize("kind", ADDED)
def test_what_nobody_has_asked_for_does_not_leave_either(registry_of, only, kind):
    def sign_more(location, request):
        headers = {**(request.headers or {}), **ADDED[kind]}
        return fakes.honest(location, request, headers=headers)

    registry_of(
        {"fake": fakes.backend(sign_more, option_headers={"x-own-acl-of-the-store": "acl"})}
    )
    only(rule_for_uploads())
    with pytest.raises(PolicyError, match="unless the rule says") as caught:
        sign(method="PUT")
    with pytest.raises(PolicyError):
        daypass.create_signed_urls([PATH, f"{PATH}b"], method="PUT")
    only(
        rule_for_uploads(
            **tomllib.loads(caught.value.nearest.partition("unless the rule says ")[2])
        )
    )
    options = {"content_type": "text/html"} if kind == "HTML" else {}
    assert sign(method="PUT", **options)


def test_a_field_of_a_form_that_nobody_has_asked_for_does_not_leave(registry_of, only):
    def form_more(location, request):
        return fakes.forming(location, request._copy(acl="public-read"))

    registry_of({"fake": fakes.backend(form=form_more)})
    only(rule())
    with pytest.raises(PolicyError, match='acls = \\["private", "public-read"\\]'):
        form()


def test_what_a_backend_needs_for_itself_is_no_effect(registry_of, only):
    def sign_plainly(location, request):
        headers = {"x-own-kind": "plain", "x-amz-security-token": "t", "x-fake-meta-md5chksum": "a"}
        return fakes.honest(location, request, headers=headers)

    registry_of({"fake": fakes.backend(sign_plainly, operation_headers={"x-own-kind"})})
    only(rule())
    assert sign(method="PUT", content_md5=bytes(16), add_content_md5_metadata=True)
    with pytest.raises(PolicyError, match="asked was metadata"):
        sign(method="PUT")


def test_a_lane_that_was_prepared_without_a_policy_is_held_to_one(module, only):
    options = {"method": "PUT", "acl": "public-read", "signing_time": NOW}
    store = daypass.Store("fake://bucket/data")
    assert store.create_signed_url("a", **options)
    only(rule())
    with pytest.raises(PolicyError):
        store.create_signed_url("b", **options)
    only(rule(acls=["public-read"]))
    assert store.create_signed_url("b", **options)
