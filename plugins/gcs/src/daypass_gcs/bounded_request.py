"""google-auth's requests, bounded by the deadline of the hook call that they are made for."""

from __future__ import annotations

from typing import Any

from daypass.toolkit.deadlines import Deadline


class BoundedRequest:
    """google-auth's transport, whose every call ends with the deadline at the latest."""

    def __init__(self, request: Any, deadline: Deadline) -> None:
        self._request = request
        self._deadline = deadline

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Any:
        """Make one HTTP request.

        Raises:
            google.auth.exceptions.TransportError: if no answer came.

        """
        # A lost packet may cost a third of the time, so that there is time to ask again; and a
        # socket gives up a little before the thread that waits for it, since it knows more.
        longest = max(min(self._deadline.left * 0.9, self._deadline.one_try), 0.001)
        return self._request(
            url=url,
            method=method,
            body=body,
            headers=headers,
            timeout=min(timeout, longest) if isinstance(timeout, (int, float)) else longest,
            # A redirect could carry the access token to another host.
            **{"allow_redirects": False, **options},
        )
