"""Which credential signs, which is refused with what remedy, and who is never asked."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import gcsfs
import google.auth
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.auth import credentials as google_credentials
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials as Person

import daypass
from daypass.cli.run import run
from daypass_gcs import GCSOptions
from tests.plugins.gcs.conftest import HMAC

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ADC = "GOOGLE_APPLICATION_CREDENTIALS"


def sign(token=None, *, path="gs://bucket/k", signer=None, **options):
    return daypass.create_signed_url(
        path,
        storage_options=None if token is None else {"token": token},
        signer_options=signer,
        signing_time=NOW,
        **options,
    )


@pytest.fixture
def key_file(tmp_path, account):
    file = tmp_path / "key.json"
    file.write_text(json.dumps(account))
    return file


@pytest.fixture
def no_default(monkeypatch):
    """Application-default credentials must not be looked for."""

    def forbidden(*args, **kwargs):
        pytest.fail("application-default credentials were asked for")

    monkeypatch.setattr(google.auth, "default", forbidden)


@pytest.mark.isolated
def test_a_key_signs_alike_however_it_is_given(account, key_file, monkeypatch):
    urls = {
        sign(account).url,
        sign(str(key_file)).url,
        sign(service_account.Credentials.from_service_account_info(account)).url,
        sign(account, path="gcs://bucket/k").url,
    }
    monkeypatch.setenv(ADC, str(key_file))
    urls |= {sign().url, sign("google_default").url}
    fs = gcsfs.GCSFileSystem(token=account, project="p", skip_instance_cache=True)
    urls.add(daypass.create_signed_url("gs://bucket/k", fs=fs, signing_time=NOW).url)

    assert len(urls) == 1
    assert account["client_email"].replace("@", "%40") in urls.pop()


def test_an_account_that_is_its_own_signs_with_the_key(account):
    signer = {"service_account_email": account["client_email"]}

    assert sign(account, signer=signer).url == sign(account).url


@pytest.mark.parametrize(
    "token", ["anon", google_credentials.AnonymousCredentials()], ids=["name", "object"]
)
def test_an_anonymous_filesystem_never_falls_through(token, no_default, key_file, monkeypatch):
    monkeypatch.setenv(ADC, str(key_file))

    with pytest.raises(daypass.CredentialsError, match="anonymous") as raised:
        sign(token)

    for remedy in (
        "service-account key",
        "hmac_access_id",
        "service_account_email",
        "TokenCreator",
    ):
        assert remedy in str(raised.value)


def test_an_open_anonymous_filesystem_is_refused_too(no_default, key_file, monkeypatch):
    monkeypatch.setenv(ADC, str(key_file))
    fs = gcsfs.GCSFileSystem(token="anon", project="p", skip_instance_cache=True)

    with pytest.raises(daypass.CredentialsError, match="anonymous"):
        daypass.create_signed_url("gs://bucket/k", fs=fs)


PERSON = {
    "type": "authorized_user",
    "client_id": "id",
    "client_secret": "s3cret",
    "refresh_token": "r3fresh",
}


@pytest.mark.parametrize(
    "token",
    [Person("ya29.t0ken"), PERSON, "ya29.t0ken", "cache", "browser", {"refresh_token": "r3fresh"}],
    ids=["object", "dict", "bare token", "cache", "browser", "half a dict"],
)
def test_a_person_is_refused_with_every_remedy_named(token, no_default):
    with pytest.raises(daypass.CredentialsError, match="person's credentials") as raised:
        sign(token)

    for remedy in ("roles/iam.serviceAccountTokenCreator", "service_account_email", "HMAC key"):
        assert remedy in str(raised.value)
    for secret in ("t0ken", "s3cret", "r3fresh"):
        assert secret not in str(raised.value)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ({"type": "external_account"}, ADC),
        ({"type": "service_account"}, "client_email"),
        ({}, "private_key"),
        (7, "not int"),
        ("no such file.json", "neither a file"),
        ("gone.json", "neither a file"),
        ("~/key", "neither a file"),
        ("t\u00f6ken", "neither a file"),
        (b"{}", "not bytes"),
    ],
)
def test_what_is_no_credential_is_named(token, words):
    with pytest.raises(daypass.CredentialsError, match=words):
        sign(token)


def test_a_broken_key_is_refused_and_not_shown(account):
    broken = {**account, "private_key": account["private_key"].replace("MIIE", "S3CR3T")}

    with pytest.raises(daypass.CredentialsError, match="could not be read") as raised:
        sign(broken)

    assert raised.value.__cause__ is None
    assert "S3CR3T" not in str(raised.value)


def test_a_key_whose_line_breaks_came_as_backslash_and_n_says_so(account):
    # gcsfs takes no such key either, so that it could sign and never read.
    escaped = {**account, "private_key": account["private_key"].replace("\n", "\\n")}
    with pytest.raises(daypass.CredentialsError, match=r"holds \\n where line breaks belong"):
        sign(escaped)


def test_an_elliptic_key_is_refused(account):
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()

    with pytest.raises(daypass.CredentialsError, match="RSA"):
        sign({**account, "private_key": pem})


@pytest.mark.parametrize("text", ["no json", "[]", "7"])
def test_a_file_that_is_no_key(tmp_path, text):
    file = tmp_path / "key.json"
    file.write_text(text)

    with pytest.raises(daypass.CredentialsError):
        sign(str(file))


def test_nothing_at_all_is_an_error_and_never_an_unsigned_url():
    with pytest.raises(daypass.CredentialsError, match="no Google credentials were found"):
        sign()


#: What the file holds that the variable names (None: there is none), and what is said of it.
FILES = {
    "missing": (None, "does not exist"),
    "no JSON": ("s3cret-word {", "is no JSON object"),
    "a list": ('["s3cret-word"]', "is no JSON object"),
    "another JSON": ('{"word": "s3cret-word"}', "holds no credentials that google-auth can read"),
    "a key without a key": (
        '{"type": "service_account", "client_email": "me@p.example", "private_key": "s3cret-word", "token_uri": "x"}',
        "holds no credentials that google-auth can read",
    ),
}


@pytest.fixture
def private(front, monkeypatch):
    """A store that shows nothing to whom it does not know, found by the environment alone."""
    front.tokens = {"good"}
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", front.url)
    return front


@pytest.mark.parametrize("case", FILES)
def test_a_wrong_file_of_the_environment_is_named_by_signing_and_reading_alike(
    private, tmp_path, monkeypatch, capfd, case
):
    text, why = FILES[case]
    file = tmp_path / "adc.json"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv(ADC, str(file))
    wanted = f"no Google credentials were found: {ADC} names {file}, which {why}: name the file "
    for ask in (daypass.create_signed_url, daypass.head_metadata):
        with pytest.raises(daypass.CredentialsError) as raised:
            ask("gs://bucket/k")
        assert str(raised.value).startswith(wanted)
        assert raised.value.__cause__ is None
    for command in ("sign", "head"):
        assert run([command, "gs://bucket/k"]) == 4
        told = capfd.readouterr().err
        assert told.startswith(f"daypass: error: {wanted}")
        assert "s3cret-word" not in told


def test_a_file_of_the_environment_that_nobody_may_open_is_named(private, tmp_path, monkeypatch):
    monkeypatch.setenv(ADC, str(tmp_path))  # a folder
    for ask in (daypass.create_signed_url, daypass.head_metadata):
        with pytest.raises(daypass.CredentialsError, match="cannot be read"):
            ask("gs://bucket/k")


def test_a_variable_that_holds_the_key_itself_is_not_shown(private, account, monkeypatch):
    monkeypatch.setenv(ADC, json.dumps(account))
    for ask in (daypass.create_signed_url, daypass.head_metadata):
        with pytest.raises(daypass.CredentialsError, match="is no path but what") as raised:
            ask("gs://bucket/k")
        assert account["client_email"] not in str(raised.value)


@pytest.mark.parametrize("opened", [False, True], ids=["by options", "by fs"])
def test_without_any_credentials_signing_and_reading_say_the_same(private, opened, monkeypatch):
    monkeypatch.delenv(ADC, raising=False)
    place = {"fs": gcsfs.GCSFileSystem(skip_instance_cache=True)} if opened else {}
    said = set()
    for ask in (daypass.create_signed_url, daypass.head_metadata):
        with pytest.raises(
            daypass.CredentialsError, match="no Google credentials were found: give"
        ) as raised:
            ask("gs://bucket/k", **place)
        said.add(str(raised.value))
    assert len(said) == 1


def test_a_project_that_contradicts_is_told_by_reading_as_by_signing(
    private, key_file, monkeypatch
):
    monkeypatch.setenv(ADC, str(key_file))
    for ask in (daypass.create_signed_url, daypass.head_metadata):
        with pytest.raises(daypass.InvalidRequestError, match="dummy-project-id"):
            ask("gs://bucket/k", storage_options={"project": "another"})


def test_a_project_that_contradicts_the_default_credentials_is_an_error(key_file, monkeypatch):
    monkeypatch.setenv(ADC, str(key_file))

    with pytest.raises(daypass.InvalidRequestError, match="dummy-project-id") as raised:
        daypass.create_signed_url("gs://bucket/k", storage_options={"project": "another"})

    assert raised.value.option == "project"


@pytest.mark.isolated
def test_an_hmac_key_needs_nothing_else(no_default):
    link = sign("anon", signer=HMAC)

    assert "X-Goog-Algorithm=GOOG4-HMAC-SHA256" in link.url
    assert link.url == sign(signer=HMAC).url
    assert sign(signer={**HMAC, "hmac_secret": "another"}).url != link.url


def test_the_secret_is_in_no_repr():
    options = GCSOptions(**HMAC)
    store = daypass.Store("gs://bucket", signer_options=HMAC)
    link = store.create_signed_url("k")

    shown = [options, store, link, store.location, store.location.cache["gcs"].key]
    assert not [thing for thing in shown if HMAC["hmac_secret"] in repr(thing)]
    assert link.url.rpartition("=")[2] not in repr(link)


def test_a_private_key_is_in_no_repr(account):
    store = daypass.Store("gs://bucket", storage_options={"token": account})
    store.create_signed_url("k")
    signer = store.location.cache["gcs"]

    for thing in (store, store.location, signer.key, signer._settings):
        assert "PRIVATE KEY" not in repr(thing)


@pytest.mark.parametrize("signer", [HMAC, {}], ids=["HMAC", "RSA"])
def test_a_key_with_an_end_is_not_outlived(signer, account):
    end = NOW + timedelta(minutes=5)
    signer = {**signer, "credentials_expire_at": end.isoformat()}

    with pytest.warns(
        daypass.ShortLivedURLWarning, match="credentials it is signed with end first"
    ):
        link = sign(account, signer=signer)
    assert link.expires_at == daypass.explain(link.url, now=NOW).expires_at == end

    assert sign(account, signer=signer, expires_in="5m").expires_because == "requested"
    with pytest.raises(daypass.CredentialsError, match="ended"):
        sign(account, signer={**signer, "credentials_expire_at": NOW})


def test_the_caller_s_objects_are_untouched(account):
    storage, signer = {"token": account}, {"user_project": "payer"}
    before = json.dumps([storage, signer])

    daypass.create_signed_url("gs://bucket/k", storage_options=storage, signer_options=signer)

    assert json.dumps([storage, signer]) == before


def test_seven_days_to_the_second(account):
    assert sign(account, expires_in="7d").expires_at == NOW + timedelta(days=7)
    with pytest.raises(daypass.InvalidExpiryError):
        sign(account, expires_in=604_801)


def test_another_cloud_has_other_hosts(account, monkeypatch):
    universe = {**account, "universe_domain": "cloud.example"}
    assert sign(universe).url.startswith("https://storage.cloud.example/bucket/k?")

    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "cloud.example")
    assert sign(universe).url.startswith("https://storage.cloud.example/")
    assert sign(signer=HMAC).url.startswith("https://storage.cloud.example/")
    with pytest.raises(daypass.InvalidRequestError, match=r"GOOGLE_CLOUD_UNIVERSE_DOMAIN"):
        sign(account)


@pytest.mark.parametrize("universe", ["evil.example/x", "user@evil", "nodot", "a.b:80", "a..b", 7])
@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:4443"])
def test_a_universe_is_a_domain(account, universe, endpoint):
    with pytest.raises(daypass.InvalidRequestError, match="universe_domain") as raised:
        daypass.create_signed_url(
            "gs://bucket/k",
            storage_options={
                "token": {**account, "universe_domain": universe},
                "endpoint_url": endpoint,
            },
        )
    assert raised.value.option == "universe_domain"


@pytest.mark.parametrize("email", ["a/b@c.d", "nobody", "a@b\nc", 7, None])
def test_a_key_s_account_stays_in_its_place(account, email):
    with pytest.raises(daypass.CredentialsError, match="client_email"):
        sign({**account, "client_email": email})


@pytest.mark.isolated
def test_configuration_files_of_fsspec_are_honoured(monkeypatch, account):
    from fsspec.config import conf

    monkeypatch.setitem(conf, "gs", {"token": account, "endpoint_url": "http://127.0.0.1:4443"})

    assert sign().url.startswith("http://127.0.0.1:4443/bucket/k?")


QUIET = """
import sys
import daypass_gcs
assert not [m for m in sys.modules if m.partition(".")[0] in ("google", "gcsfs", "requests", "fsspec", "cryptography")]
import daypass
link = daypass.create_signed_url("gs://bucket/k", storage_options={"token": TOKEN}, signer_options=SIGNER)
assert "X-Goog-Signature=" in link.url
loaded = {m.partition(".")[0] for m in sys.modules}
print(",".join(sorted(loaded & {"gcsfs", "requests", "aiohttp", "google", "cryptography"})))
print("google.cloud.storage" in sys.modules)
"""


@pytest.mark.isolated
@pytest.mark.parametrize(
    ("token", "signer", "loaded"),
    [("anon", HMAC, ""), ("file", {}, "cryptography,google")],
    ids=["HMAC", "key file"],
)
def test_signing_imports_no_more_than_it_needs(token, signer, loaded, key_file):
    token = str(key_file) if token == "file" else token
    code = QUIET.replace("TOKEN", repr(token)).replace("SIGNER", repr(signer))

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "NO_GCE_CHECK": "true", "GCE_METADATA_HOST": "127.0.0.1:9"},
    )

    assert done.stderr == ""
    assert done.stdout.split() == [loaded, "False"] if loaded else ["False"]
