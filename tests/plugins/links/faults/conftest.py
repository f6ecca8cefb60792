"""The service as its other tests have it; and one for a whole module, where no test minds what the others do."""

from __future__ import annotations

from contextlib import contextmanager

import attrs
import pytest

from daypass import config
from daypass_links.server import settings
from daypass_links.server.app import application
from daypass_links.server.database.engine import opened
from daypass_links.server.run import prepared
from daypass_links.server.service import Service
from tests.plugins.links.server.conftest import (
    PROFILES,
    Clock,
    Running,
    configure,
    new_databases,
    server,
    serving,
)

__all__ = ["asked", "configure", "new_databases", "server", "serving"]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """One service for the module."""
    with running_for_long(tmp_path_factory.mktemp("asked"), PROFILES) as found:
        yield found


@contextmanager
def running_for_long(directory, text):
    """Run a service with a configuration of its own."""
    clock, file = Clock(), directory / "config.toml"
    file.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAYPASS_CONFIG", str(file))
        config._loaded.clear()
        said = settings.load()
        said = attrs.evolve(
            said, server=attrs.evolve(said.server, database=f"sqlite:///{directory / 'links.db'}")
        )
        databases = opened(*said.server.databases)
        key = prepared(databases, int(clock()))
        databases.close()
        service = Service.of(said, clock)
        yield Running(service, application(service), str(key), clock)
        service.close()
    config._loaded.clear()
