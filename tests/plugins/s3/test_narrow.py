"""Links that are signed with a session of STS which may do no more than the link."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import attrs
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import daypass
from daypass_s3 import sessions
from tests.servers.canned import canned
from tests.servers.sts import sts
from tests.stranger import send

ROLE = "arn:aws:iam::123456789012:role/links"
KMS = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab"
KEYS = {
    "key": "AKIAIOSFODNN7EXAMPLE",
    "secret": "wJalrXUtnFEMI-made-up",
    "client_kwargs": {"region_name": "eu-west-1"},
}
READ = ["s3:GetObject"]


@pytest.fixture
def service():
    with sts() as running:
        yield running


@pytest.fixture
def narrowed(service):
    """Make a store that signs with sessions."""

    def make(bucket="maps", *, signer_options=None, storage_options=None, **narrow):
        told = {"role_arn": ROLE, "endpoint_url": service.url, **narrow}
        return daypass.Store(
            f"s3://{bucket}",
            storage_options={**KEYS, **(storage_options or {})},
            signer_options={"narrow": told, **(signer_options or {})},
        )

    return make


def of_grant(store, prefix):
    """Return a store for links of one grant, as a service makes it."""
    return store.within(prefix)


def policies(service):
    return [json.loads(asked["Policy"]) for asked in service.asked]


def token_of(link):
    return parse_qs(urlsplit(link.url).query)["X-Amz-Security-Token"][0]


def test_sts_is_asked_for_the_role_with_the_filesystems_own_keys(service, narrowed):
    narrowed().create_signed_url("a.csv", expires_in="1m")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": READ, "Resource": "arn:aws:s3:::maps/a.csv"}],
    }
    assert service.asked == [
        {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": ROLE,
            "RoleSessionName": "daypass",
            "DurationSeconds": "3600",
            "Policy": json.dumps(policy, separators=(",", ":")),
        }
    ]
    signed = service.headers["authorization"]
    assert "Credential=AKIAIOSFODNN7EXAMPLE/" in signed
    assert "/eu-west-1/sts/aws4_request" in signed


def test_the_request_is_that_of_boto3(service, narrowed):
    narrowed(duration="2h").create_signed_url("a b/é*.csv", expires_in="1m")
    ours = service.asked[0]
    boto3.client(
        "sts",
        region_name="eu-west-1",
        endpoint_url=service.url,
        aws_access_key_id="AK",
        aws_secret_access_key="SK",
    ).assume_role(
        RoleArn=ROLE, RoleSessionName="daypass", Policy=ours["Policy"], DurationSeconds=7200
    )
    assert service.bodies[0] == service.bodies[1]


#: By what is asked: the key, the options, and the statements that are written down for it, without their effect.
OBJECT = "arn:aws:s3:::maps/in/a.csv"
STATEMENTS = {
    "GET": ({}, [(READ, OBJECT)]),
    "HEAD": ({"method": "HEAD"}, [(READ, OBJECT)]),
    "a version": ({"version": "v1"}, [(["s3:GetObjectVersion"], OBJECT)]),
    "PUT": ({"method": "PUT", "content_type": "text/csv"}, [(["s3:PutObject"], OBJECT)]),
    "an ACL and tags": (
        {"method": "PUT", "acl": "bucket-owner-full-control", "tags": {"a": "b"}},
        [(["s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"], OBJECT)],
    ),
    "a lock": (
        {"method": "PUT", "headers": {"x-amz-object-lock-legal-hold": "ON"}},
        [(["s3:PutObject", "s3:PutObjectLegalHold"], OBJECT)],
    ),
    "DELETE": ({"method": "DELETE"}, [(["s3:DeleteObject"], OBJECT)]),
    "a copy": (
        {"method": "PUT", "copy_source": "s3://other/b$.csv"},
        [
            (["s3:PutObject", "s3:PutObjectTagging"], OBJECT),
            (["s3:GetObject", "s3:GetObjectTagging"], "arn:aws:s3:::other/b${$}.csv"),
        ],
    ),
    "a KMS key": (
        {"method": "PUT", "kms_key": KMS},
        [(["s3:PutObject"], OBJECT), (["kms:Decrypt", "kms:GenerateDataKey"], [KMS])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STATEMENTS)
def test_a_session_may_do_what_the_link_asks_and_nothing_else(service, narrowed, case):
    options, wanted = STATEMENTS[case]
    narrowed(signer_options={"refuses_unsigned_headers": True}).create_signed_url(
        "in/a.csv", expires_in="1m", **options
    )
    [policy] = policies(service)
    assert [(one["Effect"], one["Action"], one["Resource"]) for one in policy["Statement"]] == [
        ("Allow", *one) for one in wanted
    ]


def test_a_listing_is_of_its_prefix_alone(service, narrowed):
    narrowed().create_signed_url("in*/", method="LIST", expires_in="1m")
    [statement] = policies(service)[0]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": "arn:aws:s3:::maps",
        "Condition": {"StringEquals": {"s3:prefix": "in${*}/"}},
    }


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("a*", "a${*}"),
        ("a?", "a${?}"),
        ("${aws:username}", "${$}{aws:username}"),
        ("${*}", "${$}{${*}}"),
        ("a b/é\U0001f511", "a b/é\U0001f511"),
    ],
)  # fmt: skip
def test_nothing_in_a_key_stands_for_another(service, narrowed, key, written):
    narrowed().create_signed_url(key, expires_in="1m")
    [statement] = policies(service)[0]["Statement"]
    assert statement["Resource"] == f"arn:aws:s3:::maps/{written}"
    # As STS takes it: no character beyond U+00FF.
    assert service.asked[0]["Policy"].isascii()


def test_objects_by_a_key_of_kms_are_read_with_it(service, narrowed):
    store = narrowed(kms_key=KMS)
    store.create_signed_url("a", expires_in="1m")
    store.create_signed_url("a", method="DELETE", expires_in="1m")
    read, deleted = ([one["Action"] for one in policy["Statement"]] for policy in policies(service))
    assert (read, deleted) == ([READ, ["kms:Decrypt"]], [["s3:DeleteObject"]])


@pytest.mark.parametrize(
    ("role", "bucket", "resource"),
    [
        ("arn:aws-cn:iam::123456789012:role/r", "maps", "arn:aws-cn:s3:::maps/k"),
        ("arn:minio:iam:::role/r", "maps", "arn:aws:s3:::maps/k"),
        (ROLE, "arn:aws:s3:eu-west-1:123456789012:accesspoint/p",
         "arn:aws:s3:eu-west-1:123456789012:accesspoint/p/object/k"),
    ],
    ids=["partition", "another store's", "access point"],
)  # fmt: skip
def test_the_bucket_is_named_in_its_partition(service, narrowed, role, bucket, resource):
    narrowed(bucket, role_arn=role).create_signed_url("k", expires_in="1m")
    assert policies(service)[0]["Statement"][0]["Resource"] == resource


def test_links_of_one_key_share_a_session_and_those_of_others_do_not(service, narrowed):
    store = narrowed()
    links = [
        store.create_signed_url(key, method=method, expires_in="1m")
        for key in ("a", "b", "a")
        for method in ("GET", "HEAD")
    ]
    tokens = [token_of(link) for link in links]
    first, other = "token/of+session=1", "token/of+session=2"
    assert tokens == [first, first, other, other, first, first]
    assert len(service.asked) == 2


def test_links_of_one_grant_share_a_session(service, narrowed):
    store = of_grant(narrowed(), "x.zarr")
    links = [store.create_signed_url(f"x.zarr/c/{n}", expires_in="1m") for n in range(20)]
    assert {token_of(link) for link in links} == {"token/of+session=1"}
    [statement] = policies(service)[0]["Statement"]
    assert statement["Resource"] == "arn:aws:s3:::maps/x.zarr/*"
    # What lies elsewhere is no part of it.
    store.create_signed_url("x.zarr2/0", expires_in="1m")
    assert policies(service)[1]["Statement"][0]["Resource"] == "arn:aws:s3:::maps/x.zarr2/0"


def test_many_threads_ask_for_a_session_once(service, narrowed):
    store = of_grant(narrowed(), "")
    with ThreadPoolExecutor(8) as pool:
        links = list(
            pool.map(lambda n: store.create_signed_url(f"k{n}", expires_in="1m"), range(40))
        )
    assert len(service.asked) == len({token_of(link) for link in links}) == 1


def test_the_url_is_that_of_boto3_with_the_sessions_keys(narrowed):
    now = datetime.now(UTC).replace(microsecond=0)
    store = narrowed()
    store.create_signed_url(
        "first", signing_time=now, expires_in="1m"
    )  # whose template serves the next
    link = store.create_signed_url("a b//é.tif", signing_time=now, expires_in="1m")
    client = boto3.client(
        "s3",
        aws_access_key_id="ASIASESSION000000002",
        aws_secret_access_key="secret-of-session-2",
        aws_session_token="token/of+session=2",
        region_name="eu-west-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    with patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None)):
        theirs = client.generate_presigned_url(
            "get_object", Params={"Bucket": "maps", "Key": "a b//é.tif"}, ExpiresIn=60
        )
    assert link.url == theirs


def test_a_link_ends_with_its_session_and_says_so(service, narrowed):
    with pytest.warns(daypass.ShortLivedURLWarning, match="the narrowed session it is signed"):
        link = narrowed(duration="15m").create_signed_url("a", expires_in="7d")
    assert service.asked[0]["DurationSeconds"] == "900"
    assert link.expires_because == "the narrowed session it is signed with ends first"
    left = link.expires_at - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    query = parse_qs(urlsplit(link.url).query)
    begun = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%S%z")
    assert begun + timedelta(seconds=int(query["X-Amz-Expires"][0])) == link.expires_at


@pytest.mark.filterwarnings("ignore::daypass.ShortLivedURLWarning")
def test_a_session_is_used_until_it_ends_before_a_link_would(service, narrowed, monkeypatch):
    store, clock = narrowed(), 1000.0
    monkeypatch.setattr(sessions, "monotonic", lambda: clock)
    service.lifetime = 200
    for asked, after, lifetime in (
        (1, 0, "1m"),
        (1, 400, "3m"),  # it is no longer young, and lives long enough
        (2, 400, "1h"),
        (2, 600, "1h"),  # another would live no longer
        (3, 800, "1h"),
    ):
        clock = 1000.0 + after
        store.create_signed_url("a", expires_in=lifetime)
        assert len(service.asked) == asked, after


def test_no_link_begins_after_its_session(narrowed):
    later = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(daypass.CredentialsError, match="before this link begins"):
        narrowed().create_signed_url("a", signing_time=later)


#: By the code that STS answers with: what has to be said, beside its own words.
REFUSALS = {
    "AccessDenied": "let the role's trust policy name who asks, .*--role-name links shows",
    "ExpiredToken": "run aws sts get-caller-identity",
    "ValidationError": "aws iam update-role --role-name links --max-session-duration 43200",
    "PackedPolicyTooLarge": "shorten the key, or leave narrow out",
    "MalformedPolicyDocument": f"run aws sts assume-role --role-arn {ROLE} --role-session-name",
}


@pytest.mark.parametrize("code", REFUSALS)
def test_what_sts_refuses_is_told_in_its_words_with_what_to_do(service, narrowed, code):
    service.refusal = (code, "not so, with AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI-made-up")
    with pytest.raises(daypass.CredentialsError, match=REFUSALS[code]) as caught:
        narrowed().create_signed_url("a")
    said = str(caught.value)
    assert said.startswith(
        f"narrow: no session of the role {ROLE} could be had (STS answered {code}: not so"
    )
    assert "wJalrXUtnFEMI" not in said
    assert caught.value.__cause__ is None


def test_a_service_that_is_away_is_told(narrowed):
    store = narrowed(endpoint_url="http://127.0.0.1:9")
    with pytest.raises(daypass.CredentialsError, match="the connection was refused"):
        store.create_signed_url("a")


def test_a_page_is_no_session(narrowed):
    with canned({"Content-Type": "text/html"}, b"<html>log in</html>") as url:
        store = narrowed(endpoint_url=url)
        with pytest.raises(daypass.CredentialsError, match="what was answered holds none"):
            store.create_signed_url("a")


def test_no_text_holds_what_a_session_is_signed_with(narrowed):
    store = narrowed()
    link = store.create_signed_url("a", expires_in="1m")
    signer = store.location.cache["s3"]
    shown = " ".join(map(repr, (store, link, signer._sessions._known)))
    assert "of-session" not in shown
    assert "of+session" not in shown


#: By what is asked: the store, the call, and what has to be said.
REFUSED = {
    "many keys": ({}, lambda store: store.create_signed_urls(["a", "b"]),
                  "narrow asks STS for a session for each key"),
    "Version 2": ({"signer_options": {"signature_version": "s3"}},
                  lambda store: store.create_signed_url("a"), "narrow signs by Version 4 alone"),
    "a tenant's bucket": ({"bucket": "tenant:maps"}, lambda store: store.create_signed_url("a"),
                          "for a bucket by its name"),
    "an alias": ({"bucket": "point-1234-s3alias"}, lambda store: store.create_signed_url("a"),
                 "for an access point by its ARN"),
    "a KMS key's alias": ({}, lambda store: store.create_signed_url("a", method="PUT", kms_key="alias/k"),
                          "a narrowed session names a KMS key by its ARN"),
    "parts by a KMS key": ({}, lambda store: store.create_multipart_upload("a", size=1, kms_key=KMS),
                           "name it as kms_key of narrow too"),
    "a key beyond what a policy holds": ({}, lambda store: store.create_signed_url("€" * 330),
                                         "has 20[0-9][0-9] characters, and STS takes 2048"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_narrowed_is_refused_by_name(service, narrowed, case):
    given, ask, said = REFUSED[case]
    with pytest.raises(daypass.DaypassError, match=said):
        ask(narrowed(**given))
    assert service.asked == []


#: By what is wrong: the option, and what has to be said.
ILLEGAL = {
    "no role": ({"duration": "1h"}, "narrow names a role"),
    "no table": ("arn:aws:iam::123456789012:role/r", "narrow names a role"),
    "a user": ({"role_arn": "arn:aws:iam::123456789012:user/u"}, "role_arn must be text of the form"),
    "a minute": ({"role_arn": ROLE, "duration": "1m"}, "from 15m to 12h"),
    "a day": ({"role_arn": ROLE, "duration": "1d"}, "from 15m to 12h"),
    "a word": ({"role_arn": ROLE, "durations": "1h"}, "did you mean duration"),
    "a key's name": ({"role_arn": ROLE, "kms_key": "alias/k"}, "kms_key must be text of the form"),
    "an endpoint": ({"role_arn": ROLE, "endpoint_url": "sts.example"}, "endpoint_url"),
}  # fmt: skip


@pytest.mark.parametrize("case", ILLEGAL)
def test_an_option_that_is_not_legal_is_named(case):
    narrow, said = ILLEGAL[case]
    with pytest.raises(daypass.DaypassError, match=said):
        daypass.Store("s3://maps", signer_options={"narrow": narrow})


def test_a_store_with_the_option_travels():
    told = {"narrow": {"role_arn": ROLE, "duration": "15m"}}
    store = pickle.loads(pickle.dumps(daypass.Store("s3://maps", signer_options=told)))
    assert attrs.asdict(store.location.options.narrow) == {
        "role_arn": ROLE, "duration": 900, "endpoint_url": None, "kms_key": None,
    }  # fmt: skip


def test_a_profile_says_it(service, monkeypatch):
    monkeypatch.setenv("DAYPASS_PROFILES__P__URL", "s3://maps/2026")
    monkeypatch.setenv("DAYPASS_PROFILES__P__STORAGE_OPTIONS", json.dumps(KEYS))
    narrow = {"role_arn": ROLE, "endpoint_url": service.url}
    monkeypatch.setenv("DAYPASS_PROFILES__P__SIGNER_OPTIONS__NARROW", json.dumps(narrow))
    daypass.create_signed_url("daypass://p/a", expires_in="1m")
    assert policies(service)[0]["Statement"][0]["Resource"] == "arn:aws:s3:::maps/2026/a"


def test_a_form_is_signed_with_a_session_of_its_own(service, narrowed):
    store = narrowed()
    one = store.create_upload_form("in/a.csv", max_bytes=9, expires_in="1m")
    named = store.create_upload_form(
        "in/${filename}", max_bytes=9, tags={"a": "b"}, expires_in="1m"
    )
    assert one.fields["x-amz-security-token"] == "token/of+session=1"
    assert named.fields["x-amz-credential"].startswith("ASIASESSION000000002/")
    found = [
        (one["Action"], one["Resource"])
        for policy in policies(service)
        for one in policy["Statement"]
    ]
    assert found == [
        (["s3:PutObject"], "arn:aws:s3:::maps/in/a.csv"),
        (["s3:PutObject", "s3:PutObjectTagging"], "arn:aws:s3:::maps/in/*"),
    ]


@pytest.fixture(scope="module")
def enforcing(servers):
    """MiniStack, which holds sessions to their policies, with a role that may do anything in its S3."""
    server = servers("ministack-iam")
    given = {
        "endpoint_url": server.endpoint, "region_name": server.region,
        "aws_access_key_id": server.access_key, "aws_secret_access_key": server.secret,
    }  # fmt: skip
    iam = boto3.client("iam", **given)
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    anything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    trust, may = (
        json.dumps({"Version": "2012-10-17", "Statement": [one]}) for one in (anybody, anything)
    )
    role = iam.create_role(RoleName="links", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="links", PolicyName="all", PolicyDocument=may)
    server.client.create_bucket(Bucket="maps")
    for key in ("a b/é.csv", "other", "x.zarr/0", "x.zarr/1", "x.zarr2/0"):
        server.client.put_object(Bucket="maps", Key=key, Body=b"found")
    return server, {"role_arn": role, "endpoint_url": server.endpoint}


def session_client(server, store):
    """Return boto3's client with the keys of the store's only session, as a thief of them would have it."""
    [(keys, _)] = store.location.cache["s3"]._sessions._known.values()
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def test_a_session_of_a_key_opens_that_key_alone(enforcing):
    server, narrow = enforcing
    store = daypass.Store(
        "s3://maps", storage_options=server.storage_options, signer_options={"narrow": narrow}
    )
    assert send(store.create_signed_url("a b/é.csv", expires_in="10m")).body == b"found"
    assert send(store.create_signed_url("a b/é.csv", method="HEAD", expires_in="10m")).status == 200
    stolen = session_client(server, store)
    assert stolen.get_object(Bucket="maps", Key="a b/é.csv")["Body"].read() == b"found"
    for ask in (
        lambda: stolen.get_object(Bucket="maps", Key="other"),
        lambda: stolen.put_object(Bucket="maps", Key="a b/é.csv", Body=b""),
        lambda: stolen.list_objects_v2(Bucket="maps"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            ask()


@pytest.mark.nightly
def test_a_session_of_a_grant_opens_what_lies_below_it(enforcing):
    server, narrow = enforcing
    store = of_grant(
        daypass.Store(
            "s3://maps", storage_options=server.storage_options, signer_options={"narrow": narrow}
        ),
        "x.zarr/",
    )
    for key in ("x.zarr/0", "x.zarr/1"):
        assert send(store.create_signed_url(key, expires_in="10m")).body == b"found"
    stolen = session_client(server, store)
    with pytest.raises(ClientError, match="AccessDenied"):
        stolen.get_object(Bucket="maps", Key="x.zarr2/0")


@pytest.mark.nightly
def test_what_is_uploaded_whole_in_parts_and_deleted_needs_no_more(enforcing):
    server, narrow = enforcing
    store = daypass.Store(
        "s3://maps",
        storage_options=server.storage_options,
        signer_options={"narrow": narrow, "refuses_unsigned_headers": True},
    )
    assert (
        send(store.create_signed_url("new", method="PUT", expires_in="10m"), b"whole").status == 200
    )
    assert send(store.create_signed_url("new", method="DELETE", expires_in="10m")).status == 204
    upload = store.create_multipart_upload("parts", size=5, expires_in="10m")
    assert send(upload.part(1), b"parts").status == 200
    upload.complete(upload.list_parts())
    assert send(store.create_signed_url("parts", expires_in="10m")).body == b"parts"
    begun = store.create_multipart_upload("never", size=5, expires_in="10m")
    begun.abort()
    with pytest.raises(daypass.ObjectNotFoundError):
        begun.list_parts()


def test_whoever_adds_a_copys_source_to_an_upload_reads_nothing(enforcing):
    """MiniStack takes the header though no link signs it, as Ceph does."""
    server, narrow = enforcing
    wide, narrowed = (
        daypass.Store("s3://maps", storage_options=server.storage_options, signer_options=options)
        for options in (None, {"narrow": narrow})
    )
    answers = {}
    for name, store in (("wide", wide), ("narrowed", narrowed)):
        link = store.create_signed_url(f"copied-{name}", method="PUT", expires_in="10m")
        answers[name] = send(
            link, b"", headers={**link.headers, "x-amz-copy-source": "/maps/other"}
        )
    assert (answers["wide"].status, answers["narrowed"].status) == (200, 403)
    got = server.client.get_object(Bucket="maps", Key="copied-wide")["Body"].read()
    assert got == b"found"
    assert answers["narrowed"].code == "AccessDenied"
