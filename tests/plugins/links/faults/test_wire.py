"""What the server in front of the service makes of requests that are none, that smuggle others, or that lie about who sends them."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.plugins.links.faults.processes import path_of, site
from tests.servers.nginx import nginx

GOOD = b'{"path": "daypass://maps/a"}'
#: What nginx does with what clients say of their addresses.
WAYS = {
    "adds the address": "$proxy_add_x_forwarded_for",
    "puts the address in its place": "$remote_addr",
    "adds a port": '"$http_x_forwarded_for, $remote_addr:4711"',
    "writes it as IPv6": '"$http_x_forwarded_for, ::ffff:$remote_addr"',
    "writes it in brackets": '"[::ffff:$remote_addr]:4711"',
    "names itself too": '"$proxy_add_x_forwarded_for, 127.0.0.1"',
    "knows none": "unknown",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A service behind a proxy."""
    directory = tmp_path_factory.mktemp("wire")
    with site(directory, trusted_proxies=("127.0.0.1",)) as found:
        found.start().wait_until_ready()
        yield found


@pytest.fixture(scope="module")
def one(running):
    """Its process."""
    return running.processes[0]


@pytest.fixture(scope="module")
def link(running, one):
    return path_of(running.link(one)).encode()


def answers(process, sent, *, leave=False):
    """Send bytes as they are, and perhaps leave; return the status of each answer, and all that was said."""
    with socket.create_connection(("127.0.0.1", process.port), timeout=30) as connection:
        connection.sendall(sent)
        if leave:
            connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as file:
            text = file.read()
    heads = [part for part in text.split(b"\r\n\r\n") if part.startswith(b"HTTP/1.")]
    return [int(head.split()[1]) for head in heads], text


def asked(line, *headers, body=b""):
    return b"\r\n".join([line + b" HTTP/1.1", *headers, b"Connection: close", b"", body])


SECOND = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        (b"Content-Length: 28", b"Content-Length: 5"),
        (b"Content-Length: 28, 5",),
        (b"Content-Length: +28",),
        (b"Content-Length: 0x1c",),
        (b"Content-Length: -1",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        (b"Transfer-Encoding: xchunked",),
        (b"Transfer-Encoding : chunked",),
        (b"X: a\rContent-Length: 28",),
        (b"X: a\0b", b"Content-Length: 28"),
        (b"X: a", b" Content-Length: 28"),
        (b"Content-Length : 28",),
    ],
)
def test_a_request_that_two_servers_would_read_in_two_ways_is_refused(running, one, headers):
    key = b"Authorization: Bearer " + running.key.encode()
    before = len(running.links())
    statuses, _ = answers(one, asked(b"POST /v1/links", b"Host: a", key, *headers, body=GOOD))
    assert statuses == [400]
    assert len(running.links()) == before


def test_of_a_length_and_chunks_the_chunks_count_and_nothing_comes_after(running, one):
    key = b"Authorization: Bearer " + running.key.encode()
    sent = b"\r\n".join(
        [
            b"POST /v1/links HTTP/1.1\r\nHost: a\r\n" + key,
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            b"1c\r\n" + GOOD + b"\r\n0\r\n\r\n" + SECOND,
        ]
    )
    statuses, _ = answers(one, sent)
    assert statuses == [201]


def test_the_body_of_a_request_for_a_link_is_no_other_request(one, link):
    sent = b"GET " + link + b" HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(SECOND)
    statuses, _ = answers(one, sent + SECOND + asked(b"DELETE /v1/nothing", b"Host: a"))
    assert statuses == [307, 404]


@pytest.mark.parametrize(
    "line", [b"GET /l/\xff", b"GET /l/a b", b"GET  /l/a", b"G\rET /l/a", b"/l/a", b"GET", b"\0"]
)
def test_what_is_no_request_is_refused(one, line):
    assert answers(one, asked(line, b"Host: a"))[0] == [400]


@pytest.mark.parametrize(
    ("headers", "location"),
    [
        ((b"Host: evil.example", b"Host: other.example"), 307),
        ((b"X: a",), 307),
        (
            (
                b"Host: evil.example",
                b"X-Forwarded-Host: evil.example",
                b"Forwarded: host=evil.example",
            ),
            307,
        ),
        ((b"Host: a", b"Upgrade: websocket", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 307),
        ((b"Host: a", b"Upgrade: h2c"), 307),
        ((b"Host: a", b"X-HTTP-Method-Override: DELETE"), 307),
    ],
)
def test_no_header_says_where_a_link_leads(one, link, headers, location):
    statuses, text = answers(one, asked(b"GET " + link, *headers))
    assert statuses == [location]
    assert b"location: https://results.s3.eu-west-1.amazonaws.com/a?" in text
    assert b"evil" not in text


def test_a_url_in_place_of_a_path_leads_where_its_path_does(one, link):
    statuses, text = answers(one, asked(b"GET http://evil.example" + link, b"Host: evil.example"))
    assert statuses == [307]
    assert b"evil" not in text


@pytest.mark.parametrize("end", [b"%0d%0aX:%20y", b"%00", b"%20", b"/", b"/..", b"//a", b"%2f"])
def test_nothing_is_added_to_a_token(one, link, end):
    statuses, text = answers(one, asked(b"GET " + link + end, b"Host: a"))
    assert statuses == [404]
    assert b"unknown-link" in text
    assert b"\r\nX:" not in text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (asked(b"GET /l/" + b"a" * 60_000, b"Host: a"), 404),
        (asked(b"GET /l/" + b"a" * 600_000, b"Host: a"), 431),
        (asked(b"GET /l/a", b"Host: a", *[b"A: b"] * 500), 431),
        (asked(b"GET /v1/links", b"Host: a", b"Authorization: Bearer " + b"k" * 60_000), 401),
        (asked(b"POST /v1/keys", b"Host: a", b"Content-Length: 99999999999", body=b"{}"), 413),
        (asked(b"BREW /v1/links", b"Host: a"), 405),
        (asked(b"TRACE /l/a", b"Host: a"), 404),
        (asked(b"CONNECT evil.example:443", b"Host: a"), 405),
        (asked(b"OPTIONS *", b"Host: a"), 404),
    ],
)
def test_what_is_too_long_or_unheard_of_is_refused(one, sent, status):
    assert answers(one, sent)[0] == [status]


@pytest.mark.parametrize(
    "sent",
    [
        asked(b"POST /v1/keys", b"Host: a", b"Content-Length: 280", body=b"{}"),
        asked(b"POST /v1/keys", b"Host: a", b"Transfer-Encoding: chunked", body=b"5\r\n{}"),
        asked(
            b"POST /v1/keys",
            b"Host: a",
            b"Transfer-Encoding: chunked",
            body=b"fffffffffffffffff\r\n",
        ),
    ],
)
def test_half_a_body_is_no_failure_of_the_service(one, sent):
    statuses, text = answers(one, sent, leave=True)
    assert statuses in ([], [400]), text


@pytest.fixture(scope="module")
def proxies(running):
    """Nginx before it, by how it tells of addresses."""
    ways = {
        name: f"location / {{ proxy_set_header X-Forwarded-For {value}; proxy_pass http://store; }}"
        for name, value in WAYS.items()
    }
    with nginx(running.processes[0].address, ways=ways) as found:
        yield found


def through(address, path, client, **headers):
    """Ask a proxy, or the service itself, from one of the addresses of this machine."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(
        place.hostname, place.port, timeout=30, source_address=(client, 0)
    )
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or "null")
    finally:
        connection.close()


LIES = (
    {},
    {"X-Forwarded-For": "192.0.2.7"},
    {"X-Forwarded-For": "127.0.0.1, 192.0.2.7, 127.0.0.1"},
)
LIES += ({"Forwarded": "for=192.0.2.7", "X-Real-IP": "192.0.2.7", "True-Client-IP": "192.0.2.7"},)


@pytest.mark.servers
def test_behind_a_proxy_a_client_is_where_it_is_whatever_it_says(running, one, proxies):
    theirs = path_of(running.link(one, ip_range="127.0.0.2"))
    others = path_of(running.link(one, ip_range="192.0.2.0/24"))
    for way, address in proxies.items():
        knows = way != "knows none"
        for lie in LIES:
            assert through(address, theirs, "127.0.0.2", **lie)[0] == (307 if knows else 403), way
            status, said = through(address, others, "127.0.0.2", **lie)
            assert (status, said["code"]) == (403, "address"), (way, lie)


@pytest.mark.servers
def test_who_is_no_proxy_is_believed_nothing(running, one, proxies):
    theirs = path_of(running.link(one, ip_range="127.0.0.2"))
    for lie in LIES[1:]:
        forged = {**lie, "X-Forwarded-For": "127.0.0.2"}
        assert through(one.address, theirs, "127.0.0.3", **forged)[0] == 403
    assert through(one.address, theirs, "127.0.0.2", **LIES[1])[0] == 307


@pytest.mark.servers
def test_two_behind_a_proxy_that_tells_no_addresses_are_not_one_client(running, one, proxies):
    made = path_of(running.link(one, max_uses=1))
    found = [
        through(proxies["knows none"], made, client)[0] for client in ("127.0.0.2", "127.0.0.3")
    ]
    assert found == [307, 410]
    made = path_of(running.link(one, max_uses=1))
    address = proxies["adds the address"]
    found = [
        through(address, made, client)[0] for client in ("127.0.0.2", "127.0.0.2", "127.0.0.3")
    ]
    assert found == [307, 307, 410]
