"""What runs PostgreSQL for other tests."""

from sqlalchemy import create_engine, text


def test_it_gives_a_database_of_its_own_to_each_who_asks(servers):
    first, second = (create_engine(servers("postgres").database()) for _ in range(2))
    with first.begin() as connection:
        connection.execute(text("create table t (n integer)"))
    with second.connect() as connection:
        found = connection.scalar(text("select count(*) from pg_tables where tablename = 't'"))
    assert found == 0
    first.dispose()
    second.dispose()
