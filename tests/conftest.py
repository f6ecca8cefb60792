"""What every test may rely on: a clean environment, an empty home, and no network but loopback."""

from __future__ import annotations

import gc
import ipaddress
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.botocore_once import find_out_once

# How long an example takes is the machine's business: no test is timed. The examples are the same in every run,
# so that a change is judged by itself; ``--hypothesis-profile=explore`` looks for others, eight times as many,
# and ``nightly`` for twenty times as many.
#: Neither what draws examples nor an example has a time: no test fails since a machine is busy.
_ANY_PACE: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("daypass", **_ANY_PACE, derandomize=True, max_examples=50)
settings.register_profile("explore", **_ANY_PACE, derandomize=False, max_examples=400)
settings.register_profile("nightly", **_ANY_PACE, derandomize=False, max_examples=1000)
settings.load_profile("daypass")


def examples(number: int) -> settings:
    """Try a property on so many examples for each 100 that the profile says: half as many in every run."""
    return settings(max_examples=number * settings.default.max_examples // 100)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage among the tests, which all stay: each time it took a second and more."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Let no test leave an audit or a policy in force, which would decide those after it."""
    found = yield
    for name in ("daypass.audit.in_force", "daypass.policy.in_force"):
        if name in sys.modules and sys.modules[name]._application:
            sys.modules[name]._application = []
            pytest.fail(f"{item.nodeid} has left something of {name} in force")
    return found


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no module for which what it needs may not be installed: with ``-m isolated`` one without such a test, and those of ``engines``, ``marimo`` and ``figures`` without a ``-m`` that names them."""
    for own in ("engines", "marimo", "figures"):
        if Path(__file__).with_name(own) in (collection_path, *collection_path.parents):
            return config.option.markexpr != own or None
    if config.option.markexpr == "isolated" and collection_path.suffix == ".py":
        return "pytest.mark.isolated" not in collection_path.read_text() or None
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[object]:
    """Hold for all tests of this process what fixtures that are asked for with each of 20,000 would cost seconds for."""
    if session.config.pluginmanager.has_plugin("dsession"):  # its workers run the tests
        return (yield)
    # Commands under test hear Ctrl-C, though a shell that starts the tests in the background makes them deaf to it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        pytest.MonkeyPatch.context() as patch,
    ):
        _clean_environment(patch, home)
        _loopback_only(patch)
        find_out_once(patch.setattr)
        return (yield)


def _clean_environment(patch: pytest.MonkeyPatch, home: str) -> None:
    """No home of the person who runs the tests is visible in them; ``conftest.py`` above has removed the variables."""
    for name in ("HOME", "USERPROFILE"):
        patch.setenv(name, home)
    # An empty home has no files that they would have to turn away.
    for name in (
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "FSSPEC_CONFIG_DIR",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
    ):
        patch.delenv(name, raising=False)


def _loopback_only(patch: pytest.MonkeyPatch) -> None:
    """A test that reaches for anything but loopback fails, whatever catches its errors."""

    def guarded(original, host_of):
        def call(*args, **kwargs):
            host = host_of(args)
            if not _is_loopback(host):
                pytest.fail(f"a test reached for the network: {host!r}")
            return original(*args, **kwargs)

        return call

    def address(args):
        return "localhost" if args[0].family == socket.AF_UNIX else args[-1][0]

    for name in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name), address))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        patch.setattr(socket, name, guarded(getattr(socket, name), lambda args: args[0]))


def _is_loopback(host: object) -> bool:
    text = host.decode() if isinstance(host, bytes) else host
    if text in (None, "", "localhost", "0.0.0.0", "::"):
        return True
    if not isinstance(text, str) or text.endswith(".localhost"):
        return isinstance(text, str)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False
