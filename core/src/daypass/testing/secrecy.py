"""Nothing shows a secret, and what is handed out can travel and be changed without harm."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, unquote

import pytest

from daypass.base.scrubbing import secrets_of
from daypass.base.urls import token_of
from daypass.config.masking import masked
from daypass.errors import DaypassError
from daypass.store.store import Store
from daypass.testing import networks
from daypass.testing.bench import Bench, each, only, signing
from daypass.testing.probes import PROBES
from daypass.testing.trials import BODY, KEY, Trial, changed, hooked, parameters

__all__ = ["SecrecyRules"]


#: What SDKs quote: a URL that is signed, and a header with a credential.
_SIGNED = "https://b.example/k?X-Amz-Signature=planted&x-amz-security-token=planted Authorization: Bearer planted"


class SecrecyRules(Bench):
    """Masking, pickling and sharing."""

    @signing
    def test_the_secrets_are_named(self, secrets: Sequence[str]) -> None:
        """A backend that signs has a secret; the fixture ``secrets`` gives it to these rules."""
        assert all(secrets), "the fixture secrets names an empty text"
        assert secrets, "override the fixture secrets"

    @signing
    @each(method=lambda bench: bench.methods())
    def test_a_link_holds_its_declared_secrets(self, trial: Trial, method: str) -> None:
        """At least one parameter of ``secret_query_keys`` is in a link, or a token in its path."""
        url = trial.sign(method=method).url
        named = self.info.secret_query_keys & parameters(url).keys()
        assert named or token_of(url), "declare secret_query_keys"

    @signing
    @each(method=lambda bench: bench.methods())
    def test_no_link_holds_a_credential(
        self, trial: Trial, method: str, secrets: Sequence[str]
    ) -> None:
        """A link carries a signature, and never the secret that it was made with."""
        link = trial.sign(method=method)
        _check_hidden([link.url, unquote(link.url), repr(link.headers)], secrets)

    @signing
    @each(method=lambda bench: bench.methods())
    def test_what_is_shown_of_a_link_is_masked(
        self, trial: Trial, method: str, secrets: Sequence[str]
    ) -> None:
        """Neither repr nor HTML nor a batch or a store shows a signature or a credential."""
        link = trial.sign(method=method)
        batch = trial.store.create_signed_urls([KEY], method=method, expires_in=trial.lifetime)
        location = trial.store.location
        shown = [repr(link), link._repr_html_(), f"{batch!r}", batch._repr_html_(), repr(location)]
        shown += [repr(trial.store), trial.store._repr_html_()]
        _check_hidden(
            shown, [*secrets, *self._signatures(link.url), *self._signatures(batch[0].url)]
        )

    @signing
    def test_nothing_is_logged_that_is_secret(
        self, trial: Trial, secrets: Sequence[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not even at the level DEBUG, and not by an SDK."""
        with caplog.at_level(logging.DEBUG):
            link = trial.sign(method=self.methods()[0])
            trial.store.head_metadata("missing", missing_ok=True) if self.served() else None
        _check_hidden([caplog.text], [*secrets, *self._signatures(link.url)])

    def test_no_error_shows_a_secret(
        self, store: Store, secrets: Sequence[str], trial: Trial
    ) -> None:
        """Neither its message, nor its attributes, nor the errors that it came from."""
        for error in self._errors(trial):
            whole = "".join(traceback.format_exception(error))
            _check_hidden([whole, repr(error), repr(vars(error)), repr(store)], secrets)

    def test_options_that_are_secret_are_known_as_such(
        self, store: Store, secrets: Sequence[str]
    ) -> None:
        """By a word in their name or by ``secret_storage_options``: what shows options masks these alone."""
        options = store.location.storage_options
        known = {*secrets_of(options, own=self.info.secret_storage_options)}
        for name, value in options.items():
            if value in secrets and value not in known:
                pytest.fail(f"declare secret_storage_options={{{name!r}}}: it holds a secret")

    @only(lambda bench: bench.signs() and bench.info.secret_storage_options)
    def test_no_option_that_is_declared_secret_is_shown(self, trial: Trial) -> None:
        """Not in a link, and in no error, no representation and no configuration that is shown."""
        own = self.info.secret_storage_options
        options = trial.store.location.storage_options
        given = [value for name, value in options.items() if name in own and isinstance(value, str)]
        links = [trial.sign(method=method) for method in self.methods()]
        shown = [repr(masked(options, own=own)), repr(trial.store), *(link.url for link in links)]
        _check_hidden([*shown, *(unquote(link.url) for link in links)], given)
        for error in self._errors(trial):
            _check_hidden([*_told(error), repr(vars(error))], given)

    @only(lambda bench: not bench.sign_only)
    def test_no_text_of_an_sdk_shows_a_secret(self, trial: Trial, secrets: Sequence[str]) -> None:
        """Whatever an SDK says of a request that failed, no error of the chain repeats a secret."""
        store = changed(trial.store, deadline=self.deadline)
        given = repr(
            dict(store.location.storage_options)
        )  # what a file or an object holds is not known
        secrets = [secret for secret in secrets if secret in given]
        spelt = [text for secret in secrets for text in (secret, quote(secret, safe=""))]
        with networks.without(f"no answer to {' '.join(spelt)} {_SIGNED}"):
            try:
                store.head_metadata(KEY)
            except DaypassError as error:
                _check_hidden(list(_told(error)), [*secrets, "planted"])
            else:
                pytest.fail("the metadata came without a network")

    def test_every_error_is_a_daypass_error_that_pickles(self, trial: Trial) -> None:
        """It arrives in another process with its message and its attributes."""
        for error in self._errors(trial):
            assert isinstance(error, DaypassError), repr(error)
            again = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own
            assert type(again) is type(error)
            assert (str(again), vars(again)) == (str(error), vars(error))

    @only(lambda bench: not bench.sign_only)
    def test_metadata_pickles(self, store: Store, place: Callable[[str, bytes], object]) -> None:
        """It arrives equal, and of daypass's own type."""
        place(KEY, BODY)
        found = store.head_metadata(KEY)
        assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - its own

    @signing
    @each(method=lambda bench: bench.methods())
    def test_links_pickle(self, trial: Trial, method: str) -> None:
        """A link, its request and a batch arrive equal in another process."""
        asked = self._everything(trial, method)
        link = trial.sign(method=method, **asked)
        batch = trial.store.create_signed_urls(
            [KEY, "k"], method=method, expires_in=trial.lifetime, **asked
        )
        request = trial.resolved(method=method, **asked)
        for made in (link, request, list(batch)):
            same = pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - its own
            assert same, f"a {type(made).__name__} is another one after pickling"
        same = list(pickle.loads(pickle.dumps(batch))) == list(batch)  # noqa: S301
        assert same, "a batch is another one after pickling"

    @signing
    @each(method=lambda bench: bench.methods())
    def test_links_share_nothing(self, trial: Trial, method: str) -> None:
        """What is done to one link's headers happens to no other link, and to no request."""
        for asked in ({}, self._everything(trial, method)):
            trial.sign(method=method, **asked).headers["X-Spoilt"] = "1"
            again = trial.sign(method=method, **asked)
            assert "X-Spoilt" not in again.headers
            assert "X-Spoilt" not in trial.past_the_gate().sign("k", method=method).headers

    @signing
    @each(method=lambda bench: bench.methods())
    def test_nothing_that_was_given_is_changed(self, trial: Trial, method: str) -> None:
        """Options, and the dicts in them, are as they were."""
        asked = self._everything(trial, method)
        options = dict(trial.store.location.storage_options)
        before = copy.deepcopy((asked, list(options)))
        trial.sign(method=method, **asked)
        request = trial.resolved(method=method, **asked)
        fields = copy.deepcopy(vars(request))
        hooked(trial.store.backend, trial.store.root.at(KEY), request)
        assert vars(request) == fields, "the request has been changed"
        assert (asked, list(options)) == before
        assert dict(trial.store.location.storage_options) == options

    def _everything(self, trial: Trial, method: str) -> dict[str, Any]:
        """Return as many options as go together."""
        asked: dict[str, Any] = {}
        for name in ("content_type", "metadata", "headers", "filename", "stable_for"):
            if self.holds(name) and method in PROBES[name].methods:
                asked |= PROBES[name].keywords(trial)
        return asked

    def _signatures(self, url: str) -> list[str]:
        found = parameters(url)
        values = [found[name] for name in self.info.secret_query_keys if found.get(name)]
        values += filter(None, [token_of(url)])
        return [text for value in values for text in (value, unquote(value))]

    def _errors(self, trial: Trial) -> Iterator[BaseException]:
        """Provoke what can go wrong."""
        attempts: list[Callable[[], object]] = [
            lambda: trial.sign("x/../y"),
            lambda: trial.sign("\ud800"),
            lambda: trial.sign(nonsense=1),
            lambda: trial.sign(expires_in=10**12),
            *(self._asking(trial, option) for option in self.undeclared()),
        ]
        if not self.sign_only:
            attempts += [
                lambda: trial.store.head_metadata("missing"),
                lambda: trial.store.head_metadata(KEY, version="no such version"),
                lambda: _unreachable(changed(trial.store, deadline=self.deadline)),
            ]
        for attempt in attempts:
            try:
                attempt()
            except Exception as error:  # noqa: BLE001 - what it is, is what is asked
                yield error

    def _asking(self, trial: Trial, option: str) -> Callable[[], object]:
        probe = PROBES[option]
        return lambda: trial.sign(method=probe.method(self.methods()), **probe.keywords(trial))


def _told(error: BaseException | None) -> Iterator[str]:
    """Yield all that an error says, and those that it came from, also where a traceback leaves them out."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield "".join(traceback.format_exception(one))
        yield f"{one} {one!r} {one.args!r}"
        waiting += [one.__cause__, one.__context__]


def _unreachable(store: Store) -> object:
    with networks.without():
        return store.head_metadata(KEY)


def _check_hidden(texts: Sequence[str], secrets: Sequence[str]) -> None:
    """Fail where a text shows a secret; the message shows neither."""
    for number, text in enumerate(texts):
        for secret in secrets:
            for spelt in (secret, quote(secret, safe=""), repr(secret)[1:-1]):
                if spelt in text:  # no assert, whose explanation would show both
                    pytest.fail(f"text {number} shows a secret of {len(secret)} characters")
