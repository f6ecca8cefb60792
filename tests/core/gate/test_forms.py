"""Upload forms in the core: the request, the gate, the judge and the form itself."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import FormRequest, InvalidExpiryError, InvalidPathError, InvalidRequestError
from daypass.errors import (
    AuditError,
    PluginError,
    RefusedError,
    SigningNotSupportedError,
    UnknownOptionError,
    UnsupportedOptionError,
)
from daypass.toolkit.post_policy import PolicyDocument
from tests.core import fakes
from tests.core.fakes import NOW, SECRET

ASKED = {
    "content_type": "text/plain",
    "metadata": {"by": "me"},
    "max_bytes": 9,
    "success_status": 201,
    "headers": {"Cache-Control": "no-store"},
    "signing_time": NOW,
}


@pytest.fixture
def former(registry_of):
    module = fakes.backend(form=fakes.forming)
    registry_of({"fake": module})
    return module


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"min_bytes": 2, "max_bytes": 1}, "min_bytes"),
        ({"min_bytes": -1}, "min_bytes"),
        ({"max_bytes": True}, "max_bytes"),
        ({"content_length": 1, "max_bytes": 1}, "max_bytes"),
        ({"content_type": "a/b", "content_type_prefix": "a/"}, "content_type_prefix"),
        ({"content_type_prefix": "a\nb"}, "content_type_prefix"),
        ({"content_type": ""}, "content_type"),
        ({"content_type": "a\nb"}, "content_type"),
        ({"success_status": 302}, "success_status"),
        ({"success_status": True}, "success_status"),
        ({"success_status": 10**5000}, "success_status"),
        ({"success_status": "201"}, "success_status"),
        ({"success_status": 201, "success_redirect": "https://a/"}, "success_redirect"),
        ({"success_redirect": "javascript:alert(1)"}, "success_redirect"),
        ({"success_redirect": "//evil.example"}, "success_redirect"),
        ({"success_redirect": "https://user@evil.example/"}, "success_redirect"),
        ({"success_redirect": "https://a.example/ b"}, "success_redirect"),
        ({"success_redirect": "https://a.example/#f"}, "success_redirect"),
        ({"success_redirect": "https://a.example/${filename}"}, "success_redirect"),
        ({"metadata": {"name": "x${filename}"}}, "metadata"),
        ({"headers": {"Cache-Control": "${filename}"}}, "headers"),
        ({"headers": {"Content-Type": "a/b"}}, "headers"),
        ({"headers": {"X-Amz-Date": "now"}}, "headers"),
        ({"acl": "${filename}"}, "acl"),
        ({"on_short": "ignore"}, "on_short"),
        ({"strict": None}, "strict"),
        ({"checksum_sha256": "00"}, "checksum_sha256"),
    ],
)
def test_an_illegal_request_is_refused_by_name(options, option):
    with pytest.raises(InvalidRequestError) as caught:
        FormRequest(**options)
    assert caught.value.option == option


@pytest.mark.parametrize("value", [0, -1, float("nan"), 10**30, True, "soon", 0.5])
def test_lifetimes_are_judged_as_those_of_links(value):
    with pytest.raises(InvalidExpiryError):
        FormRequest(expires_in=value)
    with pytest.raises(InvalidExpiryError, match="not both"):
        FormRequest(expires_in=60, expires_at=NOW)


def test_a_form_lives_as_long_as_a_put_where_nothing_is_said():
    assert FormRequest().resolve(NOW).expires_at == NOW + timedelta(minutes=15)
    with pytest.raises(InvalidExpiryError, match="not after"):
        FormRequest(expires_at=NOW).resolve(NOW)


def test_the_size_is_a_range():
    assert FormRequest().size_range is None
    assert FormRequest(max_bytes=3).size_range == (0, 3)
    assert FormRequest(min_bytes=2, max_bytes=3).size_range == (2, 3)
    assert FormRequest(content_length=3).size_range == (3, 3)
    assert FormRequest(min_bytes=3).size_range[0] == 3


def test_a_form_comes_with_all_that_was_asked(former):
    form = daypass.create_upload_form("fake://bucket/in/${filename}", **ASKED)
    _, request = former.seen[-1]
    assert (request.method, request.signing_time) == ("POST", NOW)
    assert request.conditions == set(ASKED)
    assert (form.method, form.path) == ("POST", "fake://bucket/in/${filename}")
    assert form.starts_with == {"key": "in/"}
    assert asyncio.run(daypass.acreate_upload_form("fake://bucket/k")).fields["key"] == "k"
    store = daypass.Store("fake://bucket/in")
    assert store.create_upload_form("${filename}").starts_with == {"key": "in/"}
    assert asyncio.run(store.acreate_upload_form("k")).fields["key"] == "in/k"


def test_an_unknown_option_is_named(former):
    with pytest.raises(UnknownOptionError, match="max_bytes"):
        daypass.create_upload_form("fake://bucket/k", max_byte=3)


@pytest.mark.parametrize("key", ["", "a/${filename}/b", "${filename}${filename}", "../a", "a\nb"])
def test_a_key_that_cannot_be_is_refused(former, key):
    with pytest.raises(InvalidPathError):
        daypass.Store("fake://bucket").create_upload_form(key)
    assert former.seen == []


def test_a_backend_without_forms_names_the_put(registry_of):
    registry_of({"fake": fakes.backend()})
    with pytest.raises(UnsupportedOptionError, match="method='PUT'") as caught:
        daypass.create_upload_form("fake://bucket/k")
    assert (caught.value.option, caught.value.alternatives) == ("form", ("create_signed_url",))


def test_a_backend_that_cannot_sign_says_so(registry_of):
    registry_of({"fake": fakes.backend(sign=None, methods=(), why_not="because")})
    with pytest.raises(SigningNotSupportedError, match="because"):
        daypass.create_upload_form("fake://bucket/k")


def test_what_forms_cannot_enforce_is_refused_or_waived(registry_of):
    module = fakes.backend(form=fakes.forming, form_enforces={"signing_time", "content_type"})
    registry_of({"fake": module})
    with pytest.raises(UnsupportedOptionError, match="a PUT link can") as caught:
        daypass.create_upload_form("fake://bucket/k", max_bytes=3)
    assert caught.value.option == "max_bytes"
    form = daypass.create_upload_form("fake://bucket/k", max_bytes=3, strict=False)
    assert form.unenforced == {"max_bytes"}
    with pytest.raises(UnsupportedOptionError, match="metadata"):
        daypass.create_upload_form("fake://bucket/k", metadata={"a": "b"}, strict=False)


def test_what_is_declared_and_what_is_implemented_agree(registry_of):
    registry_of({"fake": fakes.backend(form=fakes.forming, forms=False)})
    with pytest.raises(PluginError, match="contradict each other"):
        daypass.create_upload_form("fake://bucket/k")


def test_policy_and_audit_are_told_and_can_refuse(registry_of):
    told = []
    module = fakes.backend(form=fakes.forming)

    def tell(event):
        told.append(event)

    registry_of({"fake": module}, [fakes.plugin(authorize=tell, record=tell)])
    form = daypass.create_upload_form("fake://bucket/k", caller="me", **ASKED)
    asked, made = told
    assert (asked.action, asked.method, asked.caller) == ("create_upload_form", "POST", "me")
    assert asked.conditions == set(ASKED)
    assert made.expires_at == form.expires_at == NOW + timedelta(minutes=15)
    assert len(made.url_sha256) == 64
    assert SECRET not in repr(told)


def _raise(event):
    raise ValueError(event.path)


@pytest.mark.parametrize(("hook", "error"), [("authorize", RefusedError), ("record", AuditError)])
def test_a_refusal_means_no_form(registry_of, hook, error):
    registry_of({"fake": fakes.backend(form=fakes.forming)}, [fakes.plugin(**{hook: _raise})])
    with pytest.raises(error):
        daypass.create_upload_form("fake://bucket/k")


def changed(**fields):
    """Change fields of a form, and its policy along with the rest."""

    def forge(location, request):
        form = fakes.forming(location, request)
        return attrs.evolve(form, fields={**form.fields, **fields})

    return forge


def rewritten(change):
    """Change the policy of a form alone."""

    def forge(location, request):
        form = fakes.forming(location, request)
        policy = json.loads(base64.b64decode(form.fields["policy"]))
        change(policy)
        text = base64.b64encode(json.dumps(policy).encode()).decode()
        return attrs.evolve(form, fields={**form.fields, "policy": text})

    return forge


def answering(**changes):
    return lambda location, request: fakes.forming(location, request, **changes)


FORGERIES = [
    answering(url="javascript:alert(1)"),
    answering(url="https://user@evil.example/bucket"),
    answering(url="https://fake.example/bucket?x=1"),
    answering(url="https://fake.example:99999/bucket"),
    answering(url=None),
    answering(fields={"key": "k"}),
    answering(fields={"key": 1}),
    answering(fields=None),
    answering(starts_with={"key": ""}),
    answering(starts_with=None),
    answering(expires_at=NOW + timedelta(hours=2)),
    answering(expires_at=NOW + timedelta(minutes=1)),
    answering(expires_at=NOW.replace(tzinfo=None)),
    answering(expires_because=None),
    answering(path="fake://bucket/other"),
    answering(backend="other"),
    answering(unenforced=None),
    lambda *_: None,
    lambda *_: 1 / 0,
    changed(key="other"),
    changed(added="1"),
    changed(policy="e30="),
    changed(policy="%"),
    changed(**{"Content-Type": "text/html"}),
    changed(line="a\r\nb"),
    changed(**{"a b": "c"}),
    rewritten(lambda policy: policy.update(expiration="2036-01-01T00:00:00Z")),
    rewritten(lambda policy: policy["conditions"].append(["starts-with", "$acl", ""])),
    rewritten(lambda policy: policy["conditions"].remove(["content-length-range", 0, 9])),
    rewritten(lambda policy: policy["conditions"].remove(["eq", "$key", "k"])),
    rewritten(lambda policy: policy["conditions"].remove({"bucket": "bucket"})),
    rewritten(lambda policy: policy["conditions"].remove({"x-fake-meta-by": "me"})),
    rewritten(lambda policy: policy["conditions"].append(["matches", "$key", ".*"])),
]


@pytest.mark.parametrize("form", FORGERIES, ids=range(len(FORGERIES)))
def test_an_answer_that_is_not_what_was_asked_never_leaves(registry_of, form):
    registry_of({"fake": fakes.backend(form=form)})
    with pytest.raises(PluginError) as caught:
        daypass.create_upload_form("fake://bucket/k", **ASKED)
    assert SECRET not in str(caught.value)


def test_a_form_that_lacks_what_was_asked_never_leaves(registry_of):
    def forgetful(location, request):
        return fakes.forming(location, request.without({"metadata", "content_type"}))

    registry_of({"fake": fakes.backend(form=forgetful)})
    with pytest.raises(PluginError, match="lack some"):
        daypass.create_upload_form("fake://bucket/k", **ASKED)


def test_the_host_is_the_public_endpoint_s(registry_of):
    registry_of({"fake": fakes.backend(form=fakes.forming)})
    public = "https://public.example"
    form = daypass.create_upload_form("fake://bucket/k", public_endpoint=public)
    assert form.url == f"{public}/bucket"
    registry_of({"fake": fakes.backend(form=answering(url="https://inner.example/bucket"))})
    with pytest.raises(PluginError, match="public endpoint"):
        daypass.create_upload_form("fake://bucket/k", public_endpoint=public)


class Fields(HTMLParser):
    """Reads a form as a browser does."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}", fullmatch=True),
        # HTML has no way to write a noncharacter, which Cn holds.
        st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=20),
        max_size=4,
    )
)
def test_a_browser_reads_every_field_as_it_is(values):
    form = daypass.UploadForm(
        "https://fake.example/b?a&b",
        values,
        {"Content-Type": 'im"age/'},
        NOW,
        "",
        frozenset(),
        "",
        "",
    )
    text = form.html()
    assert text.isascii()
    reader = Fields()
    reader.feed(text)
    reader.close()
    tag, attributes = reader.found[0]
    assert tag == "form"
    assert attributes["action"] == form.url
    assert attributes["accept-charset"] == "utf-8"
    inputs = [attributes for tag, attributes in reader.found if tag == "input"]
    expected = values if "Content-Type" in values else {**values, "Content-Type": 'im"age/'}
    assert {field["name"]: field["value"] for field in inputs[:-1]} == expected
    assert (inputs[-1]["type"], inputs[-1]["name"]) == ("file", "file")


def test_a_form_shows_no_secret(former):
    form = daypass.create_upload_form("fake://bucket/k", metadata={"by": "<me>"})
    for text in (repr(form), str(form), form._repr_html_()):
        assert SECRET not in text
        assert form.fields["policy"] not in text
    assert SECRET in form.html()
    assert SECRET in form.curl("a.txt")


def test_curl_needs_a_type_that_the_form_allows(former):
    form = daypass.create_upload_form("fake://bucket/k", content_type_prefix="image/")
    assert "Content-Type=image/png" in form.curl("a.png")
    assert "Content-Type=image/x" in form.curl("a", content_type="image/x")
    with pytest.raises(InvalidRequestError, match="must begin with 'image/'"):
        form.curl("a.txt")


def test_any_type_may_be_declared_where_the_prefix_is_empty(former):
    form = daypass.create_upload_form("fake://bucket/k", content_type_prefix="")
    assert form.starts_with == {"Content-Type": ""}
    assert "Content-Type=text/plain" in form.curl("a.txt")
    assert "Content-Type=application/octet-stream" in form.curl("a")
    assert 'name="Content-Type" value=""' in form.html()


def test_a_policy_is_read_as_stores_read_it():
    text = base64.b64encode(
        b'{"expiration": "2026-01-01T00:00:00.000Z", "conditions": [{"a": "b"}, ["eq", "$c", "d"],'
        b' ["starts-with", "$key", "in/"], ["content-length-range", 1, 2]]}'
    ).decode()
    policy = PolicyDocument.read(text)
    assert policy == PolicyDocument(
        datetime(2026, 1, 1, tzinfo=UTC), {"a": "b", "c": "d"}, {"key": "in/"}, (1, 2)
    )
    for wrong in ("", "e30=", "bm8=", "WzFd", "%%"):
        with pytest.raises(ValueError, match="no POST policy"):
            PolicyDocument.read(wrong)
