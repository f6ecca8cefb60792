"""``explain`` without knowing a cloud: whom it asks, what it judges itself, and hostile input."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import ModuleType

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import daypass
from daypass.backends import loading
from daypass.base.messages import partly
from daypass.hookspecs import hookimpl
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.reading import explain
from tests.core import fakes

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
LINK = "https://store.example/a%20b?until=60&mark=ab12"


def explained(url, **more):
    """Explain as a sound backend does."""
    if url.get("mark") is None:
        return None
    until = timedelta(seconds=int(url.get("until") or "0"))
    answer = {"key": url.key, "expires_at": url.now + until, "headers": ()}
    return Explanation(url=url.url, backend="fake", scheme="fake", now=url.now, **answer | more)


def backend(hook=explained):
    """Make a backend's module that explains URLs."""

    def explain_url(url):
        return hook(url)

    module = fakes.backend()
    module.explain_url = hookimpl(explain_url)
    return module


@pytest.fixture
def installed(monkeypatch):
    """Install backends, by their protocols, in a registry of the test's own."""

    def install(**modules: ModuleType):
        entries = {}
        for protocol, module in modules.items():
            monkeypatch.setitem(sys.modules, f"fake_{protocol}", module)
            entries[protocol] = f"fake_{protocol}"
        registry = loading.Registry(fakes.finder(entries))
        monkeypatch.setattr(explain, "registry", registry)
        return registry

    return install


def codes(answer):
    return {finding.code for finding in answer.findings}


def test_the_backend_that_knows_a_url_explains_it(installed):
    installed(aaa=fakes.backend(), fake=backend())
    answer = daypass.explain(LINK, now=NOW)
    assert (answer.backend, answer.key) == ("fake", "a b")
    assert answer.ok
    assert answer.findings == ()


def test_a_link_that_copies_is_said_to(installed):
    installed(fake=backend(lambda url: explained(url, headers=("a", "x-fake-copy-source"))))
    (note,) = [found for found in daypass.explain(LINK, now=NOW).findings if found.code == "copy"]
    assert note.severity == "note"
    assert "its signed header x-fake-copy-source names the object" in note.message


def test_what_nobody_knows_is_said_plainly(installed):
    installed(fake=backend())
    answer = daypass.explain("https://example.com/?x=1", now=NOW)
    assert (answer.backend, answer.ok) == (None, False)
    assert answer.findings[0] == Finding("error", "unknown", "not a signed URL I know")
    assert "(fake)" in str(answer)


def test_two_backends_that_know_a_url_are_both_named(installed):
    second = backend(lambda url: attrs.evolve(explained(url), backend="other"))
    second.describe_backend = hookimpl(lambda: daypass.BackendInfo(name="other", methods={"GET"}))
    installed(aaa=backend(), bbb=second)
    answer = daypass.explain(LINK, now=NOW)
    assert (answer.backend, codes(answer)) == ("fake", {"ambiguous"})
    assert "other" in str(answer)


def test_a_backend_that_fails_is_named_and_the_next_one_is_asked(installed):
    def fail(url):
        raise RuntimeError(url.url)

    installed(aaa=backend(fail), fake=backend())
    answer = daypass.explain(LINK, now=NOW)
    assert answer.backend == "fake"
    assert codes(answer) == {"backend-failed"}


def test_the_end_and_the_start_are_judged_by_the_clock(installed):
    starts = NOW + timedelta(minutes=5)
    installed(fake=backend(lambda url: explained(url, starts_at=starts)))
    early = daypass.explain(LINK.replace("60", "3600"), now=NOW)
    assert (codes(early), early.ok) == ({"not-yet-valid"}, False)
    installed(fake=backend(lambda url: explained(url, expires_at=NOW)))
    late = daypass.explain(LINK, now=NOW + timedelta(hours=3))
    assert late.findings == (
        Finding("error", "expired", "it ended 3 hours ago: ask for a new link"),
    )
    assert "ends: 2026-11-02 09:00:00 UTC, 3 hours ago" in str(late)
    assert codes(daypass.explain(LINK, now=NOW)) == {"expired"}  # the end itself is too late
    installed(fake=backend(lambda url: explained(url, expires_at=NOW + timedelta(days=30))))
    assert codes(daypass.explain(LINK, now=NOW)) == {"long-lived"}


def test_a_link_that_daypass_made_is_explained_as_its_url(installed):
    installed(fake=backend())
    link = fakes.honest(daypass.Store("memory://x").root.at("k"), _resolved())
    answer = daypass.explain(attrs.evolve(link, url=LINK), now=NOW)
    assert answer.backend == "fake"


def _resolved():
    return daypass.SignRequest(method="GET").resolve(NOW)


@pytest.mark.parametrize(
    "given_",
    [
        {"mark": "x", "until": "60"},
        {"url": "https://store.example/", "fields": {"mark": "x", "until": "60"}},
    ],
    ids=["fields", "url and fields"],
)
def test_a_form_is_its_fields(installed, given_):
    before = json.dumps(given_)
    installed(fake=backend())
    assert daypass.explain(given_, now=NOW).backend == "fake"
    assert json.dumps(given_) == before


@pytest.mark.parametrize(
    "given_",
    [None, 7, b"https://x", ["https://x"], {"a": 1}, {1: "a"}, {"url": 1, "fields": {}},
     fakes.HostileMapping(), fakes.Hostile()],
    ids=range(9),
)  # fmt: skip
def test_what_is_neither_text_nor_a_form_is_refused(installed, given_):
    installed(fake=backend())
    with pytest.raises(daypass.InvalidRequestError) as caught:
        daypass.explain(given_)
    assert caught.value.option == "url"


def test_a_naive_clock_is_refused():
    with pytest.raises(daypass.InvalidRequestError, match="now has no time zone"):
        daypass.explain(LINK, now=datetime(2026, 1, 1))


def test_a_letter_that_only_folds_to_one_of_https_makes_no_url():
    """The long s is an s in another case to regular expressions, and to no browser."""
    answer = daypass.explain("http\u017f://host/k", now=NOW)
    assert not answer.ok
    assert answer.backend is None


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_answered(text):
    answer = daypass.explain(text, now=NOW)
    assert str(answer)
    assert json.dumps(answer.to_dict())
    assert not answer.ok


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40)))
def test_any_form_is_answered(fields):
    for name in ("policy", "x-amz-signature", "x-goog-signature", "AWSAccessKeyId", "signature"):
        answer = daypass.explain({**fields, "policy": "e30=", name: "x"}, now=NOW)
        assert json.dumps(answer.to_dict())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-a-url"),
        ("ftp://example.com/?mark=1", "not-a-url"),
        ("javascript:alert(1)", "not-a-url"),
        ("https://" + "a" * 70_000, "too-long"),
        ("https://x.example/?" + "mark=1&" * 20_000, "too-long"),
        ("https://x.example/?" + "mark&" * 1_001, "too-long"),
        ("https:///?mark=1", "bad-host"),
        ("https://a\\@b.example/?mark=1", "bad-host"),
        ("https://ä.example/?mark=1", "bad-host"),
        ("https://x.example:0x50/?mark=1", "bad-host"),
        ("https://a:b@x.example/?mark=1", "userinfo"),
        ("https://x.example/?mark=1&MARK=2", "duplicate-parameter"),
        ("https://x.example/%zz?mark=1", "bad-escape"),
        ("https://x.example/\x00?mark=1", "not-encoded"),
        ("https://x.example/?mark=\ud800", "not-encoded"),
        ("https://x.example/a b?mark=1", "not-encoded"),
        ("https://x.example/a\n  b?mark=1", "broken-up"),
        ("https%3A%2F%2Fx.example%2F%3Fmark%3D1", "encoded-whole"),
    ],
    ids=range(18),
)
def test_hostile_text_is_answered_with_what_is_wrong(installed, text, code):
    installed(fake=backend())
    answer = daypass.explain(text, now=NOW)
    assert code in codes(answer)
    assert not answer.ok
    assert json.dumps(answer.to_dict(reveal=True))


def test_quotes_and_spaces_around_a_url_are_no_matter(installed):
    installed(fake=backend())
    for text in (f" {LINK}\n", f'"{LINK}"', f"<{LINK}>", f"'{LINK}'"):
        assert daypass.explain(text, now=NOW).url == LINK


def test_the_worst_is_said_first_and_nothing_twice():
    found = [Finding("note", "a", "A"), Finding("error", "b", "B"), Finding("note", "a", "A")]
    answer = Explanation(url="", backend="x", findings=found, now=NOW)
    assert [finding.code for finding in answer.findings] == ["b", "a"]


def test_the_token_in_a_path_is_shown_nowhere_unless_it_is_asked_for():
    token = "8w2-aB_dEfGhIjKlMnOpQg"
    url = f"https://links.example/l/{token}/a.csv"
    found = Explanation(
        url=url, backend="s3", scheme="none", path=f"s3://links/l/{token}/a.csv", bucket="links", key=f"l/{token}/a.csv",
        now=fakes.NOW,
    )  # fmt: skip
    shown = [repr(found), str(found), str(found.rows()), repr(found.to_dict()), found._repr_html_()]
    assert not [text for text in shown if token in text]
    assert found.to_dict()["key"] == "l/****/a.csv"
    revealed = found.to_dict(reveal=True)
    assert (revealed["url"], revealed["key"]) == (url, found.key)
    assert found.rows(reveal=True)["key"] == [found.key]
    unknown = explain.explain(url)
    assert token not in f"{unknown!r} {unknown} {unknown.to_dict()}"


def test_identifiers_are_shown_in_part():
    assert partly("AKIAIOSFODNN7EXAMPLE") == "AKIA...MPLE"
    assert partly("name@project.iam.gserviceaccount.com") == "name@project.iam.gserviceaccount.com"
    assert partly("short") == "short"
    assert partly(None) is None


def test_a_card_is_harmless_in_a_notebook(installed):
    installed(fake=backend(lambda url: explained(url, key="<script>")))
    assert "<script>" not in daypass.explain(LINK, now=NOW)._repr_html_()


def test_the_answer_of_a_store_reaches_the_backend(installed):
    seen: list[Mapping[str, str]] = []
    installed(fake=backend(lambda url: seen.append(url.error) or explained(url)))
    xml = '\ufeff\n<Error xmlns="urn:x"><Code> Denied </Code><Message>no</Message><A>1</A></Error>'
    for body in (xml, xml.encode()):
        daypass.explain(LINK, error=body, now=NOW)
        assert (seen[-1].code, seen[-1].message, seen[-1].details["A"]) == ("Denied", "no", "1")
