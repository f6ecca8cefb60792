"""An upload that is asked for goes to a signer's page, where it has one, by the gate's rules."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from types import ModuleType

import attrs
import pytest

import daypass
from daypass.errors import InvalidRequestError, PluginError, PolicyError, UnsupportedOptionError
from daypass.hookspecs import BackendInfo, hookimpl
from daypass.model.inboxes import Inbox
from tests.core.fakes import backend, plugin

PAGE = "https://inbox.example/p/" + "t" * 22


def signer(**changes):
    """Make a signer with a page for uploads, whose answers differ from sound ones so."""
    module = ModuleType("fake_pages")

    def create_signed_url(location, request):
        raise NotImplementedError

    def request_upload(location, request):
        sound = Inbox(
            url=PAGE,
            max_bytes=request.max_bytes,
            expires_at=request.expires_at,
            expires_because="requested",
            unenforced=frozenset(),
            path=location.path,
            backend="pages",
            content_types=location.content_types,
            max_uses=request.max_uses,
        )
        return attrs.evolve(sound, **changes)

    def describe_backend():
        return BackendInfo(
            name="pages", methods=("PUT",), enforces={"max_bytes", "max_uses"}, opaque_links=True
        )

    for hook in (create_signed_url, request_upload, describe_backend):
        setattr(module, hook.__name__, hookimpl(hook))
    return module


def asked(path="fake://team/inbox/", **options):
    return daypass.request_upload(path, signer="pages", **options)


def test_a_folder_gets_the_page_of_a_signer_that_has_one(registry_of):
    registry_of({"fake": backend()}, signers={"pages": signer()})
    inbox = asked(max_bytes="2GB", expires_in="7d")
    assert (inbox.url, inbox.max_bytes, inbox.path) == (PAGE, 2 * 10**9, "fake://team/inbox/")
    assert (inbox.content_types, inbox.max_uses) == ((), None)
    some = asked(content_types=["Image/*", "application/pdf"], max_uses=20)
    assert (some.content_types, some.max_uses) == (("image/*", "application/pdf"), 20)
    assert asyncio.run(daypass.arequest_upload("fake://team/", signer="pages")).url == PAGE


def test_policies_and_audits_see_a_grant_for_put(registry_of):
    seen = []

    def authorize(event):
        if event.path == "fake://team/closed/":
            msg = "nobody writes there"
            raise PolicyError(msg)

    def record(event):
        seen.append(event)

    watched = plugin(authorize=authorize, record=record)
    registry_of({"fake": backend()}, [watched], {"pages": signer()})
    inbox = asked(max_bytes=5)
    (event,) = seen
    assert (event.action, event.method, event.path) == (
        "create_signed_prefix",
        "PUT",
        "fake://team/inbox/",
    )
    assert event.conditions == {"max_bytes"}
    assert (event.expires_at, event.url_sha256) == (
        inbox.expires_at,
        sha256(PAGE.encode()).hexdigest(),
    )
    with pytest.raises(PolicyError, match="nobody writes there"):
        asked("fake://team/closed/")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"url": "https://inbox.example/open"}, "a token that is masked"),
        ({"url": "inbox"}, "a URL that is not http"),
        ({"max_bytes": None}, "another largest file"),
        ({"max_uses": 5}, "another number of files"),
        ({"content_types": ("image/*",)}, "other media types"),
        ({"path": "fake://team/"}, "another path"),
        ({"expires_at": datetime(2099, 1, 1, tzinfo=UTC)}, "end"),
    ],
)
def test_a_page_that_is_not_what_was_asked_for_leaves_nobody(registry_of, changes, fault):
    registry_of({"fake": backend()}, signers={"pages": signer(**changes)})
    with pytest.raises(PluginError, match=fault) as caught:
        asked(max_bytes=5)
    assert PAGE not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "options", "name"),
    [
        ("s3://team/inbox/", {"content_types": ["image/*"]}, "content_types"),
        ("s3://team/inbox/", {"max_uses": 5}, "max_uses"),
        ("s3://team/a.png", {"content_types": ["image/png"]}, "content_types"),
        ("s3://team/a.png", {"max_uses": 5}, "max_uses"),
        ("s3://team/a.png", {"max_uses": 5, "max_bytes": 5}, "max_uses"),
    ],
)
def test_where_nobody_counts_files_or_sees_to_types_that_is_refused_by_name(path, options, name):
    with pytest.raises(UnsupportedOptionError, match=rf"{name}.*links.*signer='links'") as caught:
        daypass.request_upload(path, **options, storage_options={"key": "AK", "secret": "SK"})
    assert caught.value.option == name
    assert "links" in caught.value.alternatives


@pytest.mark.parametrize("given", ["image/*", [], ["image"], [5], ["a/b;c=d"], ["*/*"]])
def test_what_is_no_list_of_media_types_is_refused(registry_of, given):
    registry_of({"fake": backend()}, signers={"pages": signer()})
    with pytest.raises(InvalidRequestError, match="list of media types") as caught:
        asked(content_types=given)
    assert caught.value.option == "content_types"


def test_an_inbox_shows_its_address_where_it_is_asked_for_alone(registry_of):
    registry_of({"fake": backend()}, signers={"pages": signer()})
    inbox = asked(max_bytes=5)
    assert str(inbox) == inbox.to_dict(reveal=True)["url"] == PAGE
    for shown in (repr(inbox), str(inbox.to_dict()), inbox._repr_html_()):
        assert "t" * 22 not in shown
