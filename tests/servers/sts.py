"""A token service (STS) on loopback that gives a session for whatever it is asked, and keeps what it was asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl

from tests.servers.serving import serving

#: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIASESSION{number:09}</AccessKeyId><SecretAccessKey>secret-of-session-{number}</SecretAccessKey>
<SessionToken>token/of+session={number}</SessionToken><Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""
_REFUSAL = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>
<Message>{message}</Message></Error></ErrorResponse>"""


class STS:
    """A running service."""

    def __init__(self) -> None:
        self.url = ""
        #: The parameters of each request.
        self.asked: list[dict[str, str]] = []
        #: As they came.
        self.bodies: list[str] = []
        #: The headers of the last.
        self.headers: dict[str, str] = {}
        #: The code and the message that are answered, in place of a session.
        self.refusal: tuple[str, str] | None = None
        #: How long a session lives in place of what was asked, in seconds.
        self.lifetime: int | None = None

    def answer(self, body: str) -> tuple[int, str]:
        """Return the status and the text of an answer."""
        self.bodies.append(body)
        self.asked.append(asked := dict(parse_qsl(body, strict_parsing=True)))
        if self.refusal is not None:
            code, message = self.refusal
            return 403, _REFUSAL.format(code=code, message=message)
        end = datetime.now(UTC) + timedelta(seconds=self.lifetime or int(asked["DurationSeconds"]))
        return 200, _ANSWER.format(number=len(self.asked), end=end)


@contextlib.contextmanager
def sts() -> Iterator[STS]:
    """Run it for as long as the block lasts."""
    running = STS()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            running.headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, text = running.answer(body)
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as port:
        running.url = f"http://127.0.0.1:{port}"
        yield running
