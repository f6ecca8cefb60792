"""What every error keeps to itself."""

from __future__ import annotations

import pickle
import traceback

import pytest

import daypass
from daypass.errors import DaypassError, ObjectNotFoundError, StoreError
from tests.each import each

SECRET = "wJalrXUtnFEMI"
PATHS = [
    f"{protocol}://{login}@{place}/k"
    for protocol in (
        "s3",
        "gs",
        "az",
        "abfs",
        "http",
        "sftp",
        "memory",
        "daypass",
        "other",
        "redis",
        "file",
    )
    for place in ("maps", "127.0.0.1:1")
    for login in (
        f"AKIAIOSFODNN7EXAMPLE:{SECRET}K7MDENGbPxRfiCYEXAMPLEKEY",
        f":{SECRET}/K7MDENG",
        f"a:{SECRET}:b",
        f"a:x@{SECRET}",
        f"a:x/y@{SECRET}",
    )
] + [f"/x/me:{SECRET}@maps/k", f"me:{SECRET}@maps/k", f"./s3/me:{SECRET}@maps/k"]
DOORS = {
    "create_signed_url": daypass.create_signed_url,
    "create_signed_urls": lambda path: daypass.create_signed_urls([path]),
    "head_metadata": daypass.head_metadata,
    "create_signed_prefix": daypass.create_signed_prefix,
    "create_upload_form": daypass.create_upload_form,
    "Store": lambda path: daypass.Store(path).create_signed_url("k"),
}


@each("path", PATHS)
@pytest.mark.parametrize("door", DOORS)
def test_a_login_in_front_of_a_bucket_is_in_no_message(door, path):
    with pytest.raises(DaypassError) as caught:
        DOORS[door](path)
    assert SECRET not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("door", DOORS)
@each(
    "path",
    [
        " https://maps.example/k?X-Amz-Signature=",
        "https:/maps.example/k?x=1&X-Amz-Signature=",
        "https:\\\\maps.example\\k?sig=",
        "//maps.example/k?sig=",
        "maps.s3.amazonaws.com/k?AWSAccessKeyId=AK&Signature=",
        "s3:/maps/k?X-Amz-Security-Token=",
        "file://maps/k?X-Goog-Signature=",
    ],
)
def test_a_signed_url_that_is_taken_for_a_local_file_is_in_no_message(door, path):
    with pytest.raises(DaypassError) as caught:
        DOORS[door](path + SECRET)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in repr(daypass.Store(path + SECRET))


@pytest.mark.parametrize(
    "profile",
    [
        f'url = "s3://me:{SECRET}@maps"',
        f'url = "s3://maps?X-Amz-Signature={SECRET}"',
        f'url = "s3://maps"\npublic_endpoint = "https://me:{SECRET}@h"',
        f'url = "s3://maps"\npublic_endpoint = "{SECRET}"',
        f'url = "s3://maps"\nstorage_options.endpoint_url = "http://me:{SECRET}@h"',
        f'url = "s3://maps"\nstorage_options.endpoint_url = "{SECRET}"',
    ],
)
def test_what_was_pasted_into_the_wrong_place_of_a_profile_is_in_no_message(
    profile, tmp_path, monkeypatch
):
    file = tmp_path / "daypass.toml"
    file.write_text(f"[profiles.maps]\n{profile}\n")
    monkeypatch.setenv("DAYPASS_CONFIG", str(file))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with pytest.raises(DaypassError) as caught:
        daypass.create_signed_url("daypass://maps/k")
    assert SECRET not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    "text",
    [
        "s3://maps/a:b@c is not there",
        "https://127.0.0.1:9000/a@b answered 500",
        "at 10:30 someone@example.com asked",
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/maps",
    ],
)
def test_other_messages_stay_as_they_are(text):
    assert str(DaypassError(text)) == text


@pytest.mark.parametrize("kind", [DaypassError, StoreError, ObjectNotFoundError])
def test_it_is_masked_for_another_process_too(kind):
    error = pickle.loads(pickle.dumps(kind(f"s3://me:{SECRET}@maps/k is not there")))
    assert str(error) == "s3://****@maps/k is not there"
    assert error.args == (str(error),)
