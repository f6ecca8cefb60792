"""Where a backend sets no limit a link may live for months: nothing of core's own cuts it short."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

import daypass
from daypass import AuditFile, InvalidExpiryError, Policy, Quota, Rule, add_audit
from daypass.audit import in_force as audits
from daypass.cli.run import run
from daypass.model.requests import make_request
from daypass.policy import in_force
from daypass.policy.enforcer import Enforcer
from tests.core import fakes
from tests.core.fakes import NOW, backend, granting, honest

TOKEN = "8w2-aB_dEfGhIjKlMnOpQg"
LIFE = timedelta(days=400)
LIVES = {
    "text": {"expires_in": "400d"},
    "seconds": {"expires_in": 34_560_000},
    "timedelta": {"expires_in": LIFE},
    "moment": {"expires_at": NOW + LIFE},
}


def short(location, request):
    """Answer as a links service does, for one object."""
    return honest(location, request, url=f"https://links.example/l/{TOKEN}", backend="links")


def wide(location, request):
    """Do the same for a prefix."""
    url = f"https://links.example/l/{TOKEN}/"
    return granting(location, request, url=url, query="", backend="links")


@pytest.fixture
def links(registry_of):
    """A signer whose links live as long as is asked, over a store whose links end within a week."""
    module = backend(
        short, name="links", grant=wide, reads=False, opaque_links=True, max_expires_in=None, versions=False,
        public_endpoint=False, max_key_bytes=None,
    )  # fmt: skip
    registry_of({"fake": fakes.backend()}, signers={"links": module})
    return module


@pytest.mark.parametrize("life", LIVES)
def test_a_request_may_ask_for_months(life):
    asked = make_request(LIVES[life]).resolve(NOW)
    assert (asked.expires_in, asked.expires_at) == (34_560_000, NOW + LIFE)


@pytest.mark.parametrize("life", LIVES)
def test_every_door_gives_out_links_for_months(links, life, recwarn):
    options = {"signer": "links", "signing_time": NOW, **LIVES[life]}
    store = daypass.Store("fake://bucket", signer="links")
    made = [
        daypass.create_signed_url("fake://bucket/a", **options),
        daypass.create_signed_prefix("fake://bucket/folder/", **options),
        daypass.create_signed_prefix("fake://bucket/folder/", method="PUT", **options),
        *daypass.create_signed_urls(["fake://bucket/a", "fake://bucket/b"], **options),
        store.create_signed_url("a", signing_time=NOW, **LIVES[life]),
    ]
    assert {link.expires_at for link in made} == {NOW + LIFE}
    assert {link.expires_because for link in made} == {"requested"}
    assert not recwarn


def test_the_store_behind_has_its_own_limit(links):
    with pytest.raises(InvalidExpiryError, match="above the 7 days"):
        daypass.create_signed_url("fake://bucket/a", expires_in="400d")


def test_a_link_for_months_begins_in_months(links):
    begin = NOW + timedelta(days=300)
    link = daypass.create_signed_url(
        "fake://bucket/a", signer="links", signing_time=NOW, starts_at=begin, expires_in="400d"
    )
    assert links.seen[-1][1].starts_at == begin
    assert link.expires_at == NOW + LIFE


def test_a_policy_a_quota_and_the_audit_know_months(links, monkeypatch, tmp_path):
    rule = Rule(
        name="long", paths=["fake://bucket/**"], methods=["GET"], max_expires_in="400d", prefixes=True,
        per_rule=Quota(live_links=2),
    )  # fmt: skip
    enforcer = Enforcer(Policy(rules=[rule]), clock=NOW.timestamp, ticks=lambda: 1.0)
    monkeypatch.setattr(in_force, "_application", [enforcer])
    file = tmp_path / "audit.jsonl"
    monkeypatch.setattr(audits, "_application", [])  # as it is put back
    add_audit(AuditFile(file, fsync=False))
    options = {"signer": "links", "signing_time": NOW}
    assert daypass.create_signed_url("fake://bucket/a", expires_in="400d", **options)
    assert daypass.create_signed_prefix("fake://bucket/a/", expires_in="400d", **options)
    with pytest.raises(daypass.QuotaError):
        daypass.create_signed_url("fake://bucket/a", expires_in="400d", **options)
    with pytest.raises(daypass.PolicyError, match="expires_in=34560000"):
        daypass.create_signed_url("fake://bucket/a", expires_in="401d", **options)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    ends = [line["expires_at"] for line in lines if line.get("decision") == "allowed"]
    assert ends == ["2027-12-28T12:00:00Z"] * 2


def test_the_command_line_gives_out_links_for_months(links, capsys):
    assert (
        run(["sign", "fake://bucket/a", "--signer", "links", "--expires-in", "400d", "--json"]) == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert said["expires_because"] == "requested"
    assert run(["sign", "fake://bucket/a", "--signer", "links", "--expires-in", "400d"]) == 0
    assert f"https://links.example/l/{TOKEN}" in capsys.readouterr().out
