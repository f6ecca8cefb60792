"""Every link is on record before it leaves, by whatever door, and so is every refusal."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress

import pytest

import daypass
from daypass.audit import AuditFile, AuditLogger, add_audit, remove_audit
from daypass.errors import AuditError, InvalidRequestError, PluginError, PolicyError, RefusedError
from daypass.store import bulk
from tests.core.audit.conftest import lines_of
from tests.core.fakes import NOW, SECRET, backend, granting, honest, plugin

READ = {"name": "read", "paths": ["fake://bucket/**"], "methods": ["GET"]}


class Memory:
    """An audit that keeps events, and fails from one of them on."""

    def __init__(self, fail_at=None):
        self.events = []
        self.fail_at = fail_at

    def record(self, event):
        if len(self.events) == self.fail_at:
            raise OSError
        self.events.append(event)


@pytest.fixture
def memory():
    sink = Memory()
    add_audit(sink)
    return sink


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def root(urls):
    """The root of a tree with one leaf: the reference says what a leaf is, RFC 9162 how it is hashed."""
    leaf = b"".join(hashlib.sha256(url.encode()).digest() for url in urls)
    return hashlib.sha256(b"\0" + leaf).hexdigest()


def sign(key="key", **options):
    return daypass.create_signed_url(f"fake://bucket/{key}", **{"signing_time": NOW, **options})


@pytest.mark.isolated
def test_a_single_link(fake, memory):
    link = sign(caller="ann")
    (event,) = memory.events
    assert (event.url_sha256, event.caller, event.decision) == (digest(link.url), "ann", "allowed")


def test_a_grant(registry_of, memory):
    registry_of({"fake": backend(grant=granting)})
    grant = daypass.create_signed_prefix("fake://bucket/data", signing_time=NOW)
    (event,) = memory.events
    assert (event.action, event.path, event.url_sha256) == (
        *("create_signed_prefix", "fake://bucket/data/", digest(grant.query)),
    )


def test_many_links_are_one_record_with_their_count_and_one_root(fake, memory):
    batch = daypass.create_signed_urls([f"fake://bucket/{n}" for n in range(3)], signing_time=NOW)
    (event,) = memory.events
    assert (event.count, event.path) == (3, "fake://bucket/")
    assert (event.url_sha256, event.merkle_root) == (None, root(batch.urls))


def test_one_of_many_has_its_own_path(fake, memory):
    daypass.create_signed_urls(["fake://bucket/a"], signing_time=NOW)
    (event,) = memory.events
    assert event.path == "fake://bucket/a"
    assert len(event.url_sha256) == 64
    assert event.merkle_root is None


def test_rows_with_values_of_their_own_are_records_of_their_own(fake, memory):
    store = daypass.Store("fake://bucket")
    store.create_signed_urls(["a", "b"], method="PUT", content_length=[1, 2])
    assert [event.path for event in memory.events] == ["fake://bucket/a", "fake://bucket/b"]


def test_each_chunk_of_a_stream_is_on_record_before_its_first_link(fake, memory, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 3)
    store = daypass.Store("fake://bucket")
    stream = store.create_signed_urls(iter([str(n) for n in range(8)]))
    seen = []
    for n, link in enumerate(stream):
        seen.append(link.url)
        assert [event.count for event in memory.events] == [3, 3, 2][: n // 3 + 1]
    assert [event.merkle_root for event in memory.events] == [
        root(seen[at : at + 3]) for at in (0, 3, 6)
    ]


def test_a_stream_ends_where_its_record_fails(fake, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 3)
    add_audit(Memory(fail_at=1))
    stream = daypass.Store("fake://bucket").create_signed_urls(iter([str(n) for n in range(8)]))
    assert len([next(stream) for _ in range(3)]) == 3
    with pytest.raises(AuditError):
        next(stream)
    with pytest.raises(StopIteration):
        next(stream)


@pytest.mark.parametrize("errors", ["raise", "collect"])
def test_no_row_leaves_where_the_record_fails(fake, errors):
    add_audit(Memory(fail_at=0))
    store = daypass.Store("fake://bucket")
    if errors == "raise":
        with pytest.raises(AuditError):
            store.create_signed_urls(["a", "b"])
    else:
        batch = store.create_signed_urls(["a", "b"], errors=errors)
        assert batch.urls == [None, None]
        assert {type(error) for error in batch.errors.values()} == {AuditError}


def test_no_link_leaves_where_one_of_several_audits_fails(fake, tmp_path):
    path = tmp_path / "audit.jsonl"
    add_audit(AuditFile(path, fsync=False))
    add_audit(Memory(fail_at=0))
    with pytest.raises(AuditError) as caught:
        sign()
    assert SECRET not in str(caught.value)


def test_the_audit_is_written_after_the_plugins(registry_of, memory):
    def record(event):
        raise OSError

    registry_of({"fake": backend()}, [plugin(record=record)])
    with pytest.raises(AuditError):
        sign()
    assert memory.events == []


def test_an_answer_that_is_judged_wrong_is_not_on_record(registry_of, memory):
    registry_of(
        {"fake": backend(lambda location, request: honest(location, request, url="https://h/x"))}
    )
    with pytest.raises(PluginError):
        sign()
    assert memory.events == []


def test_refusals_of_policy_quota_and_plugin_are_on_record(registry_of, in_force, memory):
    def authorize(event):
        if event.path.endswith("no"):
            raise PermissionError(SECRET)

    registry_of({"fake": backend()}, [plugin(authorize=authorize)])
    in_force({**READ, "per_rule": daypass.Quota(urls_per_minute=1)})
    refusals = []
    for options in ({"method": "PUT"}, {"key": "no"}, {}, {}):
        try:
            sign(**options)
        except RefusedError as error:
            refusals.append(str(error))
    told = [(event.decision, event.rule, event.reason) for event in memory.events]
    assert told == [
        ("refused", None, refusals[0]),
        ("refused", "read", refusals[1]),
        ("allowed", "read", None),
        ("refused", "read", refusals[2]),
    ]


def test_refused_rows_are_one_record_for_each_rule(fake, in_force, memory):
    in_force({"name": "no", "effect": "deny", "paths": ["fake://bucket/no/*"]},
             {**READ, "paths": ["fake://bucket/a/*"]})  # fmt: skip
    store = daypass.Store("fake://bucket")
    store.create_signed_urls(["no/1", "a/1", "x", "no/2", "a/2"], errors="collect")
    told = {(event.decision, event.rule, event.count) for event in memory.events}
    assert told == {("refused", "no", 2), ("refused", None, 1), ("allowed", "read", 2)}


def test_a_refusal_that_cannot_be_recorded_is_an_audit_error(fake, in_force):
    in_force(READ)
    add_audit(Memory(fail_at=0))
    with pytest.raises(AuditError, match="was refused, and that could not be recorded"):
        sign(method="PUT")


def test_no_secret_is_in_any_line(registry_of, in_force, tmp_path, caplog):
    """Canaries in every place that a URL, a credential or an error could come from."""
    caplog.set_level(logging.INFO)

    def authorize(event):
        if event.method == "HEAD":
            raise PermissionError(SECRET)

    def head(location, request):
        if request.method == "DELETE":
            raise ValueError(SECRET)
        return honest(location, request)

    registry_of({"fake": backend(head, grant=granting)}, [plugin(authorize=authorize)])
    name = "x-amz-server-side-encryption-customer-key"
    methods = ["GET", "HEAD", "DELETE", "PUT"]
    in_force({**READ, "methods": methods, "prefixes": True, "header_names": [name]})
    path = tmp_path / "audit.jsonl"
    add_audit(AuditFile(path, fsync=False))
    add_audit(AuditLogger())
    options = {"headers": {name: SECRET}}
    storage = {"secret": SECRET, "token": SECRET}
    for method in ("GET", "HEAD", "DELETE", "PUT", "LIST"):
        with suppress(RefusedError, PluginError):
            sign(method=method, storage_options=storage, **options)
    daypass.create_signed_urls(["fake://bucket/a", "fake://bucket/b"], storage_options=storage)
    daypass.create_signed_prefix("fake://bucket/a", storage_options=storage)
    assert len(lines_of(path)) == 6
    for text in (path.read_text(), caplog.text):
        assert SECRET not in text
        assert "https://" not in text
        assert "signature" not in text


def test_a_login_in_a_path_is_masked(registry_of, tmp_path):
    url = f"https://fake.example/key?s={SECRET}"
    registry_of({"fake": backend(lambda location, request: honest(location, request, url=url))})
    path = tmp_path / "audit.jsonl"
    add_audit(AuditFile(path, fsync=False))
    daypass.create_signed_url(f"fake://user:{SECRET}@host/key")
    assert [line["path"] for line in lines_of(path)] == ["fake://****@host/key"]
    assert SECRET not in path.read_text()


@pytest.mark.isolated
def test_logging_gets_a_line_of_json(fake, caplog):
    caplog.set_level(logging.INFO, "daypass.audit")
    add_audit(AuditLogger())
    link = sign()
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("daypass.audit", logging.INFO)
    assert json.loads(record.getMessage())["url_sha256"] == digest(link.url)


def test_a_logger_that_drops_the_record_means_no_url(fake, caplog):
    caplog.set_level(logging.ERROR, "daypass.audit")
    add_audit(AuditLogger())
    with pytest.raises(AuditError, match="takes no records of level 20"):
        sign()


def test_a_logger_that_nobody_listens_to_means_no_url(fake, monkeypatch):
    log = logging.getLogger("daypass.audit")
    monkeypatch.setattr(log, "propagate", False)
    monkeypatch.setattr(log, "level", logging.INFO)
    log.manager._clear_cache()
    add_audit(AuditLogger())
    with pytest.raises(AuditError, match="takes no records"):
        sign()
    log.manager._clear_cache()


@pytest.mark.parametrize(
    "options", [{"name": ""}, {"name": 5}, {"level": "INFO"}, {"level": True}, {"level": 0}]
)
def test_a_logger_has_a_name_and_a_level(options):
    with pytest.raises(InvalidRequestError):
        AuditLogger(**options)


@pytest.mark.parametrize("sink", [None, "audit.jsonl", AuditFile, object()])
def test_only_what_records_is_an_audit(sink):
    with pytest.raises(InvalidRequestError):
        add_audit(sink)


def test_only_who_holds_an_audit_can_remove_it(fake, memory, caplog):
    with pytest.raises(InvalidRequestError):
        remove_audit(Memory())
    remove_audit(memory)
    assert "removed" in caplog.text
    sign()
    assert memory.events == []


def test_a_policy_is_kept_without_an_audit(fake, in_force):
    in_force(READ)
    with pytest.raises(PolicyError):
        sign(method="PUT")
