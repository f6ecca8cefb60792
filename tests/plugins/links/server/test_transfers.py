"""Files through links of the service, by daypass itself: a link alone is enough."""

from __future__ import annotations

import asyncio

import pytest

import daypass
from daypass.cli.run import run
from daypass.errors import StoreError

BODY = bytes(range(256)) * 5000


@pytest.fixture
def links(process):
    """The service's API."""
    return process.client


def kinds(links, link):
    return [event.kind for event in links.events(link.link_id)]


def test_a_file_goes_up_and_comes_down_through_links_alone(links, kit, tmp_path):
    client, bucket = kit
    file, back = tmp_path / "a.bin", tmp_path / "back.bin"
    file.write_bytes(BODY)
    up = links.create("daypass://kit/in/t.bin", method="PUT", content_type="text/csv")
    down = links.create("daypass://kit/in/t.bin", max_uses=1)
    daypass.upload(file, up.url, headers=up.headers)
    assert client.head_object(Bucket=bucket, Key="in/t.bin")["ContentType"] == "text/csv"
    done = daypass.download(down.url, back)
    assert back.read_bytes() == BODY
    assert "size" in done.checked
    assert (kinds(links, up), kinds(links, down)) == (["mint", "use"], ["mint", "use"])
    links.revoke(down.link_id)
    with pytest.raises(StoreError, match="410 Gone") as raised:
        daypass.download(down.url, back)
    assert down.url.rpartition("/")[2] not in str(raised.value)


def test_what_broke_off_is_gone_on_with_through_the_same_link(links, kit, tmp_path):
    client, bucket = kit
    client.put_object(Bucket=bucket, Key="in/r.bin", Body=BODY)
    link = links.create("daypass://kit/in/r.bin", max_uses=1)
    file = tmp_path / "r.bin"

    class AwayError(RuntimeError):
        pass

    class Callback:
        """Stops the run as soon as something has come."""

        def set_size(self, size):
            pass

        def relative_update(self, n):
            raise AwayError

        absolute_update = relative_update

    with pytest.raises(AwayError):
        daypass.download(link.url, file, resume=True, callback=Callback())
    assert not file.exists()
    daypass.download(link.url, file, resume=True)
    assert file.read_bytes() == BODY
    assert links.show(link.link_id).uses == 1


def test_links_that_the_signer_made_are_used_as_any(process, kit, tmp_path):
    client, bucket = kit
    store = daypass.Store(f"s3://{bucket}", signer="links", signer_options=process.signer_options)
    file = tmp_path / "s.bin"
    file.write_bytes(BODY)
    sent = daypass.upload(file, store.create_signed_url("in/s.bin", method="PUT", if_absent=True))
    assert sent.etag == client.head_object(Bucket=bucket, Key="in/s.bin")["ETag"].strip('"')
    back = tmp_path / "back"
    asyncio.run(daypass.adownload(store.create_signed_url("in/s.bin"), back))
    assert back.read_bytes() == BODY
    grant = store.create_signed_prefix("in/")
    daypass.download(f"{grant.url}s.bin", tmp_path / "below")
    assert (tmp_path / "below").read_bytes() == BODY


def test_the_commands_take_a_link(links, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.csv").write_bytes(b"a,b\n")
    up = links.create("daypass://kit/in/c.csv", method="PUT")
    assert run(["put", "c.csv", up.url]) == 0
    down = links.create("daypass://kit/in/c.csv")
    assert run(["get", down.url, "back.csv"]) == 0
    assert (tmp_path / "back.csv").read_bytes() == b"a,b\n"
    said = capsys.readouterr()
    assert down.url.rpartition("/")[2] not in said.out + said.err
