"""What cannot be signed is refused by name, and nothing that is secret is shown."""

from __future__ import annotations

import os
import pickle
import traceback
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

import daypass
from daypass.errors import (
    CredentialsError,
    DaypassError,
    InvalidExpiryError,
    InvalidPathError,
    InvalidRequestError,
    UnknownOptionError,
    UnsupportedOptionError,
)
from tests.each import each
from tests.plugins.cloudfront.conftest import DOMAIN, NOW, Pair, pair, sign

UNBOUND = {
    "content_md5": ("PUT", b"0" * 16),
    "content_length": ("PUT", 5),
    "max_bytes": ("PUT", 5),
    "if_absent": ("PUT", True),
    "checksum_sha256": ("PUT", b"0" * 32),
    "acl": ("PUT", "private"),
    "requester_pays": ("GET", True),
    "headers": ("GET", {"X-A": "1"}),
    "filename": ("GET", "a.tif"),
    "inline": ("GET", True),
    "response_content_type": ("GET", "text/csv"),
    "response_content_disposition": ("GET", "inline"),
    "response_content_encoding": ("GET", "identity"),
    "response_content_language": ("GET", "en"),
    "response_cache_control": ("GET", "no-store"),
    "response_expires": ("GET", NOW),
}
EVERY = {"allowed_methods": ["GET", "HEAD", "PUT", "DELETE"]}


@pytest.mark.parametrize("option", UNBOUND)
def test_what_no_policy_binds_is_refused_by_name(option):
    method, value = UNBOUND[option]
    with pytest.raises(UnsupportedOptionError) as caught:
        sign(given=EVERY, method=method, **{option: value})
    assert (caught.value.option, caught.value.backend) == (option, "cloudfront")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_method_is_refused_unless_the_distribution_lets_it_through(method):
    for face in (sign, grant):
        with pytest.raises(UnsupportedOptionError, match="allowed_methods") as caught:
            face(method=method)
        assert (caught.value.option, caught.value.backend) == ("method", "cloudfront")
        assert caught.value.alternatives == ("GET", "HEAD")
        assert method in face(method=method, given=EVERY).permits


def grant(path="s3://maps/2026", kind="ecdsa", *, given=None, **options):
    options = {"signing_time": NOW, "expires_in": 3600, **options}
    return daypass.create_signed_prefix(
        path, signer="cloudfront", signer_options=pair(kind).options(**(given or {})), **options
    )


def test_permits_names_every_method_since_a_policy_binds_none():
    seven = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    assert sign(given={"allowed_methods": seven}).permits == set(seven)
    assert grant(given={"allowed_methods": seven}).permits == set(seven)
    assert sign().permits == grant().permits == {"GET", "HEAD"}
    assert sign(method="HEAD").permits == {"GET", "HEAD"}


def test_a_listing_a_version_and_another_endpoint_are_refused():
    with pytest.raises(UnsupportedOptionError, match="LIST"):
        sign("s3://maps/2026/", method="LIST")
    with pytest.raises(UnsupportedOptionError, match="version"):
        sign(version="1")
    with pytest.raises(UnsupportedOptionError, match="public_endpoint"):
        sign(public_endpoint="https://maps.example")


def test_what_describes_an_upload_is_a_header_that_nobody_enforces():
    link = sign(given=EVERY, method="PUT", content_type="text/csv", metadata={"Run": "42"})
    assert link.headers == {"Content-Type": "text/csv", "x-amz-meta-run": "42"}
    assert link.unenforced == {"content_type", "metadata"}
    assert link.url == sign(given=EVERY, method="PUT").url
    with pytest.raises(UnsupportedOptionError) as caught:
        sign("gs://maps/a", given=EVERY, method="PUT", metadata={"run": "42"})
    assert caught.value.option == "metadata"


def test_waived_restrictions_are_named():
    given = {**EVERY, "domain": f"http://{DOMAIN}"}
    link = sign(
        given=given,
        method="PUT",
        strict=False,
        content_md5=b"0" * 16,
        https_only=True,
        ip_range="2001:db8::1",
    )
    assert link.unenforced == {"content_md5", "https_only", "ip_range"}
    assert "Expires=" in link.url
    assert link.headers == {}


@pytest.mark.parametrize("address", ["2001:db8::1", "2001:db8::/32", "192.0.2.1-192.0.2.9"])
def test_addresses_that_no_policy_can_name_are_unsupported(address):
    with pytest.raises(UnsupportedOptionError) as caught:
        sign(ip_range=address)
    assert (caught.value.option, caught.value.backend) == ("ip_range", "cloudfront")


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.7/24",
        "192.0.2.9-192.0.2.1",
        "192.0.2",
        "localhost",
        "*",
        "192.0.2.1,192.0.2.2",
        "1-::1",
        "-",
        "/",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidRequestError) as caught:
        sign(ip_range=address)
    assert caught.value.option == "ip_range"


def test_https_only_needs_a_domain_with_https():
    assert sign(https_only=True).url == sign().url
    with pytest.raises(UnsupportedOptionError) as caught:
        sign(https_only=True, given={"domain": f"http://{DOMAIN}"})
    assert caught.value.option == "https_only"


def test_an_end_that_no_policy_can_name_is_refused():
    late = datetime.fromtimestamp(2**31 - 1, UTC)
    before = {"signing_time": late - timedelta(days=1), "expires_in": None}
    assert f"Expires={2**31 - 1}" in sign(expires_at=late, **before).url
    for face in (sign, grant):
        for asked in ({"expires_at": late + timedelta(seconds=1)}, {"expires_in": "2d"}):
            with pytest.raises(InvalidExpiryError, match="2038") as caught:
                face(**{**before, **asked})
            assert caught.value.option == "expires_in"


def test_a_start_that_no_policy_can_name_is_refused():
    with pytest.raises(InvalidExpiryError) as caught:
        sign(starts_at=datetime(1969, 12, 31, tzinfo=UTC))
    assert caught.value.option == "starts_at"


@pytest.mark.parametrize(
    "path", ["s3://b/other/a", "s3://b/pub", "s3://b/public", "s3://b/Public/a", "s3://b/public/"]
)
def test_keys_outside_the_origin_path_are_refused(path):
    with pytest.raises(InvalidPathError, match="origin_path"):
        sign(path, given={"origin_path": "public"})


@pytest.mark.parametrize("path", ["s3://b", "s3://b/pub", "s3://b/other/"])
def test_a_grant_for_more_than_the_origin_path_is_refused(path):
    with pytest.raises(InvalidPathError, match="origin_path"):
        grant(path, given={"origin_path": "public"})
    assert grant("s3://b/public", given={"origin_path": "public"}).url == f"https://{DOMAIN}/"


def test_a_url_that_is_too_long_for_cloudfront_is_refused():
    # Every signature of RSA is as long as another.
    room = 8192 - len(sign("gs://b/k", "rsa").url) + 1
    assert len(sign("gs://b/" + "k" * room, "rsa").url) == 8192
    with pytest.raises(InvalidPathError, match="8192"):
        sign("gs://b/" + "k" * (room + 1), "rsa")
    found = grant("s3://b/p", "rsa")
    room = 8192 - len(str(found))
    assert len(found.url_for("k" * room)) == 8192
    with pytest.raises(InvalidPathError, match="8192"):
        found.url_for("k" * (room + 1))


def test_a_key_that_is_too_long_for_s3_is_refused():
    assert sign("s3://b/" + "é" * 512)
    with pytest.raises(InvalidPathError, match="1024"):
        sign("s3://b/" + "é" * 512 + "k")


ILLEGAL = {
    "domain": [None, 5, "", "https://", "a b", "https://d/path", "ftp://d", "user@d", "d?x", "d#x",
               "d:99999", "d\n", "*.cloudfront.net", "javascript:alert(1)", "//d", b"d", "https://d\\e"],
    "key_pair_id": [5, "", "a b", "K&x=1", "K\n", "é", "K" * 129, b"K"],
    "private_key": [5, b"-----BEGIN", [], "", "a\nb", "a\0b"],
    "passphrase_env": [5, "", "1A", "A B", "A=B", b"A"],
    "origin_path": [5, None, b"a", "a/../b", ".", "..", "a\nb", "\ud800"],
    "hash_algorithm": [5, "", "sha256", "SHA-256", "MD5", b"SHA1", ["SHA1"]],
    "allowed_methods": [5, None, "GET", b"GET", [], ["GET"], ["PUT"], ["GET", "HEAD", "LIST"], ["GET", "HEAD", 5],
                        ["GET", "HEAD", "put"]],
}  # fmt: skip


@each("option, value", [(o, v) for o, values in ILLEGAL.items() for v in values])
def test_illegal_options_are_refused_by_name(option, value):
    with pytest.raises(InvalidRequestError) as caught:
        sign(given={option: value})
    assert caught.value.option == option
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        (DOMAIN, f"https://{DOMAIN}"),
        (f"https://{DOMAIN}/", f"https://{DOMAIN}"),
        ("HTTPS://Maps.Example:443", "https://maps.example"),
        ("maps.example:8443", "https://maps.example:8443"),
        ("http://maps.example:80", "http://maps.example"),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_the_domain_is_written_as_clients_send_it(written, origin):
    assert sign("s3://b/k", given={"domain": written}).url.startswith(f"{origin}/k?")


def test_misspelt_options_are_refused_naming_the_nearest():
    with pytest.raises(UnknownOptionError, match="did you mean private_key"):
        sign(given={"private_keey": "x"})


@cache
def strange(kind):
    make = {
        "rsa 1024": lambda: rsa.generate_private_key(65537, 1024),
        "rsa 3072": lambda: rsa.generate_private_key(65537, 3072),
        "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "dsa": lambda: dsa.generate_private_key(1024),
    }
    return Pair("K", make[kind]())


@pytest.mark.isolated
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # cryptography's word on DSA
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["rsa 1024", "rsa 3072", "p-384", "secp256k1", "ed25519", "dsa"])
def test_keys_that_cloudfront_does_not_take_are_refused(kind):
    with pytest.raises(CredentialsError, match="2048 bits and ECDSA keys on P-256"):
        sign(given={"private_key": strange(kind).pem()})


@pytest.mark.parametrize("missing", ["key_pair_id", "private_key"])
def test_without_a_key_nothing_is_signed(missing):
    for face in (sign, grant):
        with pytest.raises(CredentialsError, match=missing):
            face(given={missing: None})


@pytest.mark.isolated
@pytest.mark.parametrize(
    "form", ["text", "path", "Path", "PathLike", "PKCS #1", "CRLF", "in a text"]
)
def test_a_private_key_is_read_in_every_form(tmp_path, form):
    pem = pair("rsa").pem()
    file = tmp_path / "key.pem"
    file.write_text(pem)

    class Somewhere:
        def __fspath__(self):
            return str(file)

    traditional = pair("rsa").private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    forms = {
        "text": pem,
        "path": str(file),
        "Path": file,
        "PathLike": Somewhere(),
        "PKCS #1": traditional.decode(),
        "CRLF": pem.replace("\n", "\r\n"),
        "in a text": f"a comment\n{pem}\n",
    }
    assert sign(kind="rsa", given={"private_key": forms[form]}).url == sign(kind="rsa").url


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_key_whose_line_breaks_came_as_backslash_and_n_signs(kind):
    given = {"private_key": pair(kind).pem().replace("\n", "\\n")}
    assert sign(kind=kind, given=given).url == sign(kind=kind).url


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_an_encrypted_key_takes_its_passphrase_from_the_environment(monkeypatch, kind):
    encrypted = {"private_key": pair(kind).pem("correct horse é")}
    named = {**encrypted, "passphrase_env": "CF_PASSPHRASE"}
    with pytest.raises(CredentialsError, match="passphrase_env"):
        sign(kind=kind, given=encrypted)
    with pytest.raises(CredentialsError, match="CF_PASSPHRASE, which is not set"):
        sign(kind=kind, given=named)
    monkeypatch.setenv("CF_PASSPHRASE", "wrong")
    with pytest.raises(CredentialsError, match="could not be read"):
        sign(kind=kind, given=named)
    monkeypatch.setenv("CF_PASSPHRASE", "correct horse é")
    assert sign(kind=kind, given=named).url == sign(kind=kind).url
    with pytest.raises(CredentialsError, match="not encrypted: drop it"):
        sign(kind=kind, given={"passphrase_env": "CF_PASSPHRASE"})


def test_files_that_are_no_key_are_refused_and_a_pipe_is_not_waited_for(tmp_path):
    (tmp_path / "empty").write_text("")
    (tmp_path / "public").write_text(pair("rsa").public_pem)
    (tmp_path / "large").write_bytes(b"x" * 1_000_000)
    os.mkfifo(tmp_path / "pipe")
    for name in ("empty", "public", "large", "pipe", "missing", "."):
        with pytest.raises(CredentialsError):
            sign(given={"private_key": tmp_path / name})


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_the_same_input_gives_the_same_link(kind):
    assert sign(kind=kind) == sign(kind=kind)
    assert sign(kind=kind, ip_range="192.0.2.7").url == sign(kind=kind, ip_range="192.0.2.7").url


def test_no_error_shows_a_key_or_a_passphrase(monkeypatch):
    monkeypatch.setenv("CF_PASSPHRASE", "hunter2")
    pem = pair("rsa").pem()
    lines = pem.splitlines()
    attempts = [
        {"private_key": pem.replace("\n", "\\n")[:400]},
        {"private_key": lines[1]},
        {"private_key": "\n".join(lines[1:-1])},
        {"private_key": pem[:400]},
        {"private_key": pem, "passphrase_env": "CF_PASSPHRASE"},
        {"private_key": pair("rsa").pem("other"), "passphrase_env": "CF_PASSPHRASE"},
        {"key_pair_id": pem},
        {"passphrase_env": "hunter2 "},
        {"domain": f"https://user:hunter2@{DOMAIN}"},
        {"private_key": {"pem": pem}},
    ]
    for given in attempts:
        with pytest.raises(DaypassError) as caught:
            sign(given=given)
        shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert not any(line in shown for line in lines[1:-1])
        assert "hunter2" not in str(caught.value)


def test_no_repr_shows_a_key_a_signature_or_a_cookie():
    store = daypass.Store("s3://maps", signer="cloudfront", signer_options=pair("rsa").options())
    link, prefix = store.create_signed_url("a"), store.create_signed_prefix("a")
    secrets = [*pair("rsa").pem().splitlines()[1:-1], link.cookies()["CloudFront-Signature"],
               prefix.cookies()["CloudFront-Signature"], prefix.cookies()["CloudFront-Policy"]]  # fmt: skip
    shown = [
        *map(
            repr,
            (store, store.location, store.location.options, store.location.cache, link, prefix),
        ),
        *(f"{thing.cookies()} {thing.cookies()!r}" for thing in (link, prefix)),
        link._repr_html_(),
    ]
    assert not any(secret in text for secret in secrets for text in shown)


def test_a_store_travels_with_the_name_of_a_file_and_never_with_a_key(tmp_path, monkeypatch):
    monkeypatch.setenv("CF_PASSPHRASE", "hunter2")
    file = tmp_path / "key.pem"
    file.write_text(pair("ecdsa").pem("hunter2"))
    options = pair("ecdsa").options()
    with pytest.raises(InvalidRequestError, match="private_key"):
        pickle.dumps(daypass.Store("s3://b", signer="cloudfront", signer_options=options))
    for private_key in (str(file), file):
        named = {**options, "private_key": private_key, "passphrase_env": "CF_PASSPHRASE"}
        store = daypass.Store("s3://b", signer="cloudfront", signer_options=named)
        twin = pickle.loads(pickle.dumps(store))
        asked = {"signing_time": NOW}
        assert twin.create_signed_url("k", **asked) == store.create_signed_url("k", **asked)
        link = pickle.loads(pickle.dumps(twin.create_signed_prefix("p", **asked)))
        assert link.cookies() == store.create_signed_prefix("p", **asked).cookies()


def test_an_arrow_signer_travels_too(tmp_path):
    import pyarrow as pa

    import daypass.arrow

    file = tmp_path / "key.pem"
    file.write_text(pair("ecdsa").pem())
    for private_key in (str(file), file):
        options = {
            **pair("ecdsa").options(),
            "private_key": private_key,
            "allowed_methods": ["GET", "HEAD"],
        }
        signer = daypass.arrow.Signer(
            signing_time=NOW, expires_in=3600, signer="cloudfront", signer_options=options
        )
        twin = pickle.loads(pickle.dumps(signer))
        (url,) = twin.urls(pa.array(["s3://maps/europe.tif"])).to_pylist()
        assert url == sign().url
    keyed = daypass.arrow.Signer(signer="cloudfront", signer_options=pair("rsa").options())
    with pytest.raises(InvalidRequestError, match="private_key"):
        pickle.dumps(keyed)


def test_importing_the_plugin_imports_no_cryptography():
    import subprocess
    import sys

    code = "import sys, daypass_cloudfront as d; d.describe_backend(); print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_callers_options_are_never_changed():
    given = pair("rsa").options(allowed_methods=["GET", "HEAD"], origin_path="/public/")
    before = {
        name: list(value) if isinstance(value, list) else value for name, value in given.items()
    }
    daypass.create_signed_url("s3://b/public/k", signer="cloudfront", signer_options=given)
    assert given == before


def test_one_bad_row_of_many_is_named_and_the_others_are_signed():
    rows = ["s3://b/public/a", "s3://b/private/a", "s3://b/public/" + "k" * 1020, "s3://b/public/c"]
    options = {
        "signer": "cloudfront",
        "signer_options": pair("rsa").options(origin_path="public"),
        "signing_time": NOW,
    }
    batch = daypass.create_signed_urls(rows, errors="collect", **options)
    assert {row: type(error) for row, error in batch.errors.items()} == {
        1: InvalidPathError,
        2: InvalidPathError,
    }
    assert batch[3] == daypass.create_signed_url(rows[3], **options)
    with pytest.raises(InvalidPathError) as caught:
        daypass.create_signed_urls(rows, **options)
    assert caught.value.row == 1


def test_a_policy_for_readers_refuses_links_that_may_write_too():
    rule = daypass.Rule(name="readers", paths=["s3://maps/**"], methods=["GET"], prefixes=True)
    policy = daypass.Policy(rules=[rule])
    daypass.set_policy(policy)
    try:
        for face in (sign, grant):
            assert face().permits == {"GET", "HEAD"}
            with pytest.raises(daypass.PolicyError, match="also permits DELETE, PUT"):
                face(given=EVERY)
    finally:
        daypass.set_policy(None, replacing=policy)


def test_a_domain_longer_than_any_dns_name_is_refused():
    with pytest.raises(InvalidRequestError, match="at most 253 characters") as caught:
        sign(given={"domain": "a" * 5000})
    assert caught.value.option == "domain"
