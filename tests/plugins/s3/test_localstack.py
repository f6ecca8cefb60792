"""What LocalStack checks of a link, so that later tests may rely on it."""

from pathlib import Path

import requests

import daypass


def test_it_answers_a_link_and_refuses_a_tampered_one(local, local_bucket):
    local.client.put_object(Bucket=local_bucket, Key="a b/é", Body=b"content")
    link = daypass.create_signed_url(
        f"s3://{local_bucket}/a b/é", storage_options=local.storage_options
    )
    assert requests.get(link.url, timeout=30).content == b"content"
    other = link.url.replace("a%20b", "a%20c")
    assert requests.get(other, timeout=30).status_code == 403


def test_it_listens_on_the_loopback_alone(local):
    port = int(local.endpoint.rpartition(":")[2])
    hexadecimal = f"{port:04X}"
    listening = {
        fields[1]
        for name in ("tcp", "tcp6")
        for line in Path("/proc/net", name).read_text(encoding="ascii").splitlines()[1:]
        if (fields := line.split())[3] == "0A" and fields[1].endswith(f":{hexadecimal}")
    }
    assert listening == {f"0100007F:{hexadecimal}"}
