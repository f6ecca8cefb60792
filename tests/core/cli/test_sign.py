import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

import daypass as library
from daypass.cli.run import run
from tests.stranger import send


class Link:
    """What a person has who was sent the output of ``daypass sign``."""

    def __init__(self, url, method="GET", headers=None):
        self.url = url
        self.http_method = method
        self.headers = headers or {}


def test_piped_it_is_the_bare_url_and_works(daypass, real, bucket):
    path = f"s3://{bucket}/a b/ü+%2F.txt"
    put = daypass("sign", path, "--method", "PUT", "--content-type", "text/plain", "--json")
    told = json.loads(put.stdout)
    assert send(Link(told["url"], "PUT", told["headers"]), b"hello").status == 200

    get = daypass("sign", path, "--expires-in", "5m")
    assert (get.returncode, get.stderr) == (0, "")
    url = get.stdout.removesuffix("\n")
    assert "\n" not in url
    assert send(Link(url)).body == b"hello"
    assert send(Link(url), method="DELETE").status == 403


def test_a_listing_is_signed_by_prefix_and_its_curl_command_lists(daypass, real, bucket):
    for name in ("in/a", "in/b", "out"):
        told = json.loads(
            daypass("sign", f"s3://{bucket}/{name}", "--method", "PUT", "--json").stdout
        )
        assert send(Link(told["url"], "PUT", told["headers"]), b"x").status == 200

    told = json.loads(
        daypass("sign", f"s3://{bucket}/in/", "--method", "list", "--json", "--curl").stdout
    )
    assert (told["method"], told["permits"]) == ("LIST", ["LIST"])
    listed = subprocess.run(
        told["curl"], shell=True, capture_output=True, check=True, timeout=30, text=True
    ).stdout
    assert listed.count("<Contents>") == 2
    whole = daypass("sign", f"s3://{bucket}", "--method", "LIST").stdout.strip()
    assert send(Link(whole)).body.count(b"<Contents>") == 3


def test_folders_and_patterns_are_listed_and_signed(daypass, real, bucket, admin):
    root = f"s3://{bucket}/2026"
    names = ["a.parquet", "b.csv", "in/c d.parquet", "in/x*y"]
    admin.pipe({f"{bucket}/2026/{name}": b"12345" for name in names})

    def signed(*arguments):
        done = daypass("sign", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return [unquote(urlsplit(url).path).partition("2026/")[2] for url in done.stdout.split()]

    assert signed(f"{root}/*.parquet") == ["a.parquet"]
    assert signed(f"{root}/**/*.parquet") == ["a.parquet", "in/c d.parquet"]
    assert signed(root, "--recursive") == names
    assert signed("--root", root, "in", "-r") == ["in/c d.parquet", "in/x*y"]
    assert signed(f"{root}/in/x*y", "--no-glob") == ["in/x*y"]
    assert signed("--root", root, "*.csv", "in/c d.parquet") == ["b.csv", "in/c d.parquet"]

    listed = daypass("ls", root)
    assert listed.stdout.split("\n")[:-1] == [
        f"{root}/{name}" for name in ("a.parquet", "b.csv", "in/")
    ]
    told = [json.loads(line) for line in daypass("ls", root, "-r", "--json").stdout.splitlines()]
    assert [(one["path"], one["size"]) for one in told] == [(f"{root}/{name}", 5) for name in names]
    assert all(one["last_modified"].endswith("Z") for one in told)
    assert daypass("ls", f"{root}/in/c d.parquet").stdout == f"{root}/in/c d.parquet\n"

    for odd in ("x\ns3://private/y", "x\r"):
        admin.pipe_file(f"{bucket}/2026/in/{odd}", b"1")
    lines = daypass("ls", f"{root}/in")
    assert (lines.returncode, lines.stdout.split("\n")[:-1]) == (
        1,
        [f"{root}/in/{name}" for name in ("c d.parquet", "x*y")],
    )
    assert "2 paths with a line break in them left out: --json tells all" in lines.stderr
    assert daypass("ls", f"{root}/in", "--json").stdout.count("\n") == 4

    none = daypass("sign", f"{root}/*.tif")
    assert (none.returncode, none.stdout) == (1, "")
    assert "no object matches" in none.stderr


def test_a_store_that_lets_nobody_list_is_not_said_to_be_empty(daypass, real, bucket):
    real["AWS_ACCESS_KEY_ID"] = "AKIDNOBODY"
    for more in ([], ["--recursive"]):
        done = daypass("ls", f"s3://{bucket}/2026", *more)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"the credential may not list s3://{bucket}/2026/" in done.stderr


def test_files_of_this_machine_are_listed_from_where_the_command_is(daypass, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("a")
    assert "file://./in/\n" in daypass("ls", ".").stdout
    assert daypass("ls", "in").stdout == "file://in/a.csv\n"
    assert daypass("ls", "in/a.csv").stdout == "file://in/a.csv\n"
    none = daypass("ls", "in/b.csv")
    assert (none.returncode, none.stdout) == (1, "")
    assert "no object file://in/b.csv, and none in a folder of that name" in none.stderr


def test_json_tells_all_and_agrees_with_itself(daypass, credentials):
    done = daypass(
        "sign", "s3://b/k", "--method", "PUT", "--content-type", "text/csv",
        "--metadata", "a=1", "--signing-time", "2026-11-23T12:00Z", "--json",
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told.pop("url").startswith("https://")
    assert told == {
        "method": "PUT",
        "headers": {"Content-Type": "text/csv", "x-amz-meta-a": "1"},
        "expires_at": "2026-11-23T12:15:00Z",
        "expires_because": "requested",
        "permits": ["PUT"],
        "unenforced": [],
        "path": "s3://b/k",
        "backend": "s3",
        "http_method": "PUT",
    }


def test_several_paths_give_a_line_each_in_order(daypass, credentials):
    keys = ["one", "two", "three"]
    done = daypass("sign", *(f"s3://b/{key}" for key in keys))
    assert [urlsplit(url).path.rpartition("/")[2] for url in done.stdout.split()] == keys
    done = daypass("sign", "--json", *(f"s3://b/{key}" for key in keys))
    assert [json.loads(line)["path"] for line in done.stdout.splitlines()] == [
        f"s3://b/{key}" for key in keys
    ]


def test_where_one_path_fails_nothing_is_printed(daypass, credentials):
    done = daypass("sign", "s3://b/one", "s3://b/", "s3://b/three")
    assert done.returncode == 2
    assert done.stdout == ""


def test_curl_is_a_command_that_works(daypass, real, bucket, tmp_path):
    (tmp_path / "up.txt").write_text("by curl")
    path = f"s3://{bucket}/up.txt"
    put = daypass(
        "sign", path, "--method", "PUT", "--content-type", "text/plain", "--metadata", "a=b c",
        "--curl",
    )  # fmt: skip
    assert put.stdout.startswith("curl ")
    ran = subprocess.run(
        put.stdout, shell=True, cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(daypass("head", path, "--json").stdout)["metadata"] == {"a": "b c"}


def test_options_go_into_the_signature(daypass, credentials):
    done = daypass(
        "sign", "s3://b/k", "--expires-at", "2026-11-23T13:00+01:00", "--signing-time",
        "2026-11-23T11:00Z", "--filename", "rë.csv", "--version", "v1",
        "--public-endpoint", "https://files.example.org",
        "--storage-option", "client_kwargs.region_name=eu-west-1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    place = urlsplit(done.stdout.strip())
    query = parse_qs(place.query)
    assert place.netloc.endswith("files.example.org")
    assert query["X-Amz-Expires"] == ["3600"]
    assert query["X-Amz-Date"] == ["20261123T110000Z"]
    assert query["versionId"] == ["v1"]
    assert "/eu-west-1/" in query["X-Amz-Credential"][0]
    assert "r%C3%AB.csv" in query["response-content-disposition"][0]


def test_signer_options_are_checked(daypass, credentials):
    assert (
        "X-Amz" not in daypass("sign", "s3://b/k", "--signer-option", "signature_version=s3").stdout
    )
    wrong = daypass("sign", "s3://b/k", "--signer-option", "signature_versoin=s3")
    assert wrong.returncode == 2
    assert "signature_version" in wrong.stderr


def test_a_token_of_unknown_end_warns_in_one_line(daypass, credentials):
    credentials["AWS_SESSION_TOKEN"] = "made-up-token"
    done = daypass("sign", "s3://b/k")
    assert done.returncode == 0
    assert done.stdout.startswith("https://")
    assert done.stderr.startswith("daypass: warning: ")
    assert done.stderr.count("\n") == 1
    assert "--signer-option credentials_expire_at" in done.stderr

    raised = daypass("sign", "s3://b/k", "--on-short", "raise")
    assert (raised.returncode, raised.stdout) == (4, "")

    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat(timespec="seconds")
    said = daypass("sign", "s3://b/k", "--signer-option", f"credentials_expire_at={soon}", "--json")
    assert json.loads(said.stdout)["expires_at"] == soon.replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("path", "code", "hint"),
    [
        ("file:///x", 5, "local file"),
        ("/x", 5, "local file"),
        ("nope://bucket/key", 5, "nope"),
        ("zip://a::s3://b/k", 5, "file itself"),
        ("s3://b@evil.example/k", 2, "bucket"),
    ],
)
def test_what_cannot_be_signed_is_one_sentence(daypass, credentials, path, code, hint):
    done = daypass("sign", path)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("daypass: error: ")
    assert done.stderr.count("\n") == 1
    assert hint in done.stderr


def test_a_backend_that_is_not_installed_is_5_and_named(capsys, registry_of):
    registry_of()
    assert run(["sign", "az://container/key"]) == 5
    assert "pip install daypass-azure" in capsys.readouterr().err


def test_without_credentials_it_is_4(daypass):
    done = daypass("sign", "s3://b/k")
    assert (done.returncode, done.stdout) == (4, "")
    assert "AWS_ACCESS_KEY_ID" in done.stderr


def test_what_the_backend_cannot_enforce_is_5_and_can_be_waived(daypass, credentials):
    refused = daypass("sign", "s3://b/k", "--ip-range", "192.0.2.1")
    assert refused.returncode == 5
    assert "--no-strict" in refused.stderr
    waived = daypass("sign", "s3://b/k", "--ip-range", "192.0.2.1", "--no-strict")
    assert waived.returncode == 0
    assert waived.stdout.startswith("https://")
    assert "does not enforce --ip-range" in waived.stderr


def test_a_policy_and_an_audit_that_say_no_are_3(daypass, credentials, install):
    source = """
from daypass import hookimpl

@hookimpl
def {hook}(event):
    if event.caller != "boss":
        raise {error}("hunter2")
"""
    install("no-links", "daypass.plugins", "p", source.format(hook="authorize", error="ValueError"))
    done = daypass("sign", "s3://b/k")
    assert (done.returncode, done.stdout) == (3, "")
    assert "refused" in done.stderr
    assert "hunter2" not in done.stderr
    assert daypass("sign", "s3://b/k", "--caller", "boss").returncode == 0

    install("no-audit", "daypass.plugins", "q", source.format(hook="record", error="OSError"))
    done = daypass("sign", "s3://b/k", "--caller", "boss")
    assert done.returncode == 0


def test_an_audit_that_fails_is_3(daypass, credentials, install):
    install(
        "no-audit",
        "daypass.plugins",
        "q",
        "from daypass import hookimpl\n@hookimpl\ndef record(event):\n    raise OSError('full')\n",
    )
    done = daypass("sign", "s3://b/k")
    assert (done.returncode, done.stdout) == (3, "")
    assert "not handed out" in done.stderr


def test_on_a_terminal_it_is_a_card_with_all_that_the_holder_must_know(on_terminal, credentials):
    code, shown = on_terminal(
        "sign", "s3://b/[bold]k", "--method", "PUT", "--content-type", "text/csv",
        "--ip-range", "192.0.2.1", "--no-strict", "--expires-in", "15m",
    )  # fmt: skip
    assert code == 0
    for word in (
        "PUT",
        "s3://b/[bold]k",
        " UTC, in 15 minutes",
        "as requested",
        "Content-Type: text/csv",
        "not enforced",
        "--ip-range",
    ):
        assert word in shown
    lines = shown.splitlines()
    urls = [line for line in lines if line.startswith("http")]
    assert len(urls) == 1
    assert len(parse_qs(urlsplit(urls[0]).query)["X-Amz-Signature"][0]) == 64
    assert [line for line in lines if line.startswith("curl ") and line.endswith(f"'{urls[0]}'")]


def test_piped_what_the_holder_must_send_is_a_line_on_stderr(daypass, credentials):
    done = daypass(
        "sign", "s3://b/k", "--method", "PUT", "--content-type", "text/csv", "--if-absent"
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == (
        "s3://b/k: whoever uses it must send Content-Type: text/csv; If-None-Match: *\n"
    )
    for told_elsewhere in ("--json", "--curl"):
        more = ("--method", "PUT", "--content-type", "text/csv", told_elsewhere)
        assert daypass("sign", "s3://b/k", *more).stderr == ""


def test_an_encryption_key_is_not_told_on_stderr(daypass, credentials):
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    told = daypass("sign", "s3://b/k", "--encryption-key", key).stderr
    assert key not in told
    assert "x-amz-server-side-encryption-customer-key: ****" in told
    assert told.endswith(" (--json shows it whole)\n")


@pytest.mark.parametrize(
    ("path", "arguments", "said"),
    [
        (
            "s3://b/k",
            ["--ip-range", "192.0.2.1", "--no-strict"],
            "--ip-range (no link of s3 holds its sender to it)",
        ),
        (
            "s3://b/k",
            ["--method", "PUT", "--content-type", "text/csv",
             "--storage-option", "endpoint_url=https://rgw.example.org"],
            ("--content-type (a store other than Amazon's may take an unsigned x-amz-copy-source, which puts a copy in "
            "place of the upload; where it refuses that too, say --signer-option refuses_unsigned_headers=True)"),
        ),
        (
            "az://b/k",
            ["--method", "PUT", "--content-type", "text/csv", "--storage-option", "account_name=a",
             "--storage-option", "account_key=bWFkZSB1cA=="],
            ("--content-type (only a user delegation key signs request headers, on Azure itself, "
            "and a listing is bound to a directory alone)"),
        ),
        (
            "daypass://lesser/k",
            ["--method", "PUT", "--content-length", "9", "--if-absent", "--no-strict"],
            "--if-absent (the profile lesser says that its store lacks it)",
        ),
    ],
)  # fmt: skip
def test_what_is_not_enforced_is_a_line_with_its_reason(
    daypass, on_terminal, credentials, tmp_path, path, arguments, said
):
    file = tmp_path / "config.toml"
    file.write_text(
        '[profiles.lesser]\nurl = "s3://b"\n[profiles.lesser.capabilities]\nif_absent = false\n'
    )
    credentials["DAYPASS_CONFIG"] = str(file)
    done = daypass("sign", path, *arguments)
    assert done.returncode == 0, done.stderr
    warned = [line for line in done.stderr.splitlines() if "warning" in line]
    assert len(warned) == 1
    assert warned[0].endswith(f": the store does not enforce {said}")
    _, card = on_terminal("sign", path, *arguments)
    assert "".join(said.split())[:20] in "".join(card.split())


def test_a_reader_that_leaves_is_no_error(start, credentials):
    process = start("sign", *(f"s3://b/{number}" for number in range(2000)))
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == b""


def test_a_full_disk_is_told(start, credentials):
    with Path("/dev/full").open("w") as full:
        process = start("sign", "s3://b/k", stdout=full)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told == b"daypass: error: No space left on device\n"


def imported(environment, *arguments):
    """Return the names of all modules that a command has imported when it ends."""
    script = (
        "import sys; from daypass.cli import main; main(); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        check=True,
        env=environment,
        capture_output=True,
        text=True,
    )
    return set(done.stderr.split())


def test_nothing_is_imported_that_signing_does_not_need(credentials):
    modules = imported(credentials, "sign", "s3://b/k")
    assert "daypass.cli.sign" in modules
    unwanted = (
        "rich",
        "daypass.base.masking",
        "daypass.base.scrubbing",
        "daypass.config.presets",
        "daypass.config.tables",
        "daypass.demo",
        "daypass.gate.authorize",
        "daypass.hookspecs.error_body",
        "daypass.hookspecs.events",
        "daypass.hookspecs.explanations",
        "daypass.hookspecs.parts",
        "daypass.hookspecs.verifications",
        "daypass.model.batches",
        "daypass.model.forms",
        "daypass.model.metadata",
        "daypass.model.prefixes",
        "daypass.policy.decisions",
        "daypass.store.bulk",
        "daypass.store.heads",
        "daypass.store.profiles",
        "daypass.toolkit.answers",
        "daypass.toolkit.form_readers",
        "daypass.toolkit.post_policy",
        "daypass.toolkit.wire",
        "daypass.transfer",
        "daypass.cli.get",
        "daypass_s3.answers",
        "daypass_s3.by_sdk",
        "daypass_s3.sigv2",
        "_strptime",
        "tomllib",
        "s3fs",
        "aiohttp",
    )
    assert not [name for name in modules if name.startswith(unwanted)]


def test_help_imports_neither_a_command_nor_an_sdk(environment):
    modules = imported(environment, "--help")
    assert "daypass.cli.run" in modules
    assert not modules & {
        "fsspec",
        "botocore",
        "rich",
        "daypass.cli.sign",
        "daypass.store.functions",
    }


def azure(environment):
    environment |= {
        "AZURE_STORAGE_ACCOUNT_NAME": "contoso",
        "AZURE_STORAGE_ACCOUNT_KEY": "bWFkZSB1cA==",
    }


def test_a_prefix_is_one_grant_as_the_library_makes_it(daypass, environment):
    azure(environment)
    given = ("az://maps", "--prefix", "--signing-time", "2026-11-23T12:00Z")
    options = {"account_name": "contoso", "account_key": "bWFkZSB1cA=="}
    grant = library.create_signed_prefix(
        "az://maps", signing_time=datetime(2026, 11, 23, 12, tzinfo=UTC), storage_options=options
    )
    assert daypass("sign", *given).stdout == f"{grant}\n"
    assert json.loads(daypass("sign", *given, "--json").stdout) == grant.to_dict(reveal=True)


def test_a_prefix_on_a_terminal_is_a_card_and_the_grant(on_terminal, environment):
    azure(environment)
    code, shown = on_terminal("sign", "az://maps", "--prefix")
    assert code == 0
    assert "GET, HEAD" in shown
    assert "https://contoso.blob.core.windows.net/maps/?" in shown
    assert "curl" not in shown


@pytest.mark.parametrize("more", [["--curl"], ["--version", "v1"], ["--from", "paths.txt"]])
def test_what_does_not_go_with_a_prefix_is_named(capsys, more):
    assert run(["sign", "az://maps", "--prefix", *more]) == 2
    assert more[0] in capsys.readouterr().err


def test_a_store_without_grants_says_so(daypass, credentials):
    done = daypass("sign", "s3://maps/2026/", "--prefix")
    assert (done.returncode, done.stdout) == (5, "")
    assert "prefix" in done.stderr


def test_keys_lie_below_a_root(daypass, credentials):
    rooted = daypass("sign", "--root", "s3://maps/2026", "europe.tif", "a b", "--json")
    paths = [json.loads(line)["path"] for line in rooted.stdout.splitlines()]
    assert paths == ["s3://maps/2026/europe.tif", "s3://maps/2026/a b"]
    whole = daypass("sign", "--root", "s3://maps/2026", "s3://maps/2026/europe.tif")
    assert (whole.returncode, whole.stdout) == (2, "")
    assert "whole path" in whole.stderr


def test_a_prefix_lies_below_a_root_too(daypass, environment):
    azure(environment)
    done = daypass("sign", "--root", "az://maps", "", "--prefix", "--json")
    assert json.loads(done.stdout)["path"] == "az://maps/"


def test_metadata_are_read_below_a_root(daypass, real, bucket):
    put = json.loads(daypass("sign", f"s3://{bucket}/in/a", "--method", "PUT", "--json").stdout)
    assert send(Link(put["url"], "PUT", put["headers"]), b"four").status == 200
    told = daypass("head", "--root", f"s3://{bucket}/in", "a", "--json").stdout
    assert json.loads(told)["size"] == 4
