"""What S3 links are signed with, and how the credential's end becomes the link's end."""

import asyncio
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import aiobotocore.session
import attrs
import botocore.credentials
import pytest
import s3fs
from aiobotocore.credentials import AioCredentials, AioRefreshableCredentials
from botocore.credentials import ReadOnlyCredentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import daypass
from daypass_s3.signer import Signer
from tests.conftest import examples
from tests.servers.serving import serving

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
STATIC = {
    "key": "AKIDEXAMPLE",
    "secret": "s3cr3t-value",
    "client_kwargs": {"region_name": "eu-west-1"},
}
TEMPORARY = {**STATIC, "token": "t0ken-value"}


def sign(storage_options=None, *, signer_options=None, fs=None, **options):
    options.setdefault("signing_time", NOW)
    return daypass.create_signed_url(
        "s3://bucket/key",
        storage_options=storage_options,
        fs=fs,
        signer_options=signer_options,
        **options,
    )


def test_permanent_keys_never_shorten_a_link():
    link = sign(STATIC, expires_in="7d")
    assert timedelta(days=7) == link.expires_at - NOW
    assert link.expires_because == "requested"


def test_a_bare_token_warns_that_its_end_is_unknown():
    """The link says so itself, and a caller who wants certainty gets an error."""
    with pytest.warns(daypass.ShortLivedURLWarning, match="credentials_expire_at"):
        link = sign(TEMPORARY)
    assert "unknown" in link.expires_because
    assert "X-Amz-Security-Token=t0ken-value" in link.url
    with pytest.raises(daypass.ShortLivedURLError, match="unknown"):
        sign(TEMPORARY, on_short="raise")


def test_the_end_of_a_token_is_the_end_of_the_link():
    """Said in credentials_expire_at, the token's end caps the link's and is named as the reason."""
    end = NOW + timedelta(minutes=20)
    for said in (end, end.isoformat()):
        with pytest.warns(daypass.ShortLivedURLWarning, match="12:20:00"):
            link = sign(TEMPORARY, signer_options={"credentials_expire_at": said})
        assert end == link.expires_at
        assert "credentials" in link.expires_because
    with pytest.raises(daypass.ShortLivedURLError):
        sign(TEMPORARY, signer_options={"credentials_expire_at": end}, on_short="raise")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_url_tells_the_end_of_its_token(version):
    """Whoever gets nothing but the URL reads in it when it ends: what boto3 signs for that lifetime."""
    end = NOW + timedelta(minutes=20)
    store = daypass.Store(
        "s3://maps",
        storage_options={
            **TEMPORARY,
            "key": "AKIAIOSFODNN7EXAMPLE",
            "secret": "made-up",
        },
        signer_options={"credentials_expire_at": end, "signature_version": version},
    )
    asked = {"expires_in": "1h", "signing_time": NOW}
    with pytest.warns(daypass.ShortLivedURLWarning):
        links = [
            store.create_signed_url("a b", **asked),
            *store.create_signed_urls(["a b"], **asked),
        ]
    from tests.plugins.s3.sdk import by_boto3  # with boto3, which the plugin has not

    theirs = by_boto3(
        version=version,
        token="t0ken-value",
        lifetime=1200,
        now=NOW,
        params={"Bucket": "maps", "Key": "a b"},
    )
    for link in links:
        assert link.url == theirs
        assert daypass.explain(link.url, now=NOW).expires_at == link.expires_at == end


def test_equal_requests_are_equal_links_until_their_token_ends():
    """Within a time bucket the token's end is as constant as the bucket's start."""
    end = NOW + timedelta(minutes=20)
    store = daypass.Store(
        "s3://bucket", storage_options=TEMPORARY, signer_options={"credentials_expire_at": end}
    )
    with pytest.warns(daypass.ShortLivedURLWarning):
        urls = {
            store.create_signed_url(
                "k",
                expires_in="1h",
                stable_for="10m",
                signing_time=NOW + timedelta(minutes=minutes),
            ).url
            for minutes in (0, 9)
        }
    assert len(urls) == 1
    assert "X-Amz-Expires=1200&" in urls.pop()


def test_a_token_that_outlives_the_link_changes_nothing():
    end = NOW + timedelta(hours=2)
    link = sign(TEMPORARY, signer_options={"credentials_expire_at": end}, expires_in="1h")
    assert link.expires_because == "requested"
    assert timedelta(hours=1) == link.expires_at - NOW


def test_expired_credentials_are_refused():
    for end in (NOW, NOW - timedelta(seconds=1)):
        with pytest.raises(daypass.CredentialsError, match="ended"):
            sign(TEMPORARY, signer_options={"credentials_expire_at": end})


@pytest.mark.parametrize(
    "value",
    ["soon", "2026-05-04T12:00:00", datetime(2026, 5, 4), 1_800_000_000],
)
def test_a_moment_that_is_none_is_refused(value):
    with pytest.raises(daypass.InvalidRequestError, match="credentials_expire_at"):
        sign(TEMPORARY, signer_options={"credentials_expire_at": value})


@pytest.mark.isolated
@pytest.mark.parametrize(
    "options",
    [
        {"anon": True},
        {"anon": True, "key": "AK", "secret": "SK"},
        {"config_kwargs": {"signature_version": botocore.UNSIGNED}, "key": "AK", "secret": "SK"},
    ],
)
def test_anonymous_filesystems_have_nothing_to_sign_with(options):
    """Refused, never an unsigned URL; and no other credential is looked for."""
    with pytest.raises(daypass.CredentialsError, match="anonymous"):
        sign(options)
    with pytest.raises(PermissionError, match="anonymous"):
        sign(fs=s3fs.S3FileSystem(**options, skip_instance_cache=True))


def test_no_credentials_anywhere(monkeypatch):
    with pytest.raises(daypass.CredentialsError, match="AWS_ACCESS_KEY_ID"):
        sign({"client_kwargs": {"region_name": "eu-west-1"}})
    with pytest.raises(daypass.CredentialsError, match="profile"):
        sign({"profile": "no-such-profile"})


@pytest.mark.parametrize(
    "options",
    [
        {"key": "AK"},
        {"secret": "SK"},
        {"key": "", "secret": "SK"},
        {"key": "", "secret": ""},
        {"key": "AK\n", "secret": "SK"},
        {"key": "AK", "secret": "S K"},
        {"key": "AK", "secret": b"SK"},
        {"key": "AK", "secret": "SK", "token": "t\r\nX"},
    ],
)
def test_half_or_broken_keys_are_refused_without_showing_them(options):
    with pytest.raises(daypass.CredentialsError) as caught:
        sign({**options, "client_kwargs": {"region_name": "eu-west-1"}})
    assert "SK" not in str(caught.value)


def test_empty_keys_are_no_wish_for_those_of_the_environment(monkeypatch):
    """A variable that came out empty would sign with whoever's keys are there."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with pytest.raises(daypass.CredentialsError, match="key is missing"):
        sign({"key": "", "secret": "", "client_kwargs": {"region_name": "eu-west-1"}})


@pytest.mark.isolated
def test_keys_from_the_environment_and_from_a_profile(monkeypatch, tmp_path):
    """The SDK's own chain is asked, and a changed environment is seen at once."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    link = sign()
    assert "AKENV%2F20260504%2Feu-north-1" in link.url
    assert link.url.startswith("https://bucket.s3.eu-north-1.amazonaws.com/")

    monkeypatch.delenv("AWS_DEFAULT_REGION")
    profile = tmp_path / "config"
    profile.write_text(
        "[profile other]\naws_access_key_id = AKPROFILE\naws_secret_access_key = y\n"
        "region = ap-south-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    assert "AKPROFILE%2F20260504%2Fap-south-1" in sign({"profile": "other"}).url
    assert "AKENV" in sign().url


def test_an_endpoint_from_the_environment_is_a_custom_endpoint(monkeypatch):
    """It gets botocore's path style, and not the virtual hosts of AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
    assert sign(STATIC).url.startswith("http://127.0.0.1:9000/bucket/key?")


@pytest.mark.isolated
def test_fsspecs_own_configuration_counts(monkeypatch):
    """What fsspec.filesystem("s3") would be made with is what signs."""
    import fsspec.config

    monkeypatch.setitem(
        fsspec.config.conf,
        "s3",
        {"key": "AKCONF", "secret": "z", "endpoint_url": "https://s.example"},
    )
    link = sign({"client_kwargs": {"region_name": "eu-west-1"}})
    assert link.url.startswith("https://s.example/bucket/key?")
    assert "AKCONF" in link.url


def test_a_role_that_refreshes_is_refreshed_before_it_shortens_a_link(monkeypatch):
    """Twenty minutes left, one hour asked: new keys come first, and the link is whole."""
    now = datetime.now(UTC).replace(microsecond=0)
    made = []

    def refresh():
        made.append(1)
        return {
            "access_key": f"ASIA{len(made)}",
            "secret_key": "x",
            "token": "t",
            "expiry_time": (now + timedelta(hours=6)).isoformat(),
        }

    role = botocore.credentials.RefreshableCredentials(
        "ASIA0", "x", "t", now + timedelta(minutes=20), refresh, "test"
    )
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda self: role)
    store = daypass.Store(
        "s3://bucket", storage_options={"client_kwargs": {"region_name": "us-east-1"}}
    )
    short = store.create_signed_url("key", expires_in="10m", signing_time=now)
    assert made == []
    assert "ASIA0" in short.url

    whole = store.create_signed_url("key", expires_in="1h", signing_time=now)
    assert made == [1]
    assert "ASIA1" in whole.url
    assert whole.expires_because == "requested"
    assert timedelta(hours=1) == whole.expires_at - now


@pytest.mark.parametrize("minutes", [20, -1], ids=["still good", "ended"])
def test_a_refresh_that_never_ends_is_waited_for_within_the_deadline(monkeypatch, minutes):
    answered = threading.Event()
    now = datetime.now(UTC)
    role = botocore.credentials.RefreshableCredentials(
        "ASIA0", "x", "t", now + timedelta(minutes=minutes), answered.wait, "test"
    )
    monkeypatch.setattr(botocore.session.Session, "get_credentials", lambda _: role)
    store = daypass.Store("s3://bucket", storage_options={"client_kwargs": {"region_name": "r"}})
    location = attrs.evolve(store.location, deadline=0.2)
    store.root = attrs.evolve(store.root, location=location)
    if minutes < 0:
        with pytest.raises(daypass.DeadlineError, match=r"credentials did not end within 0\.2 s"):
            store.create_signed_url("k")
    else:  # botocore's rule: as long as the present ones are good, it is no error
        with pytest.warns(daypass.ShortLivedURLWarning):
            assert "ASIA0" in store.create_signed_url("k", expires_in="1h").url
    answered.set()


def test_a_refresh_that_brings_nothing_longer_caps_the_link(monkeypatch):
    """A failing refresh is no error while the present keys are good: the link says when it ends."""
    now = datetime.now(UTC).replace(microsecond=0)

    def refresh():
        raise botocore.exceptions.CredentialRetrievalError(provider="test", error_msg="down")

    role = botocore.credentials.RefreshableCredentials(
        "ASIA0", "x", "t", now + timedelta(minutes=20), refresh, "test"
    )
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda self: role)
    store = daypass.Store(
        "s3://bucket", storage_options={"client_kwargs": {"region_name": "us-east-1"}}
    )
    with pytest.warns(daypass.ShortLivedURLWarning):
        link = store.create_signed_url("key", expires_in="1h", signing_time=now)
    assert now + timedelta(minutes=20) == link.expires_at


class _Session(aiobotocore.session.AioSession):
    """An injected session whose role refreshes by coroutine, as assumed roles do."""

    def __init__(self, end, later):
        super().__init__()
        self.made = []

        async def refresh():
            self.made.append(1)
            return {
                "access_key": "ASIAAIO1",
                "secret_key": "x",
                "token": "t",
                "expiry_time": later.isoformat(),
            }

        self._role = AioRefreshableCredentials("ASIAAIO0", "x", "t", end, refresh, "test")

    async def get_credentials(self):
        return self._role


@pytest.mark.isolated
def test_an_injected_aiobotocore_session():
    """A filesystem with a session of the caller's signs with that session's role, refreshed."""
    now = datetime.now(UTC).replace(microsecond=0)
    session = _Session(now + timedelta(minutes=20), now + timedelta(hours=6))
    fs = s3fs.S3FileSystem(
        session=session, client_kwargs={"region_name": "us-east-1"}, skip_instance_cache=True
    )
    store = daypass.Store("s3://bucket", fs=fs)
    assert "ASIAAIO0" in store.create_signed_url("k", expires_in="5m", signing_time=now).url
    link = store.create_signed_url("k", expires_in="1h", signing_time=now)
    assert "ASIAAIO1" in link.url
    assert link.expires_because == "requested"
    assert session.made == [1]

    async def within_a_loop():
        return await store.acreate_signed_url("k", signing_time=now)

    assert "ASIAAIO1" in asyncio.run(within_a_loop()).url


def test_credentials_that_a_session_holds_can_be_changed_in_place():
    """The SDK reads them for each signature, and so do we."""
    held = AioCredentials("AKIDFIRST", "first")

    class Session:
        profile = None

        async def get_credentials(self):
            return held

    fs = s3fs.S3FileSystem(
        session=Session(), client_kwargs={"region_name": "us-east-1"}, skip_instance_cache=True
    )
    store = daypass.Store("s3://bucket", fs=fs)
    now = datetime.now(UTC).replace(microsecond=0)
    first = store.create_signed_url("key", signing_time=now)
    held.access_key, held.secret_key = "AKIDSECOND", "second"
    changed = store.create_signed_url("key", signing_time=now)
    assert "AKIDFIRST" in first.url
    options = {
        "key": "AKIDSECOND",
        "secret": "second",
        "client_kwargs": {"region_name": "us-east-1"},
    }
    assert changed.url == sign(options, signing_time=now).url
    held.token = "of a session"
    with pytest.raises(daypass.CredentialsError, match="token holds spaces"):
        store.create_signed_url("key", signing_time=now)


def test_requester_pays_of_the_filesystem_is_signed_too():
    """An option of the filesystem that every request carries is not dropped from links."""
    link = sign({**STATIC, "requester_pays": True})
    assert link.headers == {"x-amz-request-payer": "requester"}
    assert "SignedHeaders=host%3Bx-amz-request-payer" in link.url


def test_encryption_of_the_filesystem_is_signed_into_uploads():
    """s3_additional_kwargs name headers that the holder must send."""
    options = {
        **STATIC,
        "s3_additional_kwargs": {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key-1"},
    }
    up = sign(options, method="PUT", content_type="text/csv")
    assert up.headers == {
        "Content-Type": "text/csv",
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
    }
    assert sign(options).headers == {}


@pytest.mark.parametrize(
    ("method", "name", "value"),
    [
        ("GET", "ResponseContentType", "text/html"),
        ("GET", "ResponseContentDisposition", "inline"),
        ("HEAD", "PartNumber", 2),
        ("DELETE", "VersionId", "old"),
        ("LIST", "StartAfter", "z"),
    ],
)
def test_parameters_of_the_filesystem_make_no_other_link(method, name, value):
    """They passed every rule of a policy, and the audit did not name them."""
    options = {**STATIC, "s3_additional_kwargs": {name: value}}
    with pytest.raises(daypass.InvalidRequestError, match=f"s3_additional_kwargs {name}"):
        sign(options, method=method)


@pytest.mark.isolated
def test_a_form_that_cannot_be_proven_goes_through_the_sdk(monkeypatch):
    """One SDK call per URL, its own clock, and the options that need ours are refused by name."""
    monkeypatch.setattr("daypass_s3.signer.Template.learn", lambda *_, **__: None)
    store = daypass.Store("s3://bucket", storage_options=STATIC)
    before = datetime.now(UTC).replace(microsecond=0)
    link = store.create_signed_url("a b", expires_in=60)
    assert link.url.startswith("https://bucket.s3.eu-west-1.amazonaws.com/a%20b?")
    assert before <= link.expires_at - timedelta(seconds=60) <= datetime.now(UTC)
    with pytest.raises(daypass.UnsupportedOptionError, match="signing_time"):
        store.create_signed_url("a b", signing_time=NOW)


def test_cache_regions_asks_the_filesystem_for_the_buckets_region(monkeypatch):
    """The region that the filesystem finds is the one that is signed for."""

    class Meta:
        region_name = "ap-south-1"

    class Client:
        meta = Meta()

    async def get_s3(self, bucket=None):
        assert bucket == "bucket"
        return Client()

    monkeypatch.setattr(s3fs.S3FileSystem, "connect", lambda self: None)
    monkeypatch.setattr(s3fs.S3FileSystem, "get_s3", get_s3)
    link = sign({"key": "AK", "secret": "SK", "cache_regions": True})
    assert link.url.startswith("https://bucket.s3.ap-south-1.amazonaws.com/key?")


def test_both_heads_of_one_object_have_one_deadline():
    """The second asks without checksums, which need a permission of their own; both together took twice as long."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            time.sleep(0.7)
            self.send_response(403)
            self.end_headers()

        def log_message(self, *_):
            pass

    with serving(Handler) as port:
        options = {"key": "AK", "secret": "SK", "endpoint_url": f"http://127.0.0.1:{port}"}
        store = daypass.Store("s3://bucket", storage_options=options)
        location = attrs.evolve(store.location, deadline=1)
        store.root = attrs.evolve(store.root, location=location)
        with pytest.raises(daypass.DeadlineError, match="within 1 s"):
            store.head_metadata("k")


def test_templates_are_made_once_per_form(monkeypatch):
    """Ten thousand links of one kind cost one call of the SDK."""
    asked = []
    learn = Signer._learn
    monkeypatch.setattr(
        Signer, "_learn", lambda self, *args: (asked.append(args[1]), learn(self, *args))[1]
    )
    store = daypass.Store("s3://bucket", storage_options=STATIC)
    for number in range(100):
        store.create_signed_url(f"k{number}", expires_in=60 + number)
        store.create_signed_url(f"k{number}", method="PUT", content_type=f"text/x-{number}")
    assert asked == ["GET", "PUT"]


def test_nothing_shows_a_secret():
    """Reprs of everything a user holds are free of secret, token and signature."""
    with pytest.warns(daypass.ShortLivedURLWarning) as caught:
        link = sign(TEMPORARY)
    store = daypass.Store("s3://bucket", storage_options=TEMPORARY)
    signature = link.url.rpartition("=")[2]
    shown = f"{link!r} {store!r} {store.location!r} {[str(w.message) for w in caught]}"
    shown += link._repr_html_()
    for secret in ("s3cr3t-value", "t0ken-value", signature):
        assert secret not in shown
    assert os.environ.get("AWS_EC2_METADATA_DISABLED") == "true"


@settings(examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["AKONE", "AKTWO", "role"]), min_size=2, max_size=8))
def test_every_link_is_signed_with_the_keys_that_are_there_when_it_is_made(monkeypatch, steps):
    """By turns in the environment, and rotated by the role of one store, all within one second."""
    now = datetime.now(UTC).replace(microsecond=0)
    region = {"client_kwargs": {"region_name": "us-east-1"}}
    role = botocore.credentials.RefreshableCredentials(
        "ASIA0", "x", "t", now + timedelta(hours=6), lambda: None, "test"
    )
    with monkeypatch.context() as there:
        there.setattr("botocore.session.Session.get_credentials", lambda self: role)
        store = daypass.Store("s3://bucket", storage_options=region)
        store.create_signed_url("key", expires_in=60, signing_time=now)
    for number, step in enumerate(steps):
        if step == "role":
            frozen = ReadOnlyCredentials(f"ASIA{number}", "x", "t")
            monkeypatch.setattr(role, "get_frozen_credentials", lambda frozen=frozen: frozen)
            link = store.create_signed_url("key", expires_in=60, signing_time=now)
            assert f"Credential=ASIA{number}%2F" in link.url
        else:
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", step)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
            link = daypass.create_signed_url(
                "s3://bucket/key", expires_in=60, signing_time=now, storage_options=region
            )
            assert f"Credential={step}%2F" in link.url


def test_keys_that_end_within_the_second_sign_no_further_link(monkeypatch):
    now = datetime.now(UTC).replace(microsecond=0)
    ends = {"credentials_expire_at": now + timedelta(seconds=2)}
    with pytest.warns(daypass.ShortLivedURLWarning):
        sign({"key": "AK", "secret": "SK", "token": "t"}, signer_options=ends, signing_time=now)
    with pytest.raises(daypass.errors.CredentialsError, match="ended at"):
        sign(
            {"key": "AK", "secret": "SK", "token": "t"},
            signer_options=ends,
            signing_time=now + timedelta(seconds=2),
        )
