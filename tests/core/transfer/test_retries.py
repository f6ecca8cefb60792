"""What passes by itself is tried again, so often, and no longer than anybody waits for it."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from types import SimpleNamespace

import pytest
import tenacity

import daypass
from daypass.errors import AccessDeniedError, DeadlineError, InvalidRequestError, StoreError
from daypass.store import multipart
from daypass.toolkit import wire
from daypass.transfer import parts, retries
from daypass.transfer.retries import TRIES, ChangedError, Patience, insist, is_temporary
from tests.servers.dripping import DRIPS, dripping


class Failing:
    """Fails as often as it is told, and counts."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def busy():
    return StoreError("busy", status=503)


@pytest.mark.parametrize("failures", range(4))
def test_it_is_called_as_often_as_it_takes_and_no_more_than_allowed(failures):
    call = Failing(*(busy() for _ in range(failures)))
    if failures < 3:
        assert insist(call, tries=3) == "done"
    else:
        with pytest.raises(StoreError, match="busy"):
            insist(call, tries=3)
    assert call.calls == min(failures + 1, 3)


def because(cause):
    """Return what daypass raises where there was no answer."""
    error = StoreError("no connection")
    error.__cause__ = cause
    return error


def tls(reason):
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "temporary"),
    [
        (busy(), True),
        (because(ConnectionRefusedError()), True),
        (because(socket.gaierror(socket.EAI_AGAIN, "try again")), True),
        (because(socket.gaierror(socket.EAI_NONAME, "not known")), False),
        (because(tls("UNEXPECTED_EOF_WHILE_READING")), True),
        (because(tls("CERTIFICATE_VERIFY_FAILED")), False),
        (because(tls("TLSV13_ALERT_CERTIFICATE_REQUIRED")), False),
        (because(tls("TLSV1_ALERT_UNKNOWN_CA")), False),
        (because(tls("WRONG_VERSION_NUMBER")), False),
        (StoreError("no connection"), True),
        (StoreError("slow", status=400, store_code="SlowDown"), True),
        (DeadlineError("silent"), True),
        (StoreError("no", status=403), False),
        (ChangedError("other"), False),
        (AccessDeniedError("no"), False),
        (InvalidRequestError("no"), False),
        (OSError("disk"), False),
    ],
)
def test_only_what_passes_by_itself_is_temporary(error, temporary):
    assert is_temporary(error) is temporary
    call = Failing(error)
    try:
        insist(call, tries=2)
    except Exception as raised:  # noqa: BLE001 - whatever it is
        assert raised is error
    assert call.calls == 1 + temporary


def test_a_certificate_that_nobody_knows_is_shown_once(secure, tmp_path, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setattr(tenacity, "sleep_using_event", lambda _: pytest.fail)
    with pytest.raises(StoreError, match="its certificate is not trusted"):
        daypass.download(secure.url, tmp_path / "down")
    assert secure.asked == []


@pytest.mark.parametrize(
    ("number", "tries"), [(socket.EAI_NONAME, 1), (socket.EAI_AGAIN, TRIES)], ids=["none", "again"]
)
def test_a_name_that_nobody_has_is_looked_up_once(tmp_path, monkeypatch, number, tries):
    asked = []

    def resolve(host, *_, **__):
        asked.append(host)
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(StoreError, match="the name of its host cannot be found"):
        daypass.download("http://store.invalid/k?X-Amz-Signature=1", tmp_path / "down")
    assert asked == ["store.invalid"] * tries


@pytest.fixture
def clock(monkeypatch):
    """Return the clock of retries, which stands still."""
    found = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(retries, "time", SimpleNamespace(monotonic=lambda: found.now))
    return found


@pytest.mark.parametrize(("seconds", "tries"), [(0, TRIES), (30, 4), (59, 3), (60, 2), (200, 1)])
def test_tries_that_bring_nothing_have_two_minutes_together(clock, seconds, tries):
    asked = []

    def hang():
        asked.append(clock.now)
        clock.now += seconds
        msg = "silent"
        raise DeadlineError(msg)

    with pytest.raises(DeadlineError):
        insist(hang)
    assert len(asked) == tries


def test_time_in_which_bytes_come_is_not_counted(clock):
    patience, asked = Patience(), []

    def break_off():
        asked.append(clock.now)
        clock.now += 3600
        patience.go_on()
        clock.now += 1
        msg = "cut"
        raise StoreError(msg)

    with pytest.raises(StoreError):
        insist(break_off, patience=patience)
    assert len(asked) == TRIES


@pytest.mark.parametrize("drip", ["nothing", "status line", "header"])
@pytest.mark.parametrize("transfer", ["upload", "download"])
def test_a_server_that_drips_for_ever_is_not_asked_six_times(tmp_path, monkeypatch, transfer, drip):
    monkeypatch.setattr(wire, "TIMEOUT", 0.2)
    monkeypatch.setattr(retries, "_PATIENCE", 0.3)
    came = []
    (tmp_path / "file").write_bytes(b"abc")
    with dripping(*DRIPS[drip], came=came) as url:
        link = f"{url}/k?X-Amz-Signature=1"
        given = (tmp_path / "file", link) if transfer == "upload" else (link, tmp_path / "down")
        with pytest.raises(DeadlineError):
            getattr(daypass, transfer)(*given)
    assert 1 <= len(came) <= 2


def test_pauses_end_when_they_are_told_to(monkeypatch):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(retries, "_LONGEST_PAUSE", 1000.0)
    stop = threading.Event()
    call = Failing(*(busy() for _ in range(9)))
    raised = []

    def work():
        try:
            insist(call, tries=9, stop=stop)
        except StoreError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not call.calls:
        time.sleep(0.001)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert len(raised) == 1
    assert call.calls <= 2


class Waited(threading.Event):
    """Does not wait, and counts the seconds that it should have."""

    def __init__(self):
        super().__init__()
        self.pauses = []

    def wait(self, timeout=None):
        self.pauses.append(timeout)
        return False


def test_pauses_double_from_a_floor(monkeypatch):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.5)
    stop = Waited()
    with pytest.raises(StoreError):
        insist(Failing(*(busy() for _ in range(9))), tries=9, stop=stop)
    floors = [0.5, 1, 2, 4, 8, 16, 20, 20]
    assert len(stop.pauses) == len(floors)
    for pause, floor in zip(stop.pauses, floors, strict=True):
        assert floor <= pause <= floor + 0.5


def test_an_outage_of_eight_seconds_is_survived_by_four_jobs_and_the_end(
    real, tmp_path, monkeypatch
):
    """Each job's own clock runs on by its own pauses; the store answers nothing before second 8."""
    path, options, proxy = real
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.5)
    clock = threading.local()

    def sleeping(_):
        def sleep(seconds):
            clock.now = getattr(clock, "now", 0.0) + seconds

        return sleep

    lost = StoreError("no connection")

    def down():
        if getattr(clock, "now", 0.0) < 8:
            raise lost

    monkeypatch.setattr(tenacity, "sleep_using_event", sleeping)
    through, finish = parts.send, multipart.MultipartUpload.complete

    def send(*given, **options):
        down()
        return through(*given, **options)

    def complete(*given, **options):
        down()
        return finish(*given, **options)

    monkeypatch.setattr(parts, "send", send)
    monkeypatch.setattr(multipart.MultipartUpload, "complete", complete)
    file = tmp_path / "large"
    file.write_bytes(os.urandom(1 << 20) * 21)
    done = daypass.upload(
        file, path, multipart_threshold=1, part_size=5 << 20, jobs=4, storage_options=options
    )
    assert (done.parts, done.size, done.checked) == (5, 21 << 20, ("size", "etag"))
    assert sorted(proxy.parts) == [1, 2, 3, 4, 5]
