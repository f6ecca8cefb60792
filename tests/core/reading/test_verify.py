"""``verify`` without knowing a cloud: what it judges itself, whom it asks, and its guesses."""

from __future__ import annotations

import hashlib
import mimetypes
import sys
from datetime import UTC, datetime

import attrs
import pytest

import daypass
from daypass.backends import loading
from daypass.hookspecs import found, hookimpl
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.verifications import RequestCheck
from daypass.reading import changes, explain
from daypass.reading import verify as verifying
from daypass.reading.changes import near
from daypass.store import root
from tests.core import fakes

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SENT = {"Content-Type": "text/plain"}


def text(sent):
    """Put together what is signed: all of a request."""
    query = [pair for pair in sent.query if pair[0] != "mark"]
    whole = (sent.method, sent.host, sent.path, query, sent.headers.get("content-type"))
    return repr(whole).encode()


def sign(whole):
    return hashlib.sha256(whole).hexdigest()


def right(_location, _sent):
    return RequestCheck(text=text, right=sign, parameter="mark")


def explained(url, **changes):
    answer = Explanation(
        url=url.url, backend="fake", scheme="fake", now=url.now, key=url.key,
        headers=("content-type",), expires_at=NOW.replace(hour=10),
    )  # fmt: skip
    return attrs.evolve(answer, **changes)


@pytest.fixture
def installed(monkeypatch):
    """Install one backend, whose `verify_url` is as given; return its module."""

    def install(verify=right, **changes):
        module = fakes.backend()

        def explain_url(url):
            return None if url.get("mark") is None else explained(url, **changes)

        def verify_url(location, sent):
            module.seen.append((location, sent))
            return verify(location, sent)

        module.explain_url = hookimpl(explain_url)
        if verify is not None:
            module.verify_url = hookimpl(verify_url)
        monkeypatch.setitem(sys.modules, "fake_backend", module)
        registry = loading.Registry(fakes.finder({"fake": "fake_backend"}))
        for user in (loading, explain, verifying, root):
            monkeypatch.setattr(user, "registry", registry)
        return module

    return install


def link(query=(("a", "1"),), path="/k", host="s.example"):
    sent = daypass.SentRequest(
        method="PUT", scheme="https", host=host, path=path, query=query, now=NOW,
        headers={"content-type": "text/plain"},
    )  # fmt: skip
    pairs = "&".join(f"{name}={value}" for name, value in query)
    return f"https://{host}{path}?{pairs}&mark={sign(text(sent))}"


def verified(url, method="PUT", headers=None, **options):
    headers = SENT if headers is None else headers
    return daypass.verify(url, method=method, headers=headers, **{"now": NOW, **options})


def codes(answer):
    return {finding.code for finding in answer.findings if finding.severity == "error"}


def test_a_request_that_fits_passes(installed):
    module = installed()
    answer = verified(
        link(), storage_options={"a": 1}, signer_options={"signature_version": "x"}, key="sec"
    )
    assert (answer.ok, answer.signature, answer.findings) == (True, "right", ())
    location, sent = module.seen[-1]
    assert (location.storage_options, location.options.signature_version) == ({"a": 1}, "x")
    assert (sent.method, sent.host, sent.path, sent.key) == ("PUT", "s.example", "/k", "sec")
    assert "sec" not in repr(sent).replace("second", "")


def test_a_request_that_copies_names_its_source(installed):
    installed()
    headers = {**SENT, "X-Fake-Copy-Source": "b/a%20b%0A?sig=s3cr3t"}
    answer = verified(link(), headers=headers)
    assert answer.ok
    (note,) = answer.findings
    assert (note.severity, note.code) == ("note", "copy")
    assert note.message == r"it makes a copy of 'b/a b\n?sig=****', and keeps no body"


@pytest.mark.parametrize(
    ("url", "method", "headers", "said"),
    [
        (link(), "GET", None, "you send GET, and PUT was signed"),
        (link(), "PUT", {"Content-Type": "a/b"}, "you send content-type 'a/b', and 'text/plain' was"),
        (link(), "PUT", {}, "content-type 'text/plain' was signed, and you do not send it"),
        (link(), "DELETE", {}, "you send DELETE, and PUT was signed"),
        (link().replace("/k?", "/K?"), "PUT", None, "it was signed for the path '/k'"),
        (link().replace("a=1", "a=2"), "PUT", None, "the parameter a was changed: '1' was signed"),
        (link() + "&b=2&c=3", "PUT", None, "added after it was signed: the parameter b, c"),
        (link().replace("?", "?b=2&"), "PUT", None, "added after it was signed: the parameter b"),
        (link(host="s.example:443"), "PUT", None, "the host s.example:443 was signed"),
        (link()[:-3], "PUT", None, "3 characters are missing at its end"),
        (link()[:-1] + "x", "PUT", None, "some characters of the signature were changed"),
        (link().partition("mark=")[0] + "mark=0", "PUT", None, "no single change explains it"),
        (link((("a", "wxyz"),)).replace("wxyz", "1"), "PUT", None, "no single change explains"),
        (link((("token", "abc"),)).replace("abc", "abd"), "PUT", None, "token was changed"),
        (link((("sp", "r"),)).replace("sp=r", "sp=rwdl"), "PUT", None, "'r' was signed"),
        (link((("Expires", "900"),)).replace("900", "86400"), "PUT", None, "'900' was signed"),
        (link(path="/a%20b").replace("a%20b", "a+b"), "PUT", None, "the path '/a b'"),
        (link(path="/a//b").replace("a//b", "a/b"), "PUT", None, "the path '/a//b'"),
    ],
    ids=range(18),
)  # fmt: skip
def test_the_piece_that_differs_is_named(installed, url, method, headers, said):
    installed()
    answer = verified(url, method, headers)
    assert (answer.ok, answer.signature) == (False, "wrong")
    assert said in str(answer)


def test_a_secret_value_is_not_shown(installed):
    installed()
    answer = verified(link((("token", "abc"),)).replace("abc", "abd"))
    assert "abc" not in str(answer) + repr(answer)
    assert "abd" not in str(answer) + repr(answer)


def test_method_headers_and_time_are_judged_without_a_key(installed):
    installed(lambda *_: RequestCheck(unchecked="nobody gave one"), permits=frozenset({"GET"}))
    answer = verified(link(), "GET")
    assert (answer.ok, answer.signature) == (None, "unchecked")
    assert "nobody gave one" in str(answer)
    assert codes(verified(link())) == {"method"}
    assert codes(verified(link(), "GET", {})) == {"header-missing"}
    late = verified(link(), "GET", now=NOW.replace(hour=11))
    assert (late.ok, codes(late)) == (False, {"expired"})


def test_a_listing_is_a_get(installed):
    installed(lambda *_: RequestCheck(), permits=frozenset({"LIST"}))
    assert codes(verified(link(), "GET")) == set()


def test_a_backend_that_checks_nothing_says_so(installed):
    installed(None)
    answer = verified(link())
    assert answer.ok is None
    assert "fake does not check signatures" in str(answer)


def test_the_host_header_decides(installed):
    installed()
    answer = verified(link(), headers={**SENT, "Host": "Proxy.example"})
    assert codes(answer) == {"signature-wrong"}
    assert verified(link(), headers={**SENT, "HOST": "S.example"}).ok


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"Content-MD5": "XUFAKrxLKna5cZ2REBfFkg=="}, b"hello", set()),
        ({"Content-MD5": "XUFAKrxLKna5cZ2REBfFkg=="}, b"hullo", {"body"}),
        ({"Content-Length": "5"}, b"hello!", {"body"}),
    ],
    ids=range(3),
)
def test_a_body_is_held_against_its_headers(installed, headers, body, expected):
    installed()
    assert codes(verified(link(), headers={**SENT, **headers}, body=body)) == expected


def test_a_link_of_daypass_brings_its_method_and_headers(installed):
    installed()
    made = fakes.honest(
        daypass.Store("fake://x").root.at("k"), daypass.SignRequest(method="PUT").resolve(NOW)
    )
    made = attrs.evolve(made, url=link(), headers=SENT)
    assert daypass.verify(made, now=NOW).ok
    assert not daypass.verify(made, method="GET", now=NOW).ok


class Unreadable(dict):
    """A mapping whose items cannot be read."""

    def items(self):
        raise KeyError


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"method": "G T"}, "method"),
        ({"method": 7}, "method"),
        ({"headers": [("a", "b")]}, "headers"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"headers": {"a": 1}}, "headers"),
        ({"headers": {"a": "\ud800"}}, "headers"),
        ({"body": "text"}, "body"),
        ({"key": b"bytes"}, "key"),
        ({"key": ""}, "key"),
        ({"key": "\ud800"}, "key"),
        ({"headers": Unreadable(a="b")}, "headers"),
        ({"now": datetime(2026, 1, 1)}, "now"),
        ({"profile": 7}, "profile"),
        ({"profile": "a/b"}, "profile"),
        ({"url": {"mark": 7}}, "url"),
        ({"url": None}, "url"),
        ({"storage_options": 7}, "storage_options"),
        ({"signer_options": {"tenent": "x"}}, None),
    ],
    ids=range(18),
)
def test_wrong_arguments_are_refused(installed, options, option):
    installed()
    url = options.pop("url", link())
    with pytest.raises(daypass.InvalidRequestError) as caught:
        daypass.verify(url, **options)
    assert option is None or caught.value.option == option


def test_what_is_no_signed_link_does_not_pass(installed):
    installed()
    for text in ("", "garbage", "https://example.com/"):
        answer = daypass.verify(text)
        assert (answer.ok, answer.signature) == (False, "unchecked")
        assert "unknown" in codes(answer)


@pytest.mark.parametrize("wrong", [lambda *_: None, lambda *_: 1 / 0], ids=["answer", "error"])
def test_a_backend_that_breaks_the_contract_is_named(installed, wrong):
    installed(wrong)
    with pytest.raises(daypass.PluginError, match="verify_url"):
        verified(link())


def test_the_callers_mappings_are_left_alone(installed):
    installed()
    headers, options = {"Host": "s.example", **SENT}, {"a": 1}
    verified(link(), headers=headers, storage_options=options)
    assert (headers, options) == ({"Host": "s.example", **SENT}, {"a": 1})


@pytest.mark.parametrize("size", [100, 1_000, 60_000])
def test_what_guessing_costs_does_not_grow_with_the_url(installed, size):
    tried = []

    def hashed(whole):
        tried.append(len(whole))
        return "x"

    installed(lambda *_: RequestCheck(text=text, right=hashed, parameter="mark"))
    many = "&".join(f"p{n}={'v' * (size // 200)}" for n in range(200))
    answer = verified(f"https://s.example/k?{many}&mark=y")
    assert codes(answer) == {"signature-wrong"}
    assert "as far as a fixed number of guesses goes" in str(answer)
    assert sum(tried) < 4_000_000
    assert len(tried) < 14_000


def test_a_guess_is_made_in_the_text_and_not_by_another_request(installed):
    built, looked = [], []

    def text(sent):
        built.append(sent)
        return f"{sent.path}\n{sent.get('until')}\n{sent.get('a')}".encode()

    def signs(found):
        looked.append(found)
        return found == b"/the/key\n20261102T090000Z\n1 b"

    check = RequestCheck(text=text, signs=signs, parameter="mark")
    installed(lambda *_: check)
    place = "https://s.example/the/key?until=20261102T090000Z&mark=y"
    for changed in (f"{place}&a=1%20c", f"{place}&a=1%20b".replace("/key", "/kezy")):
        built.clear(), looked.clear()
        assert {"parameter-changed", "key"} & codes(verified(changed))
        assert len(built) < 100 < len(looked)
    answer = verified(f"{place}&a=wrong&b={'x' * 50}".replace("/key", "/other"))
    assert codes(answer) == {"signature-wrong"}


def test_the_places_of_a_piece_are_looked_for_once(installed):
    built = []

    def counted(sent):
        built.append(sent)
        return text(sent)

    installed(lambda *_: RequestCheck(text=counted, right=lambda _: "x", parameter="mark"))
    assert codes(verified("https://s.example/k?a=xyz&b=20261102T090000Z&mark=y")) == {
        "signature-wrong"
    }
    probes = [sent for sent in built if "1031970542" in {value for _, value in sent.query}]
    assert len(probes) == 2


def test_an_empty_signature_is_never_right(installed):
    """Where a backend's text is none that its key could sign, it returns no signature, which was the one sent."""
    installed(lambda *_: RequestCheck(text=text, right=lambda _: "", parameter="mark"))
    answer = verified("https://s.example/k?a=1&mark=")
    assert (answer.ok, answer.signature) == (False, "wrong")


def test_the_names_of_a_request_are_decoded_once(monkeypatch):
    """A backend asks for twenty of them: of a request with hundreds of parameters, all were decoded for each."""
    asked = []
    monkeypatch.setattr(found, "unquote", lambda text, **_: asked.append(text) or text)
    query = tuple((f"p%20{n}", str(n)) for n in range(500))
    sent = daypass.SentRequest(
        method="GET", scheme="https", host="s.example", path="/", query=query, now=NOW
    )
    assert [sent.get(f"p%20{n}") for n in range(20)] == [str(n) for n in range(20)]
    assert sent.get("q") is None
    assert len(asked) == 500


def test_what_is_not_signed_is_not_guessed(installed):
    looked = []
    check = RequestCheck(text=lambda sent: b"", signs=looked.append, parameter="mark")
    installed(lambda *_: check)
    assert codes(verified(f"https://s.example/the/key?a={'x' * 90}&mark=y")) == {"signature-wrong"}
    assert len(looked) < 30  # those few that no text with gaps is made for


def test_ten_thousand_signed_headers_that_are_not_sent_cost_no_more(installed):
    names = tuple(f"x-{n}" for n in range(10_000))
    installed(
        lambda *_: RequestCheck(text=text, right=lambda _: "x", parameter="mark"), headers=names
    )
    sent = {f"y-{n}": "v" for n in range(200)}
    assert codes(verified(link() + "0", headers=sent)) == {"header-missing"}


def test_more_headers_than_any_store_takes_are_refused(installed):
    """8,000 took twice the time of a wrong key."""
    installed(lambda *_: RequestCheck(text=text, right=lambda _: "x", parameter="mark"))
    with pytest.raises(daypass.InvalidRequestError, match="at most 200 names") as caught:
        verified(link(), headers={f"y-{n}": "v" for n in range(201)})
    assert caught.value.option == "headers"


def test_all_texts_one_edit_away_are_tried():
    found = set(near("ab"))
    assert {"a", "b", "ba", "abc", "xab", "axb", "ac", "xb"} <= found
    assert [*near("ab")][:5] == ["b", "a", "ba", "Ab", "aB"]
    assert all(abs(len(text) - 2) <= 1 for text in found)
    assert list(near("x" * 1000)) == []


@pytest.mark.parametrize(
    "place", ["https://maps.s3.amazonaws.com/\ud800?", "https://maps.s3.amazonaws.com/a?b=\ud800&"]
)
def test_a_url_that_cannot_be_sent_does_not_pass(place):
    """It was an error of the encoder, and no verification."""
    query = "AWSAccessKeyId=AKIDEXAMPLE&Signature=c2lnbmF0dXJl&Expires=1795525200"
    answer = daypass.verify(place + query, key="made-up")
    assert (answer.ok, answer.signature) == (False, "unchecked")
    assert "not-encoded" in [finding.code for finding in answer.findings]


def test_a_moment_is_tried_with_the_characters_of_moments_alone():
    found = set(near("20261102T090000Z"))
    assert {"20261101T090000Z", "20261102T09000Z", "0261102T090000Z"} <= found
    assert not any(set(text) - set("0123456789TZ:-") for text in found)


def test_what_is_guessed_hangs_on_no_files_of_this_machine(monkeypatch):
    """A machine that names thousands of media types used the budget up before the likelier changes."""
    monkeypatch.setitem(mimetypes.types_map, ".daypass", "application/x-of-this-machine")
    changes._media_types.cache_clear()
    found = changes._media_types()
    assert {"text/csv", "application/x-ndjson", "image/webp"} <= set(found)  # as uploads declare
    assert "application/x-of-this-machine" not in found


def test_what_the_request_says_against_itself_stands_before_the_answer_to_it(installed):
    installed()
    found = "https://store.example/a?mark="
    mark = sign(text(verifying._sent(explain.read(found, NOW), "GET", SENT, None, None)))
    answer = "HTTP/1.1 403 \r\n\r\n<Error><Code>Denied</Code><Message>no.</Message></Error>"
    told = daypass.verify(found + mark, headers=SENT, error=answer, now=NOW)
    assert (told.ok, told.signature) == (False, "right")
    assert [one.code for one in told.findings] == ["store-said"]

    told = daypass.verify(found + mark, method="PUT", headers=SENT, error=answer, now=NOW)
    assert [one.code for one in told.findings] == ["method", "store-said"]


def test_a_form_is_verified_as_it_is_sent(installed):
    """It is a POST, the hook is given its fields, and a body is its file."""

    def signed(_location, sent):
        return RequestCheck(
            text=lambda sent: sent.fields["policy"].encode(), right=sign, parameter="mark"
        )

    module = installed(signed, headers=(), permits=frozenset({"POST"}))
    fields = {"Policy": "x", "policy": "all", "MARK": sign(b"all")}
    answer = daypass.verify({"url": "https://s.example/b", "fields": fields}, body=b"file", now=NOW)
    assert (answer.ok, answer.signature) == (True, "right")
    sent = module.seen[-1][1]
    assert (sent.method, sent.fields, sent.body, sent.headers) == ("POST", fields, b"file", {})
    assert sent.get("Mark") == sign(b"all")
    assert sign(b"all") not in repr(sent)
    wrong = daypass.verify({**fields, "MARK": sign(b"else")}, now=NOW)
    assert [one.code for one in wrong.findings] == ["signature-wrong"]
    assert [one.code for one in daypass.verify(fields, method="PUT", now=NOW).findings] == [
        "method"
    ]
