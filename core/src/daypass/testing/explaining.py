"""Whether a backend tells the truth about its own links, where it explains or verifies them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import attrs
import pytest

from daypass.errors import ShortLivedURLWarning
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.found import FoundURL
from daypass.hookspecs.verifications import Verification
from daypass.model.links import SignedURL
from daypass.reading.explain import explain, read
from daypass.reading.verify import verify
from daypass.store.store import Store
from daypass.testing.bench import Bench, each, only
from daypass.testing.probes import PROBES
from daypass.testing.trials import KEY, Trial, difference, parameters, with_parameter

__all__ = ["ExplainRules"]

#: Options that a link may tell of, tried where a backend has them.
TOLD = ("content_type", "metadata", "if_absent", "starts_at", "filename")
_KEYS = (KEY, "a b/\u00e9//+%2F", "k?#&=")
#: Links of other stores, and what is none.
_OTHERS = (
    "https://files.example/report.csv",
    "https://files.example/?page=2&sort=name",
    (
        "https://b.s3.eu-west-1.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F"
        "20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60"
        "&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
    ),
    (
        "https://storage.googleapis.com/b/k?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=a%40b%2F"
        "20260101%2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20260101T000000Z&X-Goog-Expires=60"
        "&X-Goog-SignedHeaders=host&X-Goog-Signature=00"
    ),
    "https://a.blob.core.windows.net/c/k?sv=2024-11-04&se=2026-01-01T00%3A00%3A00Z&sr=b&sp=r&sig=00",
    "https://d1.cloudfront.net/k?Expires=1767225600&Signature=00&Key-Pair-Id=K1",
)
#: Values that a stranger may give a parameter, as they stand in a URL.
_ODD = (
    *("", "%", "%00", "%FF%FE", "%D9%A3", "-1", "0", "1e9", "x", "9" * 20, "9" * 400, "9" * 5000),
    *("9999-99-99T99%3A99%3A99Z", "2026-01-01", "!" * 100_000, "%7B%7D", "e30_", "====", "//"),
)


class ExplainRules(Bench):
    """What `explain_url` and `verify_url` say of a link is what the link was made of."""

    @only(lambda bench: bench.signs() and bench.explains())
    @each(method=lambda bench: bench.methods())
    def test_explain_tells_what_a_link_was_made_of(self, trial: Trial, method: str) -> None:
        """Key, end, methods and headers are the link's own, and nothing is found wrong with it."""
        for link, key in self._links(trial, method):
            said = explain(link, now=trial.now)
            assert said.backend == self.info.name, f"it is not known as {self.info.name}'s"
            unsaid = self.info.opaque_links and said.key is None  # the URL does not tell
            assert unsaid or said.key == key, (
                f"it is said to be for {said.key!r}, and is for {key!r}"
            )
            # A backend with a clock of its own may have read the next second.
            slack = timedelta(seconds=0 if self.holds("signing_time") else 2)
            ends = said.expires_at is None or abs(said.expires_at - link.expires_at) <= slack
            assert ends, f"it is said to end at {said.expires_at}, and ends at {link.expires_at}"
            allows = said.permits is None or said.permits == link.permits
            assert allows, f"it is said to permit {said.permits}, and permits {link.permits}"
            sends = {name.lower() for name in link.headers}
            beyond = set(said.headers or ()) - sends
            assert not beyond, f"it is said to need the headers {beyond}, which it does not name"
            wrong = [finding.code for finding in said.findings if finding.severity == "error"]
            assert set(wrong) <= {"not-yet-valid"}, f"it is said to be wrong with it: {wrong}"

    @only(lambda bench: bench.signs() and bench.explains())
    @each(method=lambda bench: bench.methods())
    def test_explain_shows_no_secret(self, trial: Trial, method: str) -> None:
        """Neither a signature nor a token is in what is said, its URL excepted."""
        for link, _ in self._links(trial, method):
            said = explain(link, now=trial.now)
            shown = [repr(said), str(said), repr(said.to_dict()), repr(attrs.evolve(said, url=""))]
            for secret in self._secrets(link):
                assert not any(secret in text for text in shown), "a signature is shown"

    @only(lambda bench: bench.signs() and bench.explains())
    def test_explain_knows_a_link_that_has_ended(self, trial: Trial) -> None:
        """The end that a URL tells is judged by the clock that is given."""
        link = trial.sign(method=self.methods()[0])
        said = explain(link, now=link.expires_at)
        found = said.expires_at is None or said.expires_at > link.expires_at
        ended = any(finding.code == "expired" for finding in said.findings)
        assert found or ended, "a link that has ended is explained as if it had not"

    @only(lambda b: b.signs() and b.explains() and b.gives("ending_credentials"))
    def test_explain_tells_the_end_of_the_credentials(
        self, ending_credentials: tuple[Store, datetime]
    ) -> None:
        """A link that ends with them says no later end in its URL, which outlives what was said of it."""
        store, end = ending_credentials
        method, after = self.methods()[0], end + timedelta(minutes=10)
        with pytest.warns(ShortLivedURLWarning):
            link = store.create_signed_url(KEY, method=method, expires_at=after)
        said = explain(link)
        assert said.expires_at in (None, link.expires_at), "its URL tells another end than the link"

    @only(lambda bench: bench.signs() and bench.explains())
    def test_explain_tells_the_end_that_a_url_tells(self, trial: Trial) -> None:
        """Where another end makes another URL, its signature apart, the end is in it to be read."""
        bare, method = trial.past_the_gate(), self.methods()[0]
        link, other = (
            bare.sign(method=method, expires_in=trial.lifetime - less) for less in (0, 60)
        )
        if difference(link, other, self.info.secret_query_keys).urls:
            said = explain(link, now=trial.now)
            assert said.expires_at is not None, "explain_url does not tell when a link ends"

    @only(lambda bench: bench.explains())
    def test_explain_leaves_the_urls_of_others_alone(self, trial: Trial) -> None:
        """The answer is None for what has no signature, or another provider's."""
        for url in _OTHERS:
            if not self.info.secret_query_keys & parameters(url).keys():
                assert self._read(url, trial) is None, f"it claims {url}"

    @only(lambda bench: bench.signs() and bench.explains())
    def test_explain_raises_for_no_text(self, trial: Trial) -> None:
        """Whatever a stranger makes of a link, it is explained, or left alone with None."""
        url = trial.sign(method=self.methods()[0]).url
        place, _, query = url.partition("?")
        root = "/".join(place.split("/")[:3])
        given = parameters(url)
        odd = {
            f"{name}={value[:20]} ({len(value)} characters)": with_parameter(url, name, value)
            for name in given
            for value in _ODD
        }
        odd |= {f"no {name}": with_parameter(url, name, None) for name in given}
        odd |= {f"two of {name}": f"{url}&{name}={value}" for name, value in given.items()}
        for path in ("", "/", "//", "/%00", "/" + "x" * 100_000):
            odd[f"the path {path[:20]!r}"] = f"{root}{path}?{query}"
        for size in range(0, len(query), 7):
            odd[f"{size} characters of its query"] = f"{place}?{query[:size]}"
        for what, text in odd.items():
            try:
                self._read(text, trial)
            except Exception as error:
                msg = f"explain_url raised {type(error).__name__} for a link with {what}"
                raise AssertionError(msg) from error

    def _read(self, url: str, trial: Trial) -> Explanation | None:
        """Ask the hook itself; what is no URL never comes to it."""
        found = read(url, trial.now)
        if not isinstance(found, FoundURL):
            return None
        explaining = self._hooks.explain_url
        assert explaining is not None
        answer = explaining(url=found)
        assert isinstance(answer, Explanation | None), f"it answered {type(answer).__name__}"
        return answer

    @only(lambda bench: bench.signs() and bench.verifies())
    @each(method=lambda bench: bench.methods())
    def test_verify_lets_a_link_pass(self, trial: Trial, method: str) -> None:
        """With the key at hand its signature is right; without, it is not said to be wrong."""
        for link, _ in self._links(trial, method):
            said = self._verified(trial, link, link.url)
            assert said.signature != "wrong", f"its own link is refused: {said}"

    @only(lambda bench: bench.signs() and bench.verifies())
    @each(method=lambda bench: bench.methods())
    def test_verify_refuses_a_changed_link(self, trial: Trial, method: str) -> None:
        """A link for another key, or with another signature, is never said to pass."""
        link, _ = self._links(trial, method)[-1]
        place, _, query = link.url.partition("?")
        changed = [f"{place}0?{query}"]
        # A digit for a digit: two letters may differ by their case alone, and the last ones of base64 by
        # bits that nobody reads.
        changed += [
            link.url.replace(secret, ("1" if secret[0] == "0" else "0") + secret[1:])
            for secret in self._secrets(link)
        ]
        for url in changed:
            said = self._verified(trial, link, url)
            assert not said.ok, "a changed link is said to pass"

    def _links(self, trial: Trial, method: str) -> list[tuple[SignedURL, str]]:
        """Make links for several keys, and one with what a link may tell."""
        asked: dict[str, Any] = {}
        for name in TOLD:
            if self.holds(name) and method in PROBES[name].methods:
                asked |= PROBES[name].keywords(trial)
        root = trial.store.location.key
        prefix = f"{root.removesuffix('/')}/" if root else ""
        keys = [key for key in _KEYS if key not in self.refused_keys]
        made = [(trial.sign(key, method=method), f"{prefix}{key}") for key in keys]
        return [*made, (trial.sign(method=method, **asked), f"{prefix}{KEY}")]

    def _secrets(self, link: SignedURL) -> list[str]:
        pairs = (pair.partition("=") for pair in link.url.partition("?")[2].split("&"))
        return [v for n, _, v in pairs if unquote(n) in self.info.secret_query_keys and len(v) > 8]  # noqa: PLR2004 - shorter ones may be part of any text

    def _verified(self, trial: Trial, link: SignedURL, url: str) -> Verification:
        place = trial.store.location
        options = place.options and attrs.asdict(place.options, recurse=False)
        return verify(
            url,
            method=link.http_method,
            headers=link.headers,
            storage_options=place.storage_options,
            signer_options=options,
            now=trial.now,
        )
