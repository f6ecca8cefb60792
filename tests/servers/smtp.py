"""A real mail server for tests, aiosmtpd, on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult


class Mails:
    """What came, and what is answered."""

    def __init__(self) -> None:
        self.port = 0
        #: The messages, and to whom the envelope of each was.
        self.came: list[EmailMessage] = []
        self.to: list[list[str]] = []
        #: What is answered to a recipient, and to a message.
        self.of_recipient = self.of_message = "250 OK"
        #: Who signed in, by which password.
        self.signed_in: list[tuple[bytes, bytes]] = []

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:  # noqa: N802 - aiosmtpd's
        if self.of_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.of_recipient

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        if self.of_message.startswith("250"):
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.came.append(message)
            self.to.append(envelope.rcpt_tos)
        return self.of_message

    def authenticate(self, _: Any, __: Any, ___: Any, ____: str, said: Any) -> AuthResult:
        self.signed_in.append((said.login, said.password))
        return AuthResult(success=said.password == b"hunter2", handled=False)


@contextlib.contextmanager
def smtp_server(
    context: ssl.SSLContext | None = None, *, at_once: bool = False, signs_in: bool = False
) -> Iterator[Mails]:
    """Run a server for as long as the block lasts.

    Args:
        context: by which it speaks TLS; none without it.
        at_once: TLS comes first, and not by STARTTLS.
        signs_in: nobody sends anything who has not signed in, with the password ``hunter2``.

    """
    mails = Mails()

    def made() -> SMTP:
        return SMTP(
            mails,
            hostname="mail.example",
            tls_context=None if at_once else context,
            require_starttls=context is not None and not at_once,
            authenticator=mails.authenticate,
            auth_required=signs_in and not at_once,  # it sees no TLS there
            auth_require_tls=not at_once and context is not None,
            loop=loop,
        )

    async def begin() -> asyncio.Server:
        return await loop.create_server(made, "127.0.0.1", 0, ssl=context if at_once else None)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(30)
    mails.port = server.sockets[0].getsockname()[1]
    try:
        yield mails
    finally:

        async def end() -> None:
            server.close()
            await server.wait_closed()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
