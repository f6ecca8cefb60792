"""An upload in parts that another process goes on with: plain values, no secrets."""

from __future__ import annotations

import json
import pickle

import pytest

import daypass
from daypass import InvalidRequestError
from tests.core import fakes
from tests.core.fakes import SECRET, FakeSession
from tests.core.store.parts import begin

pytestmark = pytest.mark.usefixtures("nothing_stored")


def test_another_process_goes_on_with_plain_values(uploader):
    upload = begin(content_type="text/csv", metadata={"a": "b"}, expires_in="5m", if_absent=True)
    told = json.loads(json.dumps(upload.to_dict()))
    assert told == {
        "path": "fake://bucket/k",
        "upload_id": "upload-1",
        "size": 25,
        "part_size": 10,
        "content_type": "text/csv",
        "metadata": {"a": "b"},
        "expires_in": 300,
        "if_absent": True,
    }
    again = daypass.resume_multipart_upload(**told)
    assert again.to_dict() == told
    assert len(FakeSession.stored) == 1
    again.part(2)
    assert [part.number for part in upload.list_parts()] == [2]


def test_an_upload_can_be_pickled_without_secrets(uploader):
    store = daypass.Store("fake://bucket/root", storage_options={"endpoint": "e"}, caller="ann")
    upload = store.create_multipart_upload("k", size=25, part_size=10)
    again = pickle.loads(pickle.dumps(upload))
    assert again.to_dict() == upload.to_dict()
    assert again.path == "fake://bucket/root/k"
    assert again._root.caller == "ann"
    secret = daypass.Store("fake://bucket", storage_options={"secret": SECRET})
    with pytest.raises(InvalidRequestError, match="storage_options"):
        pickle.dumps(secret.create_multipart_upload("k", size=5))
    upload = begin(headers={"x-amz-server-side-encryption-customer-key": SECRET})
    for carry in (upload.to_dict, lambda: pickle.dumps(upload)):
        with pytest.raises(InvalidRequestError, match="headers") as caught:
            carry()
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("upload_id", ["", None, 5, b"x", "a\nb", "other-1", fakes.Hostile])
def test_an_id_is_what_the_upload_was_begun_with(uploader, upload_id):
    with pytest.raises(InvalidRequestError) as caught:
        daypass.resume_multipart_upload("fake://bucket/k", upload_id, size=5)
    assert caught.value.option == "upload_id"


def test_nothing_secret_is_shown(uploader):
    upload = begin(headers={"x-own-key": SECRET})
    assert SECRET not in repr(upload)
    assert "upload-1" in repr(upload)
    assert SECRET not in repr(upload.part(1))
