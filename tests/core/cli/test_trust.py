"""``daypass policy`` and ``daypass audit``, as processes."""

from __future__ import annotations

import hashlib
import json

import pytest

from daypass.audit import Proof
from daypass.manifest.links import links_of

POLICY = """
[[policy.rules]]
name = "no"
effect = "deny"
paths = ["s3://maps/secret/**"]

[[policy.rules]]
name = "read"
paths = ["s3://maps/**"]
methods = ["GET"]
callers = ["team/*"]
max_expires_in = "1h"
on_longer = "clamp"
"""
PATH = "s3://maps/a.tif"


@pytest.fixture
def configured(credentials, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(POLICY + f'\n[audit]\nfile = "{tmp_path}/audit.jsonl"\n')
    credentials["DAYPASS_CONFIG"] = str(file)
    return file


def test_an_allowed_link_ends_with_0_and_shows_the_trace(daypass, configured):
    done = daypass("policy", "test", PATH, "--caller", "team/ann", "--expires-in", "1d")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "allowed, for 1 hour",
        "1. no (deny): no match, it is for s3://maps/secret/**",
        "2. read (allow): allowed, rule 'read' of the policy allows 1 hour at most",
    ]


@pytest.mark.parametrize("arguments", [
    ["s3://maps/secret/a"], [PATH, "--method", "PUT"], [PATH, "--caller", "bob"], ["s3://other/a"],
    [PATH, "--caller", "team/ann", "--prefix"]])  # fmt: skip
def test_a_refused_link_ends_with_3(daypass, configured, arguments):
    done = daypass("policy", "test", *arguments)
    assert done.returncode == 3
    assert done.stdout.startswith("refused: ")
    as_json = daypass("policy", "test", *arguments, "--json")
    assert as_json.returncode == 3
    answer = json.loads(as_json.stdout)
    assert answer["allowed"] is False
    assert answer["reason"] in done.stdout
    assert [step["rule"] for step in answer["trace"]] == ["no", "read"]


LISTS = """
[[policy.rules]]
name = "list"
paths = ["s3://maps/2026/**", "file://{}/**"]
methods = ["LIST"]
"""


def test_of_a_pattern_the_listing_is_decided_first(daypass, configured, tmp_path):
    configured.write_text(POLICY + LISTS.format(tmp_path))
    ann = ["--caller", "team/ann"]
    done = daypass("policy", "test", "s3://maps/2026/*.tif", *ann)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition(",")[0] for line in done.stdout.splitlines()] == [
        "listing s3://maps/2026/: allowed",
        "1. no (deny): no match",
        "2. read (allow): no match",
        "3. list (allow): allowed",
        "allowed",
        "1. no (deny): no match",
        "2. read (allow): allowed",
        "3. list (allow): not reached",
    ]
    told = json.loads(daypass("policy", "test", "s3://maps/2026/*", *ann, "--json").stdout)
    listing = told["listing"]
    assert (told["rule"], listing["rule"], listing["path"]) == ("read", "list", "s3://maps/2026/")
    assert listing["expires_in"] is None

    done = daypass("policy", "test", "s3://maps/2025/*.tif", *ann)
    assert done.returncode == 3
    assert done.stdout.startswith("listing s3://maps/2025/: refused: no rule")
    assert (
        "s3://maps/2025/ may not be listed: no rule"
        in daypass("sign", "s3://maps/2025/*.tif", *ann).stderr
    )
    done = daypass("policy", "test", "s3://maps/2025/*.tif", "--no-glob", *ann, "--json")
    assert (done.returncode, json.loads(done.stdout)["listing"]) == (0, None)
    for whole in (["--prefix"], ["--method", "LIST"]):  # of which daypass sign lists nothing
        done = daypass("policy", "test", "s3://maps/2025/*", *ann, *whole, "--json")
        assert json.loads(done.stdout)["listing"] is None


def test_where_there_are_no_links_that_list_it_is_asked_about_ls(daypass, configured, tmp_path):
    configured.write_text(POLICY + LISTS.format(tmp_path))
    (tmp_path / "in").mkdir()
    done = daypass("policy", "test", "in", "--method", "LIST")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "listing file://in/: allowed")
    done = daypass("policy", "test", "/", "--method", "LIST")
    assert done.returncode == 3
    assert done.stdout.startswith("listing file:///: refused: rule 'list' of the policy refuses")
    done = daypass("policy", "test", "in", "--method", "LIST", "--expires-in", "5m")
    assert (done.returncode, done.stdout) == (5, "")
    done = daypass("policy", "test", "s3://maps/2026/", "--method", "LIST")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "allowed, for 1 hour")


WRITE = """
[[policy.rules]]
name = "write"
paths = ["s3://inbox/**"]
methods = ["PUT"]
"""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--acl", "public-read"], 'acls = ["private", "public-read"]'),
        (["--metadata", "a=b"], 'upload_options = ["metadata"]'),
        (["--header", "x-amz-grant-read=id"], 'header_names = ["Content-Disposition",'),
        (["--query", "x-job=1"], 'query_names = ["x-job"]'),
        (["--content-type", "text/html"], 'content_types = ["text/html"]'),
    ],
    ids=range(5),
)
def test_a_refusal_names_the_line_that_would_allow_it(daypass, configured, arguments, line):
    configured.write_text(WRITE)
    path = ["s3://inbox/a", "--method", "PUT"]
    done = daypass("policy", "test", *path, *arguments)
    assert done.returncode == 3
    assert done.stdout.startswith("refused: ")
    assert f"unless the rule says {line}" in done.stdout
    signed = daypass("sign", *path, *arguments)
    assert signed.returncode == 3
    assert f"unless the rule says {line}" in signed.stderr


def test_a_copy_is_shown_with_what_its_source_is_asked(daypass, configured):
    configured.write_text(f'{POLICY}{WRITE}upload_options = ["copy_source"]\n')
    asked = ["s3://inbox/a", "--method", "PUT", "--caller", "team/ann", "--copy-source"]
    done = daypass("policy", "test", *asked, PATH)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "allowed, for 15 minutes"
    assert done.stdout.splitlines()[-2:] == [
        f"5. read (allow): allowed, to read {PATH}, within the limits of the rule",
        f"6. write (allow): not reached, to read {PATH}",
    ]
    secret = "s3://maps/secret/a"
    done = daypass("policy", "test", *asked, secret)
    assert done.returncode == 3
    assert done.stdout.splitlines()[0] == (
        f"refused: s3://inbox/a would be a copy of {secret}, which needs leave to read it: "
        f"rule 'no' of the policy denies GET on {secret}"
    )
    signed = daypass("sign", *asked, secret)
    assert signed.returncode == 3
    assert f"denies GET on {secret}" in signed.stderr


FORMS = """
[[policy.rules]]
name = "forms"
paths = ["s3://inbox/**"]
methods = ["POST"]
max_bytes = 100
"""


@pytest.mark.parametrize(("most", "code"), [("100", 0), ("101", 3)])
def test_an_upload_form_is_asked_for_as_post(daypass, configured, most, code):
    configured.write_text(configured.read_text() + FORMS)
    path = "s3://inbox/ann/a.csv"
    arguments = ["--method", "POST", "--min-bytes", "1", "--max-bytes", most]
    done = daypass("policy", "test", path, *arguments)
    assert (done.returncode, done.stderr) == (code, "")
    assert "forms (allow)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--min-bytes", "1"], "--min-bytes is of upload forms: ask with --method POST"),
        (["--method", "POST", "--prefix"], "--prefix is of links"),
        (["--method", "POST", "--version", "v"], "--version is of links"),
        (["--method", "POST", "--filename", "a"], "upload form"),
    ],
)
def test_a_form_is_not_asked_for_with_a_links_options(daypass, configured, arguments, said):
    done = daypass("policy", "test", PATH, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


LONG = """
[profiles.maps]
url = "s3://maps"
[profiles.maps.defaults]
expires_in = "2d"
[profiles.maps.capabilities]
LIST = false
[[policy.rules]]
name = "short"
paths = ["s3://maps/**"]
methods = ["GET", "POST"]
max_expires_in = "1h"
on_longer = "refuse"
[[policy.rules]]
name = "from home"
paths = ["s3://home/**"]
methods = ["GET"]
require = ["ip_range"]
"""
WAIVED = ["s3://home/a", "--ip-range", "192.0.2.1", "--no-strict"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["daypass://maps/a.tif"], 3),  # the profile's two days are above the rule's hour
        (["daypass://maps/a.tif", "--expires-in", "1h"], 0),
        (WAIVED, 3),  # what the caller goes without is not what the rule requires
        (WAIVED[:-1], 5),  # S3 enforces none
        (["daypass://maps/", "--method", "LIST"], 5),  # the profile says that its store lacks it
        (["daypass://maps/a.tif", "--expires-in", "30d"], 2),  # V4 signs for a week at most
    ],
)
def test_the_rehearsal_ends_as_the_link_does(daypass, configured, arguments, code):
    configured.write_text(LONG)
    for command in (("sign",), ("policy", "test")):
        assert daypass(*command, *arguments).returncode == code


def test_the_rehearsal_of_a_form_ends_as_the_form_does(daypass, configured):
    configured.write_text(LONG)
    for command in (("form",), ("policy", "test", "--method", "POST")):
        assert daypass(*command, "daypass://maps/a.tif").returncode == 3
        assert daypass(*command, "daypass://maps/a.tif", "--expires-in", "1h").returncode == 0


def test_the_rehearsal_makes_no_link_and_leaves_no_record(daypass, configured, tmp_path):
    daypass("policy", "test", PATH, "--caller", "team/ann")
    daypass("policy", "test", PATH)
    assert not (tmp_path / "audit.jsonl").exists()


def test_without_a_policy_everything_is_allowed(daypass, credentials):
    done = daypass("policy", "test", PATH)
    assert (done.returncode, done.stdout) == (0, "allowed: no policy is in force\n")


def test_a_command_is_held_to_the_policy_and_put_on_record(daypass, configured, tmp_path):
    refused = daypass("sign", PATH)
    assert refused.returncode == 3
    assert "no rule of the policy allows GET" in refused.stderr
    signed = daypass("sign", PATH, "--caller", "team/ann")
    assert signed.returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [line["decision"] for line in lines] == ["refused", "allowed"]
    assert signed.stdout.strip() not in (tmp_path / "audit.jsonl").read_text()


def test_what_the_audit_cannot_write_is_not_printed_and_ends_with_3(daypass, configured, tmp_path):
    (tmp_path / "audit.jsonl").mkdir()
    done = daypass("sign", PATH, "--caller", "team/ann")
    assert (done.returncode, done.stdout) == (3, "")
    assert "audit.jsonl" in done.stderr


@pytest.mark.parametrize("text", ["[policy", "[[policy.rules]]\nname = 5", "[policy]\nruls = []"])
def test_a_policy_that_cannot_be_read_signs_nothing(daypass, configured, text):
    configured.write_text(text)
    for command in (("sign", PATH), ("policy", "test", PATH)):
        done = daypass(*command)
        assert done.returncode == 2
        assert done.stdout == ""
        assert str(configured) in done.stderr


def test_config_check_tells_what_is_wrong_with_policy_and_audit(daypass, configured):
    assert daypass("config", "check").returncode == 0
    configured.write_text(POLICY.replace("on_longer", "on_long") + "[audit]\nfsnc = true\n")
    done = daypass("config", "check")
    assert done.returncode == 2
    for hint in ("did you mean on_longer?", "did you mean fsync?"):
        assert hint in done.stdout


def test_verify_and_head(daypass, configured, tmp_path):
    for _ in range(3):
        daypass("sign", PATH, "--caller", "team/ann")
    file = tmp_path / "audit.jsonl"
    head = daypass("audit", "head", file).stdout.strip()
    assert json.loads(daypass("audit", "head", file, "--json").stdout) == {"seq": 3, "hash": head}
    good = daypass("audit", "verify", file, "--expect-head", head)
    assert (good.returncode, good.stdout) == (0, f"3 lines verify, the head is {head}\n")
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:2]))
    assert daypass("audit", "verify", file).returncode == 0
    file.write_text(lines[0])
    assert daypass("audit", "verify", file).stdout.startswith("1 line verifies, ")
    cut = daypass("audit", "verify", file, "--expect-head", head)
    assert cut.returncode == 1
    assert "cut off" in cut.stderr
    file.write_text("".join(lines[1:]))
    bad = daypass("audit", "verify", file)
    assert bad.returncode == 1
    assert f"{file}: line 1 is bad: it has the number 2: 1 before it is missing" in bad.stderr
    told = json.loads(daypass("audit", "verify", file, "--json").stdout)
    assert (told["ok"], told["line"]) == (False, 1)


def test_an_unfinished_line_is_a_warning(daypass, configured, tmp_path):
    daypass("sign", PATH, "--caller", "team/ann")
    file = tmp_path / "audit.jsonl"
    with file.open("ab") as opened:
        opened.write(b'{"seq":2')
    done = daypass("audit", "verify", file)
    assert done.returncode == 0
    assert "never finished" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["verify"], ["head"], ["verify", "a", "--expect-head", "x"], ["other"]]
)
def test_a_wrong_command_line_ends_with_2(daypass, environment, arguments):
    assert daypass("audit", *arguments).returncode == 2


def test_a_missing_file_is_told_in_one_line(daypass, environment):
    done = daypass("audit", "verify", "missing.jsonl")
    assert done.returncode == 2
    assert "No such file" in done.stderr


def test_find_tells_who_asked_for_a_link(daypass, configured, tmp_path):
    file = tmp_path / "audit.jsonl"
    link = daypass("sign", PATH, "--caller", "team/ann").stdout.strip()
    done = daypass("audit", "find", "-", file, input=link + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    shown = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert shown["caller"] == "team/ann"
    assert (shown["line"], shown["path"], shown["rule"]) == ("1", PATH, "read")
    digest = hashlib.sha256(link.encode()).hexdigest()
    told = json.loads(daypass("audit", "find", digest, file, "--json").stdout)
    assert (told["line"], told["record"]["url_sha256"], told["proof"]) == (1, digest, None)
    other = daypass("audit", "find", "0" * 64, file)
    assert (other.returncode, other.stdout) == (1, "")
    assert "name these with --links" in other.stderr


@pytest.mark.parametrize("kind", ["txt", "csv", "ndjson", "parquet"])
def test_find_proves_a_link_of_a_manifest(daypass, configured, tmp_path, kind):
    paths, links = tmp_path / "paths.txt", tmp_path / f"links.{kind}"
    rows = [f"s3://maps/{n}" for n in range(8_292)]
    rows[8_200] = ""  # which is no row of a link
    paths.write_text("".join(f"{row}\n" for row in rows))
    arguments = ["--from", paths, "--to", links, "--caller", "team/ann", "--jobs", "1"]
    assert daypass("sign", *arguments).returncode == 0
    audit = tmp_path / "audit.jsonl"
    link = next(link for link in links_of(str(links), "url") if link and "/8250?" in link)
    done = daypass("audit", "find", "-", audit, "--links", links, "--json", input=link)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["line"], told["record"]["count"], told["proof"]["index"]) == (2, 99, 8250 - 8193)
    proof = Proof(**{name: told["proof"][name] for name in ("index", "leaf", "path")})
    assert proof.holds(link, told["record"])
    shown = daypass("audit", "find", "-", audit, "--links", f"{links}:url", input=link)
    assert f"link: {told['proof']['index'] + 1} of 99" in shown.stdout.splitlines()


@pytest.mark.parametrize(
    ("links", "said"),
    [("missing.csv", "does not exist"), ("links.csv:no", "needs one column no: there are path")],
)
def test_links_that_cannot_be_read_end_with_2(daypass, configured, tmp_path, links, said):
    (tmp_path / "links.csv").write_text("path\na\n")
    daypass("sign", PATH, "--caller", "team/ann")
    arguments = ["-", tmp_path / "audit.jsonl", "--links", tmp_path / links]
    done = daypass("audit", "find", *arguments, input="0" * 64)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_find_takes_no_form(daypass, configured, tmp_path):
    daypass("sign", PATH, "--caller", "team/ann")
    done = daypass("audit", "find", "-", tmp_path / "audit.jsonl", input="{}")
    assert done.returncode == 2
    assert "that of its field policy" in done.stderr
