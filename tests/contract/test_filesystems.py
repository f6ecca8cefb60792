"""The generic backend on filesystems that third parties wrote and that sign: COS of Tencent, OBS of Huawei.

Nothing here is sent. The signatures are made again by other code: for COS by the steps of Tencent's
"Request Signature", held against the example that page publishes; for OBS by botocore, since its
signature in the query is that of S3's version 2.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth
from botocore.credentials import Credentials

import daypass
from daypass.testing import LOOKALIKES

KEYS = sorted({key for pair in LOOKALIKES for key in pair})
SECRET = "opensesame-7f3a"
COS = {"secret_id": "AKIDEXAMPLE", "secret_key": SECRET, "region": "ap-guangzhou"}
OBS = {
    "key": "AKIDEXAMPLE",
    "secret": SECRET,
    "endpoint": "https://obs.cn-north-4.myhuaweicloud.com",
}
STORES = {"cos": ("cos://bucket-1250000000", COS), "obs": ("obs://bucket", OBS)}
#: The SDK of OBS calls what Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(params=STORES)
def protocol(request):
    return request.param


@pytest.fixture
def store(protocol):
    url, options = STORES[protocol]
    return daypass.Store(url, storage_options=options)


def cos_signature(secret, times, method, path, parameters, headers):
    """Sign as Tencent's documentation says, step by step."""

    def listed(pairs):
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(pairs.items()))

    key = hmac.digest(secret.encode(), times.encode(), "sha1").hex()
    request = f"{method.lower()}\n{path}\n{listed(parameters)}\n{listed(headers)}\n"
    text = f"sha1\n{times}\n{hashlib.sha1(request.encode()).hexdigest()}\n"
    return hmac.digest(key.encode(), text.encode(), "sha1").hex()


def test_the_steps_for_cos_give_the_signature_that_tencent_publishes():
    """The example "Downloading an object" of Request Signature (document 436/7778)."""
    signature = cos_signature(
        "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz",
        "1557989753;1557996953",
        "GET",
        "/exampleobject(\u817e\u8baf\u4e91)",
        {
            "response-cache-control": "max-age=600",
            "response-content-type": "application/octet-stream",
        },
        {
            "date": "Thu, 16 May 2019 06:55:53 GMT",
            "host": "examplebucket-1250000000.cos.ap-beijing.myqcloud.com",
        },
    )
    assert signature == "01681b8c9d798a678e43b685a9f1bba0f6c0e012"


def verify_cos(url):
    """Return when a link ends, having verified its signature."""
    place = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(place.query).items()}
    assert query["q-sign-time"] == query["q-key-time"]
    assert (query["q-header-list"], query.get("q-url-param-list", "")) == ("host", "")
    expected = cos_signature(
        SECRET, query["q-key-time"], "GET", unquote(place.path), {}, {"host": place.netloc}
    )
    assert query["q-signature"] == expected
    begin, _, end = query["q-sign-time"].partition(";")
    assert int(begin) <= datetime.now(UTC).timestamp()
    return int(end)


def verify_obs(url):
    place = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(place.query).items()}
    bucket = place.netloc.partition(".")[0]
    signer = HmacV1QueryAuth(Credentials(query["AccessKeyId"], SECRET))
    signer._get_date = lambda: query["Expires"]  # the link's clock in place of its own
    resource = urlsplit(f"https://{place.netloc}/{bucket}{place.path}")
    text = signer.canonical_string("GET", resource, {})
    assert query["Signature"] == signer.sign_string(text)
    return int(query["Expires"])


VERIFY = {"cos": verify_cos, "obs": verify_obs}


def test_a_link_is_signed_and_ends_when_it_says(protocol, store):
    """Never earlier; the filesystem reads the clock itself, a moment later."""
    link = store.create_signed_url("data/a b+c.csv", expires_in="15m")
    late = VERIFY[protocol](link.url) - link.expires_at.timestamp()
    assert 0 <= late <= 30
    assert (link.method, link.permits, link.headers) == ("GET", {"GET"}, {})
    assert (link.expires_because, link.backend) == ("requested", "generic")


@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_a_key_is_signed_as_it_is_or_refused(protocol, store, key):
    """Filesystems that normalise a path would sign for another object; the gate sees it."""
    try:
        link = store.create_signed_url(key, allow_dot_segments=True)
    except daypass.PluginError as error:
        assert key in {"/lead", "trail/", "x/../y", "x/./y"}  # the others must be signed
        assert SECRET not in str(error)
    else:
        assert unquote(urlsplit(link.url).path) == f"/{key}"
        VERIFY[protocol](link.url)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("method", "PUT"),
        ("method", "HEAD"),
        ("method", "LIST"),
        ("version", "1"),
        ("ip_range", "192.0.2.7"),
        ("filename", "a.csv"),
        ("response_content_type", "text/csv"),
        ("signing_time", datetime(2026, 11, 2, tzinfo=UTC)),
        ("stable_for", "1h"),
        ("headers", {"x-a": "1"}),
    ],
)
def test_whatever_is_more_than_get_is_refused_by_name(store, option, value):
    """sign() would take any keyword and drop it."""
    with pytest.raises(daypass.UnsupportedOptionError) as caught:
        store.create_signed_url("a.csv", **{option: value})
    assert caught.value.option == option


def test_nothing_shows_a_secret(store):
    link = store.create_signed_url("a.csv")
    shown = f"{link!r} {store!r} {store.location!r}"
    assert SECRET not in shown + link.url
    assert "ignature=" not in shown


def test_nothing_is_signed_by_an_anonymous_filesystem():
    """The filesystem fails on it; whose fault it was is said, and no link comes."""
    options = {"anonymous": True, "region": "ap-guangzhou"}
    with pytest.raises(daypass.PluginError, match=r"cosfs\.core\.CosFileSystem") as caught:
        daypass.create_signed_url("cos://bucket-1250000000/a.csv", storage_options=options)
    assert caught.value.plugin == "cosfs.core.CosFileSystem"


def test_a_filesystem_whose_sign_says_that_it_cannot_is_believed():
    """That of ossfs overrides sign() to say so."""
    options = {"key": "AK", "secret": SECRET, "endpoint": "https://oss-cn-hangzhou.aliyuncs.com"}
    with pytest.raises(daypass.SigningNotSupportedError, match=r"oss://.*sign\(\) says so"):
        daypass.create_signed_url("oss://bucket/a.csv", storage_options=options)
