"""Which account, endpoint and credential a location means, and every contradiction between them."""

from __future__ import annotations

import socket
import threading

import pytest
from adlfs import AzureBlobFileSystem
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from fsspec.config import conf

import daypass
from daypass import (
    CredentialsError,
    DeadlineError,
    InvalidPathError,
    InvalidRequestError,
    SigningNotSupportedError,
    StoreError,
    UnknownOptionError,
)
from daypass.cli.run import run
from tests.each import each
from tests.plugins.azure.conftest import NOW, OPTIONS
from tests.servers.azurite import ACCOUNT, KEY

STRING = f"DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey={KEY};EndpointSuffix=core.windows.net"
HERE = "https://contoso.blob.core.windows.net/maps/k?"


def sign(path="az://maps/k", options=None, **more):
    return daypass.create_signed_url(path, storage_options=options or {}, **more)


@pytest.mark.parametrize("protocol", ["az", "abfs", "abfss"])
@each(
    "place",
    [
        "maps",
        "maps@contoso.dfs.core.windows.net",
        "maps@contoso.blob.core.windows.net",
        "maps@CONTOSO.dfs.core.windows.net",
    ],
)
@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        {"connection_string": STRING},
        {"account_name": "contoso", "credential": KEY},
        {"account_name": "contoso", "credential": {"account_name": "contoso", "account_key": KEY}},
        {"account_name": "contoso", "credential": AzureNamedKeyCredential("contoso", KEY)},
        {**OPTIONS, "anon": True},
        {**OPTIONS, "sas_token": "sv=1&sig=x"},
    ],
)
def test_every_spelling_means_the_same(protocol, place, options):
    path = f"{protocol}://{place}/k"
    link = sign(path, options)
    assert link.url.startswith(HERE)
    assert (link.path, link.backend) == (path, "azure")


@pytest.mark.isolated
def test_the_environment_and_fsspecs_configuration(monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "contoso")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    assert sign().url.startswith(HERE)
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", STRING)
    assert sign().url.startswith(HERE)
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    monkeypatch.setitem(conf, "abfs", dict(OPTIONS))
    assert daypass.Store("az://maps").create_signed_url("k").url.startswith(HERE)


def test_misspelt_options_are_refused_with_the_nearest():
    with pytest.raises(UnknownOptionError, match="did you mean account_key"):
        sign(options={"account_name": "contoso", "acount_key": KEY})
    for name, meant in (
        ("account", "account_name"),
        ("key", "account_key"),
        ("AZURE_STORAGE_CONNECTION_STRING", "connection_string"),
        ("anonymous", "anon"),
    ):
        with pytest.raises(UnknownOptionError, match=f"named '{name}': did you mean {meant}[?]$"):
            sign(options={"account_name": "contoso", name: KEY})
    for name in ("exclude_cli_credential", "managed_identity_client_id", "blocksize"):
        assert sign(options={**OPTIONS, name: 1}).url.startswith(HERE)


@pytest.mark.isolated
def test_a_given_filesystem():
    from adlfs import AzureBlobFileSystem

    fs = AzureBlobFileSystem(**OPTIONS, skip_instance_cache=True)
    assert daypass.Store("az://maps", fs=fs).create_signed_url("k").url.startswith(HERE)
    with pytest.raises(InvalidRequestError, match="names the account 'fabrikam'"):
        daypass.create_signed_url("abfss://maps@fabrikam.dfs.core.windows.net/k", fs=fs)


def test_a_filesystem_of_another_event_loop():
    from adlfs import AzureBlobFileSystem

    fs = AzureBlobFileSystem(**OPTIONS, skip_instance_cache=True)
    fs.asynchronous = True  # made so, adlfs could not close it when the process ends
    store = daypass.Store("az://maps", fs=fs)
    assert store.create_signed_url("k").url.startswith(HERE)
    assert store.location.cache["azure.fs"] is not fs


def test_fs_must_be_adlfss():
    from fsspec.implementations.memory import MemoryFileSystem

    class Other(MemoryFileSystem):
        protocol = "az"

    with pytest.raises(InvalidRequestError, match="AzureBlobFileSystem"):
        daypass.Store("az://maps", fs=Other(skip_instance_cache=True)).create_signed_url("k")


def test_azurites_default():
    link = sign(options={"connection_string": "UseDevelopmentStorage=true"})
    assert link.url.startswith(f"http://127.0.0.1:10000/{ACCOUNT}/maps/k?")
    assert "spr=" not in link.url


def test_a_custom_domain_keeps_the_real_account():
    for more in (
        {"options": {**OPTIONS, "account_host": "files.example.com"}},
        {"options": OPTIONS, "public_endpoint": "https://files.example.com"},
        {"options": OPTIONS, "public_endpoint": "https://files.example.com/"},
    ):
        custom = sign(**more, expires_in=60, signing_time=NOW)
        plain = sign(options=OPTIONS, expires_in=60, signing_time=NOW)
        assert custom.url.startswith("https://files.example.com/maps/k?")
        assert custom.url.partition("?")[2] == plain.url.partition("?")[2]


def test_public_endpoints():
    link = sign(options=OPTIONS, public_endpoint="https://cdn.example/blobs/")
    assert link.url.startswith("https://cdn.example/blobs/maps/k?")
    link = sign(options=OPTIONS, public_endpoint="http://cdn.example:8080")
    assert link.url.startswith("http://cdn.example:8080/maps/k?")
    assert "spr=" not in link.url
    local = {"connection_string": "UseDevelopmentStorage=true"}
    link = sign(options=local, public_endpoint="https://azurite.example/")
    assert link.url.startswith("https://azurite.example/maps/k?")
    assert "spr=https" in link.url
    with pytest.raises(InvalidRequestError):
        sign(options=OPTIONS, public_endpoint="https://cdn.example/a//b")


def test_special_containers():
    for container in ("$web", "$root", "$logs"):
        link = sign(f"az://{container}/k", OPTIONS)
        assert link.url.startswith(f"https://contoso.blob.core.windows.net/%24{container[1:]}/k?")


@pytest.mark.parametrize(
    ("path", "options", "words"),
    [
        ("abfss://maps@fabrikam.dfs.core.windows.net/k", OPTIONS, "names the account 'fabrikam'"),
        ("abfss://maps@fabrikam.dfs.core.windows.net/k", {"connection_string": STRING}, "fabrikam"),
        (
            "abfss://maps@contoso.dfs.core.chinacloudapi.cn/k",
            {"connection_string": STRING},
            "endpoint",
        ),
        (
            "abfss://maps@contoso.dfs.core.windows.net/k",
            {**OPTIONS, "account_host": "files.example.com"},
            "names the endpoint|names files.example.com|public_endpoint",
        ),
        ("abfss://maps@files.example.com/k", OPTIONS, "files.example.com"),
        ("az://maps/k", {"account_name": "fabrikam", "connection_string": STRING}, "fabrikam"),
        ("az://maps/k", {**OPTIONS, "account_host": "fabrikam.blob.core.windows.net"}, "fabrikam"),
        (
            "az://maps/k",
            {"account_name": "fabrikam", "credential": AzureNamedKeyCredential("contoso", KEY)},
            "fabrikam",
        ),
        ("az://maps/k", {**OPTIONS, "account_host": f"127.0.0.1:1/{ACCOUNT}"}, ACCOUNT),
    ],
)
def test_contradictions_are_errors(path, options, words):
    with pytest.raises(InvalidRequestError, match=words) as caught:
        sign(path, options)
    assert KEY not in str(caught.value)


def test_a_contradiction_with_the_environment(monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", STRING)
    with pytest.raises(InvalidRequestError, match="fabrikam"):
        sign(options={"account_name": "fabrikam", "account_key": KEY})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"account_name": "contoso", "anon": True}, "anonymous"),
        (
            {"account_name": "contoso", "sas_token": "?sv=2026-10-06&sig=hush"},
            "cannot sign another",
        ),
        (
            {"account_name": "contoso", "credential": "sv=2026-10-06&sig=hush"},
            "cannot sign another",
        ),
        (
            {"account_name": "contoso", "credential": AzureSasCredential("sv=1&sig=hush")},
            "cannot sign",
        ),
        (
            {"connection_string": "AccountName=contoso;SharedAccessSignature=sv=1&sig=hush"},
            "cannot sign",
        ),
        ({"connection_string": "AccountName=contoso"}, "anonymous"),
        ({"account_name": "contoso", "account_key": "hush hush"}, "not base64"),
        ({"account_name": "contoso", "account_key": "hush\n"}, "not base64"),
        ({}, "no storage account is named"),
        ({"account_key": KEY}, "no storage account is named"),
    ],
)
def test_nothing_to_sign_with(options, words):
    with pytest.raises(CredentialsError, match=words) as caught:
        sign(options=options)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"account_name": "contoso", "account_key": "hush hush"}, "not base64"),
        ({"connection_string": "AccountName=contoso;AccountKey=hush!"}, "not base64"),
        ({}, "no storage account is named"),
        ({"account_key": KEY}, "no storage account is named"),
    ],
)
def test_reading_tells_of_such_credentials_as_signing_does(options, words, capfd):
    given = [word for name in options for word in ("--storage-option", f"{name}={options[name]}")]
    told = set()
    for command in ("sign", "head"):
        assert run([command, "az://maps/k", *given]) == 4
        told.add(capfd.readouterr().err)
    assert len(told) == 1, told
    assert words in told.pop()


@pytest.mark.parametrize(
    "options",
    [
        {"connection_string": "hush"},
        {"connection_string": "AccountKey=hush"},
        {"connection_string": 7},
        {"account_name": 7, "account_key": KEY},
        {"account_name": "con/toso", "account_key": KEY},
        {"account_name": "contoso\nx", "account_key": KEY},
        {"account_name": "contoso", "credential": 7},
        {"account_name": "contoso", "credential": {"hush": 1}},
        {"account_name": "contoso", "sas_token": 7},
        {**OPTIONS, "account_host": "user@evil.example"},
        {**OPTIONS, "account_host": "evil.example:99999"},
        {**OPTIONS, "account_host": "evil.example\\x"},
        {**OPTIONS, "account_host": "evil.example?x=y#"},
        {**OPTIONS, "account_host": 7},
    ],
)
def test_options_that_are_not_legal(options):
    with pytest.raises((InvalidRequestError, CredentialsError)) as caught:
        sign(options=options)
    assert "hush" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "az://ma_ps/k",
        "az://maps@evil.example\\x/k",
        "az://maps@user@contoso.dfs.core.windows.net/k",
        "az://maps?x/k",
        "az://../k",
        "az://@contoso.dfs.core.windows.net/k",
        "az://contoso.dfs.core.windows.net/maps/k",
        f"az://{'m' * 65}/k",
        "az://maps/a\\b",
        "az://maps/k.",
        "az://maps/" + "a" * 1025,
        "az://maps/" + "\U0001f511" * 513,
        "az://maps/" + "a/" * 254,
        "az://maps",
        "az://maps/a/../b",
        "az://maps/\ud800",
    ],
)
def test_paths_that_are_not_legal(path):
    with pytest.raises(InvalidPathError):
        sign(path, OPTIONS)


def test_hosts_that_no_option_confirms_are_refused():
    for host in (
        "evil.example",
        "contoso.blob.core.evil.example",
        "contoso.blob.core.windows.net.evil.example",
    ):
        with pytest.raises((InvalidRequestError, CredentialsError)):
            sign(f"az://maps@{host}/k", OPTIONS)
        with pytest.raises((InvalidRequestError, CredentialsError)):
            sign(f"az://maps@{host}/k", {"account_key": KEY})


@pytest.mark.isolated
def test_gen1_is_refused():
    store = daypass.Store("adl://maps")
    with pytest.raises(SigningNotSupportedError, match="Gen1"):
        store.create_signed_url("k")
    with pytest.raises(SigningNotSupportedError, match="abfss://"):
        store.head_metadata("k")
    assert not store.backend.info.methods, "daypass plugins would list it as able to sign"


def test_the_secondary_copy_is_read_only():
    options = {**OPTIONS, "location_mode": "secondary"}
    link = sign("abfss://maps@contoso.dfs.core.windows.net/k", options)
    assert link.url.startswith("https://contoso-secondary.blob.core.windows.net/maps/k?")
    with pytest.raises(InvalidRequestError, match="read-only"):
        sign(options=options, method="PUT")


@pytest.fixture
def silent_server():
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take():
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for connection in taken:
            connection.close()


def local(port):
    return f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT}"


@pytest.mark.isolated
def test_metadata_is_bounded_by_the_deadline(silent_server):
    store = daypass.Store("az://maps", storage_options={"connection_string": local(silent_server)})
    store.location.__dict__["deadline"] = 0.2
    with pytest.raises(DeadlineError):
        store.head_metadata("k")
    policed = daypass.Store(
        "az://maps",
        storage_options={"connection_string": local(silent_server)},
        signer_options={"stored_access_policy": "p"},
    )
    policed.location.__dict__["deadline"] = 0.2
    with pytest.raises(DeadlineError):
        policed.create_signed_url("k")


def test_a_store_that_is_not_there():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        store = daypass.Store("az://maps", storage_options={"connection_string": local(port)})
        with pytest.raises(StoreError, match="could not be had"):
            store.head_metadata("k")


def test_what_adlfs_reads_as_a_version_is_refused_where_it_does():
    """With ``version_aware`` its own ``split_path`` takes it off the name; the link would be for another blob."""
    fs = AzureBlobFileSystem(**OPTIONS, version_aware=True, skip_instance_cache=True)
    for key in ("k?versionid=2026-01-02T03:04:05.6789012Z", "k?versionId=1", "k#1", "k"):
        if fs.split_path(f"maps/{key}")[1] == key:
            assert sign(f"az://maps/{key}", {**OPTIONS, "version_aware": True}).url
            continue
        with pytest.raises(InvalidPathError, match="say it as version="):
            sign(f"az://maps/{key}", {**OPTIONS, "version_aware": True})
    assert sign("az://maps/k?versionid=1", OPTIONS).url


def test_a_public_endpoint_of_azure_s_that_names_the_container_is_refused():
    """A link would lead to the blob ``maps/k`` of the container; a host of one's own may have a path."""
    with pytest.raises(InvalidRequestError, match="begin with the container"):
        sign(options=OPTIONS, public_endpoint="https://contoso.blob.core.windows.net/maps")
    link = sign(options=OPTIONS, public_endpoint="https://files.example.org/azure")
    assert link.url.startswith("https://files.example.org/azure/maps/k?")
