"""What is said of an object: normalised, fresh, complete, and an error of its own where it is missing."""

from __future__ import annotations

import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from daypass.errors import DaypassError, DeadlineError, ObjectNotFoundError
from daypass.model.metadata import ObjectMetadata
from daypass.model.options import OF_READING
from daypass.store.store import Store
from daypass.testing import networks
from daypass.testing.bench import Bench, each, only
from daypass.testing.probes import MD5, PROBES
from daypass.testing.trials import BODY, KEY, Trial, changed

__all__ = ["MetadataRules"]

#: How far the clocks of a store and of the tests may lie apart.
_SKEW = timedelta(minutes=5)
_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "md5": lambda body: hashlib.md5(body, usedforsecurity=False).digest(),
    "sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
}

Place = Callable[[str, bytes], object]
offered = only(lambda bench: not bench.sign_only)
#: For rules about how an object is asked for: a signer asks for none.
reads = only(lambda bench: not bench.sign_only and not bench.signer)


def _verified(bench: type[Bench]) -> frozenset[str]:
    return bench.info.enforces - bench.unverified - bench.lacking


class MetadataRules(Bench):
    """``head_metadata`` on a store that has objects."""

    @offered
    def test_metadata_is_normalised(self, store: Store, place: Place) -> None:
        """Path, key, size, types, times in UTC and ETags without quotes: the same on every store."""
        place(KEY, BODY)
        found = store.head_metadata(KEY)
        assert type(found) is ObjectMetadata
        assert found.path == store.root.at(KEY).path
        assert found.path.endswith(f"/{found.key}")
        assert found.key.endswith(KEY)
        assert type(found.size) is int
        assert found.size == len(BODY)
        for name in ("last_modified", "created", "expires_at"):
            moment = getattr(found, name)
            assert moment is None or moment.utcoffset() == timedelta(0), f"{name} is not in UTC"
        for name in ("last_modified", "created"):
            moment = getattr(found, name)
            assert moment is None or abs(moment - datetime.now(UTC)) < _SKEW, f"{name}: {moment}"
        assert '"' not in (found.etag or ""), f"take the quotation marks off the etag {found.etag}"
        for field in attrs.fields(ObjectMetadata):
            value = getattr(found, field.name)
            if str(field.type) in ("str", "str | None"):
                assert type(value) in (str, type(None)), f"{field.name} is {value!r}"
                assert value != "", f"{field.name} is empty: None says that nothing is known"
        json.dumps(found.to_dict())

    @offered
    def test_an_empty_object_is_an_object(self, store: Store, place: Place) -> None:
        """Its size is 0, and not None."""
        place(KEY, b"")
        assert store.head_metadata(KEY).size == 0

    @offered
    def test_checksums_are_those_of_the_content(self, store: Store, place: Place) -> None:
        """Those told are base64 by lower-case algorithm, and right; an ETag is never taken for one."""
        place(KEY, BODY)
        found = store.head_metadata(KEY)
        assert found.content_md5 in (None, MD5)
        for name, value in found.checksums.items():
            assert name == name.lower()
            assert b64encode(b64decode(value)).decode() == value
            if name in _DIGESTS:
                assert b64decode(value) == _DIGESTS[name](BODY), f"a wrong {name}"

    @only(lambda bench: bench.can("PUT"))
    def test_user_metadata_is_in_lower_case(self, trial: Trial) -> None:
        """Names that are sent in upper case come back folded, values as they are."""
        trial.put(metadata={"Run": "Forty-Two"}, strict=False)
        assert trial.store.head_metadata(KEY).metadata.get("run") == "Forty-Two"

    @offered
    def test_metadata_is_never_stale(self, store: Store, place: Place, trial: Trial) -> None:
        """An object that somebody else has replaced is described as it is now."""
        place(KEY, BODY)
        before = store.head_metadata(KEY)
        if self.can("PUT"):
            trial.put(KEY, b"newer")  # through a link: no cache in this process sees it
        else:
            place(KEY, b"newer")
        after = store.head_metadata(KEY)
        assert after.size == len(b"newer")
        assert before.etag is None or before.etag != after.etag

    @only(lambda bench: bench.can("DELETE"))
    def test_a_deleted_object_is_gone(self, trial: Trial) -> None:
        """No cache remembers it."""
        trial.place(KEY, BODY)
        assert trial.size() == len(BODY)
        trial.accepts(trial.sign(method="DELETE"))
        assert trial.size() is None

    @offered
    def test_a_missing_object_has_an_error_of_its_own(self, store: Store) -> None:
        """It is an ObjectNotFoundError (a FileNotFoundError), or None where that was asked for."""
        with pytest.raises(ObjectNotFoundError, match="missing"):
            store.head_metadata("missing")
        assert store.head_metadata("missing", missing_ok=True) is None

    @offered
    def test_a_prefix_is_no_object(self, store: Store, place: Place) -> None:
        """What only has objects below it does not exist, with and without the slash."""
        place("above/below", BODY)
        for key in ("above", "above/", "above/below/"):
            with pytest.raises(ObjectNotFoundError):
                store.head_metadata(key)

    @reads
    @each(option=lambda bench: sorted(_verified(bench).intersection(OF_READING)))
    def test_a_declared_option_goes_with_the_metadata_too(self, trial: Trial, option: str) -> None:
        """What a link for the object can be asked for, its metadata can."""
        asked = PROBES[option].keywords(trial)
        if option == "encryption_key" and self.can("PUT"):
            trial.put(**asked)  # a key that is not the object's own is refused
        else:
            trial.place(KEY, BODY)
        found = trial.store.head_metadata(KEY, **asked)
        assert found.size == len(BODY)

    @reads
    @only(lambda bench: "headers" in _verified(bench))
    def test_a_header_reaches_the_store_with_the_metadata_too(self, trial: Trial) -> None:
        """A store that is asked for another object than it has (If-Match, RFC 9110) says so."""
        trial.place(KEY, BODY)
        with pytest.raises(DaypassError):
            trial.store.head_metadata(KEY, headers={"If-Match": '"of-another-object"'})

    @offered
    def test_reading_ends_within_the_deadline(self, store: Store) -> None:
        """On a network where nobody answers, a backend that uses it gives up in time."""
        slow = changed(store, deadline=self.deadline)
        with networks.hanging() as made:
            _, error = networks.finished(
                lambda: slow.head_metadata(KEY, missing_ok=True), self.deadline
            )
        assert error is None or isinstance(error, DaypassError)
        assert isinstance(error, DeadlineError) or not made, f"it ended with {error!r}"

    @offered
    def test_an_unreachable_store_is_a_daypass_error(self, store: Store) -> None:
        """Without any network a backend that needs it says so, and leaks no SDK's exception."""
        hasty = changed(store, deadline=self.deadline)
        with networks.without() as tried:
            _, error = networks.finished(
                lambda: hasty.head_metadata(KEY, missing_ok=True), self.deadline
            )
        assert error is None or isinstance(error, DaypassError)
        assert error is not None or not tried
        assert not isinstance(error, ObjectNotFoundError), "unreachable is not missing"
