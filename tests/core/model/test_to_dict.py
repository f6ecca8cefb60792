"""Links, grants, forms and batches as plain values: whole where that is asked for, masked otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import attrs
import pytest

from daypass.errors import InvalidPathError
from daypass.model import cards
from daypass.model.batches import SignedURLBatch
from daypass.model.forms import UploadForm
from daypass.model.inboxes import Inbox
from daypass.model.links import SignedURL
from daypass.model.prefixes import SignedPrefix
from tests.core.fakes import SECRET

END = datetime(2026, 11, 23, 12, 15, tzinfo=UTC)
KEY_HEADER = "x-amz-server-side-encryption-customer-key"
COMMON = {
    "expires_at": END,
    "expires_because": "requested",
    "unenforced": frozenset({"metadata", "content_type"}),
    "path": "s3://b/k",
    "backend": "s3",
}
LINK = SignedURL(
    url=f"https://b.example/k?X-Amz-Signature={SECRET}",
    method="GET",
    headers={KEY_HEADER: SECRET, "X-A": "1"},
    permits=frozenset({"HEAD", "GET"}),
    **COMMON,
)
PREFIX = SignedPrefix(
    url="https://b.example/k/",
    query=f"sig={SECRET}",
    method="GET",
    headers={KEY_HEADER: SECRET},
    permits=frozenset({"HEAD", "GET"}),
    **COMMON,
)
FORM = UploadForm(
    url="https://b.example/",
    fields={"key": "k", "policy": SECRET, "x-amz-signature": SECRET},
    starts_with={"Content-Type": "image/"},
    **COMMON,
)
INBOX = Inbox(url=f"https://b.example/p/{SECRET}-abc", max_bytes=5, link_id="lnk_1", **COMMON)
BATCH = SignedURLBatch(
    [LINK.url, None], ["", "2"], LINK, errors={1: InvalidPathError("no such row", option="key")}
)
ALL = pytest.mark.parametrize(
    "result", [LINK, PREFIX, FORM, INBOX, BATCH], ids=lambda one: type(one).__name__
)


@ALL
@pytest.mark.parametrize("reveal", [False, True])
def test_the_values_are_those_of_json(result, reveal):
    plain = result.to_dict(reveal=reveal)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


@ALL
def test_the_secret_is_there_where_it_is_asked_for_and_only_there(result):
    assert SECRET not in json.dumps(result.to_dict())
    assert SECRET in json.dumps(result.to_dict(reveal=True))


@pytest.mark.parametrize("result", [LINK, PREFIX, FORM, INBOX], ids=lambda one: type(one).__name__)
def test_sets_are_sorted_and_moments_are_in_utc(result):
    plain = result.to_dict()
    assert plain["expires_at"] == "2026-11-23T12:15:00Z"
    assert plain["unenforced"] == ["content_type", "metadata"]
    assert plain.get("permits", ["GET", "HEAD"]) == ["GET", "HEAD"]


@pytest.mark.parametrize("result", [LINK, PREFIX, FORM, INBOX], ids=lambda one: type(one).__name__)
def test_every_field_that_is_a_value_is_there(result):
    fields = {
        field.name
        for field in attrs.fields(type(result))
        if not callable(getattr(result, field.name)) and field.eq
    }
    beside = {"method", "http_method"}
    assert result.to_dict().keys() - beside == fields - beside


def test_an_inbox_tells_its_id_which_opens_nothing(monkeypatch):
    assert INBOX.to_dict()["link_id"] == "lnk_1"
    monkeypatch.setattr(cards, "_drawers", [])  # the plain card, without the distribution of cards
    assert '<td style="text-align:left">lnk_1</td>' in INBOX._repr_html_()
    assert "link</th>" not in attrs.evolve(INBOX, link_id=None)._repr_html_()


def test_what_is_revealed_makes_the_same_link_again():
    plain = LINK.to_dict(reveal=True)
    assert plain.pop("http_method") == "GET"
    plain["expires_at"] = datetime.fromisoformat(plain["expires_at"])
    plain["permits"], plain["unenforced"] = map(frozenset, (plain["permits"], plain["unenforced"]))
    assert SignedURL(**plain) == LINK


@pytest.mark.parametrize(("method", "sent"), [("LIST", "GET"), ("PUT", "PUT")])
def test_a_program_is_told_which_http_method_to_use(method, sent):
    assert attrs.evolve(LINK, method=method).to_dict()["http_method"] == sent


def test_what_is_masked_is_what_the_repr_masks():
    assert LINK.to_dict()["url"] == "https://b.example/k?****"
    assert LINK.to_dict()["headers"] == {KEY_HEADER: "****", "X-A": "1"}
    assert PREFIX.to_dict()["query"] == "****"
    assert FORM.to_dict()["fields"] == {"key": "k", "policy": "****", "x-amz-signature": "****"}


def test_a_batch_has_an_entry_for_each_row_and_names_the_rows_that_failed():
    assert BATCH.to_dict(reveal=True) == {
        "links": [LINK.to_dict(reveal=True), None],
        "errors": [{"row": 1, "code": "invalid-path", "message": "no such row"}],
    }


def test_what_is_changed_in_the_dict_is_not_changed_in_the_link():
    LINK.to_dict(reveal=True)["headers"].clear()
    FORM.to_dict(reveal=True)["fields"].clear()
    assert LINK.headers
    assert FORM.fields
