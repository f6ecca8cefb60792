"""A profile of a project's file sends nothing of the user's to a host that it names, and reads none of his secrets."""

from __future__ import annotations

import http.server
import json
import os
import threading

import fsspec
import pytest

import daypass
from daypass import config
from daypass.errors import ConfigError, IgnoredFileWarning

BEARER, SESSION, SECRET = "ya29.planted-bearer", "planted-session-token", "planted-secret"
CREDENTIALS = "storage_options.key = 'AKOWN'\nstorage_options.secret = 'own-secret'\n"
MEMORY = '[profiles.own]\nurl = "memory://box"\n'


class Recorder(http.server.BaseHTTPRequestHandler):
    """Answers every request alike, and keeps its line and headers."""

    def _answer(self):
        self.server.seen.append(f"{self.requestline}\n{self.headers}")
        # The bucket is there, and nothing in it.
        self.send_response(200 if self.command == "HEAD" and self.path.count("/") == 1 else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - the library's names

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def elsewhere():
    """A server that a project's file names; ``seen`` is all that reached it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.seen = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A user with credentials of every cloud at hand, in a project that somebody else wrote."""
    home, project = tmp_path / "home", tmp_path / "project"
    for directory in (home / "daypass", project):
        directory.mkdir(parents=True, mode=0o755)
    login = {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": SECRET,
        "refresh_token": BEARER,
    }
    (home / "adc.json").write_text(json.dumps(login))
    for name, value in {
        "XDG_CONFIG_HOME": home,
        "HOME": home,
        "AWS_ACCESS_KEY_ID": "AKUSER",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": SESSION,
        "GOOGLE_APPLICATION_CREDENTIALS": home / "adc.json",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(project)
    config._loaded.clear()

    def write(*, project_file, user_file=""):
        (home / "daypass" / "config.toml").write_text(user_file)
        (project / "daypass.toml").write_text(project_file)
        (project / "daypass.toml").chmod(0o644)
        config._loaded.clear()
        return project / "daypass.toml"

    yield write
    config._loaded.clear()


#: Each moves the host or the trust, or reads a secret of the user's; ``{url}`` is the server's.
REFUSED = {
    "s3://b": [
        'storage_options.endpoint_url = "{url}"',
        'storage_options.client_kwargs.endpoint_url = "{url}"',
        'public_endpoint = "{url}"',
        'storage_options.config_kwargs.proxies = {{ http = "{url}", https = "{url}" }}',
        "storage_options.client_kwargs.verify = false",
        "storage_options.use_ssl = false",
        'storage_options.profile = "prod"',
        'preset = "minio"\nstorage_options.endpoint_url = "{url}"',
        'preset = "gcs-interop"',
        'storage_options.config_kwargs.client_cert = "/etc/me/cert.pem"',
        'storage_options.s3_additional_kwargs.ACL = "public-read"',
        'signer_options.bucket_bound_hostname = "elsewhere.example"',
        'storage_options.client_kwargs.region_name = "elsewhere.example/#"',
        'signer = "cloudfront"\nsigner_options = {{ domain = "cdn.example", key_pair_id = "K", private_key = "key.pem" }}',
        'signer = "cloudfront"\nsigner_options = {{ domain = "cdn.example", key_pair_id = "K", passphrase_env = "HOME" }}',
        'storage_options = {{ endpoint_url = "{url}", key = "AK" }}',
    ],
    "gs://b": [
        'storage_options.endpoint_url = "{url}"',
        'public_endpoint = "{url}"',
        'storage_options.token = "/etc/me/key.json"',
        'storage_options.token = "google_default"',
        'storage_options.session_kwargs.proxy = "{url}"',
        'signer_options.bucket_bound_hostname = "elsewhere.example"',
        'signer_options.iam_endpoint = "{url}"',
        'signer_options.service_account_email = "a@b.iam.gserviceaccount.com"',
        'storage_options.endpoint_url = "{url}"\nsigner_options = {{ hmac_access_id = "GOOG1", hmac_secret = "s" }}',
    ],
    "az://b": [
        'storage_options = {{ account_name = "a", account_host = "127.0.0.1:1/a" }}',
        'storage_options.account_name = "elsewhere.example/"',
        'storage_options = {{ account_name = "a", authority = "elsewhere.example" }}',
        'storage_options.account_name = "a"\npublic_endpoint = "{url}"',
    ],
    "abfss://b@elsewhere.example": ['storage_options.account_name = "a"'],
    "redis://elsewhere.example/0": ['storage_options.ssl_keyfile = "/etc/me/key.pem"'],
    "sftp://elsewhere.example": [""],
    "smb://elsewhere.example": [""],
    "http://elsewhere.example": ["storage_options.client_kwargs.trust_env = true"],
}


@pytest.mark.parametrize(
    ("url", "lines"), [(url, lines) for url, every in REFUSED.items() for lines in every]
)
@pytest.mark.parametrize("door", ["sign", "head", "open"])
def test_nothing_of_the_users_goes_where_a_project_says(places, elsewhere, url, lines, door):
    file = places(
        project_file=f'[profiles.data]\nurl = "{url}"\n{lines.format(url=elsewhere.url)}\n'
    )
    doors = {
        "sign": lambda: daypass.create_signed_url("daypass://data/x"),
        "head": lambda: daypass.head_metadata("daypass://data/x"),
        "open": lambda: fsspec.filesystem("daypass", skip_instance_cache=True).cat("data/x"),
    }
    with pytest.raises(ConfigError) as caught:
        doors[door]()
    assert str(caught.value).startswith(f"{file}: profiles.data.")
    assert "config.toml, or name " in str(caught.value)
    assert elsewhere.seen == []


@pytest.mark.parametrize(
    "asked",
    [
        'url = "s3://b"\nstorage_options.client_kwargs.region_name = "eu-west-1"',
        'url = "memory://b"',
        'url = "az://b"\nstorage_options = { account_name = "acct", account_key = "a2V5" }',
        'url = "s3://b"\npreset = "localstack"',
        'url = "gs://b"\nstorage_options = { project = "p-1", token = "anon", endpoint_url = "http://127.0.0.1:1" }',
    ],
)
def test_what_leads_nowhere_else_is_taken(places, asked):
    places(project_file=f"[profiles.data]\n{asked}\n")
    assert daypass.Store("daypass://data").profile == "data"


def test_credentials_of_the_same_file_go_where_it_says_and_none_of_the_users_with_them(
    places, elsewhere
):
    places(
        project_file=f'[profiles.data]\nurl = "s3://b"\nstorage_options.endpoint_url = "{elsewhere.url}"\n{CREDENTIALS}'
    )
    assert daypass.head_metadata("daypass://data/x", missing_ok=True) is None
    assert len(elsewhere.seen) >= 1
    for request in elsewhere.seen:
        assert "Credential=AKOWN/" in request
        assert SESSION not in request
        assert "x-amz-security-token" not in request.lower()


def test_anonymous_goes_where_a_project_says(places, elsewhere):
    places(
        project_file=f'[profiles.data]\nurl = "s3://b"\nstorage_options = {{ endpoint_url = "{elsewhere.url}", anon = true }}\n'
    )
    assert daypass.head_metadata("daypass://data/x", missing_ok=True) is None
    assert all("authorization" not in request.lower() for request in elsewhere.seen)
    assert all(SESSION not in request for request in elsewhere.seen)


def test_a_caller_adds_no_credentials_to_a_host_that_a_project_names(places, elsewhere):
    places(
        project_file=f'[profiles.data]\nurl = "s3://b"\nstorage_options.endpoint_url = "{elsewhere.url}"\n{CREDENTIALS}'
    )
    for given in (
        {"storage_options": {"token": SESSION}},
        {"storage_options": {"client_kwargs": {"aws_session_token": SESSION}}},
        {"fs": fsspec.filesystem("s3", anon=True, skip_instance_cache=True)},
    ):
        with pytest.raises(ConfigError, match="where no caller's credentials"):
            daypass.head_metadata("daypass://data/x", **given)
    assert elsewhere.seen == []


def test_variables_add_no_credentials_to_a_profile_of_a_project(places, elsewhere, monkeypatch):
    places(
        project_file=f'[profiles.data]\nurl = "s3://b"\nstorage_options.endpoint_url = "{elsewhere.url}"\n{CREDENTIALS}'
    )
    monkeypatch.setenv("DAYPASS_PROFILES__DATA__STORAGE_OPTIONS__TOKEN", SESSION)
    with pytest.raises(ConfigError, match=r"storage_options is set by a variable"):
        daypass.head_metadata("daypass://data/x")
    assert elsewhere.seen == []


def test_fsspecs_own_configuration_adds_no_credentials_either(places, elsewhere, monkeypatch):
    places(
        project_file=f'[profiles.data]\nurl = "s3://b"\nstorage_options.endpoint_url = "{elsewhere.url}"\n{CREDENTIALS}'
    )
    monkeypatch.setitem(fsspec.config.conf, "s3a", {"token": SESSION})
    with pytest.raises(ConfigError, match="fsspec's configuration would be used too"):
        daypass.head_metadata("daypass://data/x")
    assert elsewhere.seen == []


def test_azures_variables_add_no_credentials_either(places, monkeypatch):
    places(
        project_file='[profiles.data]\nurl = "az://b"\nstorage_options = { account_name = "acct", account_host = "127.0.0.1:1", anon = true }\n'
    )
    assert daypass.Store("daypass://data").profile == "data"
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sig=planted")
    with pytest.raises(ConfigError, match="AZURE_STORAGE_SAS_TOKEN would be used too: unset it"):
        daypass.Store("daypass://data")


def test_the_users_own_file_may_say_all_of_it(places, elsewhere):
    places(
        project_file="",
        user_file=f'[profiles.data]\nurl = "s3://b"\nstorage_options.endpoint_url = "{elsewhere.url}"\n',
    )
    assert daypass.head_metadata("daypass://data/x", missing_ok=True) is None
    assert SESSION in elsewhere.seen[0]


@pytest.mark.parametrize(
    "text",
    ["[profiles", "profiles = 1\n", "x = 1\n", "[profiles.data]\nurl = 1\n", b"\xff"],
)
def test_a_broken_file_of_a_project_stops_nothing_that_is_not_its_own(places, text):
    file = places(project_file="", user_file=MEMORY)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    config._loaded.clear()
    assert daypass.Store("daypass://own").profile == "own"
    with pytest.raises(ConfigError, match=str(file)):
        daypass.Store("daypass://data")
    assert config.check()[1] is None


@pytest.mark.parametrize("what", ["file", "directory"])
@pytest.mark.parametrize("mode", [0o002, 0o020])
def test_a_file_that_others_can_write_is_not_read_and_that_is_said(places, monkeypatch, what, mode):
    file = places(project_file='[profiles.data]\nurl = "memory://x"\n', user_file=MEMORY)
    place = file if what == "file" else file.parent
    group = place.stat().st_gid
    monkeypatch.setattr(os, "getegid", lambda: group + 1)  # a group that is not the user's own
    place.chmod(place.stat().st_mode | mode)
    with pytest.warns(IgnoredFileWarning, match=f"{file} is not read, since others can write to"):
        assert daypass.Store("daypass://own").profile == "own"
    with pytest.raises(ConfigError, match=f"no profile is named 'data', and {file} is not read"):
        daypass.Store("daypass://data")


def test_a_file_of_another_user_is_not_read_and_that_is_said(places, monkeypatch):
    file = places(project_file='[profiles.data]\nurl = "memory://x"\n', user_file=MEMORY)
    real = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: real + 1 if real else 12345)
    if real == 0:  # what is the administrator's is trusted
        os.chown(file, 23456, -1)
    with pytest.warns(IgnoredFileWarning, match="belongs to another user: make it"):
        assert daypass.Store("daypass://own").profile == "own"
    monkeypatch.setenv("DAYPASS_CONFIG", str(file))
    assert daypass.Store("daypass://data").profile == "data"
