"""What comes by stdin, where there is none."""

from __future__ import annotations

import io

import pytest

from daypass.cli.run import run


@pytest.fixture(params=["closed at the start", "closed"])
def closed(request, monkeypatch):
    """No stdin: as a shell leaves it by ``<&-``, and as a program does."""
    stdin = None if request.param == "closed at the start" else io.StringIO()
    if stdin is not None:
        stdin.close()
    monkeypatch.setattr("sys.stdin", stdin)


@pytest.mark.parametrize(
    "words",
    [
        ["put", "-", "s3://maps/a.csv"],
        ["explain", "-"],
        ["sign", "--from", "-:path", "--expires-in", "1h"],
    ],
)
def test_a_closed_stdin_is_said_to_be_closed(closed, capsys, words):
    assert run(words) == 2
    assert "stdin is closed" in capsys.readouterr().err
