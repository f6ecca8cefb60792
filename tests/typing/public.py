"""What a type checker sees of the public names. Nobody runs this; mypy and pyright read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import assert_type

import daypass
import daypass_notebook


def signing() -> None:
    """Every option has a type, and the answer's parts too."""
    link = daypass.create_signed_url(
        "s3://bucket/key",
        method="PUT",
        expires_in=timedelta(minutes=15),
        content_md5=b"0123456789abcdef",
        metadata={"origin": "sensor"},
        signing_time=datetime.now(UTC),
        storage_options={"anon": False},
    )
    assert_type(link, daypass.SignedURL)
    assert_type(link.headers, dict[str, str])
    assert_type(link.expires_at, datetime)
    assert_type(link.permits, frozenset[str])


def uploading(store: daypass.Store) -> None:
    """A form's options are typed like a link's."""
    form = daypass.create_upload_form("s3://bucket/key", max_bytes=5, content_type_prefix="image/")
    assert_type(form, daypass.UploadForm)
    assert_type(form.fields, dict[str, str])
    store.create_upload_form("key", maxbytes=5)  # type: ignore[call-arg]


def uploading_in_parts(store: daypass.Store) -> None:
    """An upload in parts takes the same options, and answers in types of its own."""
    upload = store.create_multipart_upload("key", size=5, content_type="a/b", expires_in="1h")
    assert_type(upload, daypass.MultipartUpload)
    assert_type(upload.part(1, content_md5=b"0123456789abcdef"), daypass.SignedURL)
    assert_type(upload.list_parts(), list[daypass.UploadedPart])
    assert_type(upload.complete({1: "etag"}), daypass.ObjectMetadata)


async def sharing(frame: object) -> None:
    """Anything can be shared; what comes back reads one object, or all below a prefix."""
    link = daypass.share(frame, "s3://bucket/q3.parquet", expires_in="7d", overwrite=True)
    assert_type(link, daypass.SignedURL | daypass.SignedPrefix)
    assert_type(link.url, str)
    daypass.share(frame, "s3://bucket/q3.parquet", overwite=True)  # type: ignore[call-arg]
    inbox = daypass.request_upload(
        "s3://bucket/inbox/",
        max_bytes="2GB",
        expires_in="7d",
        max_uses=5,
        content_types=["image/*"],
    )
    assert_type(
        inbox, daypass.Inbox | daypass.SignedPrefix | daypass.UploadForm | daypass.SignedURL
    )
    assert_type(
        await daypass.ashare(frame, "s3://bucket/q3.parquet", overwrite=True),
        daypass.SignedURL | daypass.SignedPrefix,
    )
    asked = await daypass.arequest_upload("s3://bucket/inbox/", max_bytes="2GB")
    assert_type(
        asked, daypass.Inbox | daypass.SignedPrefix | daypass.UploadForm | daypass.SignedURL
    )
    await daypass.arequest_upload("s3://bucket/inbox/", max_byte=2)  # type: ignore[call-arg]
    daypass.request_upload("s3://bucket/inbox/", max_bytes=2.5)  # type: ignore[arg-type]


def guarding(model: dict[str, object]) -> None:
    """A hook of a Jupyter server changes a notebook in place."""
    daypass.mask_before_saving(model, path="a.ipynb", contents_manager=None)


def showing(link: daypass.SignedURL) -> None:
    """A card has HTML and text."""
    assert_type(link.size, int | None)
    card = daypass_notebook.show(link, preview=True, qr=True)
    assert_type(card, daypass_notebook.Card)
    assert_type(card.html, str)
    assert_type(card.text, str)
    daypass_notebook.show(link, previews=True)  # type: ignore[call-arg]


def mistakes() -> None:
    """A misspelt option and a wrong type are found before anything runs."""
    daypass.create_signed_url("s3://bucket/key", expire_in=60)  # type: ignore[call-arg]
    daypass.create_signed_url("s3://bucket/key", if_absent="yes")  # type: ignore[arg-type]


def reading(store: daypass.Store) -> None:
    """Only ``missing_ok`` makes the answer optional."""
    assert_type(store.head_metadata("key"), daypass.ObjectMetadata)
    assert_type(store.head_metadata("key", missing_ok=True), daypass.ObjectMetadata | None)
    assert_type(daypass.head_metadata("s3://bucket/key").size, int | None)


def reading_many(store: daypass.Store, paths: list[str]) -> None:
    """Errors that are raised are in no list; an iterator gives an iterator."""
    assert_type(
        daypass.head_metadata_many(paths), list[daypass.ObjectMetadata | daypass.DaypassError]
    )
    assert_type(
        daypass.head_metadata_many(iter(paths)),
        Iterator[daypass.ObjectMetadata | daypass.DaypassError],
    )
    assert_type(daypass.head_metadata_many(paths, errors="raise"), list[daypass.ObjectMetadata])
    assert_type(
        store.head_metadata_many(paths, concurrency=2),
        list[daypass.ObjectMetadata | daypass.DaypassError],
    )
    assert_type(
        store.head_metadata_many(iter(paths), errors="raise"), Iterator[daypass.ObjectMetadata]
    )


async def asynchronous(store: daypass.Store) -> None:
    """The asynchronous face answers the same."""
    assert_type(await store.acreate_signed_url("key", expires_in="1h"), daypass.SignedURL)
    assert_type(await daypass.acreate_signed_url("s3://bucket/key"), daypass.SignedURL)
    assert_type(await daypass.acreate_signed_urls(["s3://b/k"], caller="a"), daypass.SignedURLBatch)
    assert_type(await store.acreate_signed_urls(iter(["k"])), daypass.SignedURLBatch)
    assert_type(await daypass.acreate_signed_urls(glob="s3://b/*"), daypass.SignedURLBatch)
    assert_type(await daypass.acreate_signed_prefix("az://b", fs=None), daypass.SignedPrefix)
    assert_type(await daypass.acreate_upload_form("s3://b/k", max_bytes=5), daypass.UploadForm)
    upload = await daypass.acreate_multipart_upload("s3://b/k", size=5, expires_in="1h")
    assert_type(upload, daypass.MultipartUpload)
    assert_type(await daypass.ahead_metadata("s3://b/k"), daypass.ObjectMetadata)
    assert_type(
        await daypass.ahead_metadata("s3://b/k", missing_ok=True), daypass.ObjectMetadata | None
    )
    assert_type(await store.ahead_metadata("key"), daypass.ObjectMetadata)
    read = await daypass.ahead_metadata_many(["s3://b/k"], errors="raise")
    assert_type(read, list[daypass.ObjectMetadata])
    assert_type(
        await store.ahead_metadata_many(["k"]), list[daypass.ObjectMetadata | daypass.DaypassError]
    )
    assert_type(await daypass.adownload("s3://b/k", "file", caller="a"), daypass.Transfer)
    assert_type(await daypass.aupload("file", "s3://b/k", jobs=2, acl="private"), daypass.Transfer)
    await daypass.acreate_signed_url("s3://bucket/key", expire_in=60)  # type: ignore[call-arg]
    await daypass.aupload("file", "s3://b/k", job=2)  # type: ignore[call-arg]
    await daypass.acreate_signed_urls(["s3://b/k"], content_length=5)  # type: ignore[arg-type]
    await daypass.acreate_upload_form("s3://b/k", maxbytes=5)  # type: ignore[call-arg]
    assert_type(await daypass.adownload("https://b.example/k", "file"), daypass.Transfer)
    assert_type(await daypass.aupload("file", "s3://b/k", jobs=2), daypass.Transfer)
    await daypass.aupload("file", "s3://b/k", job=2)  # type: ignore[call-arg]


def many(store: daypass.Store) -> None:
    """A batch is a sequence of links; errors have their attributes."""
    batch = store.create_signed_urls(["a", "b"], method="GET", expires_in=60)
    assert_type(batch, daypass.SignedURLBatch)
    assert_type(batch[0], daypass.SignedURL)
    assert_type([link.url for link in batch], list[str])
    batch = daypass.create_signed_urls(["s3://b/k"], errors="collect", content_length=[5])
    assert_type(batch, daypass.SignedURLBatch)
    assert_type(daypass.create_signed_urls(iter(["s3://b/k"])), Iterator[daypass.SignedURL])
    assert_type(daypass.create_signed_urls(glob="s3://b/*.csv", caller="a"), daypass.SignedURLBatch)
    assert_type(store.create_signed_urls(glob="*.csv", expires_in=60), daypass.SignedURLBatch)
    grant = daypass.create_signed_prefix("az://maps", expires_in="45m")
    assert_type(grant.url_for("key"), str)
    try:
        store.create_signed_url("key", strict=False, on_short="raise")
    except daypass.UnsupportedOptionError as error:
        assert_type(error.option, str | None)
        assert_type(error.alternatives, tuple[str, ...])


def again(link: daypass.SignedURL) -> None:
    """A link says what it has left and is signed again; a mapping does both by itself."""
    assert_type(link.lifetime, timedelta)
    assert_type(link.refresh(), daypass.SignedURL)
    links = daypass.fresh(["s3://b/k"], min_life="5m", expires_in="1h", caller="a")
    assert_type(links, daypass.FreshLinks)
    assert_type(links["s3://b/k"].url, str)
    daypass.fresh(["s3://b/k"], min_lifetime=5)  # type: ignore[call-arg]
    daypass.fresh(["s3://b/k"], min_life=None)  # type: ignore[arg-type]


def anything(item: dict[str, str]) -> None:
    """What is changed in place keeps its type; options are those that many paths share."""
    assert_type(daypass.sign_inplace(item, expires_in="1h", caller="a"), dict[str, str])
    daypass.sign(item, expires_in="1h", signer="links")
    daypass.sign(item, expire_in="1h")  # type: ignore[call-arg]
    daypass.sign(item, content_md5="x")  # type: ignore[call-arg]


def text(log: str) -> None:
    """What is masked in a text leaves text."""
    assert_type(daypass.redact(log), str)
    daypass.redact(b"")  # type: ignore[arg-type]


@daypass.hookimpl
def describe_backend() -> daypass.BackendInfo:
    """A backend's declaration takes any iterables of names."""
    return daypass.BackendInfo(name="shelf", methods=["GET"], enforces={"signing_time"})


@daypass.hookimpl
def head_metadata(location: daypass.Location) -> daypass.ObjectMetadata:
    """A backend is given a location."""
    assert_type(location.key, str)
    assert_type(location.deadline, float)
    return daypass.ObjectMetadata(path=location.path, key=location.key, size=3)


@daypass.hookimpl
def authorize(event: daypass.SigningEvent) -> None:
    """A policy is told who wants what."""
    assert_type(event.caller, str | None)
    if event.method == "DELETE":
        raise PermissionError
