"""The page on many processes has settings that are taken, and says what the command says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from daypass_links.server import settings
from daypass_links.server.check import check
from tests.plugins.links.server.conftest import POLICY

PAGE = (Path(__file__).parents[4] / "docs" / "how-to" / "from-one-process-to-many.md").read_text()


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_its_settings_are_taken(configure, text):
    configure(text)
    server = settings.load().server
    assert "secret" not in repr(server)
    assert "links@db" not in repr(server)
    assert server != settings.Server()


def test_what_check_says_of_quotas_is_as_it_stands_there(configure, tmp_path):
    configure(f'[server]\nworkers = 2\ndatabase = "sqlite:///{tmp_path}/links.db"\n{POLICY % 4}')
    (found,) = [one for one in check() if one.wrong]
    assert f"    {found.what}: {found.wrong}\n" in PAGE


def test_the_metrics_that_it_names_are_told(server):
    names = set(re.findall(r"daypass_links_\w+", PAGE))
    assert len(names) == 2
    server.ask("GET", "/l/none")
    told = server.ask("GET", "/metrics").text
    assert {name for name in names if f"{name}{{" not in told} == set()
