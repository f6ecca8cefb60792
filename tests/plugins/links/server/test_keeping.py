"""``daypass serve check``, ``db upgrade``, ``backup`` and ``restore``, as they are typed."""

from __future__ import annotations

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
    assert capsys.readouterr().out == "configuration: ok\ndatabase: ok\nkeys: ok\n"


def test_check_says_what_is_wrong(server, configure, tmp_path, capsys):
    with server.service.databases.main.begin() as connection:
        connection.execute(text("UPDATE version_main SET version_num = '0000'"))
    (tmp_path / "server.key").chmod(0o644)
    configure(at(tmp_path) + '[[roots]]\nprofile = "nowhere"\n')
    assert run(["serve", "check"]) == 2
    said = capsys.readouterr().out
    assert (
        "database: it is of another version of daypass-links: run daypass serve db upgrade" in said
    )
    assert "chmod 600" in said
    assert "store of daypass://nowhere: no profile is named" in said
    configure('[links]\nredirect_ttl = "soon"\n')
    assert run(["serve", "check"]) == 2
    assert capsys.readouterr().out.startswith("configuration: ")


def test_upgrade_makes_what_is_not_there(configure, tmp_path, capsys):
    configure(at(tmp_path))
    assert run(["serve", "db", "upgrade"]) == 0
    assert (tmp_path / "links.db").exists()
    assert (tmp_path / "events.db").exists()
    assert run(["serve", "check"]) == 0
    assert "database: ok" in capsys.readouterr().out
