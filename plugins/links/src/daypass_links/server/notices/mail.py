"""``Mailer``: sends a mail by SMTP (RFC 5321), under TLS."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Self

import attrs

from daypass.errors import DaypassError, StoreError
from daypass.toolkit.deadlines import Deadline
from daypass_links.server.notices.addresses import sender_of, server_of
from daypass_links.server.settings import Notices

__all__ = ["Mailer"]

#: How long one mail may take, in seconds.
_TIMEOUT = 30.0
#: Names of this machine, where a mail needs no TLS.
_OWN = ("127.0.0.1", "localhost", "::1")


class _DeclinedError(DaypassError):
    """The server takes no such mail, now or later."""


@attrs.frozen(eq=False)
class Mailer:
    """A way to a mail server."""

    host: str
    port: int
    #: Whether TLS comes first; otherwise by STARTTLS.
    is_secure: bool
    user: str | None
    password: str | None = attrs.field(repr=False)
    #: From whom mails are.
    sender: str
    #: Whose certificates are taken; those of the system without it.
    context: ssl.SSLContext | None = attrs.field(default=None, repr=False)

    @classmethod
    def of(cls, notices: Notices) -> Self | None:
        """Return the way to the mail server that is configured, if one is."""
        if notices.smtp is None or notices.sender is None:
            return None
        place = server_of(notices.smtp)
        return cls(*place, notices.smtp_user, notices.smtp_password, notices.sender)

    def reach(self) -> None:
        """Connect, and sign in where somebody has to; it raises as `deliver` does."""
        Deadline.after(_TIMEOUT).run(lambda: self._asked(None), "asking the mail server")

    def deliver(
        self, to: str, subject: str, text: str, *, language: str, name: str, now: int
    ) -> None:
        """Send a mail.

        Args:
            to: the address.
            subject: in one line.
            text: what it says.
            language: in which it does, such as ``"en"``.
            name: what is before the at sign of its ``Message-ID``: the same where it is sent again.
            now: the clock, in seconds since the epoch.

        Raises:
            DaypassError: if the server takes no such mail.
            StoreError: if it cannot be sent now.
            DeadlineError: if it cannot in time.

        """
        message, spec = EmailMessage(policy=SMTP), sender_of(self.sender)
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        message["Message-ID"] = f"<{name}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers
        message.set_content(text)
        message["Content-Language"] = language  # only now: a new content takes such headers away
        Deadline.after(_TIMEOUT).run(
            lambda: self._asked(lambda server: server.send_message(message, spec, [to])),
            "sending a mail",
        )

    def _asked(self, tell: Callable[[smtplib.SMTP], object] | None) -> None:
        try:
            with self._connected() as server:
                if self.user is not None and self.password is not None:
                    server.login(self.user, self.password)
                if tell is not None:
                    tell(server)
        except smtplib.SMTPRecipientsRefused as error:
            ((status, _),) = error.recipients.values()
            raise _refused(self.host, status) from None
        except smtplib.SMTPResponseException as error:
            raise _refused(self.host, error.smtp_code) from None
        except (OSError, ValueError) as error:
            if isinstance(error, DaypassError):
                raise
            msg = f"the mail server {self.host} cannot be told: {type(error).__name__}"
            raise StoreError(msg) from None

    @property
    def _domain(self) -> str:
        return sender_of(self.sender).rpartition("@")[2]

    def _connected(self) -> smtplib.SMTP:
        context = self.context or ssl.create_default_context()
        place = self.host, self.port, self._domain  # or this machine's name would be looked up
        if self.is_secure:
            return smtplib.SMTP_SSL(*place, timeout=_TIMEOUT, context=context)
        server = smtplib.SMTP(*place, timeout=_TIMEOUT)
        try:
            server.ehlo()
            # Who is on the way could take STARTTLS away: without it nothing is sent.
            if server.has_extn("starttls") or self.host not in _OWN:
                server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server


def _refused(host: str, status: int) -> DaypassError:
    msg = f"the mail server {host} answered {status}"
    # RFC 5321, section 4.2.1: 5xx is for good; so is a password that is wrong, which somebody may mend.
    is_final = status >= 500 and status not in (530, 535)  # noqa: PLR2004 - SMTP's own
    return _DeclinedError(msg) if is_final else StoreError(msg)
