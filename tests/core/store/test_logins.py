"""A key and a secret in front of a bucket are shown at no door, however the path is misspelt."""

from __future__ import annotations

import traceback

import pytest

import daypass
from daypass.gate.cors import plan_cors
from tests.each import each

SECRET = "wJalrXUtnFEMIplanted"
PATHS = [
    "s3://AK:{}@bucket/k",
    "S3://AK:{}@bucket/k",
    "s3://AK:{}/x@bucket/k",
    "s3://AK:{}%2Fx@bucket/k",
    " s3://AK:{}@bucket/k",
    "s3:/AK:{}@bucket/k",
    "s3:AK:{}@bucket/k",
    "AK:{}@bucket/k",
    "C:\\AK:{}@bucket\\k",
    "az://AK:{}@box/k",
    "gs://AK:{}@bucket/k",
    "daypass://AK:{}@profile/k",
    "memory://AK:{}@bucket/k",
    "redis://u:{}@host/0/k",
    "https://me:{}@host.example/k?X-Amz-Signature={}",
    "simplecache::s3://AK:{}@bucket/k",
    "zip://x::s3://AK:{}@bucket/k",
]
RULE = daypass.CorsRule(origins=["*"], methods=["GET"])


def cors(path):
    store = daypass.Store(path)
    return plan_cors(store.backend, store.location.at(""), RULE)


def shown(path):
    store = daypass.Store(path)
    return [store, store.location, store.root, store.location.path]


DOORS = {
    "sign": daypass.create_signed_url,
    "many": lambda path: daypass.create_signed_urls([path, path]),
    "prefix": daypass.create_signed_prefix,
    "form": daypass.create_upload_form,
    "multipart": lambda path: daypass.create_multipart_upload(path, size=10),
    "rehearse": daypass.rehearse,
    "explain": daypass.explain,
    "verify": daypass.verify,
    "cors": cors,
    "store": shown,
}


@each("path", PATHS)
@pytest.mark.parametrize("door", DOORS)
def test_a_login_in_a_path_is_shown_at_no_door(door, path):
    path = path.format(SECRET, SECRET)
    try:
        told = repr(DOORS[door](path))
    except daypass.DaypassError as error:
        told = "".join(traceback.format_exception(error)) + repr(vars(error))
    assert SECRET not in told
