"""What a grant for a prefix opens: all that lies below it, and nothing beside."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote, unquote

import pytest

from daypass.base.urls import encode_key
from daypass.errors import UnsupportedOptionError
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.options import ONE_OBJECT
from daypass.testing.bench import Bench, each, only
from daypass.testing.links import check_headers, check_permits, wait_for_end
from daypass.testing.probes import PROBES
from daypass.testing.trials import (
    BODY,
    FOLDER,
    KEY,
    Trial,
    opened,
    parameters,
    with_other_token,
    with_parameter,
)

__all__ = ["PrefixRules"]

#: Keys below the prefix, relative to it.
_BELOW = ("the object.csv", "deep/er/a+b c.csv")
#: Keys that begin like the prefix, or lie above it.
_BESIDE = ("folder2/the object.csv", "folder.csv", "the object.csv")
#: Options that describe one object, or that are asked for together with one, and no prefix.
_OF_ONE_OBJECT = frozenset({*ONE_OBJECT, "add_content_md5_metadata"})

_granted = only(lambda bench: bench.grants())
_bound = only(lambda bench: bench.folder())


class PrefixRules(Bench):
    """A grant works as it says, below its prefix and nowhere else."""

    @_granted
    @each(method=lambda bench: bench.methods())
    def test_a_grant_opens_what_lies_below_its_prefix(self, trial: Trial, method: str) -> None:
        """Two objects, one of them deeper, with exactly the headers that the grant names."""
        grant = trial.grant(self.folder(), method=method)
        for below in _BELOW:
            key = f"{self.folder()}{below}"
            if method != "PUT":
                trial.place(key, BODY)
            answer = trial.accepts(opened(grant, below))
            if method == "GET":
                assert answer.body == BODY
            if method != "HEAD":
                assert trial.size(key) == (None if method == "DELETE" else len(BODY))

    @_granted
    @_bound
    @each(method=lambda bench: bench.methods())
    def test_a_grant_opens_nothing_beside_its_prefix(self, trial: Trial, method: str) -> None:
        """Neither the parent's objects nor those of a lookalike, whatever its query is made to name."""
        grant = trial.grant(FOLDER, method=method)
        link = opened(grant, _BELOW[0])
        root = grant.url.removesuffix(FOLDER)
        assert root != grant.url or not grant.query, (
            f"the grant's URL does not end in its prefix {FOLDER}"
        )
        for key in _BESIDE:
            trial.place(key, BODY)
            if not grant.query:
                _check_no_way_out(trial, link, grant.url, key)
                continue
            url = f"{root}{encode_key(key)}?{grant.query}"
            trial.refuses(link, url=url, what=f"a grant for {FOLDER} at {key}")
            for name, value in parameters(url).items():
                if FOLDER.strip("/") not in unquote(value):
                    continue
                for wider in ("", quote(key, safe="")):
                    other = with_parameter(url, name, wider)
                    trial.refuses(link, url=other, what=f"a grant at {key}, with {name}={wider}")

    @only(lambda bench: bench.signs() and bench.info.prefixes)
    @_bound
    def test_another_prefix_is_another_grant(self, trial: Trial) -> None:
        """What is signed differs with the prefix, the whole bucket's included where it is granted."""
        bare = trial.past_the_gate()  # at one instant: two would make two signatures by themselves
        made = [bare.grant(prefix, method=self.methods()[0]) for prefix in (FOLDER, "folder2/")]
        signed: list[object] = [
            {name: parameters(f"?{grant.query}").get(name) for name in self.info.secret_query_keys}
            if grant.query
            else grant.url
            for grant in made
        ]
        differ = signed[0] != signed[1]
        assert differ, "grants for two prefixes have one signature: nothing binds the prefix"

    @_granted
    @each(method=lambda bench: bench.methods())
    def test_every_header_that_a_grant_names_is_required(self, trial: Trial, method: str) -> None:
        """A header that can be left out is not named, or it is named as not enforced."""
        if method != "PUT":
            trial.place(KEY, BODY)
        check_headers(trial, trial.granting(self.folder()).sign(method=method))

    @_granted
    @each(method=lambda bench: bench.methods())
    def test_a_grant_permits_what_it_says(self, trial: Trial, method: str) -> None:
        """Used with each method, a grant works for those in ``permits`` and for no other."""
        check_permits(trial.granting(self.folder()), method, self.methods())

    @_granted
    def test_a_grant_ends_when_it_says(self, trial: Trial) -> None:
        """It works before the end that it names, and is refused after it."""
        trial.place(KEY, BODY)
        grants, method = trial.granting(self.folder()), self.methods()[0]
        if self.holds("signing_time"):
            begin = trial.now - timedelta(seconds=trial.lifetime)
            ended = grants.sign(method=method, signing_time=begin, expires_in=trial.lifetime - 3)
            alive = grants.sign(method=method, signing_time=begin + timedelta(seconds=30))
            if alive.expires_because == REQUESTED:
                assert alive.expires_at == trial.now + timedelta(seconds=30)
        else:
            ended, alive = grants.sign(method=method, expires_in=2), grants.sign(method=method)
            wait_for_end(trial, ended)
        trial.refuses(ended, what=f"a grant that ended at {ended.expires_at}")
        trial.accepts(alive)

    @_granted
    def test_a_touched_grant_is_worth_nothing(self, trial: Trial) -> None:
        """A parameter less, a signature that differs in one character: refused."""
        trial.place(KEY, BODY)
        link = trial.granting(self.folder()).sign(method=self.methods()[0])
        for name, value in parameters(link.url).items():
            bare = with_parameter(link.url, name, None)
            trial.refuses(link, url=bare, what=f"a grant without its {name}")
            if name in self.info.secret_query_keys:
                other = value[:5] + ("0" if value[5:6] != "0" else "1") + value[6:]
                forged = with_parameter(link.url, name, other)
                trial.refuses(link, url=forged, what=f"a grant with another {name}")
        if other_token := with_other_token(link.url):
            trial.refuses(link, url=other_token, what="a grant with another token")
        trial.accepts(link)

    @_granted
    @each(
        option=lambda bench: bench.options(
            bench.info.enforces - bench.narrowed - bench.unverified - bench.lacking - _OF_ONE_OBJECT
        )
    )
    def test_a_declared_option_is_enforced_by_a_grant(self, trial: Trial, option: str) -> None:
        """As by a link; or the grant refuses it by name, or names it as not enforced."""
        probe, grants = PROBES[option], trial.granting(self.folder())
        method = probe.method(self.methods())
        assert method is not None
        try:
            link = grants.sign(method=method, **probe.keywords(trial))
        except UnsupportedOptionError as error:
            assert error.option == option  # noqa: PT017 - refusing is one of three good answers
            return
        if option not in link.unenforced:
            probe.check(grants, method)

    @only(lambda bench: bench.signs() and not bench.info.prefixes)
    def test_grants_are_refused_where_there_are_none(self, trial: Trial) -> None:
        """The error names ``prefix``, and comes before anything is signed."""
        with pytest.raises(UnsupportedOptionError) as caught:
            trial.grant(FOLDER, method=self.methods()[0])
        assert (caught.value.option, caught.value.backend) == ("prefix", self.info.name)

    @only(lambda bench: bench.info.prefixes and not bench.folder())
    def test_a_grant_that_nothing_binds_is_refused_by_name(self, trial: Trial) -> None:
        """A prefix that ``narrowed`` excuses has no grant, even where the caller would go without."""
        with pytest.raises(UnsupportedOptionError) as caught:
            trial.grant(FOLDER, method=self.methods()[0], strict=False)
        assert (caught.value.option, caught.value.backend) == ("prefix", self.info.name)


def _check_no_way_out(trial: Trial, link: SignedURL, url: str, key: str) -> None:
    """Fail where a path that leads up from a grant's own URL does something to an object beside its prefix."""
    size = trial.size(key)
    for up in ("../", "%2e%2e/", "..%2f", "..%5c"):
        answer = trial.send(
            link, b"other" if link.method == "PUT" else None, url=f"{url}{up}{encode_key(key)}"
        )
        assert not (answer.accepted and link.method in ("GET", "HEAD")), (
            f"a grant led to {key} by {up}"
        )
    assert trial.size(key) == size, f"a grant changed {key}, which lies beside its prefix"
