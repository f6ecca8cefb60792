"""What a link opens, for whom and until when: tried by a stranger on the store itself."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from daypass.errors import InvalidExpiryError, UnsupportedOptionError
from daypass.model.links import REQUESTED, SignedURL
from daypass.store.store import Store
from daypass.testing.bench import Bench, each, only, served, signing
from daypass.testing.trials import (
    BODY,
    KEY,
    METHODS,
    Trial,
    parameters,
    with_other_token,
    with_parameter,
)

__all__ = ["EndRules", "LinkRules", "PlaceRules", "check_headers", "check_permits", "wait_for_end"]

#: Far beyond every lifetime that a store without a limit may be asked for.
_A_YEAR = 366 * 86_400
_OUTSIDE = "https://files.example.com:8443"
#: How long a link may outlive its end where the clock of the server is another one.
_BEHIND = timedelta(seconds=1.5)


class LinkRules(Bench):
    """A link works as it says, and in no other way."""

    @served
    @each(method=lambda bench: bench.methods())
    def test_a_link_works_with_exactly_the_headers_it_names(
        self, trial: Trial, method: str
    ) -> None:
        """A stranger who sends what the link names, and nothing else, does what it is for."""
        if method != "PUT":
            trial.place(KEY, BODY)
        answer = trial.accepts(trial.sign(method=method))
        if method == "GET":
            assert answer.body == BODY
        if method != "HEAD":
            assert trial.size() == (None if method == "DELETE" else len(BODY))

    @served
    @each(method=lambda bench: bench.methods())
    def test_every_header_that_a_link_names_is_required(self, trial: Trial, method: str) -> None:
        """A header that can be left out is not named, or it is named as not enforced."""
        if method != "PUT":
            trial.place(KEY, BODY)
        link = trial.sign(method=method)
        check_headers(trial, link)

    @served
    @each(method=lambda bench: bench.methods())
    def test_permits_names_what_a_link_really_allows(self, trial: Trial, method: str) -> None:
        """Used with each method, a link works for those in ``permits`` and for no other."""
        check_permits(trial, method, self.methods())

    @served
    @each(method=lambda bench: sorted(set(METHODS) - bench.info.methods))
    def test_a_method_that_works_is_declared(self, trial: Trial, method: str) -> None:
        """Asked past the gate for a method that is not declared, no link comes that works."""
        trial.place(KEY, BODY)
        try:
            link = trial.past_the_gate().sign(method=method)
        except Exception:  # noqa: BLE001 - a hook may answer what it never sees in any way
            return
        body = BODY if method == "PUT" else None
        assert not trial.send(link, body).accepted, f"{method} works: declare it in methods"

    @signing
    @each(method=lambda bench: sorted({*METHODS, "LIST"} - (bench.info.methods - bench.narrowed)))
    def test_a_method_that_is_not_declared_is_refused_by_name(
        self, trial: Trial, method: str
    ) -> None:
        """The error names ``method``, and comes before any link; narrowed methods alike."""
        with pytest.raises(UnsupportedOptionError) as caught:
            trial.sign(method=method)
        assert (caught.value.option, caught.value.backend) == ("method", self.info.name)

    @served
    def test_a_touched_link_is_worth_nothing(self, trial: Trial) -> None:
        """Another key, a parameter less, a signature that differs in one character: refused."""
        method = self.methods()[0]
        for key in (KEY, KEY + "2"):
            trial.place(key, BODY)
        link = trial.sign(method=method)
        place = urlsplit(link.url).path
        touched = {"another key": link.url.replace(place, place + "2", 1)}
        for name, value in parameters(link.url).items():
            touched[f"no {name}"] = with_parameter(link.url, name, None)
            if name in self.info.secret_query_keys:
                other = value[:5] + ("0" if value[5:6] != "0" else "1") + value[6:]
                touched[f"another {name}"] = with_parameter(link.url, name, other)
        if other_token := with_other_token(link.url):
            touched["another token"] = other_token
        for what, url in touched.items():
            trial.refuses(link, url=url, what=f"a link with {what}")
        trial.accepts(link)


def check_headers(trial: Trial, link: SignedURL) -> None:
    """Fail where a header that a link names can be left out."""
    for name in link.headers:
        rest = {other: value for other, value in link.headers.items() if other != name}
        trial.refuses(link, headers=rest, what=f"a {link.method} link without its header {name}")


def check_permits(trial: Trial, method: str, able: Collection[str]) -> None:
    """Fail where a link works with other methods than ``permits`` names.

    Args:
        trial: the store and its stranger.
        method: what the link is for.
        able: the methods that links can be for.

    """
    link = trial.sign(method=method)
    upload = trial.past_the_gate().sign(method="PUT") if "PUT" in able else link
    headers = {**upload.headers, **link.headers}
    for used in METHODS:
        trial.place(KEY, BODY)
        body = b"replaced" if used == "PUT" else None
        answer = trial.send(
            link, body, method=used, headers=headers if used == "PUT" else link.headers
        )
        if used in link.permits:
            assert answer.accepted, f"permits names {used}, and the store says {answer}"
        else:
            assert answer.refused, f"permits does not name {used}, and it works"
            assert trial.size() == len(BODY)


def wait_for_end(trial: Trial, link: SignedURL) -> None:
    """Wait until a link has ended on the clock of the server as well, which may be a little behind."""
    pause = threading.Event()
    while datetime.now(UTC) < link.expires_at:
        pause.wait(0.05)
    while datetime.now(UTC) < link.expires_at + _BEHIND:
        if trial.send(link, BODY if link.method == "PUT" else None).refused:
            break
        trial.place(KEY, BODY)  # a DELETE link that still works has taken it away
        pause.wait(0.05)


class EndRules(Bench):
    """A link ends when it says."""

    @only(lambda bench: bench.served() and bench.holds("signing_time"))
    @each(method=lambda bench: bench.methods())
    def test_a_link_is_dead_after_its_end(self, trial: Trial, method: str) -> None:
        """A link whose ``expires_at`` has just passed is refused."""
        trial.place(KEY, BODY)
        begin = trial.now - timedelta(seconds=trial.lifetime)
        link = trial.sign(method=method, signing_time=begin, expires_in=trial.lifetime - 3)
        assert link.expires_at <= trial.now - timedelta(seconds=3)
        trial.refuses(link, what=f"a link that ended at {link.expires_at}")
        assert trial.size() == len(BODY)

    @only(lambda bench: bench.served() and bench.holds("signing_time"))
    @each(method=lambda bench: bench.methods())
    def test_a_link_lives_until_its_end(self, trial: Trial, method: str) -> None:
        """A link works up to the ``expires_at`` that it names, or nearly so."""
        trial.place(KEY, BODY)
        begin = datetime.now(UTC) - timedelta(seconds=trial.lifetime - 60)
        link = trial.sign(method=method, signing_time=begin, expires_in=trial.lifetime)
        assert link.expires_because == REQUESTED
        assert link.expires_at == begin.replace(microsecond=0) + timedelta(seconds=trial.lifetime)
        trial.accepts(link)

    @only(lambda bench: bench.served() and not bench.holds("signing_time"))
    @each(method=lambda bench: bench.methods())
    def test_a_link_lives_and_ends_by_the_servers_clock(self, trial: Trial, method: str) -> None:
        """Without a clock to inject, the end is waited for: two seconds."""
        trial.place(KEY, BODY)
        link = trial.sign(method=method, expires_in=2)
        wait_for_end(trial, link)
        trial.refuses(link, what=f"a link that ended at {link.expires_at}")

    @only(lambda bench: bench.served() and bench.info.max_expires_in)
    @only(lambda bench: "max_expires_in" not in bench.narrowed)
    def test_the_longest_lifetime_works(self, trial: Trial) -> None:
        """The declared limit itself is good for the store."""
        trial.place(KEY, BODY)
        link = trial.sign(method=self.methods()[0], expires_in=self.info.max_expires_in)
        trial.accepts(link)

    @only(lambda bench: "max_expires_in" in bench.narrowed)
    def test_a_narrowed_lifetime_is_refused_by_name(self, trial: Trial) -> None:
        """A credential that cannot have the declared limit refuses it, and never shortens it."""
        with pytest.raises(InvalidExpiryError) as caught:
            trial.sign(method=self.methods()[0], expires_in=self.info.max_expires_in or _A_YEAR)
        assert caught.value.option == "expires_in"

    @only(lambda bench: bench.signs() and bench.info.max_expires_in)
    def test_a_longer_lifetime_is_refused(self, trial: Trial) -> None:
        """One second more is refused by name, and never shortened."""
        assert self.info.max_expires_in is not None
        with pytest.raises(InvalidExpiryError) as caught:
            trial.sign(method=self.methods()[0], expires_in=self.info.max_expires_in + 1)
        assert caught.value.option == "expires_in"

    @only(
        lambda bench: (
            bench.served()
            and bench.info.max_expires_in
            and "max_expires_in" not in bench.unverified | bench.narrowed
        )
    )
    def test_the_limit_on_lifetimes_is_the_stores_own(self, trial: Trial) -> None:
        """Past the gate, a longer link is not made or does not work: the limit is no invention."""
        assert self.info.max_expires_in is not None
        trial.place(KEY, BODY)
        try:
            link = trial.past_the_gate().sign(
                method=self.methods()[0], expires_in=self.info.max_expires_in + 60
            )
        except Exception:  # noqa: BLE001 - a hook may answer what it never sees in any way
            return
        trial.refuses(link, what="a link above max_expires_in: declare a higher limit, or none")

    @only(lambda bench: bench.served() and bench.info.max_expires_in is None)
    @only(lambda bench: "max_expires_in" not in bench.narrowed)
    def test_a_long_lifetime_works_where_no_limit_is_declared(self, trial: Trial) -> None:
        """A year is good for the store; a link that ends earlier says so and why."""
        trial.place(KEY, BODY)
        with warnings.catch_warnings(record=True):
            link = trial.sign(method=self.methods()[0], expires_in=_A_YEAR)
        if link.expires_because == REQUESTED:
            assert link.expires_at > trial.now + timedelta(seconds=_A_YEAR - 60)
        trial.accepts(link)


class PlaceRules(Bench):
    """A link leads to the object that was named."""

    @only(lambda bench: bench.can("GET") and bench.info.versions)
    @only(lambda bench: "version" not in bench.unverified)
    def test_a_version_names_the_older_object(self, trial: Trial) -> None:
        """Replaced, an object can still be read by its version, and described."""
        assert self._reads_the_older_object(trial)

    @only(lambda bench: bench.can("GET") and not bench.info.versions)
    def test_versions_that_work_are_declared(self, trial: Trial) -> None:
        """Past the gate, a version changes nothing or is refused."""
        try:
            works = self._reads_the_older_object(trial.past_the_gate())
        except Exception:  # noqa: BLE001 - a hook may answer what it never sees in any way
            return
        assert not works, "version= works: declare versions"

    def _reads_the_older_object(self, trial: Trial) -> bool:
        trial.place(KEY, BODY)
        version = trial.store.head_metadata(KEY).version
        trial.place(KEY, b"newer")
        if version is None:
            return False
        older = trial.store.backend.head_metadata(location=trial.store.root.at(KEY, version))
        answer = trial.send(trial.sign(version=version))
        assert trial.size() == len(b"newer")
        return answer.body == BODY and older is not None and older.size == len(BODY)

    @only(lambda bench: not bench.info.versions and not bench.signer)  # a signer does not read
    def test_a_version_is_refused_where_there_are_none(self, store: Store) -> None:
        """Reading one is an error that names the option."""
        with pytest.raises(UnsupportedOptionError) as caught:
            store.head_metadata(KEY, version="1")
        assert caught.value.option == "version"

    @only(lambda bench: bench.signs() and bench.info.public_endpoint)
    @each(method=lambda bench: bench.methods())
    def test_a_public_endpoint_is_where_links_lead(self, trial: Trial, method: str) -> None:
        """Links carry the outside host, and metadata is still read inside."""
        outside = trial.at(public_endpoint=_OUTSIDE)
        assert outside.sign(method=method).url.startswith("https://")
        assert urlsplit(outside.sign(method=method).url).netloc.endswith("files.example.com:8443")
        if self.served():
            assert outside.size() is None

    @only(lambda bench: bench.signs() and not bench.info.public_endpoint)
    def test_a_public_endpoint_that_works_is_declared(self, trial: Trial) -> None:
        """Past the gate, a public endpoint changes nothing or is refused."""
        outside = trial.at(public_endpoint=_OUTSIDE).past_the_gate()
        try:
            link = outside.sign(method=self.methods()[0])
        except Exception:  # noqa: BLE001 - a hook may answer what it never sees in any way
            return
        led = "files.example.com" in urlsplit(link.url).netloc
        assert not led, "public_endpoint= works: declare it"
