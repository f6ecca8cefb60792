"""``daypass serve check``, ``db upgrade``, ``backup`` and ``restore``, as they are typed."""

from __future__ import annotations

import socket
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from daypass.cli.run import run
from daypass_links.server.database.tables import MAIN
from daypass_links.server.events.tables import METADATA
from daypass_links.server.events.verification import verify_events
from daypass_links.server.keyset import KeySet


def at(directory):
    return f'[server]\ndatabase = "sqlite:///{directory}/links.db"\n'


@pytest.mark.parametrize(("name", "tables"), [("main", MAIN), ("events", METADATA)])
def test_the_migrations_make_just_the_tables_that_are_used(server, name, tables):
    engine = getattr(server.service.databases, name)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": f"version_{name}"})
        assert compare_metadata(context, tables) == []


def test_a_copy_of_a_running_service_serves_its_links_elsewhere(
    serving, configure, tmp_path, capsys
):
    server = serving()
    made, revoked = server.link(), server.link()
    server.ask("DELETE", f"/v1/links/{revoked['link_id']}")
    configure(at(tmp_path))
    assert run(["serve", "backup", str(tmp_path / "copy")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path / "copy" / name) for name in ("links.db", "events.db", "server.key")
    ]
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "copy").iterdir()} == {0}
    assert server.use(made).status_code == 307
    configure(at(tmp_path / "new"))
    assert run(["serve", "restore", str(tmp_path / "copy")]) == 0
    other = serving(directory=tmp_path / "new")
    assert other.use(made).status_code == 307
    assert other.use(revoked).status_code == 410
    other.service.close()
    keys = KeySet.read(tmp_path / "new" / "server.key")
    found = verify_events(other.service.databases.events, keys)
    assert (found.ok, found.faults) == (True, ())


def test_nothing_is_written_over(server, configure, tmp_path, capsys):
    configure(at(tmp_path))
    (tmp_path / "copy").mkdir()
    assert run(["serve", "backup", str(tmp_path / "copy")]) == 2
    assert "name a new directory" in capsys.readouterr().err
    assert run(["serve", "backup", str(tmp_path / "other")]) == 0
    assert run(["serve", "restore", str(tmp_path / "other")]) == 2
    assert "stop the service and move it away" in capsys.readouterr().err
    configure(at(tmp_path / "new"))
    assert run(["serve", "restore", str(tmp_path / "copy")]) == 2
    assert "holds no links.db" in capsys.readouterr().err
    assert run(["serve", "backup", str(tmp_path / "third")]) == 2
    assert "there is nothing to copy" in capsys.readouterr().err
    configure('[server]\ndatabase = "postgresql+psycopg://u:made-up@127.0.0.1/x"\n')
    assert run(["serve", "backup", str(tmp_path / "fourth")]) == 2
    said = capsys.readouterr().err
    assert "pg_dump" in said
    assert "made-up" not in said


def test_check_says_of_everything_that_it_is_ok(server, configure, tmp_path, capsys):
    configure(at(tmp_path))
    assert run(["serve", "check"]) == 0
    assert capsys.readouterr().out == "configuration: ok\ndatabase: ok\nkeys: ok\nquotas: ok\n"


def test_check_says_what_is_wrong(server, configure, tmp_path, capsys):
    with server.service.databases.main.begin() as connection:
        connection.execute(text("UPDATE version_main SET version_num = '0000'"))
    (tmp_path / "server.key").chmod(0o644)
    root = '[[roots]]\nprofile = "nowhere"\n'
    configure(at(tmp_path) + root + root)
    assert run(["serve", "check"]) == 2
    said = capsys.readouterr().out
    assert (
        "database: it is of another version of daypass-links: run daypass serve db upgrade" in said
    )
    assert "chmod 600" in said
    assert said.count("store of daypass://nowhere: no profile is named") == 1
    configure('[links]\nredirect_ttl = "soon"\n')
    assert run(["serve", "check"]) == 2
    assert capsys.readouterr().out.startswith("configuration: ")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("[[policy.quotas]]\nlinks = 4\n", "[policy] has no key 'quotas'"),
        ('[audit]\nlevel = "loud"\n', "[audit] needs the key file"),
        ('[profiles.odd]\nurl = "s3://odd"\nsigner = "none"\n', "[profiles.odd]"),
    ],
)
def test_check_makes_all_that_the_configuration_describes(configure, tmp_path, capsys, wrong, said):
    configure(at(tmp_path) + wrong)
    assert run(["serve", "check"]) == 2
    found = capsys.readouterr().out
    assert all(line.startswith("configuration: ") for line in found.splitlines())
    assert said in found


def test_check_says_what_is_not_there_yet_and_whether_it_can_be_made(configure, tmp_path, capsys):
    configure(at(tmp_path / "new" / "below"))
    assert run(["serve", "check"]) == 0
    said = capsys.readouterr().out
    for what in ("database", "keys"):
        assert f"{what}: not there yet: daypass serve makes it\n" in said
    assert not (tmp_path / "new").exists()
    (tmp_path / "new").touch()
    assert run(["serve", "check"]) == 2
    said = capsys.readouterr().out
    for what, file in (("database", "links.db"), ("keys", "server.key")):
        assert f"{what}: {tmp_path}/new/below/{file} is not there and cannot be made" in said


@pytest.fixture
def nobodys_port():
    """Return a port at which nobody listens, and nobody else can."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_database_that_cannot_be_reached_is_told_in_its_own_words(
    configure, tmp_path, nobodys_port, capsys
):
    url = f"postgresql+psycopg://u:made-up@127.0.0.1:{nobodys_port}/x"
    configure(f'[server]\nport = 1\ndatabase = "{url}"\nkey_file = "{tmp_path}/server.key"\n')
    for command, code in (("serve check", 2), ("serve sign-in", 1), ("audit verify", 1)):
        assert run(command.split()) == code
        said = "".join(capsys.readouterr())
        assert f"@127.0.0.1:{nobodys_port}/x cannot be used (connection failed" in said
        assert "see that it can be reached" in said
        assert "made-up" not in said


def test_without_a_driver_it_says_which_to_install(configure, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    configure('[server]\ndatabase = "postgresql+psycopg://u@127.0.0.1/x"\n')
    needs = "a database of PostgreSQL needs psycopg: pip install 'psycopg[binary]'"
    assert run(["serve", "check"]) == 2
    said = capsys.readouterr().out
    assert f"database: {needs}\n" in said
    assert "quotas: ok" in said
    assert run(["serve", "sign-in"]) == 5
    assert needs in capsys.readouterr().err


def test_upgrade_makes_what_is_not_there(configure, tmp_path, capsys):
    configure(at(tmp_path))
    assert run(["serve", "db", "upgrade"]) == 0
    assert (tmp_path / "links.db").exists()
    assert (tmp_path / "events.db").exists()
    assert run(["serve", "check"]) == 0
    assert "database: ok" in capsys.readouterr().out
