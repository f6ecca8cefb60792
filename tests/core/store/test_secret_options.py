"""What a backend declares secret in its options is shown by nothing, and travels nowhere."""

from __future__ import annotations

import pickle
import traceback

import pytest

import daypass
from daypass.errors import InvalidRequestError
from tests.core import fakes

PHRASE, PIN = "open-sesame", 482911
OPTIONS = {"phrase": PHRASE, "login": {"who": "ada-lovelace", "pin": PIN}, "shelf": "third-shelf"}
SECRETS = (PHRASE, str(PIN), "ada-lovelace")


def quoting(location):
    msg = f"no answer to {dict(location.storage_options)}"
    raise OSError(msg)


def told(error):
    return "".join(traceback.format_exception(error)) + repr(error.__cause__)


@pytest.fixture
def store(registry_of):
    module = fakes.backend(head=quoting, secret_storage_options={"phrase", "login"})
    registry_of({"fake": module})
    return daypass.Store("fake://box", storage_options=OPTIONS)


def test_no_error_of_a_hook_shows_it(store):
    with pytest.raises(daypass.DaypassError) as caught:
        store.head_metadata("a")
    shown = told(caught.value)
    assert "no answer to" in shown
    assert "third-shelf" in shown
    assert not [secret for secret in SECRETS if secret in shown]


def test_no_store_travels_with_it(store):
    for name in ("phrase", "login"):
        alone = daypass.Store("fake://box", storage_options={name: OPTIONS[name]})
        with pytest.raises(InvalidRequestError, match=f"storage_options holds {name}"):
            pickle.dumps(alone)
    plain = daypass.Store("fake://box", storage_options={"shelf": "third", "phrase": None})
    assert pickle.loads(pickle.dumps(plain)).location.storage_options["shelf"] == "third"


def test_a_signer_hides_what_the_store_behind_it_declares(registry_of):
    def failing(location, request):
        quoting(location)

    registry_of(
        {"fake": fakes.backend(secret_storage_options={"phrase"})},
        signers={"front": fakes.backend(failing, reads=False, secret_storage_options={"login"})},
    )
    store = daypass.Store("fake://box", storage_options=OPTIONS, signer="front")
    with pytest.raises(daypass.DaypassError) as caught:
        store.create_signed_url("a")
    assert not [secret for secret in SECRETS if secret in told(caught.value)]
