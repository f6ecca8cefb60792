"""Masking: every kind of URL, written in every way, in text and in log records."""

from __future__ import annotations

import json
import logging
import re
import sys
from io import StringIO
from typing import get_args, get_type_hints
from urllib.parse import parse_qs, quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.filepost import encode_multipart_formdata

import daypass
from daypass.backends.redaction import RedactingFilter, redact
from daypass.base.escapes import layers
from daypass.hookspecs.verifications import Verification
from daypass.model.paths import shown_path
from tests.core.fakes import NOW
from tests.core.nasty import LONGEST, budget
from tests.core.values import HEX, HIDDEN, URLS, WRITTEN
from tests.each import each

WAYS = {**WRITTEN, **HIDDEN}
#: A customer's key of 32 bytes as it is sent, and one as Python prints it, with a quote that is escaped.
KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2A="
PEM_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{PEM_LINE}\nab==\n-----END RSA PRIVATE KEY-----"
MASKED_PEM = "-----BEGIN RSA PRIVATE KEY-----****-----END RSA PRIVATE KEY-----"
BYTES = b"\x00\xff'\"\n\\AB" * 4


@each("written", WAYS)
@pytest.mark.parametrize("kind", URLS)
def test_no_signature_and_no_token_is_left(kind, written):
    url, secrets = URLS[kind]
    masked = redact(WAYS[written](url))
    for secret in secrets:
        for part in (secret, secret[:12], secret[-12:].replace("%3D", "")):
            assert part.lower() not in masked.lower()
    assert "****" in masked


@each("written", WAYS)
@pytest.mark.parametrize("kind", URLS)
def test_masking_twice_changes_nothing(kind, written):
    masked = redact(WAYS[written](URLS[kind][0]))
    assert redact(masked) == masked


def _between(sign):
    """Put something behind each sign of a URL, where those who colour a text put it."""
    return lambda url: re.sub(r"[?&=/]|%2F", lambda found: found[0] + sign, url)


#: As terminals, pages and papers show it: what stands between its parts changes how they look, and nothing else.
STYLED = {
    "in colours": _between("\x1b[0m\x1b[32m"),
    "in colours in JSON": lambda url: json.dumps({"frame": _between("\x1b[0m")(url)}),
    "in a page": _between('</span><span style="color: #800080">'),
    "in a page in JSON": lambda url: json.dumps(_between('</span><span class="s">')(url)),
    "where a line may break": _between("<wbr>"),
    "with signs that have no width": _between("\u200b"),
    "in Pygments' LaTeX": _between(r"}\PY{l+s+s2}{"),
    "in LaTeX": lambda url: re.sub(r"[%&_#]", r"\\\g<0>", url),
    "in Markdown": lambda url: re.sub(r"[_.#=+-]", r"\\\g<0>", url),
    "in a shell": lambda url: re.sub(r"[?&=%]", r"\\\g<0>", url),
}


@pytest.mark.parametrize("written", STYLED)
@pytest.mark.parametrize("kind", URLS)
def test_no_signature_is_left_between_colours_and_tags(kind, written):
    url, secrets = URLS[kind]
    masked = redact(STYLED[written](url))
    for part in (part for secret in secrets for part in re.split("%2F", secret) if len(part) > 3):
        assert part.removesuffix("%3D") not in masked
    assert redact(masked) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("<b>sig=<i>a1</i>b2</b>", "<b>sig=<i>****</i></b>"),
        ("\x1b[1msig=a1\x1b[0mb2 c", "\x1b[1msig=****\x1b[0m c"),
        ('<a href="?sig=a1">sig=</a>', '<a href="?sig=****">sig=</a>'),
        ('sig=a<b title="?sig=a1">b</b>', 'sig=****<b title="?sig=****"></b>'),
        ("<td>signature</td><td>abcdefgh1</td>", "<td>signature</td><td>abcdefgh1</td>"),
    ],
)
def test_what_a_text_looks_like_stays(text, masked):
    assert redact(text) == masked


#: A link that is secret by the token in its path.
TOKEN = "8w2-aB_dEfGhIjKlMnOpQg"
BY_TOKEN = f"https://links.example/l/{TOKEN}"


@pytest.mark.parametrize(
    "rest", ["", "/", "/a b/c.csv", "?as=json", "?X-Amz-Signature=0", "#top", "/%41"]
)
@each("written", [
        *("bare", "in a sentence", "percent-encoded", "encoded twice", "in JSON", "in JSON within JSON", "in HTML"),
        *("in a dict", "in bytes", *HIDDEN),
    ])  # fmt: skip
def test_no_token_is_left_in_the_path_of_a_link(written, rest):
    text = WAYS[written](BY_TOKEN + rest)
    masked = redact(text)
    assert TOKEN not in masked + layers(masked)[-1].text
    assert masked.count("****") >= 1
    assert redact(masked) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"{BY_TOKEN}/a.csv?b=c", "https://links.example/l/****/a.csv?b=c"),
        (f"http://127.0.0.1:8321/p/{TOKEN}", "http://127.0.0.1:8321/p/****"),
        (f"{BY_TOKEN}. Then", "https://links.example/l/****. Then"),
        (f"({BY_TOKEN}), <{BY_TOKEN}>; '{BY_TOKEN}'", "(https://links.example/l/****), <https://links.example/l/****>; 'https://links.example/l/****'"),
        (f"_{BY_TOKEN}_ and *{BY_TOKEN}*", "_https://links.example/l/****_ and *https://links.example/l/*****"),
        (f"to={quote(BY_TOKEN, safe='')}&x=1", "to=https%3A%2F%2Flinks.example%2Fl%2F****&x=1"),
        # Of a server's own log, in which a path stands alone.
        (f'"GET /l/{TOKEN}/a HTTP/1.1" 307', '"GET /l/****/a HTTP/1.1" 307'),
        (f"path=/team/l/{TOKEN} status=404", "path=/team/l/**** status=404"),
        (f"s3://b/k /l/{TOKEN}", "s3://b/k /l/****"),
        (f"{BY_TOKEN}\u3002", "https://links.example/l/****\u3002"),
        # A key of a store is a name, whatever it looks like.
        (f"s3://results/l/{TOKEN}/a.csv is missing", f"s3://results/l/{TOKEN}/a.csv is missing"),
        (f"gs://b/p/{TOKEN}, {BY_TOKEN}", f"gs://b/p/{TOKEN}, https://links.example/l/****"),
        (f"daypass://maps/l/{TOKEN}", f"daypass://maps/l/{TOKEN}"),
    ],
)  # fmt: skip
def test_a_token_is_masked_and_what_stands_around_it_stays(text, masked):
    assert redact(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "https://b.example/l/",
        "https://b.example/l/a/b",
        "https://b.example/p/short",
        "https://b.example/l/abcdefghijklmnopqrstu",
        "https://b.example/l/abcdefghijklmnopqrstuvw",
        "https://b.example/l/abcdefghijklmnopqrstuv.csv",
        "https://b.example/l/abcdefghijklmnopqrstuv-2.csv",
        "https://b.example/l/abcdefghijklmnopqrstuv_more",
        "https://b.example/s/abcdefghijklmnopqrstuv",
        "https://b.example/ll/abcdefghijklmnopqrstuv",
        "https://b.example/L/abcdefghijklmnopqrstuv",
        "https://b.example/abcdefghijklmnopqrstuv/l/a",
        "https://b.example/l/a/abcdefghijklmnopqrstuv",
        "https://b.example/k?a=l/abcdefghijklmnopqrstuv",
        "a/l/2026-11-30T09:30:00.000000Z",
        "abcdefghijklmnopqrstuv /l/ abcdefghijklmnopqrstuv",
        "/lib/l/antidisestablishmentarianism",
    ],
)
def test_no_ordinary_path_is_taken_for_a_token(text):
    assert redact(text) == text


def test_a_token_is_masked_in_the_log_of_a_server(caplog):
    logger = logging.getLogger("a.server")
    caplog.handler.addFilter(RedactingFilter())
    logger.warning("%s %s -> %d", "GET", f"/l/{TOKEN}/a", 307, extra={"url": BY_TOKEN})
    assert caplog.records[-1].getMessage() == "GET /l/****/a -> 307"
    assert caplog.records[-1].url == "https://links.example/l/****"


def test_a_token_is_shown_by_no_error_and_no_path():
    for path in (f"{BY_TOKEN}/../a", f"{BY_TOKEN}/a\n", f"{BY_TOKEN}?versionId="):
        with pytest.raises(daypass.DaypassError) as caught:
            daypass.create_signed_url(path, version="")
        assert TOKEN not in f"{caught.value!r} {caught.value}"
    assert shown_path(f"{BY_TOKEN}/a.csv?x=1") == "https://links.example/l/****/a.csv?****"
    assert shown_path(f"s3://results/l/{TOKEN}/a.csv") == f"s3://results/l/{TOKEN}/a.csv"


def test_many_tokens_are_masked_in_little_time():
    for text in (
        f"/l/{TOKEN}" * 2600,
        f"s3://b/l/{TOKEN}" * 2000,
        "/l/" * 20_000,
        f"/l/{TOKEN}" + "-" * 60_000,
    ):
        with budget():
            assert isinstance(redact(text), str)


#: What says how a signature is, and is none: in the repr of a verification, in JSON, and in what others print.
SAID = [*get_args(get_type_hints(Verification)["signature"]), "valid", "invalid", "missing"]


@pytest.mark.parametrize("word", SAID)
@each("written", ["Verification(ok=None, signature='{}', findings=())", '{{"signature": "{}"}}', '{{\\"signature\\": \\"{}\\"}}',
                  "signature = '{}'", '{{"sig": ["{}"]}}', "{{&#39;signature&#39;: &#39;{}&#39;}}"])  # fmt: skip
def test_what_says_how_a_signature_is_stays(written, word):
    assert redact(written.format(word)) == written.format(word)
    # A signature that begins or ends as such a word is one.
    for signature in (f"{word}1", f"{word}+{word}=", f"a{word}", word.upper(), word * 5):
        assert redact(written.format(signature)) == written.format("****")


@each(
    "text",
    ["https://b/k?X-Amz-Signature=right", "x-amz-security-token='valid'", "client_secret='valid'"],
)
def test_such_a_word_under_another_name_is_masked(text):
    assert "****" in redact(text)


def test_what_follows_a_signature_stays():
    url, _ = URLS["Azure"]
    assert redact(url) == "https://a.example/c/k?se=2026-11-02T09%3A00Z&sig=****&sp=r"
    assert redact(quote(url, safe="")).endswith("sig%3D****%26sp%3Dr")
    assert redact(f"({url})").endswith("&sp=r)")


@each(
    "text",
    [
        "",
        "nothing here",
        "the design= of it, a signet=ring, resign=now",
        "a signature is what it is",
        "sig",
        "signature=",
        "https://user@host.example/",
        "http://127.0.0.1:9000/maps/a@b",
        "http://maps.example/a:b@c",
        "X-Amz-Credential=AK%2F20261102&X-Amz-Expires=60",
        "http://[::1]:8080/maps/a@b",
        "https://maps.example/a%20b/%E9%9B%AA?x=1&amp;y=%41",
        "signature: none; the signature: RSA-PSS, since 2026; signature: 2026-11-30",
        "The signature = what its key says. Its sig: see https://docs.example/a1",
        "e-signature: required",
        "def check(signature: str, sig: bytes | None) -> None:",
        "sig = sha256(key); signature := hmac.new(k1)",
        "if sig == expected1:",
        'the words "sig" and "name", and a value',
        r"C:\new\table\u0041.txt, \x41 and \\",
        '{"name": "X-Amz-Date", "value": "20261102T090000Z"}',
        "- name: size\n  value: 12\n- name: sigma\n  value: 13",
        '<input name="key" value="k"><p>sig</p>',
        '<p class="signature">Signed by 2 <b>of us</b></p><td id="security-token">How to',
        "what the signature\n\nab12 says, and sig > ab12, a signature of x -> ab12",
        'if params["sig"] == "abcd": params["X-Amz-Signature"] = query',
        "[X-Amz-Signature]: https://docs.example/a",
        "['encryption_key', 'requester_pays'], ['AWS_SECURITY_TOKEN', 'AWS_SESSION_TOKEN']",
        '{"name":"x","of":{"name":"sig"},"value":"1"}',
        "def sign(encryption_key: bytes | None, security_token: str) -> None:",
        "encryption_key_sha256=ab12, customer_key = 42, encryption-key-id: 7",
        "--encryption-key is required, an encryption key ab12, and encryption-key ab12",
        "Client(refresh_token=token, client_secret=settings.secret), session_token=None",
        "access_token: str | None = None; access_token = response.json()['x']; if session_token: pass",
        "const accessToken = req.body.token; access_token_url = https://docs.example/y1",
        "['access_token', 'id_token', 'client_secret', 'aws_session_token'], 'accessToken', 'idToken'",
        "--token is required, --client-secret too, aws s3 cp --sse-c-key fileb://key",
        "the access token ab12, token=ab12, page_token=ab12, ?tokens=ab12, ?page-token=ab12, a token: ab12",
        "it begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----",
        f"-----BEGIN PUBLIC KEY-----\n{PEM_LINE}\n-----END PUBLIC KEY-----",
        f"-----BEGIN CERTIFICATE-----\n{PEM_LINE}\n-----END CERTIFICATE-----",
    ],
)
def test_other_text_stays_as_it_is(text):
    assert redact(text) == (text if "user@" not in text else "https://****@host.example/")


@each(
    "text, masked",
    [
        ("?%73ig=abcd&x=1", "?%73ig=****&x=1"),
        ("?X-Amz-%2553ignature=abcd", "?X-Amz-%2553ignature=****"),
        (r'{"sig": "ab\/cd\/ef=", "n": 1}', '{"sig": "****", "n": 1}'),
        (repr(parse_qs("sig=ab%2Fcd&sig=zz&x=1")), "{'sig': ['****', '****'], 'x': ['1']}"),
        (
            '<input name="sig" value="abc"><INPUT value=\'abc\' name=Signature><input name="key" value="k">',
            '<input name="sig" value="****"><INPUT value=\'****\' name=Signature><input name="key" value="k">',
        ),
        ("X-Amz-Security-Token: ab/cd==\r\nHost: x", "X-Amz-Security-Token: ****\r\nHost: x"),
        ("authorization: Bearer ya29.abc-d\nHost: x", "authorization: Bearer ****\nHost: x"),
        ("{'Authorization': 'SharedKey me:ab='}", "{'Authorization': 'SharedKey ****'}"),
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=AK/x, Signature=abc",
            "Authorization: AWS4-HMAC-SHA256 Credential=AK/x, Signature=****",
        ),
        (
            '{"x-amz-server-side-encryption-customer-key": "c2Vj", "x-amz-server-side-encryption-customer-key-MD5": "m"}',
            '{"x-amz-server-side-encryption-customer-key": "****", "x-amz-server-side-encryption-customer-key-MD5": "m"}',
        ),
        ("x-goog-encryption-key: c2Vj", "x-goog-encryption-key: ****"),
        ("SSECustomerKey=c2Vj", "SSECustomerKey=****"),
        # The library's own option, and the other ways in which that key is named.
        (f"encryption_key='{KEY}', x=1", "encryption_key='****', x=1"),
        (f'encryption_key = "{KEY}"', 'encryption_key = "****"'),
        (f'{{"encryption_key": "{KEY}"}}', '{"encryption_key": "****"}'),
        (f"[('encryption_key', '{KEY}'), ('x', '1')]", "[('encryption_key', '****'), ('x', '1')]"),
        (f"encryption_key={BYTES!r}, x=b'1'", "encryption_key=b'****', x=b'1'"),
        (f"{{'encryption_key': {BYTES!r}}}", "{'encryption_key': b'****'}"),
        (
            f"daypass sign --encryption-key {KEY} s3://m/k",
            "daypass sign --encryption-key **** s3://m/k",
        ),
        (f"--sse-customer-key '{KEY}'", "--sse-customer-key '****'"),
        (f"sse_customer_key: {KEY}", "sse_customer_key: ****"),
        (
            f"HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_CUSTOMER_KEY={KEY}",
            "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_CUSTOMER_KEY=****",
        ),
        ("k?X-Amz-S3session-Token=ab/cd&x=1", "k?X-Amz-S3session-Token=****&x=1"),
        ("x-amz-s3session-token: abcd", "x-amz-s3session-token: ****"),
        # What opens an account: the names of OAuth, of AWS and of Azure.
        ("https://h.example/?token=abc&x=1", "https://h.example/?token=****&x=1"),
        # The address of a session, which takes an object's bytes from whoever has it.
        ("https://h.example/b/k?upload_id=abc", "https://h.example/b/k?upload_id=****"),
        ("/k?uploadType=resumable&upload_id=a-b", "/k?uploadType=resumable&upload_id=****"),
        ("h.example/?x=1&amp;access_token=abc", "h.example/?x=1&amp;access_token=****"),
        ("grant_type=x&refresh_token=abc", "grant_type=x&refresh_token=****"),
        (f"refresh_token: {HEX}", "refresh_token: ****"),
        (
            '{"refresh_token":"a","client_secret": "b"}',
            '{"refresh_token":"****","client_secret": "****"}',
        ),
        ("{'aws_session_token': 'ab'}", "{'aws_session_token': '****'}"),
        (
            "AWS_SESSION_TOKEN=abc\nexport CLIENT_SECRET=abc",
            "AWS_SESSION_TOKEN=****\nexport CLIENT_SECRET=****",
        ),
        ("aws_secret_access_key = wJalr/K7MDENG", "aws_secret_access_key = ****"),
        (f"AccountName=a;AccountKey={KEY};x=1", "AccountName=a;AccountKey=****;x=1"),
        ("<SessionToken>FwoGZXIvYXdz//wEaD</SessionToken>", "<SessionToken>****</SessionToken>"),
        ("X-Auth-Token: AUTH_tk1234\r\nHost: x", "X-Auth-Token: ****\r\nHost: x"),
        (
            f"aws s3 cp --sse-c AES256 --sse-c-key {KEY} a",
            "aws s3 cp --sse-c AES256 --sse-c-key **** a",
        ),
        ("--client-secret 'abc' --token ghp_abc1", "--client-secret '****' --token ****"),
        (
            f"x-amz-server-side-encryption-customer-key: {KEY}",
            "x-amz-server-side-encryption-customer-key: ****",
        ),
        (f"a {PEM} b", f"a {MASKED_PEM} b"),
        (json.dumps({"private_key": PEM, "n": 1}), json.dumps({"private_key": MASKED_PEM, "n": 1})),
        (repr(PEM.encode()), repr(MASKED_PEM.encode())),
        (f"{PEM[:100]}, and so on", "-----BEGIN RSA PRIVATE KEY-----****, and so on"),
        (f"{PEM[:100]}\n\n{PEM}", f"-----BEGIN RSA PRIVATE KEY-----****\n\n{MASKED_PEM}"),
        # Other shapes of a name and its value.
        (
            f'<textarea name="X-Amz-Signature">{HEX}</textarea>',
            '<textarea name="X-Amz-Signature">****</textarea>',
        ),
        (
            f"<textarea name='sig' rows=2>\n{HEX}</textarea>",
            "<textarea name='sig' rows=2>\n****</textarea>",
        ),
        (
            '<SignatureProvided x="1">ab12</SignatureProvided>',
            '<SignatureProvided x="1">****</SignatureProvided>',
        ),
        ("<SignatureProvided><![CDATA[ab/cd=]]></x>", "<SignatureProvided><![CDATA[****]]></x>"),
        (
            "Content-Disposition: form-data; name=X-Amz-Signature\r\n\r\nabcd\r\n--x",
            "Content-Disposition: form-data; name=X-Amz-Signature\r\n\r\n****\r\n--x",
        ),
        ('params["X-Amz-Signature"] = "abcd"', 'params["X-Amz-Signature"] = "****"'),
        ("params['sig']='ab/cd='", "params['sig']='****'"),
        (
            f"Array\n(\n    [X-Amz-Signature] => {HEX}\n)",
            "Array\n(\n    [X-Amz-Signature] => ****\n)",
        ),
        ("?sig[]=abcd&x", "?sig[]=****&x"),
        ("?sig%5B%5D=abcd&x", "?sig%5B%5D=****&x"),
        ("X-Amz-Signature: |\n  abcd\nx: y", "X-Amz-Signature: |\n  ****\nx: y"),
        ("sig: >-\n  ab12\nx: y", "sig: >-\n  ****\nx: y"),
        ('{"sig": [["abcd"]], "x": [["1"]]}', '{"sig": [["****"]], "x": [["1"]]}'),
        (
            '{"sig": {"value": "abcd"}, "x": {"value": "1"}}',
            '{"sig": {"value": "****"}, "x": {"value": "1"}}',
        ),
        (
            "map[X-Amz-Date:[1] X-Amz-Signature:[abcd] X:[2]]",
            "map[X-Amz-Date:[1] X-Amz-Signature:[****] X:[2]]",
        ),
        (
            '{"name":"sig","comment":"{x}","value":"abcd"},{"name":"x","value":"1"}',
            '{"name":"sig","comment":"{x}","value":"****"},{"name":"x","value":"1"}',
        ),
        (
            '{"value":"abcd","of":{"name":"x","value":"1"},"name":"sig"}',
            '{"value":"****","of":{"name":"x","value":"1"},"name":"sig"}',
        ),
        ("HTTP_X_AMZ_SECURITY_TOKEN=abcd", "HTTP_X_AMZ_SECURITY_TOKEN=****"),
        # What S3 answers with SignatureDoesNotMatch.
        (
            "<StringToSign>AWS4-HMAC-SHA256</StringToSign><SignatureProvided>ab/cd=</SignatureProvided>",
            "<StringToSign>AWS4-HMAC-SHA256</StringToSign><SignatureProvided>****</SignatureProvided>",
        ),
        ("s3://AK:wJal/rXUt/nFEMI@maps/k", "s3://****@maps/k"),
        ("X-Amz-Signature: ab12\nHost: x", "X-Amz-Signature: ****\nHost: x"),
        ("  x-goog-signature:abcd", "  x-goog-signature:****"),
        ("sig = ab12", "sig = ****"),
        ("signature: 'abcd'", "signature: '****'"),
        ('sig := "abcd"', 'sig := "****"'),
        (
            '{"name":"sig","value":"abcd"},{"name":"x","value":"1"}',
            '{"name":"sig","value":"****"},{"name":"x","value":"1"}',
        ),
        (
            '[{"value":"1","name":"x"},{"value":"abcd","name":"sig"}]',
            '[{"value":"1","name":"x"},{"value":"****","name":"sig"}]',
        ),
        (
            '{"key": "Authorization", "value": "Own ab cd"}',
            '{"key": "Authorization", "value": "****"}',
        ),
        (
            "- name: sig\n  value: ab\n- name: x\n  value: cd",
            "- name: sig\n  value: ****\n- name: x\n  value: cd",
        ),
        ("{'sig': ['', 'abcd'], 'x': ['']}", "{'sig': ['', '****'], 'x': ['']}"),
        ("{'sig': [None, b'abcd']}", "{'sig': [None, b'****']}"),
        ('{"sig": [\n          "abcd"\n]}', '{"sig": [\n          "****"\n]}'),
        ('{"sig": "ab cd", "x": "', '{"sig": "****", "x": "'),
        ('{"sig": "abcd', '{"sig": "****'),
        (r'{"\u0073ig":"ab\u002bcd\u003d"}', r'{"\u0073ig":"****"}'),
        (r"s\u0069g\u003dabcd\u0026x", r"s\u0069g\u003d****\u0026x"),
        ("?x&#38;sig&#61;abcd&amp;y", "?x&#38;sig&#61;****&amp;y"),
        ("s&#x69;g&#x3d;ab&plus;cd &equals;", "s&#x69;g&#x3d;**** &equals;"),
        ("sig&amp;equals;abcd", "sig&amp;equals;****"),
        ('CloudFront-Signature="ab~-"; x="1"', 'CloudFront-Signature="****"; x="1"'),
        ("sig=%0Aabcd%0Ax", "sig=%0A****%0Ax"),
        ("sig%3Dab%2Ccd%26x", "sig%3D****%26x"),
        ("%u0073ig=abcd", "%u0073ig=****"),
        (r"\\\"sig\\\":\\\"abcd\\\"", r"\\\"sig\\\":\\\"****\\\""),
        (
            '<input data-x=">" name="sig" type=hidden value="abcd">',
            '<input data-x=">" name="sig" type=hidden value="****">',
        ),
        (
            r'{"text": "<input name=\"sig\" data-x=\">\" value=\"abcd\">"}',
            r'{"text": "<input name=\"sig\" data-x=\">\" value=\"****\">"}',
        ),
        ("https://u:ab@12cd@h/", "https://****@h/"),
        ("https://u:p%2Fw%3F%40cd@h/a@b", "https://****@h/a@b"),
        ("s3://AK:w/rX@Ut@maps/k@x", "s3://****@maps/k@x"),
        ("?to=https%3A%2F%2Fu%3Aab%2540h%2F", "?to=https%3A%2F%2F****%2540h%2F"),
        ("simplecache::https://h/k::s3://u:ab@m/k", "simplecache::https://h/k::s3://****@m/k"),
    ],
)
def test_a_secret_is_masked_however_requests_and_answers_write_it(text, masked):
    assert redact(text) == masked
    assert redact(masked) == masked


@pytest.mark.parametrize("shown", [bytes.decode, repr], ids=["as it is", "printed"])
def test_a_form_is_masked_as_it_is_sent(shown):
    """Encoded by urllib3, as `requests` sends it."""
    body, _ = encode_multipart_formdata(
        {"key": "k", "X-Amz-Signature": HEX, "file": ("a.txt", b"x", "text/plain")}
    )
    masked = redact(shown(body))
    assert HEX not in masked
    assert masked.count("****") == 1


def test_a_page_with_a_form_is_masked():
    page = daypass.UploadForm(
        url="https://b.example/",
        fields={"key": "k", "X-Amz-Signature": HEX},
        starts_with={},
        expires_at=NOW,
        expires_because="requested",
        unenforced=frozenset(),
        path="s3://b/k",
        backend="s3",
    ).html()
    assert HEX in page
    assert HEX not in redact(page)


@pytest.mark.parametrize("value", [None, b"sig=x", 7, ["sig=x"]], ids=repr)
def test_what_is_no_text_is_refused(value):
    with pytest.raises(daypass.InvalidRequestError) as caught:
        redact(value)
    assert caught.value.option == "text"


def test_a_login_in_a_url_is_masked():
    assert redact("at https://me:word@b.example/k?x=1") == "at https://****@b.example/k?x=1"


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_masked_and_masking_is_stable(text):
    masked = redact(text)
    assert redact(masked) == masked


#: Each is repeated until the text is as long as `redact` is tried with.
REPEATED = [
    "sig=", "sig =a1 ", "sig=%20", "sig=%2Csig=a", "signature", "signature: ", "x-a-", "x-amz-signature: a", "customer-key",
    "%", "%2", "%25", "%41", "%255C", "&", "&amp;", "amp;", "&#9;", "&#92;", "%26%2361%3B", "\\", "\\n", "\\u005c", "\\u003d",
    "'sig','", "'sig': ['a', ", '"sig" : ', "sig>", "sig x='", "sig x=a ", "sig[]=", "sig: |\n", "'sig':[[", "{", "}", "name=sig\r\n\r\n", "sig=b'", "--sig ", "--", 'name="sig"\r\n', 'name="sig";aaa\r\na:', "authorization: basic ",
    "<input name= ", 'value="', "name='", "{name=sig value=", "\n- ", "://", "://a:", "://a:/@", "@", "-", "a", "\U0001f5fa",
    "<b", "<b ", "<b>", "<b>sig=", "</", "\x1b[", "\x1b[1m", "<!--", "\\u200", "\\u200b", "}\\PY{a", "}\\PY{a}{", "\\PYZam{}", "&shy",
]  # fmt: skip
LONG = [
    *((piece * LONGEST)[:LONGEST] for piece in REPEATED),
    "sig=b'" + "\\\\'" * 32_000,
    "'sig':" + "[" * 64_000,
    "sig" + " x='a'" * 12_000,
    "--sig" + " " * 64_000,
    "sig=%" + "25" * 32_000,
    "sig" + "\\" * 64_000 + "u003d",
    '"sig"' + " " * 64_000,
    "authorization:" + " " * 64_000,
    "'sig': ['" + "a', '" * 12_000,
    "%255C" * 100 + "%26amp%3B" * 7_000,
]


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_masking_takes_time_in_proportion_to_the_text(text):
    """A tenth of a second each and less; what grows with the square of the text would take many seconds."""
    with budget():
        redact(text)


URL, SECRETS = URLS["S3 V4 with a token"]


@pytest.fixture
def log():
    """A logger with a masking handler, and what it has written."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        logging.Formatter("%(levelname)s %(message)s %(extra)s", defaults={"extra": ""})
    )
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("tests.redaction")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, stream
    logger.removeHandler(handler)


def hidden(stream):
    text = stream.getvalue()
    assert "****" in text
    return all(secret not in text for secret in SECRETS)


@pytest.mark.parametrize(
    "call",
    [
        lambda log: log.warning(URL),
        lambda log: log.warning("asked for %s, %d bytes", URL, 3),
        lambda log: log.warning("asked for %(url)s", {"url": URL}),
        lambda log: log.warning("asked for %r", [URL]),
        lambda log: log.warning("asked for %s", ValueError(URL)),
        lambda log: log.warning("not enough %s %s", URL),  # noqa: PLE1206 - that is the test
        lambda log: log.warning(ValueError(URL)),
        lambda log: log.warning("see", extra={"extra": URL}),
        lambda log: log.warning("see", extra={"extra": {"url": URL}}),
    ],
    ids=["message", "args", "dict", "list", "error", "too few", "object", "extra", "nested extra"],
)
def test_no_log_record_shows_a_signature(log, call):
    logger, stream = log
    call(logger)
    assert hidden(stream)


def test_no_traceback_in_a_log_shows_a_signature(log):
    logger, stream = log
    try:
        try:
            int(URL)
        except ValueError as error:
            raise RuntimeError(URL) from error
    except RuntimeError:
        logger.exception("failed for %s", URL, stack_info=True)
    assert "Traceback" in stream.getvalue()
    assert hidden(stream)


def test_ordinary_records_pass_unchanged(log):
    logger, stream = log
    logger.warning("%s of %d", "one", 2, extra={"extra": 7})
    assert stream.getvalue() == "WARNING one of 2 7\n"


def test_links_are_masked_whatever_is_installed(monkeypatch):
    """A link of a store whose backend is not installed is as secret as any other."""
    from daypass.backends import loading, redaction
    from tests.core.fakes import finder

    monkeypatch.setattr(redaction, "registry", loading.Registry(finder()))
    redaction._names.cache_clear()
    try:
        assert all(s not in redact(url) for url, secrets in URLS.values() for s in secrets)
    finally:
        redaction._names.cache_clear()


def test_a_backend_names_what_else_is_secret(monkeypatch):
    from daypass.backends import loading, redaction
    from tests.core import fakes

    module = fakes.backend(secret_query_keys={"pass.word"})
    monkeypatch.setitem(sys.modules, "fake_backend", module)
    find = fakes.finder({"fake": "fake_backend"})
    monkeypatch.setattr(redaction, "registry", loading.Registry(find))
    redaction._names.cache_clear()
    try:
        assert redact("?pass.word=abc&passXword=abc") == "?pass.word=****&passXword=abc"
    finally:
        redaction._names.cache_clear()


def test_the_public_names_are_these():
    assert (daypass.redact, daypass.RedactingFilter) == (redact, RedactingFilter)
