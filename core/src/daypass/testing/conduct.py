"""How a backend behaves: alone with its inputs, in threads, in bulk, without network, at import."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from fsspec.config import conf

from daypass.backends.filesystems import protocols
from daypass.errors import (
    CredentialsError,
    DaypassError,
    DeadlineError,
    PluginError,
    ShortLivedURLError,
    ShortLivedURLWarning,
)
from daypass.hookspecs.backend_info import BackendInfo
from daypass.model.links import REQUESTED, SignedURL
from daypass.store.store import Store
from daypass.testing import networks
from daypass.testing.bench import Bench, each, only, signing
from daypass.testing.probes import PROBES
from daypass.testing.trials import KEY, Trial, changed, hooked
from daypass.toolkit.deadlines import at_once

__all__ = ["ConductRules"]

KEYS = (
    "k",
    KEY,
    "a b",
    "a+b",
    "a%2Fb",
    "\u00e9",
    "a//b",
    *(f"part-{n}.parquet" for n in range(25)),
)
#: Options that bulk is tried with, where a backend has them.
BULK = ("content_type", "metadata", "filename", "starts_at")
_THREADS = 8
#: What a plugin's module may import, beside the standard library and its own package.
_LIGHT = frozenset({"attr", "attrs", "daypass", "pluggy"})
_IMPORT = """
import sys
before = set(sys.modules)
import importlib
importlib.import_module({module!r})
print(*sorted({{name.partition(".")[0] for name in set(sys.modules) - before}}))
"""


class ConductRules(Bench):
    """Same input, same link; whoever asks, and however many at once."""

    @only(lambda bench: bench.holds("signing_time"))
    @each(method=lambda bench: bench.methods())
    def test_the_same_input_gives_the_same_link(self, trial: Trial, method: str) -> None:
        """Clock and credentials are inputs, and there is no other: asked twice, and anew."""
        links = [self._signed(store, trial, method) for store in (trial.store, trial.store)]
        links.append(self._signed(changed(trial.store), trial, method))
        same = links[0] == links[1] == links[2]
        assert same, "asked the same twice, it made two different links"

    @only(lambda bench: bench.holds("signing_time") and bench.signs_offline)
    @each(method=lambda bench: bench.methods())
    def test_threads_get_the_links_that_one_gets(self, trial: Trial, method: str) -> None:
        """Many threads at one store that has prepared nothing: none gets another's link."""
        expected = self._signed(trial.store, trial, method)
        fresh = changed(trial.store)
        barrier = threading.Barrier(_THREADS)
        found: list[list[SignedURL] | BaseException] = [[] for _ in range(_THREADS)]

        def work(number: int) -> None:
            barrier.wait()
            try:
                found[number] = self._signed(fresh, trial, method, start=number)
            except BaseException as error:  # noqa: BLE001 - shown by the assertion below
                found[number] = error

        threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(_THREADS)]
        with _eager_threads():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        for links in found:
            assert not isinstance(links, BaseException), repr(links)
            same = links == expected
            assert same, "a thread got another link than a single caller gets"

    @only(lambda bench: bench.holds("signing_time"))
    @each(method=lambda bench: bench.methods())
    def test_bulk_gives_the_links_of_single_calls(self, trial: Trial, method: str) -> None:
        """Row by row and field by field, without options and with each that the backend has."""
        asked: list[dict[str, Any]] = [
            {},
            *(PROBES[name].keywords(trial) for name in BULK if self._takes(name, method)),
        ]
        at: dict[str, Any] = {
            "method": method,
            "signing_time": trial.now,
            "expires_in": trial.lifetime,
        }
        for options in asked:
            many = trial.store.create_signed_urls(KEYS, **at, **options)
            for key, link in zip(KEYS, many, strict=True):
                same = link == trial.store.create_signed_url(key, **at, **options)
                assert same, f"{key!r} has another link in bulk, asked with {list(options)}"

    def _takes(self, option: str, method: str) -> bool:
        return self.holds(option) and method in PROBES[option].methods

    @signing
    @each(method=lambda bench: bench.methods())
    def test_bulk_answers_row_by_row(self, trial: Trial, method: str) -> None:
        """Each row is for its own key, and carries the headers of a single call."""
        many = trial.store.create_signed_urls(KEYS, method=method, expires_in=trial.lifetime)
        assert [link.path for link in many] == [trial.store.root.at(key).path for key in KEYS]
        assert many.headers == trial.sign(method=method).headers
        assert {link.permits for link in many} == {trial.sign(method=method).permits}

    @only(lambda bench: bench.signs() and bench.signs_offline)
    @each(method=lambda bench: bench.methods())
    def test_signing_needs_no_network(self, trial: Trial, method: str) -> None:
        """A store that has never been used signs on a machine without any network."""
        with networks.without() as tried:
            links = [trial.sign(key, method=method) for key in KEYS]
        assert not tried, f"signing used the network: {', '.join(tried)}"
        assert len(links) == len(KEYS)

    @only(lambda bench: bench.signs() and not bench.signs_offline)
    def test_a_credential_that_needs_the_network_says_so_without(self, trial: Trial) -> None:
        """No unsigned link and no SDK's exception; and it does need it, as the class says."""
        hasty = trial.at(deadline=self.deadline)
        with networks.without() as tried, pytest.raises(DaypassError) as caught:
            hasty.sign(method=self.methods()[0])
        assert tried, "this credential signs offline: take out signs_offline = False"
        assert not isinstance(caught.value, PluginError), caught.value

    @only(lambda bench: bench.signs() and not bench.signs_offline)
    def test_signing_ends_within_the_deadline(self, trial: Trial) -> None:
        """On a network where nobody answers, it is a DeadlineError, and in time."""
        slow = changed(trial.store, deadline=self.deadline)
        with networks.hanging():
            _, error = networks.finished(
                lambda: slow.create_signed_url(
                    KEY, method=self.methods()[0], expires_in=trial.lifetime
                ),
                self.deadline,
            )
        assert isinstance(error, DeadlineError), f"it ended with {error!r}"

    @only(lambda bench: bench.signs() and not bench.signs_offline)
    def test_who_serves_others_meanwhile_is_told_at_once(self, trial: Trial) -> None:
        """Inside `at_once` it is a DeadlineError before anybody is asked, so that an event loop goes on."""
        with networks.without() as tried, at_once, pytest.raises(DeadlineError):
            trial.sign(method=self.methods()[0])
        assert not tried, (
            f"it asked {', '.join(tried)}: go by Deadline.run, or call check_may_wait before"
        )

    def test_describing_needs_no_network(self, store: Store) -> None:
        """The declaration is a constant, made once and without asking anybody."""
        module = sys.modules[store.backend.plugin]
        with networks.without() as tried:
            again = module.describe_backend()
        assert not tried
        assert isinstance(again, BackendInfo)
        assert again.name == self.info.name

    def test_importing_the_plugin_is_light(self, store: Store) -> None:
        """Its module imports the SDK inside the hooks: only then is it paid for."""
        plugin = store.backend.plugin
        done = subprocess.run(  # noqa: S603 - this very Python
            [sys.executable, "-c", _IMPORT.format(module=plugin)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        allowed = _LIGHT | sys.stdlib_module_names | {plugin.partition(".")[0]}
        heavy = {name for name in done.stdout.split() if not name.startswith("_")} - allowed
        assert not heavy, f"importing {plugin} imports {', '.join(sorted(heavy))}"

    def _signed(self, store: Store, trial: Trial, method: str, start: int = 0) -> list[SignedURL]:
        """Sign every key at one instant, beginning with one of them."""
        request = trial.resolved(method=method)
        order = [*KEYS[start:], *KEYS[:start]]
        made = {key: hooked(store.backend, store.root.at(key), request) for key in order}
        return [link for key in KEYS if (link := made[key]) is not None]


#: For rules about a filesystem that a caller hands over: where the protocol has one, and signing is repeatable.
_with_fs = only(
    lambda bench: (
        bench.signs()
        and bench.signs_offline
        and bench.holds("signing_time")
        and bench.has_filesystem()
    )
)


class CredentialRules(Bench):
    """Of a filesystem that the caller hands over; nothing to sign with, or not for long."""

    @_with_fs
    @each(method=lambda bench: bench.methods())
    def test_a_filesystem_that_is_given_signs_the_same_links(
        self, trial: Trial, method: str
    ) -> None:
        """``fs=`` is another way to say what its options say: the same place, and the same credentials."""
        assert _same(trial, _handed_over(trial.store), method), (
            "with fs= it made another link than with the options that the filesystem was opened with"
        )

    @_with_fs
    def test_a_filesystem_that_is_given_outranks_fsspecs_configuration(
        self, trial: Trial, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What fsspec would open another one with is not that filesystem's."""
        given = _handed_over(trial.store)
        options = trial.store.location.storage_options.items()
        others = {name: f"other-{value}" for name, value in options if isinstance(value, str)}
        for protocol in protocols(given.location.fs):
            monkeypatch.setitem(conf, protocol, others)
        same = _same(trial, given, self.methods()[0])
        assert same, "fsspec's configuration went before the filesystem that was given"

    @_with_fs
    def test_no_second_filesystem_is_opened_for_its_credentials(
        self, trial: Trial, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The credentials are those that it holds: who looks them up again may find others."""
        given = _handed_over(trial.store)
        opened: list[str] = []

        def refuse(fs: object, *_: object, **__: object) -> None:
            opened.append(type(fs).__name__)
            msg = "a second filesystem is opened"
            raise OSError(msg)

        with monkeypatch.context() as patch:
            patch.setattr(type(given.location.fs), "__init__", refuse)
            try:
                same = _same(trial, given, self.methods()[0])
            except (DaypassError, OSError):
                same = False
        assert not opened, f"it opened another {opened[0]}"
        assert same

    @only(lambda bench: bench.signs() and bench.gives("dead_credentials"))
    def test_nothing_is_signed_with_dead_credentials(
        self, dead_credentials: Sequence[Store]
    ) -> None:
        """A missing, anonymous or ended credential is an error, never a link."""
        assert dead_credentials
        for store in dead_credentials:
            with pytest.raises(CredentialsError):
                store.create_signed_url(KEY, method=self.methods()[0], expires_in=60)

    @only(lambda bench: bench.signs() and bench.gives("ending_credentials"))
    def test_no_link_claims_to_outlive_its_credentials(
        self, ending_credentials: tuple[Store, datetime]
    ) -> None:
        """It ends with them, says why, and warns; or is refused where the caller said so."""
        store, end = ending_credentials
        method = self.methods()[0]
        after = end + timedelta(minutes=10)
        with pytest.warns(ShortLivedURLWarning):
            link = store.create_signed_url(KEY, method=method, expires_at=after)
        assert link.expires_at <= end
        assert link.expires_because != REQUESTED
        with pytest.raises(ShortLivedURLError):
            store.create_signed_url(KEY, method=method, expires_at=after, on_short="raise")


def _handed_over(store: Store) -> Store:
    """Return the same store, whose caller hands its filesystem over in place of options."""
    fs = store.location.fs
    return changed(store, has_fs=True, storage_options={}, open=lambda: fs)


def _same(trial: Trial, given: Store, method: str) -> bool:
    request = trial.resolved(method=method)
    one, other = (
        hooked(store.backend, store.root.at(KEY), request) for store in (given, trial.store)
    )
    return one == other


@contextmanager
def _eager_threads() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
