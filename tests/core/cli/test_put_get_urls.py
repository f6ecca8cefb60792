"""``daypass put`` and ``get`` with a link that was made before: used as it is, and shown without its secret."""

import json

import pytest

from tests.core.cli.answers import answer


def test_a_url_gets_whatever_headers_it_wants(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("1,2\n")
    path = f"s3://{bucket}/wants.csv"
    asked = ["--content-type", "text/csv", "--metadata", "run=7"]
    url = daypass("sign", path, "--method", "PUT", *asked).stdout.strip()
    headers = ["--header", "Content-Type=text/csv", "--header", "x-amz-meta-run=7"]
    assert daypass("put", "up", url, *headers).returncode == 0
    found = json.loads(daypass("head", path, "--json").stdout)
    assert (found["content_type"], found["metadata"]["run"]) == ("text/csv", "7")
    assert daypass("put", "up", path, *headers).returncode == 2


def test_a_url_is_used_without_credentials_or_anything_else(daypass, environment, liar, tmp_path):
    got = []

    def store(handler):
        length = int(handler.headers.get("Content-Length") or 0)
        got.append((handler.command, handler.path, handler.headers, handler.rfile.read(length)))
        answer(handler, body=b"1,2\n" if handler.command == "GET" else b"")

    (tmp_path / "up.csv").write_text("1,2\n")
    with liar(store) as httpd:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del environment[name]
        url = f"http://127.0.0.1:{httpd.server_port}/b/a%20b?X-Amz-Signature=5ec2e7"
        put = daypass("put", "up.csv", url, "--header", "x-ms-blob-type=BlockBlob")
        get = daypass("get", url, "down", "--json")
        wrong = daypass("get", url, "down", "--expires-in", "5m")
    assert (put.returncode, put.stderr, get.returncode, get.stderr) == (0, "", 0, "")
    shown = url.replace("X-Amz-Signature=5ec2e7", "****")
    assert put.stdout == f"{shown}: 4 bytes, MD5 not checked\n"
    assert json.loads(get.stdout) == {
        "file": str(tmp_path / "down"),
        "path": shown,
        "size": 4,
        "content_md5": None,
        "checked": ["size"],
    }
    assert (tmp_path / "down").read_text() == "1,2\n"
    assert [(method, path) for method, path, *_ in got] == [
        ("PUT", "/b/a%20b?X-Amz-Signature=5ec2e7"),
        ("GET", "/b/a%20b?X-Amz-Signature=5ec2e7"),
    ]
    assert got[0][3] == b"1,2\n"
    own = {"Host", "Connection", "User-Agent", "Accept-Encoding", "Content-Length"}
    assert [set(headers.keys()) - own for _, _, headers, _ in got] == [{"X-Ms-Blob-Type"}, set()]
    assert (wrong.returncode, "5ec2e7" in wrong.stderr) == (2, False)
    assert "--expires-in goes with a path" in wrong.stderr


def test_a_part_is_not_said_to_be_the_whole(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("0123456789abcdef")
    path = f"s3://{bucket}/k"
    assert daypass("put", "up", path).returncode == 0
    url = daypass("sign", path).stdout.strip()
    done = daypass("get", url, "down", "--header", "Range=bytes=0-9")
    assert done.stdout.endswith(
        ": 10 bytes, a part of the object (Range): its length checked, and nothing of the whole\n"
    )
    assert (tmp_path / "down").read_text() == "0123456789"
    told = json.loads(daypass("get", url, "down", "--header", "range=bytes=0-9", "--json").stdout)
    assert (told["size"], told["checked"]) == (10, ["part"])
    refused = daypass("get", path, "other", "--header", "Range=bytes=0-9")
    assert refused.returncode == 2
    assert "sign a link to it" in refused.stderr
    assert not (tmp_path / "other").exists()


def test_the_key_of_a_url_is_shown_without_its_query(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("x")
    assert daypass("put", "up", f"s3://{bucket}/a/k").returncode == 0
    url = daypass("sign", f"s3://{bucket}/a/k").stdout.strip()
    found = json.loads(daypass("head", url, "--json").stdout)
    place = url.partition("?")[0]
    assert (found["path"], found["key"]) == (f"{place}?****", place.split("/", 3)[3])


#: As Amazon answers; the signature is not in it, and a stranger's server may repeat it.
EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired: 5ec2e7a1b2c3 &amp; so</Message></Error>"


@pytest.mark.parametrize(
    ("arguments", "verify"),
    [
        (["get", "URL", "down"], "daypass verify URL"),
        (["get", "URL", "-"], "daypass verify URL"),
        (
            ["put", "up file", "URL", "--header", "Content-Type=text/csv"],
            "daypass verify URL --method PUT --body 'up file' --header Content-Type=...",
        ),
    ],
)
def test_a_link_that_is_refused_says_what_to_type(daypass, liar, tmp_path, arguments, verify):
    (tmp_path / "up file").write_text("x")

    def refuse(handler):
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        answer(handler, 403, EXPIRED)

    with liar(refuse) as httpd:
        url = f"http://127.0.0.1:{httpd.server_port}/b/k?X-Amz-Signature=5ec2e7a1b2c3"
        done = daypass(*(url if word == "URL" else word for word in arguments))
    assert (done.returncode, done.stdout) == (1, "")
    method = "PUT" if arguments[0] == "put" else "GET"
    assert done.stderr == (
        f"daypass: error: the store answered 403 Forbidden (AccessDenied) to {method} "
        f"{url.partition('?')[0]}?****, in its own words: Request has expired: **** & so; "
        f"`daypass explain URL` says what the link permits, and `{verify}` which piece of this request differs\n"
    )


def test_a_real_store_that_refuses_a_link_is_quoted(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("x")
    url = daypass("sign", f"s3://{bucket}/k", "--method", "PUT").stdout.strip()
    done = daypass("get", url, "down")
    assert done.returncode == 1
    assert "403 Forbidden (SignatureDoesNotMatch)" in done.stderr
    assert ", in its own words: The request signature we calculated does not match" in done.stderr
    assert "`daypass verify URL`" in done.stderr
