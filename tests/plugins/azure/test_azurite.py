"""Links against a real server: what they open, and all that they do not."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import AccessPolicy, ContentSettings

import daypass
from daypass import AccessDeniedError, InvalidRequestError, UnsupportedOptionError

ODD_NAMES = [
    "a//b",
    "//leading",
    "trailing/",
    "a/b/",
    "1+1",
    "a%2Fb",
    "100%",
    "%25",
    "#hash#",
    "what?x=y&z",
    " a b ",
    "\U0001f511/clé",
    "e\u0301 and \u00e9",
    "*",
    "~-_.!'()&=@:;,$|^`{}<>[]\"",
    "dot.",
    "a" * 1024,
]


def md5(content: bytes) -> str:
    return b64encode(hashlib.md5(content).digest()).decode()


def test_get_and_head(bench):
    bench.put("k", b"hello")
    for method in ("GET", "HEAD"):
        link = bench.store.create_signed_url("k", method=method)
        assert link.permits == {"GET", "HEAD"}
        assert link.headers == {}
        got = bench.use(link)
        assert got.status_code == 200
        assert got.content == (b"hello" if method == "GET" else b"")
        assert bench.use(link, method="HEAD").status_code == 200


def test_put_and_delete(bench):
    link = bench.store.create_signed_url("k", method="PUT")
    assert link.headers == {"x-ms-blob-type": "BlockBlob"}
    assert bench.use(link, b"new").status_code == 201
    assert bench.use(link, b"newer").status_code == 201
    assert bench.read("k") == b"newer"
    gone = bench.store.create_signed_url("k", method="DELETE")
    assert bench.use(gone).status_code == 202
    assert not bench.admin.get_blob_client("k").exists()


def test_put_needs_the_header_that_is_named(bench):
    link = bench.store.create_signed_url("k", method="PUT")
    answer = bench.session.put(link.url, data=b"x", timeout=30)
    assert answer.status_code == 400


@pytest.mark.parametrize("name", [name for name in ODD_NAMES if not name.endswith(".")])
def test_odd_names(bench, name):
    put = bench.store.create_signed_url(name, method="PUT")
    assert bench.use(put, name.encode()).status_code == 201
    assert [blob.name for blob in bench.admin.list_blobs()] == [name]
    assert bench.use(bench.store.create_signed_url(name)).content == name.encode()
    assert bench.store.head_metadata(name).size == len(name.encode())
    assert bench.use(bench.store.create_signed_url(name, method="DELETE")).status_code == 202


@pytest.mark.parametrize("signed", ["GET", "PUT", "DELETE"])
def test_the_wrong_method_is_refused(bench, signed):
    bench.put("k", b"old")
    link = bench.store.create_signed_url("k", method=signed)
    for method in {"GET", "HEAD", "PUT", "DELETE"} - link.permits:
        headers = {"x-ms-blob-type": "BlockBlob"} if method == "PUT" else {}
        answer = bench.session.request(
            method, link.url, data=b"new" if method == "PUT" else None, headers=headers, timeout=30
        )
        assert answer.status_code == 403, method
    assert bench.read("k") == b"old"


def test_a_link_is_for_one_blob(bench):
    bench.put("k")
    bench.put("other")
    link = bench.store.create_signed_url("k")
    assert bench.session.get(link.url.replace("/k?", "/other?"), timeout=30).status_code == 403
    listing = link.url.replace("/k?", "?restype=container&comp=list&")
    assert bench.session.get(listing, timeout=30).status_code == 403


@pytest.mark.parametrize(
    ("old", "new"), [("sp=r", "sp=rw"), ("se=20", "se=21"), ("sr=b", "sr=c"), ("sig=", "sig=A")]
)
def test_a_tampered_link_is_refused(bench, old, new):
    bench.put("k")
    link = bench.store.create_signed_url("k")
    assert old in link.url
    assert bench.session.get(link.url.replace(old, new, 1), timeout=30).status_code == 403


def test_an_expired_link_is_refused(bench):
    bench.put("k")
    past = datetime.now(UTC) - timedelta(hours=1)
    link = bench.store.create_signed_url("k", signing_time=past, expires_in=60)
    assert bench.use(link).status_code == 403


def test_a_link_before_its_start_is_refused(bench):
    bench.put("k")
    soon = datetime.now(UTC) + timedelta(minutes=10)
    assert bench.use(bench.store.create_signed_url("k", starts_at=soon)).status_code == 403
    begun = datetime.now(UTC) - timedelta(minutes=1)
    assert bench.use(bench.store.create_signed_url("k", starts_at=begun)).status_code == 200


def test_create_only(bench):
    link = bench.store.create_signed_url("k", method="PUT", if_absent=True)
    assert bench.use(link, b"first").status_code == 201
    assert bench.use(link, b"second").status_code == 403
    assert bench.read("k") == b"first"


def test_https_only(bench):
    bench.put("k")
    secure = bench.server.certificate is not None
    link = bench.store.create_signed_url("k")
    assert ("spr=https" in link.url) is secure
    assert bench.use(link).status_code == 200
    if secure:
        assert "spr=" not in bench.store.create_signed_url("k", https_only=False).url
        assert bench.use(bench.store.create_signed_url("k", https_only=True)).status_code == 200
    else:
        with pytest.raises(UnsupportedOptionError, match="the endpoint is http"):
            bench.store.create_signed_url("k", https_only=True)
        waived = bench.store.create_signed_url("k", https_only=True, strict=False)
        assert waived.unenforced == {"https_only"}


def test_response_overrides(bench):
    bench.put("k", b"a,b", content_settings=ContentSettings(content_type="text/plain"))
    link = bench.store.create_signed_url(
        "k",
        filename="naïve.csv",
        response_content_type="text/csv; charset=utf-8",
        response_cache_control="private, max-age=60",
        response_content_language="de",
        response_content_encoding="identity",
    )
    got = bench.use(link)
    assert got.status_code == 200
    assert got.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert got.headers["Cache-Control"] == "private, max-age=60"
    assert got.headers["Content-Language"] == "de"
    assert got.headers["Content-Encoding"] == "identity"
    assert got.headers["Content-Disposition"].startswith('attachment; filename="na_ve.csv"')
    assert bench.session.get(link.url.replace("rscl=de", "rscl=fr"), timeout=30).status_code == 403


def test_descriptions_arrive_and_are_named_as_unenforced(bench):
    link = bench.store.create_signed_url(
        "k", method="PUT", content_type="text/csv", metadata={"Owner": "me"}
    )
    assert link.unenforced == {"content_type", "metadata"}
    assert bench.use(link, b"a,b").status_code == 201
    found = bench.store.head_metadata("k")
    assert found.content_type == "text/csv"
    assert found.metadata == {"owner": "me"}


def test_an_access_tier_is_kept_where_the_holder_sends_it(bench):
    link = bench.store.create_signed_url("k", method="PUT", storage_class="Cool", strict=False)
    assert (link.headers["x-ms-access-tier"], link.unenforced) == ("Cool", {"storage_class"})
    assert bench.use(link, b"a,b").status_code == 201
    assert bench.store.head_metadata("k").storage_class == "Cool"


def test_tags_are_kept_where_the_holder_sends_them(bench):
    link = bench.store.create_signed_url("k", method="PUT", tags={"run no": "4/2"}, strict=False)
    assert (link.headers["x-ms-tags"], link.unenforced) == ("run%20no=4%2F2", {"tags"})
    assert bench.use(link, b"a,b").status_code == 201
    assert bench.admin.get_blob_client("k").get_blob_tags() == {"run no": "4/2"}


def test_content_md5_is_refused_or_waived(bench):
    with pytest.raises(UnsupportedOptionError) as caught:
        bench.store.create_signed_url("k", method="PUT", content_md5=md5(b"right"))
    assert caught.value.option == "content_md5"
    link = bench.store.create_signed_url(
        "k", method="PUT", content_md5=md5(b"right"), add_content_md5_metadata=True, strict=False
    )
    assert link.unenforced == {"content_md5", "add_content_md5_metadata"}
    assert link.headers["Content-MD5"] == md5(b"right")
    assert bench.use(link, b"wrong").status_code == 400
    assert bench.use(link, b"right").status_code == 201
    found = bench.store.head_metadata("k")
    assert found.content_md5 == md5(b"right")
    assert found.metadata == {"md5chksum": md5(b"right")}


def test_a_stored_policy_revokes_its_links(key_bench):
    key_bench.put("k", b"hello")
    key_bench.admin.set_container_access_policy({"readers": AccessPolicy(permission="r")})
    store = key_bench.make_store(signer_options={"stored_access_policy": "readers"})
    link = store.create_signed_url("k")
    assert "si=readers" in link.url
    assert "sp=" not in link.url
    assert key_bench.use(link).content == b"hello"
    key_bench.admin.set_container_access_policy({})
    assert key_bench.use(link).status_code == 403


def test_what_a_stored_policy_may_hold(key_bench):
    later = datetime.now(UTC) + timedelta(days=1)
    key_bench.admin.set_container_access_policy(
        {
            "ending": AccessPolicy(permission="r", expiry=later),
            "wide": AccessPolicy(permission="rw"),
            "begun": AccessPolicy(start=datetime.now(UTC) - timedelta(days=1)),
            "starting": AccessPolicy(permission="r", start=datetime.now(UTC) - timedelta(days=1)),
        }
    )

    def sign(policy, **options):
        store = key_bench.make_store(signer_options={"stored_access_policy": policy})
        return store.create_signed_url("k", **options)

    with pytest.raises(InvalidRequestError, match="expiry of its own"):
        sign("ending")
    with pytest.raises(InvalidRequestError, match="has no stored access policy"):
        sign("missing")
    with pytest.raises(UnsupportedOptionError, match="exactly 'r'"):
        sign("wide")
    with pytest.raises(UnsupportedOptionError, match="exactly 'cw'"):
        sign("starting", method="PUT")
    assert "&sp=r&" in sign("begun").url
    begun = datetime.now(UTC)
    with pytest.raises(UnsupportedOptionError, match="start of its own"):
        sign("starting", starts_at=begun)
    waived = sign("starting", starts_at=begun, strict=False)
    assert waived.unenforced == {"starts_at"}
    key_bench.put("k")
    assert key_bench.use(waived).status_code == 200


def test_a_snapshot(key_bench):
    client = key_bench.put("k", b"old")
    snapshot = "snapshot=" + client.create_snapshot()["snapshot"]
    key_bench.put("k", b"new")
    link = key_bench.store.create_signed_url("k", version=snapshot)
    assert "sr=bs" in link.url
    assert key_bench.use(link).content == b"old"
    assert key_bench.store.head_metadata("k", version=snapshot).size == 3
    tampered = link.url.replace("?" + snapshot[:13], "?snapshot=2020", 1)
    assert tampered != link.url
    assert key_bench.session.get(tampered, timeout=30).status_code == 403


def test_a_public_endpoint_keeps_the_emulators_account(key_bench):
    key_bench.put("k", b"hello")
    port = key_bench.server.host.rpartition(":")[2]
    for public in (f"http://localhost:{port}", f"http://localhost:{port}/devstoreaccount1"):
        link = key_bench.make_store(public_endpoint=public).create_signed_url("k")
        assert link.url.startswith(f"http://localhost:{port}/devstoreaccount1/")
        assert key_bench.session.get(link.url, timeout=30).content == b"hello"


def test_options_alone_sign_without_a_filesystem(http_server, key_bench, monkeypatch):
    key_bench.put("k", b"hello")
    monkeypatch.setattr("adlfs.AzureBlobFileSystem.__init__", pytest.fail)
    for path in (f"az://{key_bench.name}/k", f"abfs://{key_bench.name}/k"):
        link = daypass.create_signed_url(
            path, storage_options={"connection_string": http_server.connection_string}
        )
        assert key_bench.use(link).content == b"hello"


def test_a_sas_reads_metadata_and_does_not_sign(key_bench):
    from azure.storage.blob import generate_container_sas

    from tests.servers.azurite import ACCOUNT, KEY

    key_bench.put("k", b"hello")
    sas = generate_container_sas(
        ACCOUNT,
        key_bench.name,
        KEY,
        permission="r",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    given = f"BlobEndpoint={key_bench.server.endpoint};SharedAccessSignature={sas}"
    store = daypass.Store(
        f"az://{key_bench.name}",
        storage_options={"connection_string": given, "account_name": ACCOUNT},
    )
    assert store.head_metadata("k").size == 5
    with pytest.raises(daypass.CredentialsError, match="cannot sign another"):
        store.create_signed_url("k")


def test_metadata_of_a_blob(bench):
    bench.put(
        "k",
        b"hello",
        metadata={"Owner": "me"},
        content_settings=ContentSettings(
            content_type="text/plain",
            content_language="en",
            content_encoding="identity",
            content_disposition="inline",
            cache_control="no-cache",
            content_md5=bytearray(hashlib.md5(b"hello").digest()),
        ),
    )
    found = bench.store.head_metadata("k")
    assert found.path == f"az://{bench.name}/k"
    assert found.size == 5
    assert found.content_md5 == md5(b"hello")
    assert '"' not in found.etag
    assert found.metadata == {"owner": "me"}
    assert (found.content_type, found.content_language) == ("text/plain", "en")
    assert (found.content_encoding, found.content_disposition) == ("identity", "inline")
    assert found.cache_control == "no-cache"
    assert found.storage_class == "Hot"
    assert found.encryption == "AES256"
    assert (found.lease_state, found.copy_status) == ("available", None)
    assert abs(datetime.now(UTC) - found.last_modified) < timedelta(minutes=1)


def test_metadata_is_of_exactly_this_blob(bench):
    bench.put("foobar")
    for name in ("foo", "foobar/", "oobar"):
        with pytest.raises(daypass.ObjectNotFoundError, match="does not exist"):
            bench.store.head_metadata(name)
        assert bench.store.head_metadata(name, missing_ok=True) is None


def test_metadata_with_a_wrong_key_is_denied(key_bench):
    wrong = key_bench.server.connection_string.replace("Eby8", "Aby8")
    store = daypass.Store(f"az://{key_bench.name}", storage_options={"connection_string": wrong})
    with pytest.raises(AccessDeniedError):
        store.head_metadata("k")


@pytest.mark.parametrize("alone", [False, True], ids=["a link", "a bare URL"])
def test_a_copy_source_is_obeyed_so_none_is_signed(key_bench, alone):
    """Without x-ms-blob-type it is Copy Blob. Azurite asks a source of the same account for no link of its own."""
    key_bench.put("secret", b"the secret")
    source = key_bench.store.create_signed_url("secret").url
    added = {"x-ms-copy-source": source.partition("?")[0] if alone else source}
    link = key_bench.store.create_signed_url("copy", method="PUT")
    assert key_bench.session.put(link.url, headers=added, timeout=30).status_code == 202
    assert key_bench.read("copy") == b"the secret"

    for door in (
        lambda: key_bench.store.create_signed_url("copy", method="PUT", headers=added),
        lambda: key_bench.store.create_signed_urls(["copy"], method="PUT", headers=added),
        lambda: key_bench.store.create_multipart_upload("copy", size=10**8, headers=added),
    ):
        with pytest.raises(daypass.InvalidRequestError, match="would make another request"):
            door()


def test_a_container_that_is_missing_is_no_missing_blob(bench):
    with pytest.raises(daypass.ObjectNotFoundError):
        bench.store.head_metadata("none")
    elsewhere = daypass.Store("az://no-such-container", fs=bench.fs)
    with pytest.raises(daypass.StoreError, match="there is no such container") as caught:
        elsewhere.head_metadata("k", missing_ok=True)
    assert (caught.value.status, caught.value.store_code) == (404, "ContainerNotFound")
