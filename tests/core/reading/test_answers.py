"""An answer is read whatever it is: XML, JSON, a page, nothing; with a head in front or without."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import daypass
from daypass.reading.answers import parse_error

LINK = "https://store.example/a%20b?until=60&mark=ab12"
BOMB = """<?xml version="1.0"?><!DOCTYPE e [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Error>&b;</Error>"""
OUTSIDE = """<!DOCTYPE e SYSTEM "file:///etc/passwd"><Error><Code>x</Code></Error>"""
XML = "<Error><Code>Denied</Code><Message>no</Message></Error>"


@pytest.mark.parametrize(
    ("body", "match"), [("<a>" + "x" * (1 << 20), "more than"), (7, "text or bytes")], ids=range(2)
)
def test_what_is_no_answer_of_any_kind_is_refused(body, match):
    with pytest.raises(daypass.InvalidRequestError, match=match) as caught:
        daypass.explain(LINK, error=body)
    assert caught.value.option == "error"


@pytest.mark.isolated
@pytest.mark.parametrize(
    ("body", "kind", "code", "message"),
    [
        (XML, "xml", "Denied", "no"),
        (f"\ufeff\n{XML}", "xml", "Denied", "no"),
        (XML.encode(), "xml", "Denied", "no"),
        (BOMB, "xml", "", "it holds a document type, where entities may hide, and is not read"),
        (OUTSIDE, "xml", "", "it holds a document type, where entities may hide, and is not read"),
        ("<Error>", "text", "", "<Error>"),
        ("", "empty", "", ""),
        (b"\r\n ", "empty", "", ""),
        (b"\xff\xfe<", "text", "", "\ufffd\ufffd<"),
        ("<a>\x00</a>", "text", "", "<a>\x00</a>"),
        (b"<?xml version='1.0' encoding='nonsense'?><a/>", "text", "", "<?xml version='1.0' encoding='nonsense'?><a/>"),
        ('{"error": {"code": 403, "message": "no", "errors": [{"reason": "forbidden"}]}}', "json", "forbidden", "no"),
        ('{"error": {"code": "AuthorizationFailure", "message": "no"}}', "json", "AuthorizationFailure", "no"),
        ('{"code": 403}', "json", "", ""),
        ("[1, [2]]", "json", "", ""),
        ("{no json", "text", "", "{no json"),
        ("{" * 100_000, "text", "", "{" * 10_000),
        ("<!DOCTYPE html><title>Sign&nbsp;in</title>x", "html", "", "Sign in"),
        ("<html><body><h1>502</h1>\n<p>bad<script>alert(1)</script>", "html", "", "502 bad"),
        ("<HTML><title> </title>no", "html", "", "no"),
        ("upstream connect error", "text", "", "upstream connect error"),
    ],
    ids=range(21),
)  # fmt: skip
def test_a_body_is_read_for_what_it_is(body, kind, code, message):
    found = parse_error(body)
    assert (found.kind, found.code, found.message) == (kind, code, message)
    assert (found.status, found.headers) == (None, {})
    if isinstance(body, bytes):  # behind a head they are text, whatever encoding they name
        return
    found = parse_error(f"HTTP/1.1 403 Forbidden\r\nA: b\r\n\r\n{body}")
    assert (found.kind, found.code, found.status, found.headers) == (kind, code, 403, {"a": "b"})


@pytest.mark.parametrize(
    ("head", "status", "headers"),
    [
        ("HTTP/1.1 403", None, {}),
        ("HTTP/1.1 403 Forbidden\r\n", 403, {}),
        ("HTTP/2 403 \ndate: x\nDate: y\n\n", 403, {"date": "x"}),
        # What curl saves of a proxy, and of an upload that waits for the store's word.
        ("HTTP/1.1 200 Connection established\r\nVia: p\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 412 \r\nA: b\r\n\r\n", 412, {"a": "b"}),
    ],
    ids=range(4),
)  # fmt: skip
def test_the_last_of_several_heads_is_the_answers(head, status, headers):
    found = parse_error(head)
    assert (found.status, found.headers) == (status, headers)
    assert found.kind == ("text" if status is None else "empty")


@pytest.mark.parametrize(
    ("answer", "moment"),
    [
        ("HTTP/1.1 403 \r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("<Error><ServerTime>2026-11-02T10:30:00Z</ServerTime></Error>", datetime(2026, 11, 2, 10, 30, tzinfo=UTC)),
        ("HTTP/1.1 403 \r\nDate: soon\r\n\r\n", None),
        ("HTTP/1.1 403 \r\nDate: Sun, 06 Nov 1994 99:49:37 GMT\r\n\r\n", None),
        (XML, None),
    ],
    ids=range(5),
)  # fmt: skip
def test_an_answer_says_when_it_was_given(answer, moment):
    assert parse_error(answer).answered_at == moment


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Reduce your rate.", "Reduce your rate."),
        ("Zugriff\n  verweigert: Schlüssel", "Zugriff verweigert: Schlüssel"),
        ("a\u202eb\x1b[2J", "a\\u202eb\\x1b[2J"),
        ("see https://me:pw@h/k?X-Amz-Signature=ab12", "see https://****@h/k?X-Amz-Signature=****"),
        ("x" * 1000, "x" * 400),
    ],
    ids=range(5),
)
def test_the_answers_own_words_are_shown_also_of_a_url_that_nobody_knows(words, shown):
    answer = daypass.explain("https://store.example/", error=words)
    notes = [one.message for one in answer.findings if one.code == "store-said"]
    assert notes == [f"in the answer's own words: {shown}"]
