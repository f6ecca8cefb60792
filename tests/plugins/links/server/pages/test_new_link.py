"""People make links: told in words what each permits, before it is made."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest

from daypass_links.server.links.link import Link
from daypass_links.server.pages.snippets import snippets
from tests.plugins.links.server.pages.conftest import Person, started

FORM = {"path": "daypass://maps/a.csv", "methods": "GET", "expires_in": "604800"}


@pytest.fixture
def maker(person):
    """Somebody at the form for a new link."""
    person.sign_in()
    person.see("/ui/new")
    return person


def links(server):
    return [one["link_id"] for one in server.ask("GET", "/v1/links?limit=1000").json()["items"]]


def url_of(text):
    return re.search(r'id="url" value="([^"]+)"', text)[1]


def test_a_link_is_told_in_words_before_it_is_made(maker, server):
    before = links(server)
    answer = maker.send("/ui/new", **FORM, max_uses="3", ip_range="192.0.2.0/24", label="report")
    text = unescape(answer.text)
    assert answer.status_code == 200
    for words in (
        "Download the file",
        "daypass://maps/a.csv",
        "3 times",
        "192.0.2.0/24",
        "in 7 days",
    ):
        assert words in text
    assert "/l/" not in text
    assert links(server) == before


def test_who_is_sure_gets_the_link_once_and_it_works(maker, server):
    text = maker.send(
        "/ui/new", **FORM, sure="yes", max_uses="3", label="report", note="for Ann"
    ).text
    url = url_of(text)
    link_id = re.search(r"/ui/links/(lnk_\w+)", text)[1]
    assert server.ask("GET", urlsplit(url).path).status_code == 307
    told = server.ask("GET", f"/v1/links/{link_id}").json()
    assert (told["path"], told["max_uses"], told["label"], told["note"]) == (
        "daypass://maps/a.csv",
        3,
        "report",
        "for Ann",
    )
    assert told["owner"] == "admin"
    token = url.rpartition("/")[2]
    assert token not in maker.see(f"/ui/links/{link_id}")
    assert token not in maker.see("/ui/links")


def test_what_whoever_gets_it_is_shown_is_chosen_there_and_a_password_last(maker, server):
    asked = {"message": "As promised.", "preview": "yes"}
    text = maker.send("/ui/new", **FORM, **asked).text
    assert '<input type="password" name="password"' in text
    text = maker.send("/ui/new", **FORM, **asked, sure="yes", password="correct horse").text
    assert "correct horse" not in text
    assert url_of(text).replace("/l/", "/p/") in text
    link_id = re.search(r"/ui/links/(lnk_\w+)", text)[1]
    link = server.ask("GET", f"/v1/links/{link_id}").json()
    assert (link["message"], link["preview"], link["has_password"]) == ("As promised.", True, True)
    shown = maker.see(f"/ui/links/{link_id}")
    for words in ("As promised.", "asks for a password", "shows how the file begins"):
        assert words in shown
    maker.see("/ui/new")
    answer = maker.send("/ui/new", **FORM, sure="yes", password="short")
    assert (answer.status_code, "8 to 200 characters" in answer.text) == (400, True)


def test_every_limit_that_a_link_can_have_is_in_the_form(tmp_path):
    with started(tmp_path, '[server]\npublic_url = "https://links.example"\n') as server:
        maker = Person(server, scheme="https").sign_in()
        maker.see("/ui/new")
        limits = {
            "starts_at": "2026-12-01T09:30",
            "expires_at": "2026-12-09T09:30",
            "max_uses": "3",
            "ip_range": "203.0.113.0/24",
            "referrers": "*.example.org, docs.example",
            "https_only": "yes",
            "filename": "report.csv",
            "label": "report",
            "note": "for Ann",
        }
        form = {**FORM, "methods": ["GET", "HEAD"], **limits}
        text = unescape(maker.send("/ui/new", **form).text)
        for value in limits.values():
            assert f'value="{value}"' in text
        for words in ("2026-12-01 09:30:00 UTC", "By https alone", "*.example.org, docs.example"):
            assert words in text
        by_store = re.search(r"The store itself</dt><dd>(.*?)</dd>", text)[1]
        assert by_store == "what may be done, with which file, the name that it is saved as"
        by_service = re.search(r"This service alone</dt><dd>(.*?)</dd>", text)[1]
        assert by_service == "the end, how often, the start, the addresses, the pages, https"
        link_id = re.search(r"/ui/links/(lnk_\w+)", maker.send("/ui/new", **form, sure="yes").text)[
            1
        ]
        told = server.ask("GET", f"/v1/links/{link_id}").json()
        assert told["methods"] == ["GET", "HEAD"]
        assert told["starts_at"] == "2026-12-01T09:30:00Z"
        assert told["expires_at"] == "2026-12-09T09:30:00Z"
        assert told["referrers"] == ["*.example.org", "docs.example"]
        assert told["https_only"] is True
        assert told["unenforced"] == []


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_what_a_link_is_for_is_told_by_what_it_does(maker, method):
    text = maker.send("/ui/new", **FORM | {"methods": method, "sure": "yes"}).text
    words = {"HEAD": "See size and type", "PUT": "Upload the file", "DELETE": "Delete the file"}
    assert words[method] in text


def test_a_path_with_a_slash_at_its_end_is_a_folder(maker, server):
    assert (
        "everything in the folder"
        in maker.send("/ui/new", **FORM | {"path": "daypass://maps/x/"}).text
    )
    text = maker.send("/ui/new", **FORM | {"path": "daypass://maps/x/", "sure": "yes"}).text
    assert server.ask("GET", f"{urlsplit(url_of(text)).path}b/c").status_code == 307


def test_who_wants_to_change_it_finds_what_they_wrote(maker, server):
    before = links(server)
    text = maker.send("/ui/new", **FORM, max_uses="3", note="for Ann", change="yes").text
    for value in ("daypass://maps/a.csv", 'value="3"', "for Ann"):
        assert value in text
    assert links(server) == before


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"path": "nonsense"}, None),
        ({"path": ""}, "path"),
        ({"max_uses": "many"}, "max_uses"),
        ({"ip_range": "nowhere"}, "ip_range"),
        ({"expires_in": "1000000000"}, None),
        ({"label": "x" * 201}, "label"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"expires_at": "2020-01-01T00:00"}, "expires_at"),
        ({"referrers": "https://example.org/x"}, "referrers"),
        ({"https_only": "yes"}, "https_only"),
        ({"filename": "a/b.csv"}, "filename"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_beside_what_was_written(maker, server, wrong, field):
    before = links(server)
    answer = maker.send("/ui/new", **FORM | wrong, sure="yes")
    assert answer.status_code in (400, 422, 501)
    assert 'role="alert"' in answer.text
    assert ('aria-invalid="true"' in answer.text) == (field is not None)
    for value in wrong.values():
        assert f'value="{value}"' in answer.text or not field
    assert links(server) == before


def test_a_form_of_another_site_makes_nothing(maker, server):
    before = links(server)
    assert maker.send("/ui/new", **FORM, sure="yes", csrf="x").status_code == 403
    assert links(server) == before


_KEPT = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def test_what_was_written_is_kept_where_the_session_has_ended(maker, server):
    before = links(server)
    wanted = {**FORM, "methods": ["GET", "HEAD"], "label": "two  words", "note": '"for" <Ann>'}
    maker.cookies.clear()
    answer = maker.send("/ui/new", **wanted, password="not to be kept", sure="yes", csrf="old")
    assert answer.status_code == 403
    assert "Your session has ended" in answer.text
    assert '<a class="button" href="/auth/sign-in" target="_blank"' in answer.text
    kept = [(name, unescape(value)) for name, value in _KEPT.findall(answer.text)]
    assert sorted(kept) == sorted(
        (name, one)
        for name, value in wanted.items()
        for one in ([value] if isinstance(value, str) else value)
    )
    maker.sign_in()
    answer = maker.ask("POST", "/ui/new", data={name: wanted[name] for name, _ in kept})
    assert answer.status_code == 403
    assert "You have signed in anew" in answer.text
    text = unescape(answer.text)
    for name in ("path", "label", "note"):
        assert f'name="{name}" value="{wanted[name]}"' in text
    assert maker.send("/ui/new", **wanted).status_code == 200
    assert links(server) == before


def test_what_another_site_has_written_is_at_most_shown(maker, server):
    before = links(server)
    for step in ({}, {"sure": "yes"}, {"change": "yes"}):
        answer = maker.send("/ui/new", **FORM, **step, csrf="x")
        assert answer.status_code == 403
        assert 'name="sure"' not in answer.text
    assert links(server) == before


def test_who_may_only_look_makes_nothing(person, server):
    person.sign_in("reader", scopes=("links:read",))
    person.see("/ui/links")
    assert person.send("/ui/new", **FORM, sure="yes").status_code == 403
    assert "You may not do this" in person.see("/ui/new", 403)


def test_who_may_not_share_a_path_is_told_so(person):
    person.sign_in("stranger", scopes=("links:read", "links:write"))
    person.see("/ui/new")
    answer = person.send("/ui/new", **FORM)
    assert answer.status_code == 403
    assert "roots" in answer.text


def test_what_is_written_is_shown_and_not_run(maker):
    evil = '"><script>alert(1)</script>'
    answer = maker.send("/ui/new", **FORM | {"path": f"daypass://maps/{evil}"}, note=evil)
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert evil in unescape(answer.text)


def made(path, methods=("GET",), prefix=False, headers=()):
    return Link(
        id="lnk_x",
        owner="admin",
        path=path,
        prefix=prefix,
        methods=methods,
        options={},
        starts_at=None,
        ends_at=0,
        max_uses=None,
        ip_range=None,
        https_only=False,
        referrers=None,
        label=None,
        note=None,
        headers=dict(headers),
        unenforced=(),
        created_at=0,
    )


def words(command):
    """Return the words that a shell makes of a line."""
    done = subprocess.run(
        ["sh", "-c", f'curl() {{ printf "%s\\n" "$@"; }}; {command}'],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "name", ["a.csv", "a b.csv", "it's.csv", '"$(id)".csv', "-o", "ä.csv", "a`id`.csv"]
)
def test_lines_for_a_shell_name_the_file_whatever_it_is_called(name):
    url = "https://links.example/l/abc"
    found = dict(snippets(made(f"s3://b/x/{name}"), url))
    file = f"./{name}" if name.startswith("-") else name
    assert words(found["curl"]) == ["-fL", "-o", file, url]
    compile(found["Python"], "snippet", "exec")
    upload = snippets(made(f"s3://b/{name}", ("PUT",), headers={"x-a": "b'c"}.items()), url)
    compile(dict(upload)["Python"], "snippet", "exec")
    assert words(dict(upload)["curl"]) == ["-fL", "-H", "x-a: b'c", "-T", file, url]


@pytest.mark.parametrize("name", ["\U0001f4a9.csv", 'ä"\\.csv', "\u202egpj.csv", "a\u2028b.csv"])
def test_the_lines_for_python_and_r_are_seen_whole_and_name_the_file(name):
    found = dict(snippets(made(f"s3://b/{name}"), "https://links.example/l/abc"))
    for of in ("Python", "R"):
        assert all(line.isprintable() for line in found[of].split("\n")), found[of]
        literal = re.search(r'(?:, )("(?:[^"\\]|\\.)*")', found[of])[1]
        assert ast.literal_eval(literal) == name  # R reads the same escapes


def test_the_line_for_python_reads_what_the_link_opens(tmp_path, monkeypatch):
    source = tmp_path / "source.csv"
    source.write_text("a,b\n")
    monkeypatch.chdir(tmp_path)
    exec(dict(snippets(made("s3://b/copy.csv"), source.as_uri()))["Python"], {})
    assert (tmp_path / "copy.csv").read_text() == "a,b\n"


def test_the_lines_for_python_upload_through_a_service(tmp_path, monkeypatch):
    """A service says where to go, and the store takes the file."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            heard.append((self.path, self.headers["x-a"], body))
            told = {"url": f"http://127.0.0.1:{self.server.server_port}/store"}
            answer = json.dumps(told).encode() if "as=json" in self.path else b""
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    (tmp_path / "a.csv").write_text("a,b\n")
    monkeypatch.chdir(tmp_path)
    with HTTPServer(("127.0.0.1", 0), Handler) as store:
        Thread(target=store.serve_forever, args=(0.01,), daemon=True).start()
        link = made("s3://b/a.csv", ("PUT",), headers={"x-a": "b"}.items())
        lines = dict(snippets(link, f"http://127.0.0.1:{store.server_port}/l/abc"))["Python"]
        exec(lines, {})
        store.shutdown()
    assert heard == [("/l/abc?as=json", "b", b""), ("/store", "b", b"a,b\n")]


def test_a_link_for_two_things_has_lines_for_both():
    found = snippets(made("s3://b/a.csv", ("PUT", "GET")), "https://links.example/l/abc")
    assert [name for name, _ in found] == [
        "curl",
        "Python",
        "R",
        "DuckDB",
        "curl (PUT)",
        "Python (PUT)",
    ]
    (only,) = snippets(made("s3://b/a.csv", ("DELETE",)), "https://links.example/l/abc")
    assert only == ("curl", "curl -fL -X DELETE https://links.example/l/abc")
    (only,) = snippets(made("s3://b/a.csv", ("HEAD",)), "https://links.example/l/abc")
    assert only == ("curl", "curl -fL -I https://links.example/l/abc")


def test_the_line_for_duckdb_is_there_for_what_it_reads():
    import duckdb

    for name, reader in (
        ("a.csv", "read_csv"),
        ("a.PARQUET", "read_parquet"),
        ("a.json", "read_json"),
    ):
        line = dict(snippets(made(f"s3://b/{name}"), "https://links.example/l/a'b"))["DuckDB"]
        (statement,) = duckdb.extract_statements(line)
        assert statement.type == duckdb.StatementType.SELECT
        assert reader in line
    assert "DuckDB" not in dict(snippets(made("s3://b/a.pdf"), "https://links.example/l/a"))


def test_of_a_folder_the_lines_say_where_a_key_goes():
    found = dict(snippets(made("s3://b/x/", prefix=True), "https://links.example/l/abc/"))
    assert found["curl"] == "curl -fL -o KEY https://links.example/l/abc/KEY"


@pytest.mark.parametrize("field", ["max_uses", "expires_in"])
def test_a_number_that_is_too_long_to_read_is_told_at_its_field(maker, field):
    answer = maker.send("/ui/new", **{**FORM, field: "9" * 5000})
    assert answer.status_code == 400
    assert "The link was not made" in unescape(answer.text)


def test_an_inbox_is_told_in_words_and_made(maker, server):
    asked = {**FORM, "path": "daypass://maps/in", "inbox": "yes", "max_uses": "20"}
    answer = maker.send("/ui/new", **asked)
    assert answer.status_code == 400
    assert "daypass://maps/in/" in unescape(answer.text)
    asked["path"] += "/"
    asked |= {"max_bytes": "2000000", "content_types": "image/*, application/pdf"}
    text = unescape(maker.send("/ui/new", **asked).text)
    for words in (
        "Send files into the folder",
        "20 files in all",
        "2.0\N{NO-BREAK SPACE}MB",
        "image/*, application/pdf",
    ):
        assert words in text
    assert "Download" not in text
    text = maker.send("/ui/new", **asked, sure="yes").text
    place = urlsplit(url_of(text)).path
    assert re.fullmatch(r"/p/[A-Za-z0-9_-]{22}", place)
    link_id = re.search(r"/ui/links/(lnk_\w+)", text)[1]
    assert "image/*, application/pdf" in maker.see(f"/ui/links/{link_id}")
    text = Person(server).see(place)
    assert "Each file: at most 2.0\N{NO-BREAK SPACE}MB" in text
    assert "20 more files may be sent" in text
