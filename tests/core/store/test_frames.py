"""While options and configuration are read, no local variable of ours outlives the failure: reporters of errors print them."""

from __future__ import annotations

import asyncio
import base64
import socket
import traceback
from datetime import UTC, datetime
from inspect import isfunction
from itertools import product

import pytest

import daypass
from tests.each import each

SECRET = "Pl4ntedS3cret"


def frames(error, packages=("daypass",)):
    """Yield the frames of daypass, or of these packages, and of what attrs and cattrs make for it, in all that an error came from."""
    waiting, seen = [error], []
    while waiting:
        one = waiting.pop()
        if one is None or any(one is known for known in seen):
            continue
        seen.append(one)
        waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            name = frame.f_globals.get("__name__", frame.f_code.co_filename)
            if any(package in name for package in packages):
                yield frame


def _shown(value):
    try:
        return repr(value)
    except AttributeError:  # of an object that is half made
        return ""


def shown(error, packages=("daypass",), secret=SECRET):
    """Return which local variables show the secret, and whether the traceback does."""
    found = [
        f"{frame.f_code.co_qualname}: {name}"
        for frame in frames(error, packages)
        for name, value in frame.f_locals.items()
        if secret in _shown(value)
    ]
    assert len(list(frames(error))) > 1  # where it failed can still be seen
    return found + [secret] * (secret in "".join(traceback.format_exception(error)))


PATH = "s3://maps/k"
LOGIN = {"key": "AK", "secret": SECRET}
SIGNED = f"https://maps.example/k?X-Amz-Signature={SECRET}"
#: Each fails where it is read.
WRONG = {
    "storage option": {"storage_options": {**LOGIN, "endpoint_ur": SECRET}},
    "endpoint": {"storage_options": {**LOGIN, "endpoint_url": f"no://{SECRET}"}},
    "storage options of another type": {"storage_options": [SECRET]},
    "signer option": {"signer_options": {"key": SECRET}, "storage_options": LOGIN},
    "signer option's value": {
        "signer_options": {"signature_version": SECRET},
        "storage_options": LOGIN,
    },
    "another signer's key": {"signer": "cloudfront", "signer_options": {"private_key": SECRET}},
    "signer": {"signer": "nobody", "signer_options": {"private_key": SECRET}},
    "public endpoint": {"public_endpoint": f"https://me:{SECRET}@h", "storage_options": LOGIN},
    "fs": {"fs": object(), "storage_options": LOGIN},
}
#: And each of these, for a link.
WRONG_REQUESTS = {
    "header": {"headers": {"x-amz-server-side-encryption-customer-key": SECRET, "host": "x"}},
    "header's value": {"headers": {"x-amz-server-side-encryption-customer-key": f"{SECRET}\n"}},
    "query": {"query": {"x-token": SECRET, "X-Amz-Signature": SECRET}},
    "option": {"headers": {"x-a": SECRET}, "expires_inn": 1},
    "lifetime": {"headers": {"x-a": SECRET}, "expires_in": "soon"},
    "method": {"headers": {"x-a": SECRET}, "method": "BREW"},
}
DOORS = {
    "create_signed_url": daypass.create_signed_url,
    "create_signed_urls": lambda path, **given: daypass.create_signed_urls([path], **given),
    "create_signed_prefix": daypass.create_signed_prefix,
    "create_upload_form": daypass.create_upload_form,
    "create_multipart_upload": lambda path, **given: daypass.create_multipart_upload(
        path, size=10, **given
    ),
    "rehearse": daypass.rehearse,
    "Store": lambda path, **given: daypass.Store(path, **given).create_signed_url("k"),
    "acreate_signed_url": lambda path, **given: asyncio.run(
        daypass.acreate_signed_url(path, **given)
    ),
    "download": lambda path, **given: daypass.download(path, "never-written", **given),
    "upload": lambda path, **given: daypass.upload(__file__, path, **given),
}


#: A rehearsal opens no store, so that it does not know what its filesystem takes.
UNREAD = {("rehearse", "storage option"), ("rehearse", "endpoint")}


@each("door, wrong", [pair for pair in product(DOORS, WRONG) if pair not in UNREAD])
def test_no_frame_shows_options_that_cannot_be_read(door, wrong):
    with pytest.raises(daypass.DaypassError) as caught:
        DOORS[door](PATH, **WRONG[wrong])
    assert shown(caught.value) == []


SIGNING = {
    **{door: call for door, call in DOORS.items() if door not in ("download", "upload", "Store")},
    "Store.create_signed_url": lambda _, **given: STORE.create_signed_url("k", **given),
    "Store.create_signed_prefix": lambda _, **given: STORE.create_signed_prefix("k", **given),
    "Store.create_signed_urls": lambda _, **given: STORE.create_signed_urls(["k"], **given),
    "Store.acreate_signed_url": lambda _, **given: asyncio.run(
        STORE.acreate_signed_url("k", **given)
    ),
}
STORE = daypass.Store("s3://maps", storage_options=LOGIN)


@each("wrong", WRONG_REQUESTS)
@pytest.mark.parametrize("door", SIGNING)
def test_no_frame_shows_a_request_that_cannot_be_made(door, wrong):
    """Headers may hold a customer's encryption key, and parameters a token."""
    place = {} if door.startswith("Store") else {"storage_options": LOGIN}
    with pytest.raises(daypass.DaypassError) as caught:
        SIGNING[door](PATH, **place, **WRONG_REQUESTS[wrong])
    assert shown(caught.value) == []


KEY = f"{SECRET:*<32}".encode()


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (daypass.SignRequest, {"method": "POST", "encryption_key": KEY}),
        (daypass.SignRequest, {"content_length": -1, "encryption_key": KEY}),
        (daypass.SignRequest, {"expires_in": "soon", "encryption_key": KEY}),
        (daypass.FormRequest, {"max_bytes": -1}),
        (daypass.FormRequest, {"expires_in": 1, "expires_at": datetime.max.replace(tzinfo=UTC)}),
    ],
)
def test_no_frame_shows_the_key_of_a_request_that_is_made_by_hand(kind, wrong):
    with pytest.raises(daypass.DaypassError) as caught:
        kind(headers={"x-a": SECRET}, **wrong)
    assert shown(caught.value) == []


def test_no_frame_of_the_http_library_shows_the_key_that_was_sent():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(daypass.StoreError) as caught:
            daypass.create_multipart_upload(
                PATH,
                size=10,
                encryption_key=KEY,
                storage_options={
                    **LOGIN,
                    "endpoint_url": url,
                    "client_kwargs": {"region_name": "us-east-1"},
                },
            )
    assert shown(caught.value, ("daypass", "http", "urllib"), base64.b64encode(KEY).decode()) == []


MANY = {
    "links": lambda **given: list(daypass.create_signed_urls(iter([PATH]), **given)),
    "links in a thread": lambda **given: asyncio.run(daypass.acreate_signed_urls([PATH], **given)),
    "heads": lambda **given: list(
        daypass.head_metadata_many(iter([PATH]), errors="raise", **given)
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
@each("many", MANY)
def test_no_frame_shows_the_options_of_many_that_are_read_one_by_one(many, wrong):
    given = dict(WRONG[wrong])
    if many == "heads" and not given.keys() <= {"storage_options", "fs"}:
        given = WRONG["storage option"]
    with pytest.raises(daypass.DaypassError) as caught:
        MANY[many](**given)
    assert shown(caught.value) == []


@pytest.mark.parametrize("of", [daypass.explain, daypass.verify])
@pytest.mark.parametrize("wrong", [[SIGNED], SIGNED.encode()], ids=["list", "bytes"])
def test_no_frame_shows_a_link_that_cannot_be_read(of, wrong):
    with pytest.raises(daypass.DaypassError) as caught:
        of(wrong)
    assert shown(caught.value) == []


def test_no_public_function_was_forgotten():
    """Two see to it themselves, since each link would wait for one call more."""
    themselves = {daypass.create_signed_url, daypass.Store.create_signed_url}
    functions = [getattr(daypass, name) for name in daypass.__all__]
    rooms = ("daypass.store", "daypass.transfer", "daypass.manifest", "daypass.reading")
    methods = [
        method
        for kind in (daypass.Store, daypass.MultipartUpload)
        for name, method in vars(kind).items()
        if name == "__init__"
        or (isfunction(method) and not name.startswith("_") and name != "to_dict")
    ]
    made = [one for one in functions if isfunction(one) and one.__module__.startswith(rooms)]
    assert len(made) > 20
    bare = {one for one in (*made, *methods) if not hasattr(one, "__wrapped__")}
    assert bare - themselves - {daypass.MultipartUpload.__init__} == set()
