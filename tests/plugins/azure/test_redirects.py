"""No request that carries a credential is sent on to another host."""

from __future__ import annotations

import pytest

import daypass
from daypass.errors import DaypassError
from tests.servers.redirecting import serving


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_head_follows_no_redirect_to_another_host(status):
    with serving(404) as other, serving(status, other.url) as first:
        options = {
            "connection_string": f"DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=cGxhbnRlZA==;BlobEndpoint={first.url}/acct;"
        }
        with pytest.raises(DaypassError):
            daypass.head_metadata("az://box/k", storage_options=options)
    assert any("authorization" in request.lower() for request in first.seen)
    assert other.seen == []
