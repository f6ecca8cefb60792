"""The other half of the contract: a backend that cannot sign says so, and why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from daypass.errors import SigningNotSupportedError
from daypass.model.requests import make_request
from daypass.store.store import Store
from daypass.testing import networks
from daypass.testing.bench import Bench, each, only
from daypass.testing.trials import KEY, METHODS, hooked

__all__ = ["RefusingRules"]

refusing = only(lambda bench: not bench.signs())


class RefusingRules(Bench):
    """What a backend without any method owes its caller."""

    @refusing
    @each(method=lambda _: METHODS)
    def test_it_says_why_it_cannot_sign(self, store: Store, method: str) -> None:
        """The error is a NotImplementedError that gives the declared reason, and asks nobody."""
        with networks.without() as tried, pytest.raises(SigningNotSupportedError) as caught:
            store.create_signed_url(KEY, method=method)
        assert not tried
        assert isinstance(caught.value, NotImplementedError)
        assert self.info.why_not, "declare why_not: why it cannot, and what to do instead"
        assert self.info.why_not in str(caught.value)

    @refusing
    def test_it_says_so_in_bulk(self, store: Store) -> None:
        """Many keys are refused as one is."""
        with pytest.raises(SigningNotSupportedError):
            store.create_signed_urls([KEY, "k"])

    @refusing
    def test_it_declares_no_options(self) -> None:
        """Nothing can be enforced by links that do not exist."""
        assert not self.info.enforces
        assert not self.info.max_expires_in
        assert not self.info.secret_query_keys

    @refusing
    @each(method=lambda _: METHODS)
    def test_it_has_no_hook_that_signs(self, store: Store, method: str) -> None:
        """Past the gate no link comes either."""
        request = make_request({"method": method}).resolve(datetime.now(UTC))
        try:
            link = hooked(store.backend, store.root.at(KEY), request)
        except SigningNotSupportedError:
            return
        assert link is None, f"it signs {method}: declare it in methods"
