"""A home, a project and an environment of the test's own, and nothing kept from the test before."""

from __future__ import annotations

import pytest

from daypass import config


class Places:
    """Where configuration may lie, and a way to write it there."""

    def __init__(self, root, monkeypatch):
        self._patch = monkeypatch
        self.user = root / "home" / "config" / "daypass" / "config.toml"
        self.project = root / "home" / "project" / "daypass.toml"
        self.named = root / "named.toml"
        for path in (self.user, self.project):
            path.parent.mkdir(parents=True)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(self.user.parents[1]))
        monkeypatch.setenv("HOME", str(root / "home"))
        monkeypatch.chdir(self.project.parent)

    def write(self, *, user=None, project=None, named=None):
        """Write the files that are given, as text or bytes, and forget what was read before."""
        for path, text in ((self.user, user), (self.project, project), (self.named, named)):
            if text is not None:
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if named is not None:
            self._patch.setenv("DAYPASS_CONFIG", str(self.named))
        config._loaded.clear()

    def set(self, **variables):
        """Set environment variables."""
        for name, value in variables.items():
            self._patch.setenv(name, value)


@pytest.fixture
def places(tmp_path, monkeypatch):
    config._loaded.clear()
    yield Places(tmp_path, monkeypatch)
    config._loaded.clear()


@pytest.fixture
def faults(places):
    """Write files and return all that is wrong with them, as text."""

    def check(**files):
        places.write(**files)
        _, made, found = config.check()
        assert (made is None) is bool(found)
        for error in found:
            assert str(error).startswith(str(error.file).partition(" and ")[0])
        return [str(error) for error in found]

    return check
