"""What a LIST link shows: the keys below its prefix, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from daypass.base.urls import encode_key
from daypass.errors import UnsupportedOptionError
from daypass.model.links import SignedURL
from daypass.model.options import LISTING_ONLY
from daypass.testing.bench import Bench, each, only
from daypass.testing.links import wait_for_end
from daypass.testing.probes import ELSEWHERE, PROBES
from daypass.testing.trials import BODY, FOLDER, METHODS, Trial, opened, with_parameter

__all__ = ["ListRules"]

#: Their last parts need no encoding, so that they stand in a listing of any format.
_BELOW = (f"{FOLDER}below-1.csv", f"{FOLDER}deeper/below-2.csv")
_BESIDE = ("folder2/beside-1.csv", "folder-beside-2.csv", "beside-3.csv")
#: Prefixes that some encoder or client takes for another.
_ODD = ("a b", "a+b", "a%20b", "\u00e9t\u00e9", "query?x=y&z", "part#1", "CaSe", "case")
#: How to ask for an option so that the stranger does not meet it.
_MISSED: dict[str, Callable[[Trial], dict[str, Any]]] = {
    "starts_at": lambda trial: {"starts_at": trial.now + timedelta(seconds=trial.lifetime // 2)},
    "ip_range": lambda _: {"ip_range": ELSEWHERE},
    "referrers": lambda _: {"referrers": ["probe.example"]},
}

_listed = only(lambda bench: bench.lists())
_bound = only(lambda bench: bench.folder())


class ListRules(Bench):
    """A listing works as it says, for its prefix and no other."""

    @_listed
    @_bound
    def test_a_listing_shows_what_lies_below_its_prefix(self, trial: Trial) -> None:
        """The keys below the prefix are in the answer, and those beside it are not."""
        _place(trial)
        _check(trial, trial.sign(FOLDER, method="LIST"), _BELOW, _BESIDE)

    @_listed
    def test_an_empty_prefix_lists_everything(self, trial: Trial) -> None:
        """Every key below the root is in the answer."""
        _place(trial)
        _check(trial, trial.sign("", method="LIST"), (*_BELOW, *_BESIDE), ())

    @_listed
    @_bound
    def test_an_odd_prefix_is_listed_as_it_is(self, trial: Trial) -> None:
        """Prefixes that look alike have listings of their own."""
        odd = [prefix for prefix in _ODD if prefix not in self.refused_keys]
        keys = {f"{prefix}/": f"{prefix}/odd-{n}.csv" for n, prefix in enumerate(odd)}
        for key in keys.values():
            trial.place(key, BODY)
        for prefix, key in keys.items():
            others = [other for other in keys.values() if other != key]
            _check(trial, trial.sign(prefix, method="LIST"), [key], others)

    @_listed
    @_bound
    def test_a_listing_of_another_prefix_is_refused(self, trial: Trial) -> None:
        """The prefix in its query is bound: changed, widened or left out, nothing is shown."""
        _place(trial)
        link = trial.sign(FOLDER, method="LIST")
        for other in (None, "", "folder", "folder2%2F"):
            url = with_parameter(link.url, "prefix", other)
            trial.refuses(link, url=url, what=f"a listing of {FOLDER} with the prefix {other!r}")

    @_listed
    def test_a_listing_opens_no_object(self, trial: Trial) -> None:
        """Led to an object, or used with a method that changes something, it is refused."""
        _place(trial)
        link = trial.sign(self.folder(), method="LIST")
        place, _, query = link.url.partition("?")
        root = trial.store.root.at(_BELOW[0]).key
        for method in METHODS:
            url = f"{place.rstrip('/')}/{encode_key(root)}?{query}"
            trial.refuses(link, url=url, method=method, what=f"a listing, used to {method} a key")
        for method in ("PUT", "DELETE"):
            trial.refuses(link, method=method, what=f"a listing, used with {method}")
        assert trial.size(_BELOW[0]) == len(BODY)

    @_listed
    def test_a_listing_ends_when_it_says(self, trial: Trial) -> None:
        """It works before the end that it names, and is refused after it."""
        folder = self.folder()
        if self.holds("signing_time"):
            begin = trial.now - timedelta(seconds=trial.lifetime)
            ended = trial.sign(
                folder, method="LIST", signing_time=begin, expires_in=trial.lifetime - 3
            )
        else:
            ended = trial.sign(folder, method="LIST", expires_in=2)
            wait_for_end(trial, ended)
        trial.refuses(ended, what=f"a listing that ended at {ended.expires_at}")
        trial.accepts(trial.sign(folder, method="LIST"))

    @_listed
    @each(
        option=lambda bench: sorted(
            _MISSED.keys() & bench.info.enforces - bench.narrowed - bench.unverified - bench.lacking
        )
    )
    def test_a_declared_option_is_enforced_by_a_listing(self, trial: Trial, option: str) -> None:
        """A listing that begins later, or is for another address, is refused."""
        link = trial.sign(self.folder(), method="LIST", **_MISSED[option](trial))
        if option not in link.unenforced:
            trial.refuses(link, what=f"a listing against its {option}")

    @only(lambda bench: "LIST" in bench.info.methods - bench.narrowed)
    @each(option=lambda _: sorted(LISTING_ONLY))
    def test_what_shapes_a_listing_is_part_of_the_link_or_refused(
        self, trial: Trial, option: str
    ) -> None:
        """The link of a listing differs with it where it is declared; else it is refused by name."""
        asked = {"method": "LIST", **PROBES[option].keywords(trial)}
        bare, folder = trial.past_the_gate(), self.folder()
        if self.holds(option):
            assert bare.sign(folder, **asked).url != bare.sign(folder, method="LIST").url
            return
        with pytest.raises(UnsupportedOptionError) as caught:
            trial.sign(folder, **asked)
        assert (caught.value.option, caught.value.backend) == (option, self.info.name)

    @only(lambda bench: "LIST" in bench.info.methods - bench.narrowed and not bench.folder())
    def test_a_listing_that_nothing_binds_is_refused_by_name(self, trial: Trial) -> None:
        """A prefix that ``narrowed`` excuses has no listing; with strict=False it is named."""
        with pytest.raises(UnsupportedOptionError) as caught:
            trial.sign(FOLDER, method="LIST")
        assert (caught.value.option, caught.value.backend) == ("prefix", self.info.name)
        assert "prefix" in trial.sign(FOLDER, method="LIST", strict=False).unenforced

    @only(lambda bench: bench.lists() and bench.info.prefixes)
    def test_a_grant_to_list_lists_below_its_prefix(self, trial: Trial) -> None:
        """It lists its prefix and longer ones, and no others; or LIST is refused by name."""
        _place(trial)
        try:
            grant = trial.grant(self.folder(), method="LIST")
        except UnsupportedOptionError as error:
            assert error.option == "method"  # noqa: PT017 - refusing is one of two good answers
            return
        link = opened(grant, "")
        beside = _BESIDE if self.folder() else ()
        _check(trial, link, _BELOW, beside)
        longer = _BELOW[1].removeprefix(self.folder())
        _check(trial, opened(grant, longer), _BELOW[1:], (_BELOW[0], *beside))
        for other in ("", "folder", "folder2%2F") if self.folder() else ():
            url = with_parameter(link.url, "prefix", other)
            trial.refuses(link, url=url, what=f"a grant to list {FOLDER} with prefix={other!r}")

    @only(lambda bench: bench.served() and "LIST" not in bench.info.methods)
    def test_a_listing_that_works_is_declared(self, trial: Trial) -> None:
        """Asked past the gate for LIST, no link comes that shows what lies below the prefix."""
        _place(trial)
        try:
            answer = trial.send(trial.past_the_gate().sign(FOLDER, method="LIST"))
        except Exception:  # noqa: BLE001 - a hook may answer what it never sees in any way
            return
        shown = answer.accepted and all(_name(key) in answer.body for key in _BELOW)
        assert not shown, "LIST works: declare it in methods"


def _place(trial: Trial) -> None:
    for key in (*_BELOW, *_BESIDE):
        trial.place(key, BODY)


def _check(trial: Trial, link: SignedURL, shown: Iterable[str], hidden: Iterable[str]) -> None:
    """Fail where a listing does not show these keys, or shows those."""
    answer = trial.accepts(link)
    for key in shown:
        assert _name(key) in answer.body, f"the listing does not show {key!r}: {answer}"
    for key in hidden:
        assert _name(key) not in answer.body, f"the listing shows {key!r}, which lies beside"


def _name(key: str) -> bytes:
    return key.rpartition("/")[2].encode()
