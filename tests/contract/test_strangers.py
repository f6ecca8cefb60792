"""The kit's stranger, who follows no redirection, or as many as it is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from daypass import SignedURL
from daypass.testing import Stranger
from tests.servers.redirecting import serving


def link(url: str) -> SignedURL:
    return SignedURL(
        url=url,
        method="PUT",
        headers={"X-Own": "1"},
        expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        expires_because="requested",
        permits=frozenset({"PUT"}),
        unenforced=frozenset(),
        path="s3://b/k",
        backend="links",
    )


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirection_that_keeps_the_method_is_followed_with_headers_and_body(status):
    with serving(201) as store, serving(status, store.url) as service:
        answer = Stranger(redirects=1)(link(f"{service.url}/a"), b"body")
        assert answer.status == 201
        (came,) = store.seen
        assert came.startswith("PUT /a HTTP/1.1\n")
        assert {"X-Own: 1", "Content-Length: 4"} <= set(came.splitlines())


@pytest.mark.parametrize(("status", "redirects"), [(307, 0), (302, 1), (303, 1)])
def test_no_other_redirection_is_followed(status, redirects):
    with serving(201) as store, serving(status, store.url) as service:
        answer = Stranger(redirects=redirects)(link(f"{service.url}/a"), b"body")
        assert answer.status == status
        assert not answer.accepted
        assert not answer.refused
        assert store.seen == []


def test_a_service_that_leads_on_and_on_is_followed_so_often_and_no_more():
    with serving(307) as service:
        service.leads_to = service.url
        assert Stranger(redirects=2)(link(f"{service.url}/a"), b"").status == 307
        assert len(service.seen) == 3
