"""A link's token opens its object, and is shown by nothing but the link itself."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime, timedelta

import pytest

import daypass
from daypass import DaypassError
from tests.plugins.links.values import KEY, LINK, TOKEN
from tests.servers.canned import canned


@pytest.fixture
def made():
    """Return a function that asks for a link, or for a grant, of a service that answers with the one of `values`."""

    def make(sign, path, url):
        end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        answer = {**LINK, "url": url, "expires_at": end.isoformat()}
        with canned({"Content-Type": "application/json"}, json.dumps(answer).encode()) as server:
            options = {"server": server, "key": KEY}
            return sign(path, signer="links", signer_options=options, expires_at=end)

    return make


@pytest.fixture
def link(made):
    return made(daypass.create_signed_url, "s3://results/a.csv", LINK["url"])


@pytest.fixture
def grant(made):
    return made(daypass.create_signed_prefix, "s3://results/x/", f"{LINK['url']}/")


def test_what_is_shown_of_a_link_masks_its_token(link):
    for shown in (repr(link), link._repr_html_(), json.dumps(link.to_dict())):
        assert TOKEN not in shown
        assert "https://links.example/l/****" in shown
    assert link.url == str(link) == LINK["url"]


def test_what_is_shown_of_a_grant_masks_its_token(grant):
    for shown in (repr(grant), json.dumps(grant.to_dict())):
        assert TOKEN not in shown
        assert "https://links.example/l/****/" in shown
    assert grant.url_for("a b.csv") == f"{LINK['url']}/a%20b.csv"


@pytest.mark.parametrize("below", ["", "/a%20b.csv"])
def test_what_is_explained_of_a_link_masks_its_token(below):
    said = daypass.explain(LINK["url"] + below)
    for shown in (str(said), repr(said), json.dumps(said.to_dict())):
        assert TOKEN not in shown


@pytest.mark.parametrize("below", ["", "/a%20b.csv"])
@pytest.mark.parametrize("status", [403, 410])
def test_no_error_about_a_link_shows_its_token(tmp_path, below, status):
    problem = {"type": "urn:daypass:ended", "status": status, "detail": f"no /l/{TOKEN}{below}"}
    kind = {"Content-Type": "application/problem+json"}
    with canned(kind, json.dumps(problem).encode(), status) as server:
        url = f"{server}/l/{TOKEN}{below}"
        errors = []
        for use in (
            lambda: daypass.download(url, tmp_path / "a"),
            lambda: daypass.upload(__file__, url),
            lambda: daypass.upload(url, __file__),
            lambda: daypass.download(__file__, url),
            lambda: daypass.create_signed_url(url),
        ):
            with pytest.raises(DaypassError) as caught:
                use()
            errors.append(caught.value)
    for error in errors:
        told = "".join(traceback.format_exception(error))
        assert TOKEN not in f"{told} {error!r} {vars(error)}"
