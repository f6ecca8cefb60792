"""People look into folders for what to share: whoever may list them, and nobody else."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from daypass.errors import DeadlineError
from daypass_links.server import listings
from tests.plugins.links.server.pages.conftest import Person, started
from tests.servers.chromium import site

CONFIGURATION = """
[profiles.shop]
url = "s3://shop/goods"
storage_options = {{ key = "AKEXAMPLE", secret = "made-up", client_kwargs = {{ region_name = "eu-west-1", endpoint_url = "{origin}" }} }}
[profiles.cloud]
url = "az://cloud"
storage_options = {{ account_name = "contoso", account_key = "bWFkZSB1cA==" }}
[[roots]]
profile = "shop"
paths = ["open/**", "lists/*.csv"]
[[roots]]
profile = "cloud"
groups = ["staff"]
[[roots]]
url = "https://files.example/x"
groups = ["staff"]
[policy]
[[policy.rules]]
name = "read"
paths = ["s3://shop/goods/**"]
methods = ["GET", "HEAD"]
per_caller = {{ urls_per_minute = 4 }}
[[policy.rules]]
name = "look"
paths = ["s3://shop/goods/open/**", "s3://shop/goods/lists/**"]
methods = ["LIST"]
groups = ["staff"]
"""
#: As https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html has it, url-encoded.
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>shop</Name><Prefix>goods/open/</Prefix><KeyCount>5</KeyCount><MaxKeys>100</MaxKeys>
  <Delimiter>%2F</Delimiter><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <Contents><Key>goods/open/</Key><LastModified>2026-10-12T17:50:30.000Z</LastModified><Size>0</Size></Contents>
  <Contents><Key>goods/open/a+b%2B%C3%A4.csv</Key><LastModified>2026-10-12T17:50:30.000Z</LastModified>
    <ETag>"fba9dede5f27731c9771645a39863328"</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents>
  <Contents><Key>goods/open/%3Cscript%3Ealert(1)%3C%2Fscript%3E</Key><LastModified>2026-10-12T17:50:30.000Z</LastModified><Size>1</Size></Contents>
  <Contents><Key>elsewhere/secret.csv</Key><LastModified>2026-10-12T17:50:30.000Z</LastModified><Size>1</Size></Contents>
  <CommonPrefixes><Prefix>goods/open/photos/</Prefix></CommonPrefixes>
  <CommonPrefixes><Prefix>goods/open/../</Prefix></CommonPrefixes>
</ListBucketResult>"""
LISTS = """<ListBucketResult><Contents><Key>goods/lists/a.csv</Key><Size>1</Size></Contents>
<Contents><Key>goods/lists/a.txt</Key><Size>1</Size></Contents>
<CommonPrefixes><Prefix>goods/lists/b/</Prefix></CommonPrefixes></ListBucketResult>"""
#: As https://learn.microsoft.com/en-us/rest/api/storageservices/list-blobs has it.
AZURE = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<EnumerationResults ServiceEndpoint="https://contoso.blob.core.windows.net/" ContainerName="cloud">
  <Blobs>
    <BlobPrefix><Name>x/photos/</Name></BlobPrefix>
    <Blob><Name>x/a.csv</Name><Properties><Last-Modified>Mon, 12 Oct 2026 17:50:30 GMT</Last-Modified>
      <Content-Length>512</Content-Length></Properties></Blob>
    <Blob><Name Encoded="true">x/b%EF%BF%BE.csv</Name><Properties><Content-Length>1</Content-Length></Properties></Blob>
  </Blobs><NextMarker>2!92!MDAw</NextMarker>
</EnumerationResults>"""


@pytest.fixture(scope="module")
def store():
    with site() as found:
        found.pages["/shop"] = ("application/xml", PAGE.encode())
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory, store):
    text = CONFIGURATION.format(origin=store.origin)
    with started(tmp_path_factory.mktemp("browsing"), text) as found:
        yield found


@pytest.fixture
def staff(person):
    return person.sign_in("ann", groups=["staff"], scopes=("links:read", "links:write"))


def names(text):
    return [unescape(name) for name in re.findall(r'<li>\s*<a class="mono"[^>]*>([^<]+)', text)]


def test_a_folder_is_listed_as_the_store_says_folders_first(staff):
    staff.see("/ui/browse?in=daypass://shop/open/")
    text = staff.answer.text
    assert names(text) == ["photos/", "a b+ä.csv", "<script>alert(1)</script>"]
    assert "<script>alert" not in text
    assert "secret" not in text
    for words in ("434\N{NO-BREAK SPACE}kB", "2026-10-12 17:50:30 UTC"):
        assert words in text
    folder, file = re.findall(r'<li>\s*<a class="mono" href="([^"]+)"', text)[:2]
    assert parse_qs(urlsplit(unescape(folder)).query) == {"in": ["daypass://shop/open/photos/"]}
    assert urlsplit(file).path == "/ui/new"
    assert parse_qs(urlsplit(unescape(file)).query) == {"path": ["daypass://shop/open/a b+ä.csv"]}
    (more,) = re.findall(r'rel="next" href="([^"]+)"', text)
    assert parse_qs(urlsplit(unescape(more)).query)["after"] == [
        "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM="
    ]


def test_where_one_may_begin_is_offered_and_what_is_chosen_is_filled_in(staff):
    text = staff.see("/ui/new?path=daypass://shop/open/a.csv")
    assert 'value="daypass://shop/open/a.csv"' in text
    offered = re.findall(r'href="/ui/browse\?in=[^"]+">([^<]+)', text)
    assert offered == [
        "daypass://cloud/",
        "daypass://shop/lists/",
        "daypass://shop/open/",
        "https://files.example/x/",
    ]


def test_the_right_to_list_is_another_than_that_to_share(person):
    person.sign_in("bob", scopes=("links:read", "links:write"))
    text = person.see("/ui/browse?in=daypass://shop/open/", 403)
    assert "You may not list this folder" in text
    assert "Write the path yourself" in text
    assert "photos" not in text
    person.see("/ui/new")
    path = "daypass://shop/open/a.csv"
    assert person.send("/ui/new", path=path, methods="GET").status_code == 200


def test_what_may_not_be_shared_is_not_shown(staff, store, person):
    store.pages["/shop"] = ("application/xml", LISTS.encode())
    text = staff.see("/ui/browse?in=daypass://shop/lists/")
    store.pages["/shop"] = ("application/xml", PAGE.encode())
    assert names(text) == ["a.csv"]
    staff.see("/ui/browse?in=daypass://shop/", 403)
    staff.see("/ui/browse?in=daypass://shop/private/", 403)
    staff.see("/ui/browse?in=daypass://shop/lists/b/", 403)
    staff.see("/ui/browse?in=daypass://maps/", 403)
    staff.see("/ui/browse?in=daypass://shop/open/../private/", 403)
    person.sign_in("bob", scopes=("links:read", "links:write"))
    assert "cloud" not in person.see("/ui/new")
    assert "cannot be" not in person.see("/ui/browse?in=daypass://cloud/", 403)


def test_where_nothing_can_be_listed_that_is_said(staff, store, monkeypatch):
    assert "could not be listed" in staff.see("/ui/browse?in=https://files.example/x/", 501)
    for path in ("?in=nonsense", "?in=//evil.example/"):
        staff.ask("GET", f"/ui/browse{path}")
        assert staff.answer.status_code == 403, path
    for answer in (b"<html/>", b"no XML", b'<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult/>'):
        store.pages["/shop"] = ("application/xml", answer)
        assert "something else" in staff.see("/ui/browse?in=daypass://shop/open/", 502)
    store.pages["/shop"] = ("application/xml", PAGE.encode())

    def late(*_):
        msg = "the listing took too long"
        raise DeadlineError(msg)

    monkeypatch.setattr(listings.Deadline, "run", late)
    assert "too long" in staff.see("/ui/browse?in=daypass://shop/open/", 504)


def test_an_answer_of_azure_is_read_too():
    root = listings._parsed(AZURE.encode())
    found = [*listings._entries(root, "", "x/")]
    assert [(one.name, one.is_folder, one.size) for one in found] == [
        ("photos/", True, None),
        ("a.csv", False, 512),
        ("b\ufffe.csv", False, 1),
    ]
    assert listings._text(root, "NextMarker") == "2!92!MDAw"


def test_looking_at_what_a_link_permits_takes_no_quota(server):
    person = Person(server).sign_in("carl", scopes=("links:read", "links:write"))
    form = {"path": "daypass://shop/open/a.csv", "methods": "GET"}
    person.see("/ui/new")
    for _ in range(5):
        assert person.send("/ui/new", **form).status_code == 200
    # A link is tried by signing for GET and for HEAD.
    made = [person.send("/ui/new", **form, sure="yes").status_code for _ in range(2)]
    assert made == [200, 200]
    person.see("/ui/new")
    assert person.send("/ui/new", **form, sure="yes").status_code == 429


def test_what_the_policy_refuses_is_said_before_anything_is_made(staff):
    staff.see("/ui/new")
    answer = staff.send("/ui/new", path="daypass://shop/open/a.csv", methods="PUT")
    assert answer.status_code == 403
    assert "rule 'read' allows GET, HEAD" in unescape(answer.text)


def test_without_roots_an_admin_begins_at_the_profiles(tmp_path):
    with started(tmp_path) as found:
        admin = Person(found).sign_in()
        assert "/ui/browse?in=daypass%3A%2F%2Fmaps%2F" in admin.see("/ui/new")
        other = Person(found).sign_in("ann", scopes=("links:write",))
        assert "/ui/browse" not in other.see("/ui/new")
        other.see("/ui/browse?in=daypass://maps/", 403)
        assert 'href="/ui/browse?in=daypass%3A%2F%2Fmaps%2F"' in admin.see("/ui/browse")
        text = other.see("/ui/browse")
        assert "There is no folder to begin in" in text
        assert "[[roots]]" in text
