"""What a request may ask of Azure, what it is told otherwise, and that nothing secret is shown."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import daypass
from daypass import InvalidRequestError, UnknownOptionError, UnsupportedOptionError
from daypass.backends import registry
from tests.plugins.azure.conftest import NOW, OPTIONS
from tests.plugins.azure.sdk import DELEGATED
from tests.servers.azurite import KEY


@pytest.mark.parametrize(
    "name", ["x-ms-copy-source", "x-ms-lease-action", "X-MS-Page-Write", "x-ms-delete-snapshots",
             "x-ms-blob-type"],
)  # fmt: skip
def test_no_header_is_signed_that_makes_another_request(name):
    """A user delegation key signs headers, and a PUT with a copy source reads another object."""
    for method in ("PUT", "DELETE"):
        with pytest.raises(InvalidRequestError, match="would make another request"):
            DELEGATED.create_signed_url("k", method=method, signing_time=NOW, headers={name: "x"})


@pytest.fixture
def store():
    return daypass.Store("az://maps", storage_options=OPTIONS)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("198.51.100.7-198.51.100.9", "198.51.100.7-198.51.100.9"),
        ("198.51.100.0/24", "198.51.100.0-198.51.100.255"),
        ("198.51.100.7/32", "198.51.100.7"),
        ("198.51.100.7-198.51.100.7", "198.51.100.7"),
    ],
)
def test_ip_ranges(store, given, written):
    assert f"&sip={written}&" in store.create_signed_url("k", ip_range=given).url


@pytest.mark.parametrize(
    "given",
    [
        "x",
        "1.2.3",
        "1.2.3.4-",
        "-1.2.3.4",
        "1.2.3.9-1.2.3.4",
        "1.2.3.4/24",
        "1.2.3.4-x",
        "1.2.3.256",
        "010.0.0.1",
    ],
)
def test_ip_ranges_that_are_none(store, given):
    with pytest.raises(InvalidRequestError, match="ip_range must be"):
        store.create_signed_url("k", ip_range=given)


@pytest.mark.parametrize("given", ["::1", "2001:db8::/32", "2001:db8::1-2001:db8::2"])
def test_ipv6_is_refused(store, given):
    with pytest.raises(UnsupportedOptionError, match="IPv6"):
        store.create_signed_url("k", ip_range=given)


@pytest.mark.parametrize(
    "options",
    [
        {"content_md5": bytes(16)},
        {"content_length": 3},
        {"storage_class": "Cool"},
        {"tags": {"run": "42"}},
        {"checksum_sha256": bytes(32)},
        {"max_bytes": 3},
    ],
)
def test_restrictions_are_refused_or_waived(store, options):
    (name,) = options
    with pytest.raises(UnsupportedOptionError) as caught:
        store.create_signed_url("k", method="PUT", **options)
    assert caught.value.option == name
    waived = store.create_signed_url("k", method="PUT", **options, strict=False)
    assert waived.unenforced == {name}


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("GET", {"requester_pays": True}),
        ("GET", {"response_expires": NOW}),
        ("PUT", {"acl": "private"}),
        ("PUT", {"headers": {"x-ms-lease-id": "a"}}),
        ("GET", {"headers": {"x-ms-lease-id": "a"}}),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_what_azure_has_not_is_refused_whatever_strict_says(store, method, options, strict):
    (name,) = options
    with pytest.raises(UnsupportedOptionError) as caught:
        store.create_signed_url("k", method=method, **options, strict=strict)
    assert caught.value.option == name


@pytest.mark.parametrize("name", ["a-b", "1a", "a.b", "a!"])
def test_metadata_names_are_identifiers(store, name):
    with pytest.raises(InvalidRequestError, match="C# identifiers") as caught:
        store.create_signed_url("k", method="PUT", metadata={name: "x"})
    assert caught.value.option == "metadata"


def test_metadata_has_a_limit(store):
    store.create_signed_url("k", method="PUT", metadata={"a": "x" * 8191})
    with pytest.raises(InvalidRequestError, match="8192 bytes"):
        store.create_signed_url("k", method="PUT", metadata={"a": "x" * 8192})


def test_deleting_a_version_is_a_permission_of_its_own(store):
    version = "2026-01-02T03:04:05.6789012Z"
    link = store.create_signed_url("k", method="DELETE", version=version)
    assert "?versionid=2026-01-02T03%3A04%3A05.6789012Z&" in link.url
    assert "&sp=x&" in link.url
    assert "&sr=bv&" in link.url
    link = store.create_signed_url("k", method="DELETE", version=f"snapshot={version}")
    assert "?snapshot=2026-01-02T03%3A04%3A05.6789012Z&" in link.url
    assert "&sp=d&" in link.url
    with pytest.raises(InvalidRequestError):
        store.create_signed_url("k", method="PUT", version=version)
    with pytest.raises(InvalidRequestError, match="no snapshot"):
        store.create_signed_url("k", version="snapshot=")


def test_signer_options():
    store = daypass.Store(
        "az://maps",
        storage_options=OPTIONS,
        signer_options={"encryption_scope": "red-team", "service_version": "2020-12-06"},
    )
    link = store.create_signed_url("k", method="PUT")
    assert "&ses=red-team&" in link.url
    assert "&sv=2020-12-06&" in link.url


@pytest.mark.parametrize(
    "options",
    [
        {"service_version": "2019-12-12"},
        {"service_version": "latest"},
        {"service_version": 2026},
        {"encryption_scope": "a\nb"},
        {"encryption_scope": ""},
        {"stored_access_policy": "p" * 65},
        {"stored_access_policy": "a\nb"},
        {"sign_headers": "yes"},
    ],
)
def test_signer_options_that_are_not_legal(options):
    with pytest.raises(InvalidRequestError) as caught:
        daypass.Store("az://maps", storage_options=OPTIONS, signer_options=options)
    assert [caught.value.option] == list(options)


def test_unknown_signer_options_are_refused_with_the_nearest():
    with pytest.raises(UnknownOptionError, match="encryption_scope"):
        daypass.Store("az://maps", storage_options=OPTIONS, signer_options={"encryption": "x"})


def test_same_input_same_url(store):
    wishes = {
        "method": "PUT",
        "signing_time": NOW,
        "expires_in": 60,
        "metadata": {"a": "b"},
    }
    first = store.create_signed_url("k", **wishes)
    again = daypass.Store("az://maps", storage_options=dict(OPTIONS)).create_signed_url(
        "k", **wishes
    )
    assert first == again
    first.headers["x"] = "y"
    assert store.create_signed_url("k", **wishes) == again


def test_many_threads_sign_alike(store):
    def sign(index):
        return store.create_signed_url(
            f"k{index % 7}", signing_time=NOW, expires_in=60 + index % 5
        ).url

    with ThreadPoolExecutor(16) as pool:
        urls = list(pool.map(sign, range(700)))
    assert urls == [sign(index) for index in range(700)]


def test_a_template_that_does_not_equal_the_sdk_is_not_used(monkeypatch, store):
    from azure.storage.blob import generate_blob_sas

    def other(*args, **named):
        return generate_blob_sas(*args, **named).replace("sig=", "sig=A")

    monkeypatch.setattr("daypass_azure.oracle.generate_blob_sas", other)
    with pytest.raises(daypass.SigningNotSupportedError, match="could not be recomputed"):
        store.create_signed_url("k")


def test_nothing_secret_is_shown(store):
    link = store.create_signed_url("k")
    signature = link.url.partition("sig=")[2]
    signer = store.location.cache["azure"]
    shown = "".join(
        repr(each)
        for each in (
            store,
            link,
            store.location,
            signer._account,
            signer._keys._key,
            signer._templates._last,
            signer._templates._known,
        )
    )
    assert KEY not in shown
    assert signature not in shown


def test_the_declaration():
    info = registry.backend("az").info
    assert info is registry.backend("abfss").info or info == registry.backend("abfss").info
    assert info.methods == {"GET", "PUT", "DELETE", "HEAD", "LIST"}
    assert info.prefixes
    assert info.secret_query_keys == {"sig"}
    assert pickle.loads(pickle.dumps(info.options_class())) == info.options_class()


def test_importing_the_plugin_imports_no_sdk():
    code = (
        "import sys, daypass_azure; "
        "daypass_azure.describe_backend(); "
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'azure', 'adlfs', 'fsspec', 'aiohttp'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_signing_with_a_key_does_not_import_adlfs():
    code = (
        "import sys, daypass; "
        f"daypass.create_signed_url('az://maps/k', storage_options={OPTIONS!r}); "
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'adlfs'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
