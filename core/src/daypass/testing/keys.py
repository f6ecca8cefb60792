"""A key is what the caller wrote, to the byte: nothing folds, strips, decodes or shortens it."""

from __future__ import annotations

import pytest

from daypass.errors import InvalidPathError, ObjectNotFoundError
from daypass.store.store import Store
from daypass.testing.bench import Bench, each, only, signing
from daypass.testing.trials import BODY, Trial

__all__ = ["LOOKALIKES", "KeyRules"]

#: Pairs of keys that some encoder, proxy, filesystem or client takes for one.
LOOKALIKES = (
    ("a b", "a+b"),
    ("a%20b", "a b"),
    ("a%2Fb", "a/b"),
    ("a%252Fb", "a%2Fb"),
    ("a//b", "a/b"),
    ("/lead", "lead"),
    ("trail/", "trail"),
    ("query?x=y&z", "query"),
    ("part#1", "part"),
    ("\u00e9t\u00e9", "e\u0301te\u0301"),
    ("CaSe", "case"),
    (" space ", "space"),
    ("~-_.!*'();:@&=$,[]", "~-_"),
    ("\U0001f511/\u043a\u043b\u044e\u0447", "key"),
    ('{x}|^`<>"', "x"),
    ("x/../y", "y"),
    ("x/./y", "x/y"),
)
#: Beyond every limit that a store is known to have.
_LONG = 5000


class KeyRules(Bench):
    """Every key is its own object."""

    @only(lambda bench: bench.can("GET", "PUT"))
    def test_every_key_is_an_object_of_its_own(self, trial: Trial) -> None:
        """Keys that look alike keep their own bytes and their own metadata."""
        keys = sorted({key for pair in self._pairs() for key in pair})
        for size, key in enumerate(keys):
            trial.put(key, b"x" * size, allow_dot_segments=True)
        for size, key in enumerate(keys):
            answer = trial.accepts(trial.sign(key, allow_dot_segments=True))
            assert answer.body == b"x" * size, f"{key!r} is read as another object"
            found = trial.store.head_metadata(key)
            assert (found.key, found.size) == (trial.store.root.at(key).key, size)

    @only(lambda bench: bench.can("PUT", "DELETE"))
    def test_an_upload_makes_no_other_object(self, trial: Trial) -> None:
        """The lookalike of a key that was written does not exist, and one deleted is gone."""
        for written, other in self._pairs():
            trial.put(written, allow_dot_segments=True)
            assert trial.size(other) is None, f"{other!r} exists once {written!r} is written"
            assert trial.size(written) == len(BODY)
            trial.accepts(trial.sign(written, method="DELETE", allow_dot_segments=True))
            assert trial.size(written) is None, f"{written!r} is still there"

    @classmethod
    def _pairs(cls) -> list[tuple[str, str]]:
        return [pair for pair in LOOKALIKES if not cls.refused_keys & set(pair)]

    @signing
    @each(key=lambda bench: sorted(bench.refused_keys))
    def test_a_key_that_cannot_be_held_is_refused(self, trial: Trial, key: str) -> None:
        """Signing or reading it is an error of the path, and never leads to another object."""

        def ask() -> None:
            trial.sign(key, method=self.methods()[0], allow_dot_segments=True)
            trial.store.head_metadata(key)

        with pytest.raises(InvalidPathError):
            ask()

    @signing
    def test_dot_segments_need_consent(self, trial: Trial) -> None:
        """Most clients rewrite such keys, so they are refused unless the caller insists."""
        with pytest.raises(InvalidPathError) as caught:
            trial.sign("x/../y", method=self.methods()[0])
        assert caught.value.option == "allow_dot_segments"

    @only(lambda bench: bench.can("PUT") and bench.info.max_key_bytes)
    def test_the_longest_key_works(self, trial: Trial) -> None:
        """A key of exactly ``max_key_bytes`` can be written and is found."""
        key = self._key(trial.store, self.info.max_key_bytes or 0)
        trial.put(key)
        assert trial.size(key) == len(BODY)

    @only(lambda bench: bench.info.max_key_bytes)
    def test_a_longer_key_is_refused(self, store: Store) -> None:
        """One byte more is an error of the path, for reading as for signing."""
        key = self._key(store, (self.info.max_key_bytes or 0) + 1)
        with pytest.raises(InvalidPathError):
            store.head_metadata(key)
        if self.signs():
            with pytest.raises(InvalidPathError):
                store.create_signed_url(key, method=self.methods()[0])

    @only(lambda bench: bench.can("PUT") and bench.info.max_key_bytes)
    @only(lambda bench: "max_key_bytes" not in bench.unverified)
    def test_the_limit_on_keys_is_the_stores_own(self, trial: Trial) -> None:
        """Past the gate, a longer key does not work: the limit is no invention."""
        key = self._key(trial.store, (self.info.max_key_bytes or 0) + 1)
        try:
            link = trial.past_the_gate().sign(key, method="PUT")
        except Exception:  # noqa: BLE001 - a hook may answer what it never sees in any way
            return
        trial.refuses(link, what="a key above max_key_bytes: declare a higher limit, or none")

    @only(lambda bench: bench.can("PUT") and bench.info.max_key_bytes is None)
    def test_a_long_key_works_or_is_refused_where_no_limit_is_declared(self, trial: Trial) -> None:
        """Such a key is never signed for a link that is dead."""
        key = self._key(trial.store, _LONG)
        try:
            link = trial.sign(key, method="PUT")
        except InvalidPathError:
            return
        trial.accepts(link)

    @staticmethod
    def _key(store: Store, size: int) -> str:
        """Return a key of so many bytes, the root included, in segments that files may have."""
        size -= len(store.root.at("x").key.encode()) - 1
        segments = ("0123456789" * 19 + "/") * (size // 191 + 1)
        return segments[: size - 1] + "k"

    @each(pair=lambda _: [("CaSe", "case"), ("a b", "a+b"), ("a%20b", "a b"), ("b", "b.csv")])
    @only(lambda bench: not bench.sign_only)
    def test_metadata_is_that_of_exactly_the_key(self, trial: Trial, pair: tuple[str, str]) -> None:
        """The lookalike of an object that exists is not found."""
        there, other = pair
        trial.place(there, BODY)
        assert trial.size(there) == len(BODY)
        with pytest.raises(ObjectNotFoundError):
            trial.store.head_metadata(other)
