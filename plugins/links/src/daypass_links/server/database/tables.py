"""The tables, in two databases: what happens to links must not make anybody look whether links have changed."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from daypass_links.server.events.tables import METADATA

__all__ = [
    "MAIN",
    "api_key",
    "change",
    "link",
    "link_use",
    "principal",
    "use_window",
]

#: Links, keys and who they are of. What happens to them is in the other database.
MAIN = MetaData()
#: SQLite counts by itself only in a column of its own kind of integer.
_Number = BigInteger().with_variant(Integer, "sqlite")

principal = Table(
    "principal",
    MAIN,
    Column("name", Text, primary_key=True),
    #: A list of text, as of the last that was heard of them.
    Column("groups", JSON, nullable=False),
    #: When that was so: a token that was issued before says nothing new.
    Column("heard_at", BigInteger, nullable=False),
)

api_key = Table(
    "api_key",
    MAIN,
    Column("id", Text, primary_key=True),
    #: SHA-256 of the key.
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("principal", Text, ForeignKey("principal.name"), nullable=False),
    Column("scopes", JSON, nullable=False),
    #: Paths below which links may be made; an empty list for any.
    Column("prefixes", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("revoked_at", BigInteger),
)

link = Table(
    "link",
    MAIN,
    Column("n", _Number, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    #: SHA-256 of the token.
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("owner", Text, ForeignKey("principal.name"), nullable=False, index=True),
    #: As it was asked for; of a prefix it ends in a slash, or is the bucket.
    Column("path", Text, nullable=False, index=True),
    Column("prefix", Boolean, nullable=False),
    Column("methods", JSON, nullable=False),
    #: What the store is to be asked for with each use, as JSON writes options.
    Column("options", JSON, nullable=False),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger, nullable=False),
    Column("max_uses", Integer),
    Column("ip_range", Text),
    Column("https_only", Boolean, nullable=False),
    Column("referrers", JSON),
    Column("label", Text, index=True),
    Column("note", Text),
    #: What the holder must send, and what nobody enforces, as the store said when the link was made.
    Column("headers", JSON, nullable=False),
    Column("unenforced", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text),
    sqlite_autoincrement=True,
)

#: What other processes must forget: one link, or all where none is named.
change = Table(
    "change",
    MAIN,
    Column("seq", _Number, primary_key=True),
    Column("link_id", Text),
    sqlite_autoincrement=True,
)

link_use = Table(
    "link_use",
    METADATA,
    Column("link_id", Text, primary_key=True),
    Column("uses", BigInteger, nullable=False),
)

use_window = Table(
    "use_window",
    METADATA,
    Column("link_id", Text, primary_key=True),
    #: A digest of the client's address and user agent.
    Column("client", LargeBinary, primary_key=True),
    Column("until", BigInteger, nullable=False),
)
