"""Where links lead and which region they are signed for, by endpoint, region and bucket as users write them."""

import http.client
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

import daypass
from tests.each import each
from tests.plugins.s3.sdk import theirs, theirs_by_url

KEYS = {"key": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def sign(path="s3://maps/k", *, region=None, public_endpoint=None, **options):
    client = {} if region is None else {"client_kwargs": {"region_name": region}}
    return daypass.create_signed_url(
        path,
        storage_options={**KEYS, **client, **options},
        public_endpoint=public_endpoint,
        signing_time=NOW,
        expires_in=60,
    )


def region_of(link):
    return parse_qs(urlsplit(link.url).query)["X-Amz-Credential"][0].split("/")[2]


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("s3-eu-west-1.amazonaws.com", "eu-west-1"),
        ("s3.dualstack.ap-southeast-4.amazonaws.com", "ap-southeast-4"),
        ("s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("s3.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("bucket.vpce-1a2b3c4d.s3.eu-central-1.vpce.amazonaws.com", "eu-central-1"),
        ("s3.us-west-004.backblazeb2.com", "us-west-004"),
        ("s3.pl-waw.scw.cloud", "pl-waw"),
        ("s3.ap-northeast-1.wasabisys.com", "ap-northeast-1"),
        ("oos.eu-west-2.outscale.com", "eu-west-2"),
        ("nyc3.digitaloceanspaces.com", "nyc3"),
        ("s3.amazonaws.com", "us-east-1"),
        ("minio.example.org", "us-east-1"),
    ],
)
def test_the_region_is_the_hosts_where_nobody_names_one(host, region):
    """The one that its store signs for, by the pages that `region_of` cites; else the SDK's own default."""
    assert region_of(sign(endpoint_url=f"https://{host}")) == region
    assert region_of(sign(endpoint_url=f"https://{host}", region="aws-global")) == region


def test_the_hosts_region_outranks_what_is_named_for_everything(monkeypatch):
    """A default of the user's says nothing about this store; an option of the store's does."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    assert region_of(sign(endpoint_url="https://s3.eu-west-1.amazonaws.com")) == "eu-west-1"
    assert region_of(sign(endpoint_url="https://minio.example.org")) == "ap-south-1"
    assert region_of(sign()) == "ap-south-1"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.eu-north-1.amazonaws.com")
    assert region_of(sign()) == "eu-north-1"
    assert region_of(sign(region="garage", endpoint_url="https://garage.example")) == "garage"


def test_an_inner_endpoint_tells_the_region_of_a_public_one():
    link = sign(
        endpoint_url="https://s3.us-west-004.backblazeb2.com",
        public_endpoint="https://files.example.org",
    )
    assert link.url.startswith("https://files.example.org/maps/k?")
    assert region_of(link) == "us-west-004"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-2"])
@pytest.mark.parametrize("place", ["endpoint_url", "public_endpoint"])
@pytest.mark.parametrize(
    "door",
    [
        lambda store: store.create_signed_url("k"),
        lambda store: store.create_signed_urls(["k"]),
        lambda store: store.create_signed_url("a/", method="LIST"),
        lambda store: store.create_upload_form("k"),
    ],
    ids=["link", "many", "listing", "form"],
)
def test_what_our_own_explain_calls_dead_is_not_signed(door, place, region):
    """Endpoint and region contradict each other: the SDK signs, and S3 refuses."""
    options = {"client_kwargs": {"region_name": region}}
    given = {place: "https://s3.eu-west-1.amazonaws.com"}
    public = given.pop("public_endpoint", None)
    store = daypass.Store(
        "s3://maps", storage_options={**KEYS, **options, **given}, public_endpoint=public
    )
    with pytest.raises(daypass.InvalidRequestError, match=f"eu-west-1, .* signed for {region}"):
        door(store)


@pytest.mark.parametrize("place", ["endpoint_url", "public_endpoint"])
@pytest.mark.parametrize(
    "endpoint",
    [
        "https://maps.s3.eu-west-1.amazonaws.com",
        "https://maps.s3.amazonaws.com",
        "https://maps.nyc3.digitaloceanspaces.com",
        "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com/maps",
        "https://s3.us-west-004.backblazeb2.com:443/maps/",
    ],
)
def test_an_endpoint_that_names_a_bucket_is_refused(place, endpoint):
    """A link would lead to the key ``maps/k`` of the bucket: the one that consoles show, and users paste."""
    with pytest.raises(daypass.InvalidRequestError, match=f"{place} names the bucket 'maps'"):
        sign(region="eu-west-1", **{place: endpoint})


def test_metadata_is_not_asked_for_there_either():
    options = {**KEYS, "endpoint_url": "https://maps.s3.eu-west-1.amazonaws.com"}
    with pytest.raises(daypass.InvalidRequestError, match="names the bucket 'maps'"):
        daypass.head_metadata("s3://maps/k", storage_options=options)


@pytest.mark.parametrize("place", ["endpoint_url", "public_endpoint"])
def test_hosts_are_written_in_lower_case_as_they_are_signed(place):
    """A client that sends ``Host`` as it reads it sends what was signed; a path's case stays."""
    link = sign(region="us-east-1", **{place: "HTTP://MinIO.Example:9000/S3"})
    assert link.url.startswith("http://minio.example:9000/S3/maps/k?")
    signed = theirs_by_url("plain", "GET", link.url, NOW, 60)
    assert signed == sorted(urlsplit(link.url).query.split("&"))


@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("place", ["endpoint_url", "public_endpoint"])
def test_a_host_may_have_an_underscore_as_docker_compose_names_it(place, style):
    """The SDK takes no such host for its client; its signer, asked alone, signs the same."""
    link = sign(
        region="us-east-1",
        config_kwargs={"s3": {"addressing_style": style}},
        **{place: "http://my_minio_1:9000"},
    )
    start = (
        "http://maps.my_minio_1:9000/k?" if style == "virtual" else "http://my_minio_1:9000/maps/k?"
    )
    assert link.url.startswith(start)
    signed = theirs_by_url("plain", "GET", link.url, NOW, 60)
    assert signed == sorted(urlsplit(link.url).query.split("&"))


def test_a_server_under_such_a_name_takes_the_link(server, bucket, admin):
    admin.pipe_file(f"{bucket}/k", b"found")
    port = urlsplit(server.storage_options["endpoint_url"]).port
    options = {**server.storage_options, "endpoint_url": f"http://swift_proxy:{port}"}
    link = daypass.create_signed_url(f"s3://{bucket}/k", storage_options=options)
    parts = urlsplit(link.url)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Host": parts.netloc})
    assert connection.getresponse().read() == b"found"
    connection.close()
    with pytest.raises(daypass.InvalidRequestError, match=r"underscore .* public_endpoint"):
        daypass.head_metadata(f"s3://{bucket}/k", storage_options=options)


def test_forms_go_to_such_a_host_too():
    options = {**KEYS, "endpoint_url": "http://my_minio:9000"}
    form = daypass.create_upload_form("s3://maps/k", storage_options=options)
    assert form.url == "http://my_minio:9000/maps"


def test_a_bucket_of_another_tenant_is_signed_off_amazon():
    """https://docs.ceph.com/en/latest/radosgw/multitenancy/#s3: ``tenant:bucket``, in the path."""
    link = sign("s3://tenant:maps/a b", region="us-east-1", endpoint_url="https://rgw.example")
    assert link.url.startswith("https://rgw.example/tenant%3Amaps/a%20b?")
    signed = theirs_by_url("plain", "GET", link.url, NOW, 60)
    assert signed == sorted(urlsplit(link.url).query.split("&"))
    for options in (
        {"region": "eu-west-1"},
        {"endpoint_url": "https://s3.eu-west-1.amazonaws.com"},
    ):
        with pytest.raises(daypass.InvalidPathError, match="no buckets of tenants"):
            sign("s3://tenant:maps/k", **options)


def test_the_filesystem_cannot_ask_for_a_bucket_of_another_tenant():
    options = {**KEYS, "endpoint_url": "https://rgw.example"}
    with pytest.raises(daypass.InvalidPathError, match="sign a HEAD link"):
        daypass.head_metadata("s3://tenant:maps/k", storage_options=options)


def bound(host, *, region="eu-west-1", signature_version="s3v4", bucket="maps", **options):
    return daypass.Store(
        f"s3://{bucket}",
        storage_options={**KEYS, "client_kwargs": {"region_name": region}, **options},
        signer_options={"bucket_bound_hostname": host, "signature_version": signature_version},
    )


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("media.example", "https://media.example"),
        ("http://Media.example:8080", "http://media.example:8080"),
        ("http://media_1:9000", "http://media_1:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
@pytest.mark.parametrize(
    "options",
    [{}, {"endpoint_url": "http://minio.svc:9000"}]
    + [{"config_kwargs": {"s3": {"addressing_style": style}}} for style in ("path", "virtual")],
    ids=str,
)
@each("method", ["GET", "PUT", "LIST"])
def test_a_host_may_be_bound_to_the_bucket(host, origin, options, method):
    """The SDK's signer signs the same of that host with the key alone as its path."""
    store = bound(host, **options)
    made = store.create_signed_url("maps/a b", method=method, signing_time=NOW, expires_in=60)
    path = "/" if method == "LIST" else "/maps/a%20b"
    assert made.url.partition("?")[0] == origin + path
    verb = "GET" if method == "LIST" else method
    signed = theirs_by_url("plain", verb, made.url, NOW, 60)
    assert signed == sorted(urlsplit(made.url).query.split("&"))
    assert region_of(made) == "eu-west-1"


def test_a_bound_host_signs_as_the_virtual_host_of_boto3_does():
    """The very same request: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html."""
    virtual = theirs("region", "plain", "get_object", NOW, 60, {"Bucket": "maps", "Key": "a b//é"})
    made = bound(urlsplit(virtual).netloc).create_signed_url(
        "a b//é", signing_time=NOW, expires_in=60
    )
    assert made.url == virtual


def test_forms_and_version_2_go_to_a_bound_host_too():
    form = bound("media.example").create_upload_form("k")
    assert form.url == "https://media.example/"
    legacy = bound("media.example", signature_version="s3")
    url = legacy.create_signed_url("k", signing_time=NOW, expires_in=60).url
    assert url.startswith("https://media.example/k?")
    # Version 2 signs bucket and key, whatever the host: RFC 2104 over the canonical resource.
    assert (
        parse_qs(urlsplit(url).query)["Signature"]
        == parse_qs(
            urlsplit(
                daypass.create_signed_url(
                    "s3://maps/k",
                    signing_time=NOW,
                    expires_in=60,
                    storage_options=KEYS,
                    signer_options={"signature_version": "s3"},
                ).url
            ).query
        )["Signature"]
    )


def test_a_bound_hosts_link_works_where_the_store_knows_the_host(server, bucket, admin):
    """Swift knows BUCKET.localhost for the bucket's own."""
    admin.pipe_file(f"{bucket}/a b", b"found")
    port = urlsplit(server.storage_options["endpoint_url"]).port
    store = daypass.Store(
        f"s3://{bucket}",
        storage_options=server.storage_options,
        signer_options={"bucket_bound_hostname": f"http://{bucket}.localhost:{port}"},
    )
    parts = urlsplit(store.create_signed_url("a b").url)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Host": parts.netloc})
    assert connection.getresponse().read() == b"found"
    connection.close()
    assert store.head_metadata("a b").size == 5


@pytest.mark.parametrize(
    "host", ["", 7, "media.example/maps", "user@media.example", "ftp://a.b", "a.b:99999"]
)
def test_what_is_no_host_is_bound_to_nothing(host):
    with pytest.raises(daypass.InvalidRequestError) as caught:
        bound(host)
    assert caught.value.option == "bucket_bound_hostname"


def test_a_bound_host_goes_with_no_other_and_with_buckets_alone():
    options = {
        "storage_options": KEYS,
        "signer_options": {"bucket_bound_hostname": "media.example"},
    }
    both = daypass.Store("s3://maps", public_endpoint="https://b.example", **options)
    with pytest.raises(daypass.InvalidRequestError, match="both name the host"):
        both.create_signed_url("k")
    point = "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/maps/k"
    with pytest.raises(daypass.InvalidRequestError, match="access point"):
        daypass.create_signed_url(point, **options)


@pytest.mark.parametrize("place", ["endpoint_url", "public_endpoint"])
@pytest.mark.parametrize("style", ["auto", "path", "virtual"])
@pytest.mark.parametrize("endpoint", ["http://[::1]:9000", "https://[2001:DB8::1]"])
def test_an_endpoint_may_be_an_ipv6_address(place, style, endpoint):
    """RFC 3986, section 3.2.2: in brackets; no bucket can stand before it, whatever the style."""
    link = sign(
        "s3://maps/a b",
        region="us-east-1",
        config_kwargs={"s3": {"addressing_style": style}},
        **{place: endpoint},
    )
    assert link.url.startswith(f"{endpoint.lower()}/maps/a%20b?")
    signed = theirs_by_url("plain", "GET", link.url, NOW, 60)
    assert signed == sorted(urlsplit(link.url).query.split("&"))
    told = daypass.explain(link.url)
    assert (told.bucket, told.key) == ("maps", "a b")
