"""Each option is enforced, or refused by name, or named as not enforced: never quietly dropped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from daypass.errors import InvalidRequestError, UnsupportedOptionError
from daypass.model.options import DESCRIBING, LISTING_ONLY, RESTRICTING
from daypass.testing.bench import Bench, each, only, served, signing
from daypass.testing.probes import ELSEWHERE, PROBES
from daypass.testing.trials import BODY, KEY, Trial

__all__ = ["OptionRules"]
#: How addresses around one can be written.
_FORMS: dict[str, Callable[[str], str]] = {
    "network of one": lambda address: str(ip_network(address)),
    "network": lambda address: str(_network(address)),
    "range of one": lambda address: f"{address}-{address}",
    "range": lambda address: "-".join(str(_network(address)[end]) for end in (0, -1)),
    "uneven range": lambda address: "-".join(str(_network(address)[end]) for end in (1, -2)),
}


def _network(address: str) -> IPv4Network | IPv6Network:
    """Return the 16 addresses around one."""
    alone = ip_network(address)
    return alone.supernet(new_prefix=alone.max_prefixlen - 4)


class OptionRules(Bench):
    """What is declared holds, what holds is declared, and the rest is refused."""

    @signing
    def test_every_declared_option_goes_with_a_declared_method(self) -> None:
        """An option of uploads is declared by a backend that signs uploads, and so on."""
        known = {*self.options(PROBES)}
        if "LIST" in self.info.methods - self.narrowed:
            known.update(LISTING_ONLY)
        unknown = self.info.enforces - known
        assert not unknown, f"no link can be asked for {sorted(unknown)}"

    @served
    @each(
        option=lambda bench: bench.options(
            bench.info.enforces - bench.narrowed - bench.unverified - bench.lacking
        )
    )
    def test_a_declared_option_is_enforced(self, trial: Trial, option: str) -> None:
        """With it a link works as made, and not for a holder who leaves it out or breaks it."""
        PROBES[option].check(trial, self._method(option))

    @signing
    @each(option=lambda bench: bench.options(bench.info.enforces - bench.narrowed))
    def test_a_declared_option_is_part_of_the_link(self, trial: Trial, option: str) -> None:
        """The link differs from one without it, and does not name it as unenforced."""
        link, _ = PROBES[option].check_bound(trial, self._method(option))
        assert option not in link.unenforced

    @only(lambda bench: bench.served() and bench.holds("ip_range"))
    @only(lambda bench: "ip_range" not in bench.unverified)
    @each(form=lambda _: _FORMS)
    def test_every_form_of_addresses_works_or_is_refused(self, trial: Trial, form: str) -> None:
        """A range is never signed for a link that is dead, or that opens to more than the range."""
        method = self.methods()[0]
        trial.place(KEY, BODY)
        try:
            here, there = (
                trial.sign(method=method, ip_range=_FORMS[form](address))
                for address in (trial.address, ELSEWHERE)
            )
        except (InvalidRequestError, UnsupportedOptionError) as error:
            assert error.option == "ip_range"  # noqa: PT017 - refusing is one of two good answers
            return
        trial.refuses(there, what=f"a link for {_FORMS[form](ELSEWHERE)}")
        trial.accepts(here)

    @served
    @each(option=lambda bench: bench.options(bench.unverified & bench.info.enforces))
    def test_an_unverified_option_works(self, trial: Trial, option: str) -> None:
        """What the server does not check, it at least accepts."""
        method = self._method(option)
        if method != "PUT":
            trial.place(KEY, BODY)
        PROBES[option].accept(trial, method)

    @served
    @each(option=lambda bench: bench.options(bench.unverified & bench.info.enforces))
    def test_an_unverified_option_is_not_verified(self, trial: Trial, option: str) -> None:
        """An option that the server does check is struck off ``unverified``."""
        assert not self._works(trial, option), f"{option} is enforced: strike it off unverified"

    @served
    @each(option=lambda bench: bench.options(bench.lacking))
    def test_an_option_that_the_server_lacks_does_not_work(self, trial: Trial, option: str) -> None:
        """An option that the server does have is struck off ``lacking``."""
        assert not self._works(trial, option), f"{option} is enforced: strike it off lacking"

    @served
    @each(option=lambda bench: bench.undeclared())
    def test_an_option_that_works_is_declared(self, trial: Trial, option: str) -> None:
        """Asked past the gate for what is not declared, no link comes that enforces it."""
        assert not self._works(trial.past_the_gate(), option), (
            f"{option} is enforced: declare it in enforces"
        )

    @signing
    @each(option=lambda bench: bench.undeclared())
    def test_an_undeclared_option_is_refused_by_name(self, trial: Trial, option: str) -> None:
        """The error names option and backend; what only describes an upload is named as unenforced."""
        self._check_not_enforced(trial, option)

    @signing
    @each(option=lambda bench: bench.options(bench.narrowed))
    def test_a_narrowed_option_is_refused_by_name(self, trial: Trial, option: str) -> None:
        """So is what this very credential cannot have, and strict=False goes without it."""
        self._check_not_enforced(trial, option)

    @served
    @each(option=lambda bench: bench.options(bench.narrowed))
    def test_a_narrowed_option_does_not_work(self, trial: Trial, option: str) -> None:
        """An option that this credential has is struck off ``narrowed``."""
        assert not self._works(trial.past_the_gate(), option), (
            f"{option} is enforced: strike it off narrowed"
        )

    @signing
    @each(
        option=lambda bench: [
            name
            for name in bench.options(RESTRICTING)
            if name in bench.narrowed or name not in bench.info.enforces
        ]
    )
    def test_a_waived_restriction_is_named(self, trial: Trial, option: str) -> None:
        """With strict=False the link is made, and says what it does not enforce."""
        link = trial.sign(
            method=self._method(option), strict=False, **PROBES[option].keywords(trial)
        )
        assert option in link.unenforced

    @only(lambda bench: bench.can("PUT") and bench.options(DESCRIBING))
    @each(
        option=lambda bench: [
            name for name in ("content_type", "metadata") if not bench.holds(name)
        ]
    )
    def test_a_description_arrives(self, trial: Trial, option: str) -> None:
        """Unenforced, it is still among the headers, and the store keeps what a holder sends."""
        link = trial.sign(method="PUT", **PROBES[option].keywords(trial))
        trial.accepts(link)
        kept = getattr(trial.store.head_metadata(KEY), option)
        assert kept == {"content_type": "text/csv", "metadata": {"run": "42"}}[option]

    def _method(self, option: str) -> str:
        return PROBES[option].method(self.methods()) or "GET"

    def _works(self, trial: Trial, option: str) -> bool:
        """Tell whether the very probe of declared options is content."""
        with suppress(Exception):  # a hook may answer what it never sees in any way
            PROBES[option].check(trial, self._method(option))
            return True
        return False

    def _check_not_enforced(self, trial: Trial, option: str) -> None:
        if option in DESCRIBING:
            self._check_description(trial, option)
            return
        with pytest.raises(UnsupportedOptionError) as caught:
            trial.sign(method=self._method(option), **PROBES[option].keywords(trial))
        assert (caught.value.option, caught.value.backend) == (option, self.info.name)

    def _check_description(self, trial: Trial, option: str) -> None:
        """Fail where a description is dropped without a word."""
        asked = PROBES[option].keywords(trial)
        link = trial.sign(method="PUT", strict=False, **asked)
        assert option in link.unenforced
        if asked.keys() <= self.info.enforces | DESCRIBING:  # else the gate has left it out
            plain = trial.sign(method="PUT")
            assert link.headers.keys() > plain.headers.keys(), f"no header carries {option}"
