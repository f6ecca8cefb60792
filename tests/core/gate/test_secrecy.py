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


PATH = "memory://bucket/k"
FUNCTIONS = {
    "sign": lambda: daypass.create_signed_url(PATH, storage_options=dict(OPTIONS)),
    "many": lambda: daypass.create_signed_urls([PATH], storage_options=dict(OPTIONS)),
    "prefix": lambda: daypass.create_signed_prefix(PATH, storage_options=dict(OPTIONS)),
    "form": lambda: daypass.create_upload_form(PATH, storage_options=dict(OPTIONS)),
    "multipart": lambda: daypass.create_multipart_upload(
        PATH, size=100, storage_options=dict(OPTIONS)
    ),
    "head": lambda: daypass.head_metadata(PATH, storage_options=dict(OPTIONS)),
    "heads": lambda: daypass.head_metadata_many(
        [PATH], errors="raise", storage_options=dict(OPTIONS)
    ),
    "download": lambda: daypass.download(PATH, "never-written", storage_options=dict(OPTIONS)),
    "upload": lambda: daypass.upload(__file__, PATH, storage_options=dict(OPTIONS)),
}


def frames(error):
    """Yield daypass's frames of a traceback and of all that it came from."""
    waiting, seen = [error], []
    while waiting:
        one = waiting.pop()
        if one is None or any(one is known for known in seen):
            continue
        seen.append(one)
        waiting += [one.__cause__, one.__context__]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_globals["__name__"].startswith("daypass"):
                yield frame


@pytest.mark.parametrize("door", [*DOORS, *(f"function {name}" for name in FUNCTIONS)])
def test_no_local_variable_of_ours_shows_a_secret(store, door):
    """As rich and reporters of errors print them."""
    function = FUNCTIONS.get(door.removeprefix("function "))
    with pytest.raises(daypass.DaypassError) as caught:
        _ = DOORS[door](store) if door in DOORS else function()
    shown = [
        f"{frame.f_code.co_qualname}: {name}"
        for frame in frames(caught.value)
        for name, value in frame.f_locals.items()
        if "planted" in repr(value) and not isinstance(value, BaseException)
    ]
    assert shown == []
