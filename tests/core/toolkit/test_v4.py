"""Canonical requests and V4 signatures are AWS's own, by AWS's published vectors."""

from __future__ import annotations

import hashlib
import hmac
import json
import posixpath
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.base.times import timestamp
from daypass.base.urls import encode, encode_key, encode_keys
from daypass.toolkit.v4 import (
    AWS4,
    SENTINEL,
    Dialect,
    HmacKey,
    Template,
    canonical_headers,
    canonical_query,
    canonical_request,
    signing_key,
    string_to_sign,
)
from tests.each import each

VECTORS = Path(__file__).parents[2] / "vectors" / "s3"
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def _cases(name: str) -> list[object]:
    cases = json.loads((VECTORS / f"{name}.json").read_text())["cases"]
    return [pytest.param(case["req"], case["expect"], id=case["id"]) for case in cases]


def _normal(path: str) -> str:
    """Normalise a path, as AWS asks of every service but S3."""
    flat = posixpath.normpath("/" + path.strip("/"))
    return flat + "/" * (path.endswith(("/", "/.")) and flat != "/")


def _pairs(query: str) -> list[tuple[str, str]]:
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    return [(encode(unquote(name)), encode(unquote(value))) for name, value in pairs]


def _sign(request: dict, scope_of: dict, text: str) -> tuple[str, str]:
    """Return string to sign and signature of a canonical request."""
    moment = datetime.fromisoformat(scope_of["now"])
    date = f"{moment:%Y%m%d}"
    scope = f"{date}/{request['region']}/{request['service']}/aws4_request"
    to_sign = string_to_sign(AWS4, timestamp(moment), scope, text)
    key = signing_key(
        AWS4, request["creds"]["secret_key"], date, request["region"], request["service"]
    )
    return to_sign, key.hex(to_sign.encode())


def _payload(request: dict) -> str:
    return hashlib.sha256(request["body"].encode()).hexdigest()


def _path(request: dict) -> str:
    return encode_key(_normal(request["path"]) if request["normalize"] else request["path"])


@each("request_, expect", _cases("aws_crt_sigv4_query"))
def test_signatures_in_the_query_are_those_of_the_aws_common_runtime(request_, expect):
    moment = datetime.fromisoformat(request_["now"])
    access_key, token = request_["creds"]["access_key"], request_["creds"]["session_token"]
    scope = f"{moment:%Y%m%d}/{request_['region']}/{request_['service']}/aws4_request"
    headers = request_["headers"]
    _, names = canonical_headers(headers)
    signed = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{access_key}/{scope}",
        "X-Amz-Date": timestamp(moment),
        "X-Amz-SignedHeaders": names,
        "X-Amz-Expires": str(request_["expires"]),
    }
    if token and not request_["omit_session_token"]:
        signed["X-Amz-Security-Token"] = token
    pairs = _pairs(request_["query"]) + [(name, encode(value)) for name, value in signed.items()]
    text = canonical_request(
        request_["method"],
        _path(request_),
        canonical_query(pairs),
        headers,
        _payload(request_),
    )
    assert expect["canonical_request"] == text
    assert (expect["string_to_sign"], expect["signature"]) == _sign(request_, request_, text)


@each("request_, expect", _cases("aws_crt_sigv4_header"))
def test_signatures_in_a_header_are_those_of_the_aws_common_runtime(request_, expect):
    token = request_["creds"]["session_token"]
    headers = [
        *request_["headers"],
        ("X-Amz-Date", timestamp(datetime.fromisoformat(request_["now"]))),
    ]
    if request_["sign_body"]:
        headers.append(("x-amz-content-sha256", _payload(request_)))
    if token and not request_["omit_session_token"]:
        headers.append(("X-Amz-Security-Token", token))
    text = canonical_request(
        request_["method"],
        _path(request_),
        canonical_query(_pairs(request_["query"])),
        headers,
        _payload(request_),
    )
    assert expect["canonical_request"] == text
    assert (expect["string_to_sign"], expect["signature"]) == _sign(request_, request_, text)


@each("request_, expect", _cases("aws_legacy_aws4_testsuite"))
def test_signatures_are_those_of_the_original_aws_test_suite(request_, expect):
    head, _, body = request_["raw"].rstrip("\n").partition("\n\n")
    first, *lines = head.split("\n")
    method, _, rest = first.partition(" ")
    path, _, query = rest.removesuffix(" HTTP/1.1").partition("?")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(" "):
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line}")
        else:
            headers.append(tuple(line.split(":", 1)))
    token = request_["creds"]["session_token"]
    if token:
        headers.append(("X-Amz-Security-Token", token))
    text = canonical_request(
        method,
        encode_key(_normal(path)),
        canonical_query(_pairs(query)),
        headers,
        hashlib.sha256(body.encode()).hexdigest(),
    )
    assert expect["canonical_request"] == text
    to_sign, signature = _sign(request_, request_, text)
    assert expect["string_to_sign"] == to_sign
    assert expect["authorization"].endswith(f"Signature={signature}")


@given(st.binary(max_size=200), st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_a_prepared_key_gives_the_same_hmac_for_every_message(key, messages):
    prepared = HmacKey(key)
    for message in messages:
        assert hmac.digest(key, message, "sha256").hex() == prepared.hex(message)


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128])
def test_a_prepared_key_may_have_any_length(length):
    key = b"k" * length
    assert hmac.digest(key, b"m", "sha256").hex() == HmacKey(key).hex(b"m")


def test_the_example_of_the_aws_manual_gives_the_key_of_the_manual():
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    query = canonical_query(
        [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", encode("AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request")),
            ("X-Amz-Date", "20130524T000000Z"),
            ("X-Amz-Expires", "86400"),
            ("X-Amz-SignedHeaders", "host"),
        ]
    )
    host = [("Host", "examplebucket.s3.amazonaws.com")]
    text = canonical_request("GET", "/test.txt", query, host, "UNSIGNED-PAYLOAD")
    to_sign = string_to_sign(AWS4, "20130524T000000Z", "20130524/us-east-1/s3/aws4_request", text)
    key = signing_key(AWS4, secret, "20130524", "us-east-1", "s3")
    assert (
        key.hex(to_sign.encode())
        == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_encoding_is_rfc_3986_with_only_unreserved_characters_bare(text):
    for encoded, bare in ((encode(text), UNRESERVED), (encode_key(text), UNRESERVED | {"/"})):
        assert text == unquote(encoded)
        rest = iter(encoded)
        for character in rest:
            if character == "%":
                pair = next(rest) + next(rest)
                assert pair == pair.upper()
                assert chr(int(pair, 16)) not in bare
            else:
                assert character in bare


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_many_keys_are_encoded_as_each_alone(keys):
    """Line breaks and empty keys included, though no door lets them in."""
    assert encode_keys(keys) == [encode_key(key) for key in keys]


@given(st.lists(st.tuples(st.text("ab-", min_size=1), st.text("abAB ", min_size=0))))
def test_headers_of_one_name_are_joined_in_order_and_names_are_sorted(headers):
    block, names = canonical_headers(headers)
    lines = [line.split(":", 1) for line in block.splitlines()]
    assert names == ";".join(name for name, _ in lines)
    assert [name for name, _ in lines] == sorted({name.lower() for name, _ in headers})
    for name, value in lines:
        assert value == ",".join(" ".join(v.split()) for n, v in headers if n.lower() == name)


@pytest.mark.parametrize(
    ("expected", "moment"),
    [
        ("20260504T030201Z", datetime(2026, 5, 4, 3, 2, 1, 999, tzinfo=UTC)),
        ("00010101T000000Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_is_written_as_v4_writes_it(expected, moment):
    assert expected == timestamp(moment)


SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ACME = Dialect("ACME-HMAC-SHA256", "ACME", "acme_request", "X-Acme-")


def _presign(
    key: str,
    *,
    dialect: Dialect = AWS4,
    method: str = "PUT",
    origin: str = "https://b.example",
    prefix: str = "/",
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/csv"),),
    query: tuple[tuple[str, str], ...] = (("versionId", "v 1"),),
    date: str = "20260504T030201Z",
    expires: str = "900",
    access_key: str = "AKID",
) -> str:
    """Sign one URL in the plainest way: what the SDK would do."""
    scope = f"{date[:8]}/eu-west-1/s3/{dialect.terminator}"
    host = origin.partition("://")[2]
    signed = [("host", host), *headers]
    pairs = [
        *((encode(name), encode(value)) for name, value in query),
        (f"{dialect.parameter}Credential", encode(f"{access_key}/{scope}")),
        (f"{dialect.parameter}Date", date),
        (f"{dialect.parameter}Expires", expires),
        (f"{dialect.parameter}SignedHeaders", encode(canonical_headers(signed)[1])),
    ]
    path = prefix + encode_key(key)
    text = canonical_request(method, path, canonical_query(pairs), signed, "UNSIGNED-PAYLOAD")
    signature = signing_key(dialect, SECRET_KEY, date[:8], "eu-west-1", "s3").hex(
        string_to_sign(dialect, date, scope, text).encode()
    )
    written = "&".join(f"{name}={value}" for name, value in pairs)
    return f"{origin}{path}?{written}&{dialect.parameter}Signature={signature}"


def _learn(url: str, dialect: Dialect = AWS4) -> Template | None:
    return Template.learn(
        dialect,
        "PUT",
        url,
        headers={"Content-Type": "text/csv"},
        varying={"versionId"},
        secret=SECRET_KEY,
    )


@pytest.mark.parametrize("dialect", [AWS4, ACME], ids=["AWS4", "another"])
@pytest.mark.parametrize("prefix", ["/", "/bucket/"], ids=["virtual host", "path style"])
@given(
    key=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
    kind=st.sampled_from(["text/csv", "a/b"]),
    version=st.text("ab +/%=&"),
    expires=st.integers(1, 604_800),
)
def test_a_learnt_template_signs_any_key_time_and_value_as_the_sdk_does(
    dialect, prefix, key, kind, version, expires
):
    template = _learn(_presign(SENTINEL, prefix=prefix, dialect=dialect), dialect)
    date = "20301231T235959Z"
    prepared = template.prepare(
        SECRET_KEY,
        timestamp=date,
        expires=str(expires),
        query={"versionId": version},
        headers={"content-type": kind},
    )
    expected = _presign(
        key,
        prefix=prefix,
        dialect=dialect,
        headers=(("content-type", kind),),
        query=(("versionId", version),),
        date=date,
        expires=str(expires),
    )
    assert expected == prepared.url(key)


@given(key=st.text("ab /%é", min_size=1), token=st.text(st.characters(codec="ascii"), min_size=1))
def test_a_template_serves_the_keys_of_another_session_as_if_it_was_learnt_with_them(key, token):
    name = "X-Amz-Security-Token"
    learnt = _learn(_presign(SENTINEL, query=((name, "of/the+first="), ("versionId", "v"))))
    prepared = learnt.of_key("ASIAOTHER", token).prepare(
        SECRET_KEY,
        timestamp="20260504T030201Z",
        expires="900",
        query={"versionId": "v 2"},
        headers={"content-type": "text/csv"},
    )
    query = ((name, token), ("versionId", "v 2"))
    assert prepared.url(key) == _presign(key, query=query, access_key="ASIAOTHER")


def _mutants() -> list[str]:
    url = _presign(SENTINEL)
    place, _, query = url.partition("?")
    parts = query.split("&")
    return [
        "",
        place,
        f"{place}?",
        url + "0",
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("https://", "ftp://"),
        url.replace("https://b.", "https://c."),
        url.replace("900", "901"),
        _presign("other"),
        _presign(SENTINEL, headers=()),
        _presign(SENTINEL, method="GET"),
        _presign(SENTINEL, origin="https://b.example/"),
        *("?".join([place, "&".join(parts[:at] + parts[at + 1 :])]) for at in range(len(parts))),
        *("?".join([place, "&".join([*parts, part])]) for part in parts),
        "?".join([place, "&".join([parts[-1], *parts[:-1]])]),
        "?".join([place, "&".join(part.partition("=")[0] for part in parts)]),
    ]


@each("url", _mutants())
def test_a_url_whose_signature_cannot_be_recomputed_teaches_nothing(url):
    assert _learn(url) is None


def test_another_secret_teaches_nothing():
    learnt = Template.learn(
        AWS4,
        "PUT",
        _presign(SENTINEL),
        headers={"content-type": "text/csv"},
        varying={"versionId"},
        secret="another",
    )
    assert learnt is None


def test_templates_and_prepared_signers_hide_what_they_hold():
    template = _learn(_presign(SENTINEL, query=(("versionId", "hunter2"),)))
    prepared = template.prepare(
        SECRET_KEY,
        timestamp="20260504T030201Z",
        expires="1",
        query={"versionId": "hunter2"},
        headers={"content-type": "hunter2"},
    )
    for shown in (repr(template), repr(prepared)):
        assert SECRET_KEY not in shown
        assert "hunter2" not in shown
