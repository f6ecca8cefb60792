"""Find a link in an audit: one that was signed alone, and one of many, with those beside it."""

from __future__ import annotations

import hashlib
import json

import pytest

import daypass
from daypass import AuditError, AuditFile, InvalidRequestError, add_audit
from daypass.arrow.signing import PIECE
from daypass.audit.finding import CHUNKS, find
from daypass.manifest.run import CHUNK
from daypass.store import bulk
from tests.core.audit.conftest import lines_of
from tests.core.fakes import NOW, backend, granting, honest


@pytest.fixture
def audit(fake, tmp_path):
    file = tmp_path / "audit.jsonl"
    add_audit(AuditFile(file, fsync=False))
    return file


def sign(*keys, bucket="bucket", **options):
    paths = [f"fake://{bucket}/{key}" for key in keys]
    return daypass.create_signed_urls(paths, signing_time=NOW, **options).urls


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_sizes_of_chunks_are_those_that_are_signed():
    assert CHUNKS == (bulk.CHUNK, CHUNK, PIECE)
    assert [CHUNKS[0] % size for size in CHUNKS] == [0, 0, 0]


def test_a_single_link_is_found_by_itself_and_by_its_sha256(audit):
    sign("a", "b")
    link = daypass.create_signed_url("fake://bucket/key", signing_time=NOW, caller="ann")
    for asked in (link.url, sha256(link.url), sha256(link.url).upper()):
        (found,) = find(asked, audit)
        assert (found.file, found.line, found.proof) == (str(audit), 2, None)
        assert found.record == {
            name: value for name, value in lines_of(audit)[1].items() if name != "hash"
        }


def test_a_link_that_was_made_twice_in_one_second_is_on_two_lines(audit):
    for caller in ("ann", "bob"):
        link = daypass.create_signed_url("fake://bucket/key", signing_time=NOW, caller=caller)
    assert [found.record["caller"] for found in find(link.url, audit)] == ["ann", "bob"]


def test_a_url_below_a_prefix_is_found_by_the_query_of_the_grant(registry_of, tmp_path):
    registry_of({"fake": backend(grant=granting)})
    file = tmp_path / "audit.jsonl"
    add_audit(AuditFile(file, fsync=False))
    grant = daypass.create_signed_prefix("fake://bucket/data", signing_time=NOW)
    (found,) = find(f"https://maps.example/data/x?{grant.query}", file)
    assert found.record["action"] == "create_signed_prefix"


def test_a_url_below_a_prefix_is_found_by_the_token_of_the_grant(registry_of, tmp_path):
    def grant(location, request):
        url = f"https://links.example/l/{location.key.strip('/').rjust(22, '0')}/"
        return granting(location, request, url=url, query="")

    registry_of({"fake": backend(grant=grant, opaque_links=True)})
    file = tmp_path / "audit.jsonl"
    add_audit(AuditFile(file, fsync=False))
    grants = [daypass.create_signed_prefix(f"fake://bucket/{key}") for key in ("one", "two")]
    assert [line["url_sha256"] for line in lines_of(file)] == [sha256(each.url) for each in grants]
    for line, each in enumerate(grants, 1):
        for url in (each.url, f"{each.url}a/b.csv", f"{each.url}a?as=json", sha256(each.url)):
            (found,) = find(url, file)
            assert (found.line, found.record["action"]) == (line, "create_signed_prefix")
    assert find(f"https://links.example/l/{'0' * 22}/a", file) == []


def test_a_link_by_its_token_is_found_whatever_was_added_to_it(registry_of, tmp_path):
    def share(location, request):
        return honest(location, request, url=f"https://links.example/l/{'a' * 22}")

    registry_of({"fake": backend(share, opaque_links=True)})
    file = tmp_path / "audit.jsonl"
    add_audit(AuditFile(file, fsync=False))
    link = daypass.create_signed_url("fake://bucket/key")
    for asked in (
        link.url,
        f"{link.url}?as=json",
        f"{link.url}/?X-Amz-Signature=0",
        f"{link.url}#x",
    ):
        assert [found.line for found in find(asked, file)] == [1]


def test_one_of_many_is_found_with_the_others_and_proven(audit):
    urls = sign(*map(str, range(100)), caller="ann")
    sign(*map(str, range(100, 120)))
    assert find(urls[36], audit) == []
    for asked in (urls[36], sha256(urls[36])):
        (found,) = find(asked, audit, links=urls)
        assert (found.line, found.record["caller"], found.record["count"]) == (1, "ann", 100)
        assert found.proof.index == 36
        assert found.proof.holds(asked, found.record)
        assert not found.proof.holds(urls[37], found.record)


def test_the_sha256_of_each_link_is_enough_to_find_one(audit):
    urls = sign(*map(str, range(100)))
    (found,) = find(urls[36], audit, links=[sha256(url) for url in urls])
    assert found.proof.holds(urls[36], lines_of(audit)[0])


def test_the_chunk_of_a_manifest_is_found_and_rows_without_a_link_are_passed_over(audit):
    rows: list[str | None] = []
    for start in range(0, 3 * CHUNK, CHUNK):
        rows += [*sign(*map(str, range(start, start + CHUNK - 2))), None, None]
    last = rows[2 * CHUNK + 5]
    (found,) = find(last, audit, links=iter(rows))
    assert (found.line, found.proof.index, found.record["count"]) == (3, 5, CHUNK - 2)
    assert found.proof.holds(last, found.record)


def test_a_row_behind_the_longest_chunk_is_found(audit, monkeypatch):
    monkeypatch.setattr("daypass.audit.finding.CHUNKS", (8, 4, 2))
    rows = [url for start in range(0, 40, 8) for url in sign(*map(str, range(start, start + 8)))]
    (found,) = find(rows[29], audit, links=rows)
    assert (found.line, found.proof.index) == (4, 5)


def test_rows_of_several_buckets_are_told_apart(audit):
    batch = daypass.create_signed_urls(
        [f"fake://{'maps' if n % 3 else 'photos'}/{n}" for n in range(30)], signing_time=NOW
    )
    urls = batch.urls
    assert len(lines_of(audit)) == 2
    for url in (urls[3], urls[4]):
        (found,) = find(url, audit, links=urls)
        assert found.proof.holds(url, found.record)
    assert {find(url, audit, links=urls)[0].record["count"] for url in urls[3:5]} == {10, 20}


def test_a_link_that_is_nobodys_is_on_no_line(audit):
    urls = sign("a", "b", "c")
    assert find("https://elsewhere.example/a", audit, links=urls) == []
    assert find("0" * 64, audit, links=urls) == []
    assert find(urls[0], audit, links=urls[:2]) == []  # not all that were signed with it
    assert find(urls[0], audit, links=[urls[1], urls[0], urls[2]]) == []  # nor in their order


def test_a_line_that_was_changed_is_no_witness(audit):
    link = daypass.create_signed_url("fake://bucket/key", signing_time=NOW, caller="ann")
    audit.write_text(audit.read_text().replace("ann", "bob"))
    with pytest.raises(AuditError, match=r"line 1 of the audit .* is not as it was written"):
        find(link.url, audit)


def test_text_in_a_path_is_no_digest(audit):
    text = json.dumps({"url_sha256": "ab" * 32})
    daypass.create_signed_url(f"fake://bucket/{text}", signing_time=NOW)
    assert find("ab" * 32, audit) == []


def test_rotated_files_are_all_looked_through(audit):
    first = daypass.create_signed_url("fake://bucket/1", signing_time=NOW)
    old = audit.rename(audit.with_name("audit.jsonl.1"))
    daypass.create_signed_url("fake://bucket/2", signing_time=NOW)
    assert [found.file for found in find(first.url, old, audit)] == [str(old)]


def test_what_cannot_be_looked_through_is_said(tmp_path):
    with pytest.raises(InvalidRequestError, match="at least one audit file"):
        find("https://maps.example/a")
    with pytest.raises(AuditError, match="cannot be read: No such file"):
        find("https://maps.example/a", tmp_path / "missing.jsonl")
    with pytest.raises(AuditError, match=r"not a regular file|Is a directory"):
        find("https://maps.example/a", tmp_path)
