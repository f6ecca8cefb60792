"""Links that are signed again: by themselves, and by a mapping that minds how long each has left."""

from __future__ import annotations

import copy
import pickle
import threading
from datetime import UTC, datetime, timedelta

import attrs
import pytest

import daypass
from daypass.errors import (
    InvalidPathError,
    InvalidRequestError,
    PolicyError,
    ShortLivedURLError,
    SigningNotSupportedError,
    UnknownOptionError,
)
from daypass.store import fresh as room

KEYS = {"key": "AKIDEXAMPLE", "secret": "made-up-secret"}
PATHS = ["s3://maps/europe.tif", "s3://maps/asia.tif"]


@pytest.fixture
def link():
    return daypass.create_signed_url(PATHS[0], expires_in="15m", storage_options=KEYS)


@pytest.fixture
def links():
    return daypass.fresh(PATHS, min_life="5m", expires_in="15m", storage_options=KEYS)


def age(links, path, left):
    """Let the link that is kept for a path be one with so much left."""
    links._kept._links[path] = attrs.evolve(
        links._kept._links[path], expires_at=datetime.now(UTC) + left
    )


def test_a_link_says_how_long_it_can_still_be_used(link):
    left = link.lifetime
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    assert link.lifetime <= left


def test_a_link_that_has_ended_has_nothing_left_and_no_less(link):
    ended = attrs.evolve(link, expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert ended.lifetime == timedelta(0)


@pytest.mark.parametrize("of", ["function", "Store", "refreshed"])
def test_a_link_is_signed_again_with_all_that_was_asked(of):
    options = {"method": "PUT", "content_type": "text/csv", "expires_in": "15m"}
    if of == "Store":
        link = daypass.Store("s3://maps", storage_options=KEYS).create_signed_url("a b", **options)
    else:
        link = daypass.create_signed_url("s3://maps/a b", storage_options=KEYS, **options)
    again = link.refresh().refresh() if of == "refreshed" else link.refresh()
    assert again.expires_at >= link.expires_at
    same = {"url": "", "expires_at": link.expires_at}
    assert attrs.evolve(again, **same) == attrs.evolve(link, **same)
    assert again.headers == {"Content-Type": "text/csv"}


def test_a_version_stays_the_version_that_was_asked_for():
    link = daypass.create_signed_url(PATHS[0], version="v1", storage_options=KEYS)
    assert "versionId=v1" in link.refresh().url


def test_an_end_that_was_given_stays_that_end():
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    link = daypass.create_signed_url(PATHS[0], expires_at=end, storage_options=KEYS)
    assert link.refresh().expires_at == link.expires_at == end


def test_signing_again_asks_the_policy_that_is_in_force_then(link):
    policy = daypass.Policy(
        rules=[daypass.Rule(name="none", effect="deny", paths=["s3://maps/**"])]
    )
    daypass.set_policy(policy)
    try:
        with pytest.raises(PolicyError):
            link.refresh()
    finally:
        daypass.set_policy(None, replacing=policy)


@pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)),
                                    lambda x: attrs.evolve(x, method="GET")],
                         ids=["copy", "deepcopy", "pickle", "evolve"])  # fmt: skip
def test_what_has_travelled_does_not_know_its_store_and_says_so(link, travel):
    twin = travel(link)
    assert twin == link
    with pytest.raises(SigningNotSupportedError, match=r"does not know the store.* daypass\.fresh"):
        twin.refresh()


def test_the_links_of_a_batch_say_that_they_do_not_know_their_store():
    batch = daypass.create_signed_urls(PATHS, storage_options=KEYS)
    with pytest.raises(SigningNotSupportedError):
        batch[0].refresh()


def test_what_a_link_knows_of_its_store_is_in_no_repr_and_no_pickle(link):
    shown = [repr(link), str(link.to_dict()), str(attrs.asdict(link)), repr(vars(link)["_again"])]
    assert all(KEYS["secret"] not in text for text in shown)
    assert KEYS["secret"].encode() not in pickle.dumps(link)


def test_a_link_is_kept_while_enough_of_it_is_left(links):
    first = links[PATHS[0]]
    assert links[PATHS[0]] is first
    age(links, PATHS[0], timedelta(minutes=5, seconds=30))
    kept = links[PATHS[0]]
    assert kept is links[PATHS[0]]


def test_a_link_is_signed_again_before_too_little_of_it_is_left(links):
    first = links[PATHS[0]]
    age(links, PATHS[0], timedelta(minutes=4, seconds=59))
    again = links[PATHS[0]]
    assert again.expires_at >= first.expires_at
    assert again.lifetime > timedelta(minutes=14)


def test_a_mapping_has_the_paths_that_it_was_given_and_signs_none_to_tell(links):
    assert list(links) == PATHS
    assert len(links) == 2
    assert PATHS[1] in links
    assert "s3://maps/other" not in links
    assert not links._kept._links
    assert links.get("s3://maps/other") is None
    with pytest.raises(KeyError):
        links["s3://maps/other"]


def test_a_link_that_cannot_have_so_much_left_is_an_error_that_says_both():
    links = daypass.fresh(PATHS, min_life="1h", expires_in="15m", storage_options=KEYS)
    with pytest.raises(
        ShortLivedURLError, match=r"ends in 15 minutes, and min_life asks for 1 hour"
    ):
        links[PATHS[0]]


def test_the_links_that_are_kept_are_bounded(links, monkeypatch):
    monkeypatch.setattr(room, "_MOST", 1)
    assert {links[path].path for path in PATHS} == set(PATHS)
    assert len(links._kept._links) == 1


def test_threads_can_ask_at_once(links):
    found = []
    threads = [
        threading.Thread(target=lambda: found.extend(links[path].path for path in PATHS * 20))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(found)) == sorted(PATHS)
    assert len(found) == 160


def test_a_mapping_travels_without_its_links():
    links = daypass.fresh(PATHS, storage_options={"profile": "maps"})
    links._kept._links[PATHS[0]] = daypass.create_signed_url(PATHS[0], storage_options=KEYS)
    sent = pickle.dumps(links)
    assert b"Signature" not in sent
    assert list(pickle.loads(sent)) == PATHS


@pytest.mark.parametrize(
    "options",
    [{"storage_options": KEYS}, {"headers": {"X-Key": "made-up"}}],
    ids=lambda x: next(iter(x)),
)
def test_a_mapping_with_a_secret_does_not_travel(options):
    with pytest.raises(InvalidRequestError, match="a FreshLinks cannot be pickled with"):
        pickle.dumps(daypass.fresh(PATHS, **options))


def test_a_mapping_shows_no_link_and_no_option(links):
    assert links[PATHS[0]]
    assert repr(links) == "<FreshLinks for 2 paths>"


@pytest.mark.parametrize(
    ("error", "paths", "options"),
    [
        (InvalidPathError, "s3://maps/europe.tif", {}),
        (InvalidRequestError, 5, {}),
        (UnknownOptionError, PATHS, {"expire_in": 5}),
        (InvalidRequestError, PATHS, {"min_life": 0}),
    ],
)
def test_what_cannot_be_is_said_at_once(error, paths, options):
    with pytest.raises(error):
        daypass.fresh(paths, **options)
