"""What the guide to running the service has people write, in front of the service and beside it."""

from __future__ import annotations

import configparser
import http.client
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import daypass_links
from tests.servers.install import nginx_program
from tests.servers.links import DAYPASS, free_port, ready, served
from tests.servers.process import serving

pytestmark = pytest.mark.servers

PAGE = (Path(__file__).parents[4] / "docs" / "how-to" / "run-the-links-service.md").read_text()
#: Around what the page says.
_NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr notice;
events {{}}
http {{
    access_log access.log;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{ listen 127.0.0.1:{port}; {location} }}
}}
"""


def block(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture
def env(tmp_path):
    """The page's configuration, in directories of the test's own."""
    text = block("toml").replace("/var/lib/daypass-key", str(tmp_path / "key"))
    text = text.replace("/var/lib/daypass", str(tmp_path / "data"))
    (tmp_path / "config.toml").write_text(text)
    return {
        **os.environ,
        "DAYPASS_CONFIG": str(tmp_path / "config.toml"),
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        # Where nothing listens, and what asks there does not wait to ask again.
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_MAX_ATTEMPTS": "1",
    }


def daypass(env, *words):
    return subprocess.run([DAYPASS, *words], env=env, capture_output=True, text=True, check=False)


def ask(port, path, source="127.0.0.1", **headers):
    """Send a path as it stands, from one of this machine's addresses."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(source, 0))
    asking.request("GET", path, headers=headers)
    answer = asking.getresponse()
    answer.read()
    asking.close()
    return answer


def test_behind_nginx_links_know_who_asks_and_logs_no_token(env, tmp_path):
    port = free_port()
    with served(env, tmp_path / "run") as (output, address):
        key = output.wait_for("first key: ").removeprefix("first key: ")
        ready(output, address)
        (tmp_path / "nginx").mkdir()
        location = block("nginx").replace("http://127.0.0.1:8321", address)
        file = tmp_path / "nginx" / "nginx.conf"
        file.write_text(_NGINX.format(port=port, location=location))
        command = [nginx_program(), "-e", "stderr", "-p", str(file.parent), "-c", str(file)]
        with serving(command, str(file.parent)) as words:
            words.wait_for("event method")
            client = daypass_links.Client(address, key=key)
            bound = client.create("daypass://results/public/a b.csv", ip_range="127.0.0.2")
            grant = client.create("daypass://results/public/", prefix=True)
            safe = client.create("daypass://results/public/a", https_only=True)
            assert bound.url.startswith("https://links.example.org/l/")
            path = "/l/" + bound.url.rpartition("/")[2]
            assert ask(port, path, "127.0.0.2").status == 307
            assert ask(port, path, "127.0.0.3").status == 403
            # What a holder writes is theirs, in front.
            forged = {"X-Forwarded-For": "127.0.0.2"}
            assert ask(port, path, "127.0.0.3", **forged).status == 403
            # nginx's own word is http here.
            proto = {"X-Forwarded-Proto": "https"}
            assert ask(port, "/l/" + safe.url.rpartition("/")[2], **proto).status == 403
            below = "/l/" + grant.url.rstrip("/").rpartition("/")[2]
            answer = ask(port, f"{below}/c%252e/0%20?as=x")
            assert "/public/c%252e/0%20?" in answer.getheader("location")
            assert ask(port, f"{below}/a%2fb").status == 400
            kinds = [event.kind for event in client.events(bound.link_id)]
            assert kinds == ["mint", "use", "refuse", "refuse"]
            log = file.parent / "access.log"
            assert not log.exists() or "/l/" not in log.read_text()


def test_the_commands_of_the_page_go_as_it_says(env, tmp_path):
    checked = daypass(env, "serve", "check")
    assert "configuration: ok" in checked.stdout
    assert checked.returncode == 2  # its store is not there
    copy = tmp_path / "backups" / "2026-11-30"
    with served(env, tmp_path / "run") as (output, address):
        key = output.wait_for("first key: ").removeprefix("first key: ")
        assert output.wait_for("listening on ") == f"listening on {address}"
        output.wait_for("links begin with https://links.example.org")
        asked = re.search(r"/v1/keys\".*?-d '(.*?)'", PAGE, re.DOTALL)[1]
        request = urllib.request.Request(
            f"{address}/v1/keys",
            data=asked.encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 201
        client = daypass_links.Client(address, key=key)
        kept = client.create("daypass://results/public/a.csv")
        made = daypass(env, "serve", "backup", str(copy))
        assert made.returncode == 0, made.stderr
        assert sorted(path.name for path in copy.iterdir()) == [
            "events.db",
            "links.db",
            "server.key",
        ]
        assert client.revoke(kept.link_id) == 1
    assert daypass(env, "serve", "db", "upgrade").returncode == 0
    assert daypass(env, "serve", "restore", str(copy)).returncode == 2
    for file in [*(tmp_path / "data").iterdir(), *(tmp_path / "key").iterdir()]:
        file.unlink()
    assert daypass(env, "serve", "restore", str(copy)).returncode == 0
    with served(env, tmp_path / "again") as (output, address):
        ready(output, address)
        # As the page warns: what was revoked since is not.
        assert daypass_links.Client(address, key=key).show(kept.link_id).state == "alive"
        verified = daypass(env, "audit", "verify")
        assert verified.returncode == 0, verified.stderr


def test_two_processes_see_a_revocation(env, tmp_path):
    env |= {"DAYPASS_SERVER__WORKERS": "2"}
    with served(env, tmp_path / "run") as (output, address):
        key = output.wait_for("first key: ").removeprefix("first key: ")
        ready(output, address)
        client = daypass_links.Client(address, key=key)
        link = client.create("daypass://results/public/a.csv")
        port = int(address.rpartition(":")[2])
        path = "/l/" + link.url.rpartition("/")[2]
        assert {ask(port, path).status for _ in range(20)} == {307}
        client.revoke(link.link_id)
        # How soon, others test: here it is that both do.
        end = time.monotonic() + 60
        while {ask(port, path).status for _ in range(20)} != {410}:
            assert time.monotonic() < end


def test_the_unit_is_one_of_systemd_and_runs_what_there_is():
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string(block("ini"))
    assert unit["Service"]["ExecStart"].endswith("/bin/daypass serve")
    assert unit["Service"]["Environment"] == "DAYPASS_CONFIG=/etc/daypass/config.toml"
    # Both directories that the configuration names.
    assert unit["Service"]["StateDirectory"].split() == ["daypass", "daypass-key"]
    assert 'key_file = "/var/lib/daypass-key/' in PAGE
    assert "/var/lib/daypass/links.db" in PAGE
