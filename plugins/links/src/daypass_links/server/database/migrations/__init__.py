"""The steps by which the databases came to be what they are, for alembic."""
