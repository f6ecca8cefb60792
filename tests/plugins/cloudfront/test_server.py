"""Links, grants and cookies over HTTP, on a server that verifies them by the published rules."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

import daypass
from tests.plugins.cloudfront.conftest import pair
from tests.stranger import send

WAYS = [("rsa", None), ("rsa", "SHA256"), ("ecdsa", None), ("ecdsa", "SHA1")]


@pytest.fixture(params=WAYS, ids=str)
def edge(request, serve, tmp_path):
    """A distribution in front of a directory, and a store that signs for it."""
    kind, algorithm = request.param
    edge = serve()
    for name in ("maps/europe.tif", "maps/europe.zarr/c/0 0", "maps2/secret", "secret"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())

    options = pair(kind).options(domain=edge.domain, hash_algorithm=algorithm)
    return edge, daypass.Store("s3://bucket", signer="cloudfront", signer_options=options)


def now():
    return datetime.now(UTC)


def get(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def cookie_header(cookies):
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


@pytest.mark.parametrize(
    "asked",
    [{}, {"ip_range": "127.0.0.0/8"}, {"starts_at": datetime(2026, 1, 1, tzinfo=UTC)}],
    ids=repr,
)
def test_a_link_reads_its_object_and_no_other(edge, asked):
    _, store = edge
    link = store.create_signed_url("maps/europe.tif", **asked)
    assert link.permits == {"GET", "HEAD"}
    assert send(link).body == b"maps/europe.tif"
    assert send(link, method="HEAD").status == 200
    for method in ("PUT", "DELETE", "POST", "PATCH", "OPTIONS"):
        assert send(link, method=method).status == 403
    place, _, query = link.url.partition("?")
    names = [pair.partition("=")[0] for pair in query.split("&")]
    for name in names:
        assert send(link, url=f"{place}?{without(query, name)}").status == 403
        assert send(link, url=f"{place}?{touched(query, name)}").status == 403
    for other in ("secret", "maps/europe.tif2", "maps/", "maps/Europe.tif", "maps//europe.tif"):
        assert send(link, url=f"{place.replace('maps/europe.tif', other)}?{query}").status == 403
    assert send(link, url=f"{place}?x=1&{query}").status == 403


def without(query, name):
    return "&".join(pair for pair in query.split("&") if not pair.startswith(f"{name}="))


def touched(query, name):
    value = dict(pair.split("=", 1) for pair in query.split("&"))[name]
    other = value[:5] + ("A" if value[5] != "A" else "B") + value[6:]
    return query.replace(f"{name}={value}", f"{name}={other}")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"signing_time": datetime(2026, 1, 1, tzinfo=UTC)}, "no longer"),
        (
            {
                "starts_at": datetime(2035, 1, 1, tzinfo=UTC),
                "expires_at": datetime(2036, 1, 1, tzinfo=UTC),
            },
            "not yet",
        ),
        ({"ip_range": "203.0.113.0/24"}, "another address"),
        (
            {"ip_range": "203.0.113.7", "starts_at": datetime(2026, 1, 1, tzinfo=UTC)},
            "another address",
        ),
    ],
)
def test_what_a_policy_restricts_is_restricted(edge, asked, why):
    distribution, store = edge
    assert send(store.create_signed_url("maps/europe.tif", **asked)).status == 403
    grant = store.create_signed_prefix("maps", **asked)
    assert get(grant.url_for("europe.tif"))[0] == 403
    assert [why in refusal for refusal in distribution.refusals] == [True, True]


@pytest.mark.isolated
def test_a_grant_reads_everything_below_its_prefix_and_nothing_beside_it(edge):
    _, store = edge
    grant = store.create_signed_prefix("maps")
    assert get(grant.url_for("europe.tif")) == (200, b"maps/europe.tif")
    assert get(grant.url_for("europe.zarr/c/0 0")) == (200, b"maps/europe.zarr/c/0 0")
    assert get(grant.url_for("no such key"))[0] == 404
    root = grant.url.removesuffix("maps/")
    for other in ("secret", "maps2/secret", "maps", "map"):
        assert get(f"{root}{other}?{grant.query}")[0] == 403
    for name in ("Policy", "Signature", "Key-Pair-Id"):
        assert get(f"{grant.url}europe.tif?{touched(grant.query, name)}")[0] == 403


def test_a_grant_for_all_reads_all(edge):
    _, store = edge
    grant = store.create_signed_prefix("")
    assert get(grant.url_for("secret")) == (200, b"secret")
    assert get(grant.url_for("maps/europe.tif"))[0] == 200


@pytest.mark.isolated
def test_cookies_open_what_the_url_opens(edge):
    _, store = edge
    link = store.create_signed_url("maps/europe.tif")
    grant = store.create_signed_prefix("maps", ip_range="127.0.0.1")
    for place, cookies in [
        (link.url.partition("?")[0], link.cookies()),
        (f"{grant.url}europe.tif", grant.cookies()),
    ]:
        assert get(place)[0] == 403
        assert get(place, Cookie=cookie_header(cookies)) == (200, b"maps/europe.tif")
        for name in cookies:
            rest = {other: value for other, value in cookies.items() if other != name}
            assert get(place, Cookie=cookie_header(rest))[0] == 403
        secret = place.replace("maps/europe.tif", "secret")
        assert get(secret, Cookie=cookie_header(cookies))[0] == 403


def test_many_links_are_the_links_of_single_calls(edge):
    _, store = edge
    keys = ["maps/europe.tif", "secret", "a b/é*?"]
    end = now() + timedelta(hours=1)
    many = store.create_signed_urls(keys, expires_at=end, ip_range="127.0.0.1")
    single = [store.create_signed_url(key, expires_at=end, ip_range="127.0.0.1") for key in keys]
    assert list(many) == single
    assert [link.cookies() for link in many] == [link.cookies() for link in single]
    assert send(many[1]).body == b"secret"


def test_an_origin_path_is_left_out_of_urls(serve, tmp_path):
    (tmp_path / "public" / "maps").mkdir(parents=True)
    (tmp_path / "public" / "maps" / "europe.tif").write_bytes(b"europe")
    edge = serve(origin_path="public/")
    for spelt in ("public", "/public", "public/", "/public/"):
        store = daypass.Store(
            "s3://bucket/public",
            signer="cloudfront",
            signer_options=pair("ecdsa").options(domain=edge.domain, origin_path=spelt),
        )
        link = store.create_signed_url("maps/europe.tif")
        assert link.url.startswith(f"{edge.domain}/maps/europe.tif?")
        assert link.path == "s3://bucket/public/maps/europe.tif"
        assert send(link).body == b"europe"
        grant = store.create_signed_prefix("")
        assert grant.url == f"{edge.domain}/"
        assert get(grant.url_for("maps/europe.tif")) == (200, b"europe")


def test_uploads_and_deletions_where_the_distribution_lets_them_through(serve, tmp_path):
    every = frozenset({"GET", "HEAD", "PUT", "DELETE"})
    edge = serve(allowed_methods=every)
    store = daypass.Store(
        "s3://bucket",
        signer="cloudfront",
        signer_options=pair("ecdsa").options(domain=edge.domain, allowed_methods=every),
    )
    link = store.create_signed_url("new", method="PUT", content_type="text/csv")
    assert (link.permits, link.unenforced) == (every, {"content_type"})
    assert send(link, b"body").status == 200
    read = store.create_signed_url("new")
    assert read.permits == every
    assert send(read).body == b"body"
    assert send(read, method="DELETE").status == 204  # which permits has said
    assert list(tmp_path.iterdir()) == []


def test_metadata_is_read_from_the_store_itself(tmp_path):
    (tmp_path / "europe.tif").write_bytes(b"europe")
    store = daypass.Store(
        tmp_path.as_uri(), signer="cloudfront", signer_options=pair("rsa").options()
    )
    assert store.head_metadata("europe.tif").size == 6
