"""The judge is judged first: the verifying front against Google's published vectors."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers.gcs_json import crc32c_of
from tests.servers.gcs_post import RefusedFormError, parse_form, verify_form
from tests.servers.gcs_refusals import RefusedError
from tests.servers.gcs_signatures import hmac_verifier, rsa_verifier, verify

VECTORS = Path(__file__).parents[2] / "vectors" / "gcs"
CASES = json.loads((VECTORS / "v4_signed_url.json").read_text())["cases"]
FORMS = json.loads((VECTORS / "v4_post_policy.json").read_text())["cases"]
NOW = datetime(2019, 2, 1, 9, 0, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def keys():
    account = json.loads((VECTORS / "service_account.json").read_text())
    return {
        ("GOOG4-RSA-SHA256", account["client_email"]): rsa_verifier(account["private_key"]),
        ("GOOG4-HMAC-SHA256", "ID"): hmac_verifier("secret"),
    }


def sent(case, host):
    """Return what a client of the vector's URL sends."""
    return {**{name.lower(): value for name, value in case["req"]["headers"]}, "host": host}


def target(url):
    split = urlsplit(url)
    return f"{split.path}?{split.query}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_front_accepts_every_published_url_and_nothing_else(case, keys):
    url, method = case["expect"]["url"], case["req"]["method"]
    asked = target(url)
    signed_host = urlsplit(url).hostname
    begin = datetime.fromisoformat(case["req"]["now"])
    headers = sent(case, signed_host)

    def judge(method=method, asked=asked, headers=headers, now=begin):
        verify(method, asked, headers, keys=keys, now=now)

    judge()
    life = timedelta(seconds=case["req"]["expires"])
    judge(now=begin + life - timedelta(seconds=1))
    other = "GET" if method != "GET" else "PUT"
    flipped = asked[:-1] + ("0" if url[-1] != "0" else "1")
    for changed in (
        {"method": other},
        {"asked": flipped},
        {"asked": asked.replace("/test-", "/best-", 1)},
        {"asked": asked + "&added=1"},
        {"headers": {**headers, "host": "evil.example"}},
        {"headers": {**headers, "x-goog-acl": "public-read"}},
        {"now": begin + life},
        {"now": begin - timedelta(minutes=16)},
    ):
        with pytest.raises(RefusedError):
            judge(**changed)
    for name in set(headers) - {"host"}:
        with pytest.raises(RefusedError):
            judge(headers={key: value for key, value in headers.items() if key != name})
        with pytest.raises(RefusedError):
            judge(headers={**headers, name: "changed"})


@pytest.mark.parametrize(
    "case", [c for c in CASES if ":80" in c["expect"]["url"]], ids=lambda case: case["id"]
)
def test_the_front_refuses_a_host_signed_without_the_port_that_is_sent(case, keys):
    url = case["expect"]["url"]
    headers = sent(case, urlsplit(url).netloc)

    with pytest.raises(RefusedError, match="SignatureDoesNotMatch"):
        verify(case["req"]["method"], target(url), headers, keys=keys, now=NOW)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("X-Goog-Expires=10", "X-Goog-Expires=604801"), "InvalidArgument"),
        (("X-Goog-Expires=10", "X-Goog-Expires=0"), "InvalidArgument"),
        (("SignedHeaders=host", "SignedHeaders=range"), "SignatureDoesNotMatch"),
        (("20190201%2F", "20190202%2F"), "AuthenticationRequired"),
        (("goog4_request", "aws4_request"), "AuthenticationRequired"),
        (("GOOG4-RSA", "GOOG4-HMAC"), "InvalidSecurity"),
        (("X-Goog-Date", "X-Goog-Dato"), "AccessDenied"),
        (("&X-Goog-Date", "&X-Goog-Expires=9&X-Goog-Date"), "InvalidQueryParameterValue"),
    ],
)
def test_the_front_names_what_is_wrong(change, code, keys):
    url = CASES[0]["expect"]["url"].replace(*change)

    with pytest.raises(RefusedError, match=code):
        verify("GET", target(url), sent(CASES[0], "storage.googleapis.com"), keys=keys, now=NOW)


def test_an_expired_link_gets_google_s_own_answer(keys):
    url = CASES[0]["expect"]["url"]

    with pytest.raises(RefusedError, match="ExpiredToken") as refused:
        verify(
            "GET",
            target(url),
            sent(CASES[0], "storage.googleapis.com"),
            keys=keys,
            now=NOW + timedelta(seconds=5),
        )

    assert refused.value.status == 400


@pytest.mark.parametrize(
    "case",
    json.loads((VECTORS / "goog4_hmac_header.json").read_text())["cases"],
    ids=lambda case: case["id"],
)
def test_the_front_verifies_hmac_as_another_implementation_signs(case):
    import hashlib

    date, day = case["date"], case["date"][:8]
    canonical = (
        f"{case['method']}\n{case['path']}\n\nhost:{case['host']}\n"
        f"x-goog-content-sha256:{case['payload']}\nx-goog-date:{date}\n\n"
        f"host;x-goog-content-sha256;x-goog-date\n{case['payload']}"
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    message = f"GOOG4-HMAC-SHA256\n{date}\n{day}/auto/storage/goog4_request\n{digest}"
    check = hmac_verifier(case["secret"])

    assert check(message.encode(), case["signature"], day)
    assert not check(message.encode(), case["signature"], "20241122")
    assert not check(message.encode() + b"x", case["signature"], day)


def test_the_front_s_crc32c_is_that_of_rfc_3720():
    assert crc32c_of(b"123456789") == "4waSgw=="


@pytest.mark.parametrize("case", FORMS, ids=lambda case: case["id"])
def test_the_front_accepts_every_published_form_and_nothing_else(case, keys):
    begin = datetime.fromisoformat(case["req"]["now"])
    # Its policy asks for an acl that its fields lack: the sender chooses it.
    chosen = {"acl": "public-read"} if case["id"].endswith("acl-matching") else {}
    fields = {**case["expect"]["fields"], **chosen}

    def judge(fields=fields, bucket=case["req"]["bucket"], size=250, now=begin):
        verify_form(fields, bucket=bucket, size=size, keys=keys, now=now)

    judge()
    life = timedelta(seconds=case["req"]["expires"])
    judge(now=begin + life - timedelta(seconds=1))
    signature, policy = fields["x-goog-signature"], fields["policy"]
    for changed in (
        {"x-goog-signature": signature[:-1] + ("0" if signature[-1] != "0" else "1")},
        {"policy": policy[:20] + ("A" if policy[20] != "A" else "B") + policy[21:]},
        {"key": "other"},
        {"acl": "private"},
        {"added": "1"},
        {"x-goog-date": "20200123T043531Z"},
    ):
        with pytest.raises((RefusedFormError, ValueError)):
            judge({**fields, **changed})
    for name in fields:
        with pytest.raises(RefusedFormError):
            judge({other: value for other, value in fields.items() if other != name})
    with pytest.raises(RefusedFormError):
        judge(now=begin + life)
    with pytest.raises(RefusedFormError):
        judge(bucket="other")
    if "contentLengthRange" in case["req"]["conditions"]:
        for size in (245, 267):
            with pytest.raises(RefusedFormError):
                judge(size=size)


def test_the_front_reads_forms_as_curl_writes_them():
    body = (
        b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\na/\xc3\xa9\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="b"\r\n'
        b"Content-Type: text/plain\r\n\r\n\r\n-xy\r\n\r\n--x--\r\n"
    )
    assert parse_form("multipart/form-data; boundary=x", body) == (
        {"key": "a/é"},
        "b",
        b"\r\n-xy\r\n",
    )
    with pytest.raises(RefusedFormError):
        parse_form("application/json", b"{}")
