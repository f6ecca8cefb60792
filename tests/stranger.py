"""A stranger's HTTP client: what a link is worth to somebody without credentials."""

import urllib.error
import urllib.request
from http.client import HTTPMessage
from typing import NamedTuple


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: HTTPMessage

    @property
    def code(self):
        """The S3 error code of the answer's XML."""
        return self.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


def send(link, body=None, *, method=None, headers=None, url=None):
    """Use a link as a stranger would: no credentials, and by default exactly the headers it names.

    urllib.request is the one common client that sends a path untouched.
    """
    request = urllib.request.Request(
        url or link.url,
        data=body,
        method=method or link.http_method,
        headers=link.headers if headers is None else headers,
    )
    if body is not None and not request.has_header("Content-type"):
        request.add_header("Content-Type", "application/octet-stream")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.read(), response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(), error.headers)
