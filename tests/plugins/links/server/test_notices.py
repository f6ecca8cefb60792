"""Whoever made a link is told before it ends, once, by whichever process."""

from __future__ import annotations

import json
import smtplib
from threading import Barrier, Thread

import attrs
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from daypass.cli.run import run
from daypass.errors import ConfigError, DeadlineError, InvalidRequestError, StoreError
from daypass_links.server import settings
from daypass_links.server.alerts.signatures import secret_of, signature
from daypass_links.server.database.pruning import prune
from daypass_links.server.database.tables import notice
from daypass_links.server.notices import mail
from daypass_links.server.notices.addresses import address, server_of
from daypass_links.server.notices.mail import Mailer
from daypass_links.server.principals.known import reach, remember
from tests.plugins.links.server.conftest import MAIL
from tests.servers.certificates import identity
from tests.servers.dripping import dripping, soon
from tests.servers.smtp import smtp_server

pytestmark = pytest.mark.filterwarnings("ignore:'asyncio.iscoroutinefunction':DeprecationWarning")
DAY = 86_400
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = """
[notices]
before = ["3d", "1d"]
webhook = "http://127.0.0.1:{port}/hook"
webhook_secret = "{secret}"
"""


@pytest.fixture
def hooked(serving, listener):
    return serving(WEBHOOK.format(port=listener.port, secret=SECRET))


@pytest.fixture
def mails():
    with smtp_server() as found:
        yield found


@pytest.fixture
def mailing(serving, mails):
    return serving(MAIL.format(port=mails.port))


def look(server, after=0.0):
    """Let time go by, and look."""
    server.clock.now += after
    server.service.notices.look()


def heard(listener):
    return [json.loads(body) for _, _, body in listener.heard]


def rows(server):
    with server.service.databases.main.connect() as connection:
        return connection.scalar(select(func.count()).select_from(notice))


def test_a_webhook_is_told_three_days_before_an_end(hooked, listener):
    link = hooked.link("daypass://maps/a.csv", expires_in="7d", label="report")
    look(hooked, 4 * DAY - 1)
    assert heard(listener) == []
    look(hooked, 1)
    ((path, headers, body),) = listener.heard
    headers = {name.lower(): value for name, value in headers.items()}
    now = int(hooked.clock())
    assert path == "/hook"
    assert headers["webhook-signature"] == signature(
        secret_of(SECRET), headers["webhook-id"], now, body
    )
    said = json.loads(body)
    assert said.pop("time").startswith("20")
    assert said == {
        "type": "notice",
        "link_id": link["link_id"],
        "principal": "admin",
        "path": "daypass://maps/a.csv",
        "label": "report",
        "ends_at": link["expires_at"],
        "before": 3 * DAY,
        "page": f"http://127.0.0.1:8321/ui/links/{link['link_id']}",
    }
    assert link["url"].rpartition("/")[2] not in body.decode()
    assert hooked.events(link) == ["mint", "notice"]


@pytest.mark.nightly
def test_each_end_is_told_of_once_at_each_time_before_it(hooked, listener):
    link = hooked.link(expires_in="7d")
    for _ in range(3):
        look(hooked, 4 * DAY if _ == 0 else 60)
    assert [one["before"] for one in heard(listener)] == [3 * DAY]
    look(hooked, 2 * DAY)
    look(hooked, 60)
    assert [one["before"] for one in heard(listener)] == [3 * DAY, DAY]
    look(hooked, DAY)
    assert len(listener.heard) == 2
    assert hooked.events(link) == ["mint", "notice", "notice"]


@pytest.mark.nightly
def test_when_nobody_looked_in_time_the_nearest_alone_is_told(hooked, listener):
    hooked.link(expires_in="7d")
    look(hooked, 6 * DAY + 60)
    assert [one["before"] for one in heard(listener)] == [DAY]


def test_a_link_that_is_extended_is_told_of_again_before_its_new_end(hooked, listener):
    link = hooked.link(expires_in="7d")
    look(hooked, 4 * DAY)
    assert hooked.ask("POST", f"/v1/links/{link['link_id']}/extend", json={"expires_in": "7d"})
    look(hooked, 60)
    assert len(listener.heard) == 1
    look(hooked, 4 * DAY)
    first, second = heard(listener)
    assert first["ends_at"] != second["ends_at"]


@pytest.mark.nightly
def test_nobody_is_told_of_what_was_made_for_less_or_is_no_more(hooked, listener):
    hooked.link(expires_in="1d")
    hooked.link(expires_in="3d")
    revoked = hooked.link(expires_in="7d")
    used = hooked.link(expires_in="7d", max_uses=1)
    hooked.link(expires_in="7d", max_uses=2)
    hooked.ask("DELETE", f"/v1/links/{revoked['link_id']}")
    hooked.use(used)
    look(hooked, 4 * DAY)
    assert len(listener.heard) == 1
    look(hooked, 60)
    assert len(listener.heard) == 1
    look(hooked, 3 * DAY)  # they have ended
    assert len(listener.heard) == 1


def test_of_many_processes_one_tells(serving, listener):
    text = WEBHOOK.format(port=listener.port, secret=SECRET)
    processes = [serving(text) for _ in range(3)]
    for number in range(5):
        processes[0].link(f"daypass://maps/{number}", expires_in="7d")
    processes[0].clock.now += 4 * DAY
    ready = Barrier(3)

    def work(server):
        ready.wait()
        server.service.notices.look()

    threads = [Thread(target=work, args=(one,)) for one in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["path"][-1] for one in heard(listener)) == ["0", "1", "2", "3", "4"]


def test_what_was_not_heard_is_sent_again_later_under_the_same_id_and_is_on_record(
    hooked, listener
):
    link = hooked.link(expires_in="7d")
    hooked.link("daypass://maps/other.csv", expires_in="7d")
    listener.statuses = [503, 204]
    with capture_logs() as logs:
        look(hooked, 4 * DAY)
    assert [one["event"] for one in logs] == ["a notice was not sent"]
    assert len(listener.heard) == 1  # the other waits, and not for a time-out of its own
    look(hooked, 30)
    assert len(listener.heard) == 2
    look(hooked, 30)
    assert len(listener.heard) == 3
    names = [headers["webhook-id"] for _, headers, _ in listener.heard]
    assert names[0] == names[2] != names[1]
    assert hooked.events(link) == ["mint", "unsent", "notice"]
    answer = hooked.ask("GET", f"/v1/links/{link['link_id']}/events").json()["items"]
    (why,) = (one["why"] for one in answer if one["kind"] == "unsent")
    assert "503" in why


@pytest.mark.nightly
def test_who_declines_is_not_told_again_and_others_are(hooked, listener):
    hooked.link(expires_in="7d")
    hooked.link(expires_in="7d")
    listener.statuses = [400, 204]
    with capture_logs():
        look(hooked, 4 * DAY)
    assert len(listener.heard) == 2
    look(hooked, 3600)
    assert len(listener.heard) == 2


@pytest.mark.nightly
def test_it_gives_up_after_eight_tries(hooked, listener):
    link = hooked.link(expires_in="7d")
    listener.statuses = [500]
    with capture_logs():
        look(hooked, 4 * DAY)
        for _ in range(12):
            look(hooked, 3600)
    assert len(listener.heard) == 8
    assert hooked.events(link) == ["mint", *["unsent"] * 8]


@pytest.mark.nightly
def test_what_a_process_has_begun_and_left_another_one_sends(serving, listener, monkeypatch):
    text = WEBHOOK.format(port=listener.port, secret=SECRET)
    one, other = serving(text), serving(text)
    one.link(expires_in="7d")

    def die(*_):
        raise KeyboardInterrupt  # in the place of a kill

    monkeypatch.setitem(one.service.notices._ways, "webhook", die)
    with pytest.raises(KeyboardInterrupt):
        look(one, 4 * DAY)
    look(other, 60)
    assert listener.heard == []
    look(other, 300)
    assert len(listener.heard) == 1


@pytest.mark.nightly
def test_a_database_that_fails_is_told_to_the_log_and_looked_at_again(hooked, monkeypatch):
    notifier, asked = hooked.service.notices, []

    def wait(_):
        asked.append(1)
        return len(asked) > 2

    def fail():
        statement = "SELECT 1"
        raise OperationalError(statement, {}, Exception("made-up"))

    monkeypatch.setattr(notifier, "look", fail)
    monkeypatch.setattr(notifier, "_over", attrs.make_class("Over", {"wait": attrs.field()})(wait))
    with capture_logs() as logs:
        notifier._work()
    assert [one["event"] for one in logs] == ["nobody looked for links that end"] * 2
    monkeypatch.undo()


@pytest.mark.nightly
def test_rows_of_notices_go_a_day_after_the_end(hooked):
    link = hooked.link(expires_in="7d")
    look(hooked, 4 * DAY)
    prune(hooked.service.databases, int(hooked.clock()) + 4 * DAY)
    assert rows(hooked) == 1
    prune(hooked.service.databases, int(hooked.clock()) + 4 * DAY + 1)
    assert rows(hooked) == 0
    assert hooked.events(link) == ["mint", "notice"]


def test_whoever_made_links_gets_one_mail_for_all_that_end(mailing, mails):
    made = [
        mailing.link("daypass://maps/a.csv", expires_in="7d", label="report"),
        mailing.link("daypass://maps/é.csv", expires_in="7d", label="two"),
    ]
    look(mailing, 4 * DAY + 60)
    (message,), (to,) = mails.came, mails.to
    assert to == ["ops@example.org"]
    assert message["From"] == "daypass <links@example.org>"
    assert message["To"] == "ops@example.org"
    assert message["Subject"] == "2 links of yours are about to end"
    assert message["Content-Language"] == "en"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.org>")
    text = message.get_content()
    for link in made:
        assert f"http://127.0.0.1:8321/ui/links/{link['link_id']}" in text
        assert link["url"].rpartition("/")[2] not in text
    for words in (
        "daypass://maps/a.csv (report)",
        f"ends in 3 days: {made[0]['expires_at'][:10]} {made[0]['expires_at'][11:19]} UTC",
        "daypass://maps/é.csv (two)",
    ):
        assert words in text
    look(mailing, 60)
    assert len(mails.came) == 1
    assert mailing.events(made[0]) == ["mint", "notice"]


def test_a_mail_is_wholly_in_the_language_that_the_configuration_says(serving, mails):
    server = serving(MAIL.format(port=mails.port) + 'language = "de"\n')
    link = server.link("daypass://maps/a.csv", expires_in="7d")
    look(server, 4 * DAY)
    (message,) = mails.came
    assert message["Content-Language"] == "de"
    assert message["Subject"] == "Einer Ihrer Links läuft bald ab"
    end = link["expires_at"]
    assert message.get_content().splitlines() == [
        "Dieser Ihrer Links läuft bald ab:",
        "",
        "  daypass://maps/a.csv",
        f"  läuft in 3 Tagen ab: {end[:10]} {end[11:19]} UTC",
        f"  http://127.0.0.1:8321/ui/links/{link['link_id']}",
        "",
        "Wer ihn länger braucht, gibt ihm auf seiner Seite ein anderes Ende. Sonst ist nichts zu tun.",
    ]


def test_mail_goes_to_where_the_provider_has_verified_it_and_to_nobody_else(mailing, mails):
    for name in ("ann", "bob"):
        key = mailing.new_key(name, scopes=["admin", "links:write"])
        answer = mailing.ask(
            "POST", "/v1/links", key=key, json={"path": "daypass://maps/a.csv", "expires_in": "7d"}
        )
        assert answer.status_code == 201, answer.text
    with mailing.service.databases.main.begin() as connection:
        reach(connection, "ann", "ann@example.org")
        remember(connection, "ann", ["staff"], int(mailing.clock()) + 1)
    look(mailing, 4 * DAY)
    assert mails.to == [["ann@example.org"]]
    assert mails.came[0]["Subject"] == "A link of yours is about to end"
    assert rows(mailing) == 1


@pytest.mark.nightly
def test_a_recipient_whom_the_server_refuses_keeps_no_other_from_their_mail(mailing, mails):
    link = mailing.link(expires_in="7d")
    mails.of_recipient = "550 nobody of that name"
    with capture_logs():
        look(mailing, 4 * DAY)
    mails.of_recipient = "250 OK"
    look(mailing, 3600)
    assert mails.came == []
    assert mailing.events(link) == ["mint", "unsent"]


@pytest.mark.nightly
@pytest.mark.parametrize("answer", ["451 later", "421 closing"])
def test_what_the_server_takes_later_is_sent_later_as_the_same_mail(mailing, mails, answer):
    mailing.link(expires_in="7d")
    mails.of_message = answer
    with capture_logs():
        look(mailing, 4 * DAY)
    assert mails.came == []
    mails.of_message = "250 OK"
    look(mailing, 60)
    assert len(mails.came) == 1


def mailer(mails, context=None, **said):
    said = {"is_secure": False, "user": None, "password": None, **said}
    return Mailer("127.0.0.1", mails.port, sender="links@example.org", context=context, **said)


def send(one):
    one.deliver("ann@example.org", "Subject", "Text\n", language="en", name="name", now=0)


@pytest.mark.parametrize(
    "at_once",
    [
        pytest.param(True, id="TLS", marks=pytest.mark.nightly),
        pytest.param(False, id="STARTTLS"),
    ],
)
def test_a_mail_goes_by_tls_and_who_sends_it_signs_in(tmp_path, at_once):
    context, known = identity(tmp_path)
    ours = mail.ssl.create_default_context(cafile=known)
    with smtp_server(context, at_once=at_once, signs_in=True) as mails:
        send(mailer(mails, ours, is_secure=at_once, user="links", password="hunter2"))
        assert len(mails.came) == 1
        assert mails.signed_in == [(b"links", b"hunter2")]
        with pytest.raises(StoreError, match="535") as raised:
            send(mailer(mails, ours, is_secure=at_once, user="links", password="wrong-one"))
        assert "wrong-one" not in str(raised.value)
        with pytest.raises(StoreError, match="SSLCertVerificationError"):
            send(mailer(mails, is_secure=at_once))  # the system knows no such server
        assert len(mails.came) == 1
    assert "hunter2" not in repr(mailer(mails, user="links", password="hunter2"))


@pytest.mark.nightly
def test_without_starttls_nothing_is_sent_to_another_machine(mails, monkeypatch):
    """Who is on the way could take it out of what the server says."""
    elsewhere = attrs.evolve(mailer(mails), host="mail.example.org")
    begin = smtplib.SMTP

    def connect(host, port, *name, **more):
        assert host == "mail.example.org"
        return begin("127.0.0.1", port, *name, **more)

    monkeypatch.setattr(smtplib, "SMTP", connect)
    with pytest.raises(StoreError, match="SMTPNotSupportedError"):
        send(elsewhere)
    assert mails.came == []


def test_no_mail_outlasts_its_deadline(mails, monkeypatch):
    monkeypatch.setattr(mail, "_TIMEOUT", 0.3)
    with dripping(b"220 ", b"x" * 1000) as url, soon(), pytest.raises(DeadlineError):
        send(attrs.evolve(mailer(mails), port=int(url.rpartition(":")[2])))


@pytest.mark.nightly
def test_the_command_that_checks_asks_the_mail_server(
    configure, mails, monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("DAYPASS_SERVER__DATABASE", f"sqlite:///{tmp_path / 'links.db'}")
    configure(MAIL.format(port=mails.port))
    assert run(["serve", "check"]) == 0
    assert "mail: ok" in capsys.readouterr().out
    with dripping(b"421 closing\r\n", b"") as url:
        configure(MAIL.format(port=url.rpartition(":")[2]))
        assert run(["serve", "check"]) == 2
    said = capsys.readouterr()
    assert "mail: the mail server 127.0.0.1 answered 421" in said.out + said.err
    assert mails.came == []


@pytest.mark.nightly
def test_a_server_that_is_away_is_told(mails):
    gone = mailer(mails)
    with dripping(b"", b"") as url:
        gone = attrs.evolve(gone, port=int(url.rpartition(":")[2]))
    with pytest.raises(StoreError, match="cannot be told"):
        send(gone)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[notices]\n", "who is told"),
        ('[notices]\nsmtp = "smtp://h"\n', "sender"),
        ('[notices]\nsmtp = "http://h"\nsender = "a@b.c"\n', "smtps://"),
        ('[notices]\nsmtp = "smtp://u:p@h"\nsender = "a@b.c"\n', "smtp_user"),
        ('[notices]\nsmtp = "smtp://h:x"\nsender = "a@b.c"\n', "smtps://"),
        ('[notices]\nsmtp = "smtp://h"\nsender = "nobody"\n', "ann@example.org"),
        ('[notices]\nsmtp = "smtp://h"\nsender = "a\\nb: c <a@b.c>"\n', "one line"),
        (
            '[notices]\nsmtp = "smtp://h"\nsender = "a@b.c"\nsmtp_user = "u"\n',
            "smtp_password is missing, .* DAYPASS_NOTICES__SMTP_PASSWORD",
        ),
        (
            '[notices]\nsmtp = "smtp://h"\nsender = "a@b.c"\nsmtp_password = "p"\n',
            "smtp_user is missing",
        ),
        ('[notices]\nsmtp = "smtp://h"\nsender = "a@b.c"\naddresses = {a = "x"}\n', "ann@"),
        ('[notices]\nsmtp = "smtp://h"\nsender = "a@b.c"\nbefore = []\n', "before"),
        ('[notices]\nsmtp = "smtp://h"\nsender = "a@b.c"\nbefore = ["soon"]\n', "soon"),
        ('[notices]\nwebhook = "http://127.0.0.1/"\n', "webhook_secret"),
        (
            '[notices]\nsmtp = "smtp://h"\nsender = "a@b.c"\nlanguage = "fr"\n',
            "language cannot be 'fr': there are de, en",
        ),
    ],
)
def test_notices_that_cannot_be_are_refused(configure, text, why):
    configure(text)
    with pytest.raises(ConfigError, match=why):
        settings.load()


@pytest.mark.parametrize(
    "text",
    ["", "ann", "@b.c", "a@", "a b@c.d", "a@b.c,d@e.f", "a@b.c\r\nBcc: d@e.f", "a" * 251 + "@b.c", "é@b.c"],
)  # fmt: skip
def test_what_is_no_address_is_none(text):
    with pytest.raises(InvalidRequestError):
        address(text)


def test_a_server_is_named_as_an_address():
    assert server_of("smtps://[::1]:4650") == ("::1", 4650, True)
    with pytest.raises(InvalidRequestError):
        server_of("smtp://[::1")


def test_no_settings_show_a_password(configure):
    configure(
        '[notices]\nsmtp = "smtp://h"\nsender = "a@b.c"\nsmtp_user = "u"\nsmtp_password = "hunter2"\n'
    )
    said = settings.load()
    assert said.notices.smtp_password == "hunter2"
    assert "hunter2" not in repr(said)
