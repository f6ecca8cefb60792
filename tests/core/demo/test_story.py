import json
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest

from daypass.backends.loading import registry
from daypass.cli.run import run
from daypass.demo import story
from daypass.demo.server import swift
from daypass.errors import PluginError

DAYPASS = str(Path(sys.executable).with_name("daypass"))


@pytest.fixture
def kept_environment(monkeypatch):
    """Take back what the demo, run in this very process, does to the environment."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "FSSPEC_CONFIG_DIR"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("DAYPASS_PLUGINS", "daypass-s3")  # what others go on to, they test


@pytest.fixture
def scratch(tmp_path):
    """A place for temporary files, in which leftovers show."""
    place = tmp_path / "scratch"
    place.mkdir()
    return place


@pytest.fixture
def environment(tmp_path, scratch):
    """Settings that would lead astray who listens to them."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(scratch),
        "AWS_PROFILE": "no-such-profile",
        "AWS_ENDPOINT_URL": "http://192.0.2.1",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "FSSPEC_S3_ENDPOINT_URL": "http://192.0.2.1",
        "http_proxy": "http://192.0.2.1:9",
        "DAYPASS_PLUGINS": "daypass-s3",
    }


def test_every_step_does_what_it_should(environment, scratch):
    done = subprocess.run(
        [DAYPASS, "demo"], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(": ok\n") == 8
    for word in ("200 OK", "403 Forbidden, SignatureDoesNotMatch", "403 Forbidden, AccessDenied"):
        assert word in done.stdout
    assert "What to try next" in done.stdout
    assert "Signature=" not in done.stdout
    assert "hunter2" not in done.stdout
    assert list(scratch.iterdir()) == []


def test_as_json(environment):
    done = subprocess.run(
        [DAYPASS, "demo", "--json"],
        check=False, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert [step["step"] for step in steps] == list(range(1, 9))
    assert all(step["good"] for step in steps)
    assert [step["status"] for step in steps] == [None, 200, None, 200, 403, 403, 403, 403]


#: The demo, which stands still where it would use its first link.
STANDING = """
import signal, sys
from daypass.cli import main
from daypass.demo import story
story._use = lambda *arguments, **options: signal.pause()
sys.argv = ["daypass", "demo"]
sys.exit(main())
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_cleans_up(environment, scratch, end):
    with subprocess.Popen(
        [sys.executable, "-P", "-c", STANDING],
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while "1." not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(end)
        _, told = process.communicate(timeout=30)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: -15}[end]
    assert "Traceback" not in told
    limit = time.monotonic() + 20
    while list(scratch.iterdir()):  # the server itself cleans up after a killed parent
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_step_that_goes_wrong_is_told_and_ends_with_1(capsys, monkeypatch, kept_environment):
    def too_kind(*arguments, **options):
        return attrs.evolve(use(*arguments, **options), status=200, code=None)

    use = story._use
    monkeypatch.setattr(story, "_use", too_kind)
    assert run(["demo"]) == 1
    told = capsys.readouterr()
    assert told.out.count(": ok\n") == 4
    assert told.out.count(": NOT AS IT SHOULD BE\n") == 4
    assert "What to try next" not in told.out
    assert told.err == "daypass: error: the demo did not go as it should: see the steps above\n"


def test_a_store_that_refuses_everything_is_told_step_by_step():
    with swift() as server:
        steps = list(story.tell(attrs.evolve(server, secret="wrong")))
    assert len(steps) == 8
    assert not any(step.good for step in steps[:4])
    assert all(step.lines for step in steps)


def test_installed_packages_go_on_with_the_story(monkeypatch):
    def told(server):
        yield story.Step("More", good=True, lines=[server])

    def go_on(**functions):
        monkeypatch.setitem(sys.modules, "acme_demo", SimpleNamespace(**functions))
        entry = EntryPoint("acme", "acme_demo", "daypass.demos")
        with monkeypatch.context() as patch:
            patch.setattr(registry, "claims", lambda _: {"acme": [entry]})
            return list(story.go_on("the server"))

    assert go_on(tell=told) == [story.Step("More", good=True, lines=["the server"])]
    with pytest.raises(PluginError, match="no function tell"):
        go_on()
    monkeypatch.setenv("DAYPASS_PLUGINS", "daypass-s3")
    assert go_on(tell=told) == []


def test_without_swift_it_is_5_and_says_what_to_install(capsys, monkeypatch, kept_environment):
    from daypass.demo import server

    monkeypatch.setattr(server.importlib.util, "find_spec", lambda _: None)
    assert run(["demo"]) == 5
    assert capsys.readouterr().err == _MISSING


def test_without_the_backend_one_command_installs_that_and_the_server(
    capsys, monkeypatch, kept_environment
):
    from daypass.backends import loading

    monkeypatch.setattr(loading.registry, "backend", loading.Registry(lambda **_: []).backend)
    assert run(["demo"]) == 5
    assert capsys.readouterr().err == _MISSING


_MISSING = "daypass: error: the demo needs OpenStack Swift and the S3 backend: pip install 'daypass[demo]'\n"


def test_a_place_that_swift_cannot_use_is_1(capsys, monkeypatch, kept_environment):
    from daypass.demo import server

    def refuse(_):
        msg = "files below there cannot have extended attributes"
        raise server.ServerError(msg)

    monkeypatch.setattr(server, "_check_attributes", refuse)
    assert run(["demo"]) == 1
    assert "extended attributes" in capsys.readouterr().err
