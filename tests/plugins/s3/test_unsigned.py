"""What a holder may add to a PUT that nobody signed: which stores refuse it, and what links say of the others."""

import hashlib
from base64 import b64encode
from contextlib import contextmanager

import pytest
import requests

import daypass
from daypass import InvalidRequestError, Policy, PolicyError, Rule
from tests.servers.lenient import lenient
from tests.servers.s3_client import s3_client
from tests.stranger import send

BODY = b"run,value\n"
MD5 = b64encode(hashlib.md5(BODY).digest()).decode()
#: All that a copy takes from its source, or does not ask for.
GONE = {
    "content_type": "text/csv",
    "content_md5": MD5,
    "content_length": len(BODY),
    "checksum_sha256": hashlib.sha256(BODY).digest(),
    "if_absent": True,
    "metadata": {"run": "42"},
    "tags": {"run": "42"},
    "headers": {"Cache-Control": "no-store"},
    "add_content_md5_metadata": True,
}
#: What holds in a copy, too.
KEPT = {"acl": "private", "storage_class": "STANDARD_IA", "requester_pays": True}
ADDED = {"x-amz-copy-source": "/{}/secret", "x-amz-acl": "public-read", "x-amz-meta-by": "me"}
REFUSES = {"refuses_unsigned_headers": True}
ELSEWHERE = {"endpoint_url": "https://store.example.org"}


def options(**more):
    keys = {"key": "AKIDEXAMPLE", "secret": "made-up"}
    return {**keys, "client_kwargs": {"region_name": "eu-west-2"}, **more}


def unenforced(bucket="maps", *, signer_options=None, public_endpoint=None, asked=None, **more):
    link = daypass.create_signed_url(
        f"s3://{bucket}/k",
        method="PUT",
        storage_options=options(**more),
        signer_options=signer_options,
        public_endpoint=public_endpoint,
        **(asked or {**GONE, **KEPT}),
    )
    return link.unenforced


@contextmanager
def only(**rule):
    policy = Policy(rules=[Rule(name="up", paths=["s3://maps/**"], methods=["PUT"], **rule)])
    daypass.set_policy(policy)
    try:
        yield
    finally:
        daypass.set_policy(None, replacing=policy)


# Over HTTP.


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("added", ADDED)
@pytest.mark.parametrize("kind", ["swift", "localstack"])
def test_stores_that_refuse_unsigned_headers_refuse_each(
    request, servers, admin, kind, added, version
):
    """Swift's preset says so. Version 2 signs all x-amz- headers that a request has, so every store refuses them."""
    store = servers(kind)
    bucket = request.getfixturevalue("bucket" if kind == "swift" else "local_bucket")
    link = daypass.create_signed_url(
        f"s3://{bucket}/k",
        method="PUT",
        content_type="text/csv",
        content_md5=MD5,
        storage_options=store.storage_options,
        signer_options={"signature_version": version, **REFUSES},
    )
    assert not link.unenforced
    source = daypass.create_signed_url(
        f"s3://{bucket}/secret", method="PUT", storage_options=store.storage_options
    )
    assert send(source, b"secret").status == 200
    headers = {**link.headers, added: ADDED[added].format(bucket)}
    for body in (BODY, b""):
        assert send(link, body, headers=headers).status == 403
    down = daypass.create_signed_url(f"s3://{bucket}/k", storage_options=store.storage_options)
    assert send(down).status == 404
    assert send(link, BODY).status == 200


def test_a_link_names_what_its_holder_can_go_round_with_a_copy():
    """The store holds each header that is signed, and the holder reads what the credential can read."""
    asked = {name: GONE[name] for name in ("content_md5", "content_length", "if_absent")}
    with lenient() as store:
        store.objects["/maps/secret/a"] = (b"the secret", "text/html")
        link = daypass.create_signed_url(
            "s3://maps/in/k",
            method="PUT",
            content_type="text/csv",
            storage_options=store.storage_options,
            **asked,
        )
        assert link.unenforced == {*asked, "content_type"}
        for wrong in ({"Content-MD5": "0" * 22 + "=="}, {"Content-Type": "text/html"}):
            assert send(link, BODY, headers={**link.headers, **wrong}).status == 403
        assert send(link, BODY).status == 200
        assert send(link, BODY).status == 412

        added = {**link.headers, "x-amz-copy-source": "/maps/secret/a"}
        assert requests.put(link.url, BODY, headers=added, timeout=30).status_code == 200
        assert store.objects["/maps/in/k"] == (b"the secret", "text/html")


@pytest.mark.parametrize("kind", ["swift", "localstack"])
def test_a_signed_copy_source_is_obeyed_so_none_is_signed(request, servers, admin, kind):
    """The SDK signs one, and the store reads another object for its holder; no door of daypass does."""
    server = servers(kind)
    bucket = request.getfixturevalue("bucket" if kind == "swift" else "local_bucket")
    store = daypass.Store(f"s3://{bucket}", storage_options=server.storage_options)
    assert send(store.create_signed_url("secret", method="PUT"), b"secret").status == 200
    client = s3_client(server)
    source = f"{bucket}/secret"
    url = client.generate_presigned_url(
        "copy_object", {"Bucket": bucket, "Key": "copy", "CopySource": source}
    )
    answer = requests.put(url, headers={"x-amz-copy-source": source}, timeout=30)
    assert answer.status_code == 200
    assert send(store.create_signed_url("copy")).body == b"secret"

    headers = {"x-amz-copy-source": source}
    for door in (
        lambda: store.create_signed_url("in/k", method="PUT", headers=headers),
        lambda: store.create_signed_urls(["in/k"], method="PUT", headers=headers),
        lambda: store.create_multipart_upload("in/k", size=10**8, headers=headers),
        lambda: store.create_upload_form("in/k", headers=headers),
    ):
        with pytest.raises(InvalidRequestError, match="would make another request"):
            door()


# What links say.


@pytest.mark.parametrize(
    ("place", "refuses"),
    [
        ({}, True),
        ({"bucket": "dotted.name"}, True),
        ({"config_kwargs": {"s3": {"use_accelerate_endpoint": True}}}, True),
        ({"config_kwargs": {"s3": {"use_dualstack_endpoint": True}}}, True),
        ({"client_kwargs": {"region_name": "us-gov-west-1"}}, True),
        ({"client_kwargs": {"region_name": "cn-north-1"}}, True),
        ({"client_kwargs": {"region_name": "eusc-de-east-1"}}, True),
        ({"bucket": "arn:aws:s3:eu-west-2:123456789012:accesspoint/maps"}, True),
        (
            {"endpoint_url": "https://bucket.vpce-1a2b-3c.s3.eu-west-2.vpce.amazonaws.com"},
            True,
        ),
        (ELSEWHERE, False),
        ({"endpoint_url": "https://ec2-1-2-3-4.compute-1.amazonaws.com"}, False),
        ({"endpoint_url": "https://s3-1.eu-west-2.elb.amazonaws.com"}, False),
        ({"endpoint_url": "https://s3.eu-west-2.amazonaws.com.example.org"}, False),
        ({"public_endpoint": "https://maps.example.org"}, False),
        ({**ELSEWHERE, "signer_options": REFUSES}, True),
        ({"signer_options": {"refuses_unsigned_headers": False}}, False),
    ],
    ids=str,
)
def test_only_hosts_that_are_known_to_refuse_are_believed(place, refuses):
    assert unenforced(**place) == (set() if refuses else set(GONE))


def test_version_2_signs_every_header_of_the_store():
    asked = {name: GONE[name] for name in ("content_type", "content_md5", "checksum_sha256")}
    told = {"signature_version": "s3", "refuses_unsigned_headers": False}
    assert not unenforced(**ELSEWHERE, asked=asked, signer_options=told)


def test_other_methods_can_be_no_copy():
    for method in ("GET", "HEAD", "DELETE"):
        link = daypass.create_signed_url(
            "s3://maps/k",
            method=method,
            headers={"Range": "bytes=0-9"},
            storage_options=options(**ELSEWHERE),
        )
        assert not link.unenforced


def test_lanes_and_bulk_say_the_same():
    store = daypass.Store("s3://maps", storage_options=options(**ELSEWHERE))
    asked = {"content_type": "text/csv", "if_absent": True, "acl": "private"}
    keys = ["a", "b", "c"]
    singles = [store.create_signed_url(key, method="PUT", **asked) for key in keys]
    many = store.create_signed_urls(keys, method="PUT", **asked)
    assert {link.unenforced for link in (*singles, *many)} == {
        frozenset({"content_type", "if_absent"})
    }


def test_strict_refuses_none_of_them():
    """The header is signed and sent: it holds whoever adds nothing."""
    link = daypass.create_signed_url(
        "s3://maps/k", method="PUT", if_absent=True, storage_options=options(**ELSEWHERE)
    )
    assert link.headers == {"If-None-Match": "*"}


@pytest.mark.parametrize("name", ["content_md5", "content_length", "if_absent", "checksum_sha256"])
def test_a_policy_that_requires_what_a_copy_goes_round_refuses(name):
    asked = {"method": "PUT", name: GONE[name]}
    in_bulk = {name: GONE[name] if name == "if_absent" else [GONE[name]]}
    known = daypass.Store("s3://maps", storage_options=options())
    unknown = daypass.Store("s3://maps", storage_options=options(**ELSEWHERE))
    told = daypass.Store("s3://maps", storage_options=options(**ELSEWHERE), signer_options=REFUSES)
    with only(require=[name]):
        for store in (known, told):
            assert not store.create_signed_url("k", **asked).unenforced
        for _ in range(2):
            with pytest.raises(PolicyError, match=f"the store does not enforce {name}"):
                unknown.create_signed_url("k", **asked)
        with pytest.raises(PolicyError, match=f"the store does not enforce {name}"):
            unknown.create_signed_urls(["a"], method="PUT", **in_bulk)


@pytest.mark.parametrize("rule", [{"content_types": ["text/*"]}, {"max_bytes": 100}], ids=str)
def test_so_does_a_rule_for_types_or_sizes(rule):
    asked = {"method": "PUT", "content_type": "text/csv", "content_length": 9}
    with only(**rule):
        daypass.create_signed_url("s3://maps/k", storage_options=options(), **asked)
        with pytest.raises(PolicyError, match="enforce"):
            daypass.create_signed_url("s3://maps/k", storage_options=options(**ELSEWHERE), **asked)


def test_what_the_store_refuses_is_true_or_false():
    with pytest.raises(InvalidRequestError, match="is True or False, or left out") as caught:
        unenforced(signer_options={"refuses_unsigned_headers": "yes"})
    assert caught.value.option == "refuses_unsigned_headers"


@pytest.mark.parametrize("preset", ["swiftstack", "ceph", "minio"])
def test_no_preset_says_that_every_release_of_its_store_refuses(monkeypatch, preset):
    told = {"URL": "s3://b", "PRESET": preset, "STORAGE_OPTIONS__ENDPOINT_URL": "https://s.example"}
    told |= {"STORAGE_OPTIONS__KEY": "AKIDEXAMPLE", "STORAGE_OPTIONS__SECRET": "made-up"}
    for name, value in told.items():
        monkeypatch.setenv(f"DAYPASS_PROFILES__P__{name}", value)
    link = daypass.create_signed_url("daypass://p/k", method="PUT", if_absent=True)
    assert link.unenforced == {"if_absent"}
    monkeypatch.setenv("DAYPASS_PROFILES__P__SIGNER_OPTIONS__REFUSES_UNSIGNED_HEADERS", "true")
    link = daypass.create_signed_url("daypass://p/k", method="PUT", if_absent=True)
    assert link.unenforced == set()


def test_parts_of_an_upload_are_puts_too(server, bucket):
    for told, said in ((REFUSES, set()), (None, {"content_length", "content_md5"})):
        upload = daypass.create_multipart_upload(
            f"s3://{bucket}/k", size=3, storage_options=server.storage_options, signer_options=told
        )
        part = upload.part(1, content_md5=b64encode(hashlib.md5(b"abc").digest()).decode())
        assert part.unenforced == said
        upload.abort()
