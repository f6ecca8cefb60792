"""A webhook is signed, sent again where it was not heard, and leads nowhere but where it may."""

from __future__ import annotations

import json
import socket
import threading

import pytest
from structlog.testing import capture_logs

from daypass.errors import InvalidRequestError, RefusedError
from daypass_links.server.alerts.destinations import address_of, destination
from daypass_links.server.alerts.signatures import secret_of, signature
from daypass_links.server.alerts.webhook import Webhook
from tests.plugins.links.server.listener import Listener
from tests.servers.certificates import identity

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = secret_of(SECRET)


def sent(listener, message=None, wanted=1, **more):
    listener.wanted = wanted
    place = destination(f"http://127.0.0.1:{listener.port}/hook?a=1", may_be_private=False)
    webhook = Webhook(place, KEY, clock=lambda: 1_614_265_330.9, first_pause=0.001, **more)
    with capture_logs() as logs:
        webhook.tell(message or {"test": 2432232314})
        assert listener.enough.wait(30)
        webhook.close()
    return logs


def test_the_signature_is_that_of_the_specification_s_example():
    """https://www.standardwebhooks.com, and the libraries that it names, verify this one."""
    found = signature(KEY, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("text", ["", "hunter2", "whsec_hunter2!", "whsec_aGk=", SECRET[6:]])
def test_what_is_no_secret_is_not_shown(text):
    with pytest.raises(InvalidRequestError, match="whsec_") as raised:
        secret_of(text)
    assert not text or text not in str(raised.value)


def test_a_message_comes_signed_with_an_id_and_the_time(listener):
    assert sent(listener) == []
    ((path, headers, body),) = listener.heard
    headers = {name.lower(): value for name, value in headers.items()}
    assert (path, json.loads(body)) == ("/hook?a=1", {"test": 2432232314})
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == signature(KEY, headers["webhook-id"], 1614265330, body)
    assert headers["content-type"] == "application/json"


def test_what_was_not_heard_is_sent_again_under_the_same_id(listener):
    listener.statuses = [500, 429, 204]
    assert sent(listener, wanted=3) == []
    assert len({headers["webhook-id"] for _, headers, _ in listener.heard}) == 1


def test_it_gives_up_and_says_so(listener):
    listener.statuses = [503]
    logs = sent(listener, wanted=8)
    assert len(listener.heard) == 8
    assert [(one["log_level"], one["event"]) for one in logs] == [
        ("warning", "the webhook was not told")
    ]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404])
def test_who_declines_is_not_asked_again_and_a_redirect_is_not_followed(listener, status):
    listener.statuses = [status, 204]
    listener.headers = {"location": f"http://127.0.0.1:{listener.port}/elsewhere"}
    logs = sent(listener)
    assert len(listener.heard) == 1
    assert str(status) in logs[0]["why"]
    assert SECRET not in str(logs)


def test_it_speaks_tls_to_who_shows_the_certificate_of_the_name(tmp_path):
    import ssl

    context, known = identity(tmp_path)
    listener = Listener(context)
    try:
        trusts = ssl.create_default_context(cafile=str(known))
        place = destination(f"https://localhost:{listener.port}/", may_be_private=False)
        webhook = Webhook(place, KEY, context=trusts, first_pause=0.001)
        webhook.tell({})
        assert listener.enough.wait(30)
        webhook.close()
        # And to nobody else.
        listener.heard.clear()
        with capture_logs() as logs:
            webhook = Webhook(place, KEY, first_pause=0.001)
            webhook.tell({})
            webhook.close()
        assert (listener.heard, logs[0]["event"]) == ([], "the webhook was not told")
    finally:
        listener.close()


FORBIDDEN = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "100.100.100.200",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:169.254.169.254",
    "::ffff:127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
]


def leads_to(monkeypatch, *addresses):
    asked = []

    def look_up(host, port, **_):
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_name_that_leads_into_a_network_of_ones_own_is_refused(monkeypatch, address):
    place = destination("https://hooks.example/", may_be_private=False)
    leads_to(monkeypatch, address)
    with pytest.raises(RefusedError, match=r"hooks\.example"):
        address_of(place)
    # One that is fine beside it makes it no better.
    leads_to(monkeypatch, "93.184.216.34", address)
    with pytest.raises(RefusedError):
        address_of(place)


PRIVATE = {
    "127.0.0.1",
    "127.9.9.9",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "fc00::1",
}


@pytest.mark.parametrize("address", FORBIDDEN)
def test_where_it_is_allowed_a_network_of_ones_own_is_and_metadata_never(monkeypatch, address):
    place = destination("http://hooks.example/", may_be_private=True)
    leads_to(monkeypatch, address)
    if address in PRIVATE or address in ("198.18.0.1", "::1", "::ffff:127.0.0.1", "2002:7f00:1::"):
        assert address_of(place) == address
    else:
        with pytest.raises(RefusedError):
            address_of(place)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_the_world_is_allowed(monkeypatch, address):
    leads_to(monkeypatch, address)
    assert address_of(destination("https://hooks.example/", may_be_private=False)) == address


def test_a_name_of_this_machine_leads_nowhere_else(monkeypatch):
    place = destination("http://localhost/", may_be_private=False)
    leads_to(monkeypatch, "93.184.216.34")
    with pytest.raises(RefusedError):
        address_of(place)


def test_it_connects_to_the_address_that_was_judged(monkeypatch):
    """A name may lead elsewhere when it is asked for a second time."""
    asked, met = leads_to(monkeypatch, "93.184.216.34"), []
    reached = threading.Event()

    def connect(address, *_):
        met.append(address)
        reached.set()
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    place = destination("https://hooks.example:8443/", may_be_private=False)
    webhook = Webhook(place, KEY, first_pause=60)
    with capture_logs() as logs:
        webhook.tell({})
        assert reached.wait(30)
        webhook.close()
    assert {*met} == {("93.184.216.34", 8443)}
    assert len(asked) == len(met)  # one look with each try
    assert logs[0]["event"] == "the webhook was not told"


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/", "ftp://hooks.example/", "hooks.example", "https://u:p@h.example/"],
)
def test_what_is_no_address_for_a_webhook_is_refused(url):
    with pytest.raises(InvalidRequestError):
        destination(url, may_be_private=False)
