"""What an SDK says in an error leaves through no door with a secret in it."""

from __future__ import annotations

import traceback

import pytest

import daypass
from daypass.gate.cors import plan_cors
from daypass.hookspecs import hookimpl
from daypass.hookspecs.cors_rules import CorsPlan
from daypass.testing.secrecy import _told
from tests.core import fakes

PLANTED = "planted-in-an-option"
OPTIONS = {
    "client_kwargs": {"session_token": PLANTED},
    "connection_string": f"A=b;AccountKey={PLANTED};",
}
SAID = f"no answer to https://b.example/k?signature=planted&x=1 with {PLANTED}"


class SdkError(Exception):
    """Quotes the request, as SDKs do, and came from another that quotes it too."""


def _refused():
    raise OSError(SAID)


def fails(*_args, **_given):
    """Fail as an SDK does, inside of its own error handling."""
    try:
        _refused()
    except OSError:
        raise SdkError(SAID)  # noqa: B904 - so that the other is its context


def translated(*_args, **_given):
    """Fail as a plugin does that repeats what the SDK says."""
    try:
        fails()
    except SdkError as error:
        raise daypass.errors.StoreError(str(error)) from error


class Session(fakes.FakeSession):
    """Fails with the store, at one step."""

    failing = None

    def begin(self):
        return fails()


def planned(failing):
    @hookimpl
    def cors(location, rule):
        return CorsPlan(rule={}, owner="b", document=list, command="c", read=failing, write=failing)

    return cors


RULE = daypass.CorsRule(origins=["*"], methods=["GET"])
DOORS = {
    "sign": lambda store: store.create_signed_url("k"),
    "list": lambda store: store.create_signed_url("", method="LIST"),
    "many": lambda store: store.create_signed_urls(["k", "l"]),
    "prefix": lambda store: store.create_signed_prefix("p"),
    "form": lambda store: store.create_upload_form("k"),
    "head": lambda store: store.head_metadata("k"),
    "heads": lambda store: store.head_metadata_many(["k", "l"], errors="raise"),
    "multipart": lambda store: store.create_multipart_upload("k", size=100),
    "read CORS": lambda store: plan_cors(store.backend, store.location.at(""), RULE).read(),
    "write CORS": lambda store: plan_cors(store.backend, store.location.at(""), RULE).write([]),
}


@pytest.fixture(params=[fails, translated], ids=["an SDK's own", "translated"])
def store(request, registry_of):
    failing = request.param
    module = fakes.backend(
        sign=failing,
        head=failing,
        grant=failing,
        form=failing,
        session=lambda *_: failing(),
    )
    module.cors = planned(failing)
    registry_of({"memory": module})
    return daypass.Store("memory://bucket", storage_options=OPTIONS)


@pytest.mark.parametrize("door", DOORS)
def test_no_text_of_an_sdk_leaves_with_a_secret(store, door):
    with pytest.raises((daypass.DaypassError, SdkError)) as caught:
        DOORS[door](store)
    assert isinstance(caught.value, daypass.DaypassError)
    assert "planted" not in "".join(traceback.format_exception(caught.value))
    assert all("planted" not in text for text in _told(caught.value))
