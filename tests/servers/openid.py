"""An OpenID provider that is not ours, as a process: oidc-provider-mock, whose tokens and keys authlib makes.

It listens on the loopback and on a free port. Anybody may sign in as anybody there.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx

from tests.servers.install import openid_python
from tests.servers.process import serving

#: Where a browser would be sent after signing in; nobody listens there.
_BACK = "http://127.0.0.1/back"


@attrs.frozen
class Provider:
    """The provider, and how to sign in there."""

    url: str

    def token(self, sub: str, audience: str, *, groups: Sequence[str]) -> str:
        """Return an ID token for somebody, by the code flow (OpenID Connect Core 1.0, section 3.1)."""
        with httpx.Client(base_url=self.url, timeout=30, trust_env=False) as client:
            client.put(f"/users/{sub}", json={"groups": [*groups]}).raise_for_status()
            asked = {
                "client_id": audience,
                "redirect_uri": _BACK,
                "response_type": "code",
                "scope": "openid",
            }
            sent = client.post("/oauth2/authorize", params=asked, data={"sub": sub})
            (code,) = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
            form = {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": _BACK,
                "client_id": audience,
                "client_secret": "any",
            }
            answer = client.post("/oauth2/token", data=form).raise_for_status()
            token: str = answer.json()["id_token"]
            return token


@contextlib.contextmanager
def openid() -> Iterator[Provider]:
    """Run the provider for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="oidc-", ignore_cleanup_errors=True) as directory:
        own = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": directory,
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
        }
        command = [str(openid_python()), "-m", "oidc_provider_mock", "--port", "0"]
        with serving(command, directory, own) as output:
            said = output.wait_for("unning on http://127.0.0.1:")
            yield Provider(said[said.index("http://") :].partition(" ")[0].strip('"'))
