"""The tables, in two databases: what happens to links must not make anybody look whether links have changed."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
)

from daypass_links.server.events.tables import METADATA

__all__ = [
    "MAIN",
    "api_key",
    "change",
    "guess",
    "inbox_upload",
    "link",
    "link_use",
    "notice",
    "principal",
    "session",
    "sign_in_code",
    "sign_in_state",
    "suspension",
    "upload",
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
    #: Where mail reaches them, as the provider has verified it.
    Column("email", Text),
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
    #: The token, where it can be shown again: sealed with a key that is not in the database.
    Column("sealed", LargeBinary),
    #: For whoever gets the link.
    Column("message", Text),
    #: Whether its page shows the beginning of what it opens.
    Column("preview", Boolean, nullable=False, server_default=false()),
    #: What Argon2 makes of the password.
    Column("password", Text),
    #: What may be sent to it, where it is an inbox; null of every other link.
    Column("inbox", JSON(none_as_null=True)),
    Index("link_by_end", "ends_at", "n"),
    sqlite_autoincrement=True,
)

#: Uploads in parts that have begun, and are neither complete nor aborted.
upload = Table(
    "upload",
    MAIN,
    Column("id", Text, primary_key=True),
    Column("owner", Text, ForeignKey("principal.name"), nullable=False),
    Column("path", Text, nullable=False),
    #: By which the store knows it.
    Column("store_id", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("part_size", BigInteger, nullable=False),
    #: What was asked for, as JSON writes options.
    Column("options", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

#: Files that holders of an inbox have begun to send, and not aborted.
inbox_upload = Table(
    "inbox_upload",
    MAIN,
    Column("id", Text, primary_key=True),
    Column("link_id", Text, ForeignKey("link.id"), nullable=False),
    #: Of the object, below the root of the link's store.
    Column("key", Text, nullable=False),
    #: By which the store knows it.
    Column("store_id", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("part_size", BigInteger, nullable=False),
    #: Whether it is there: whoever was not told so may ask again.
    Column("is_complete", Boolean, nullable=False),
    #: Whether the store was asked to make it: it may be there before that is known.
    Column("is_asked_for", Boolean, nullable=False, server_default=false()),
    #: What the store was asked for, as JSON writes options.
    Column("options", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

#: Who has signed in with a browser.
session = Table(
    "session",
    MAIN,
    #: SHA-256 of what the cookie holds.
    Column("hash", LargeBinary, primary_key=True),
    Column("principal", Text, ForeignKey("principal.name"), nullable=False),
    #: None for what the settings give to people of the OpenID provider.
    Column("scopes", JSON(none_as_null=True)),
    Column("ends_at", BigInteger, nullable=False),
)

#: By which somebody signs in, once.
sign_in_code = Table(
    "sign_in_code",
    MAIN,
    #: SHA-256 of the code.
    Column("hash", LargeBinary, primary_key=True),
    Column("principal", Text, ForeignKey("principal.name"), nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)

#: Who is on the way to the OpenID provider and back.
sign_in_state = Table(
    "sign_in_state",
    MAIN,
    #: SHA-256 of what the browser's cookie holds, and of the state.
    Column("hash", LargeBinary, primary_key=True),
    #: Where to go then.
    Column("after", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)

#: Notices that a link ends, once somebody has begun to send them: one for each end, and each time before it.
notice = Table(
    "notice",
    MAIN,
    Column("link_id", Text, primary_key=True),
    Column("ends_at", BigInteger, primary_key=True, autoincrement=False),
    #: In seconds.
    Column("before", BigInteger, primary_key=True, autoincrement=False),
    #: ``webhook`` or ``mail``.
    Column("recipient", Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    #: From when on it may be tried again.
    Column("next_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
)

suspension = Table(
    "suspension",
    MAIN,
    #: ``link`` or ``caller``.
    Column("kind", Text, primary_key=True),
    #: The ID of a link, or the name of a caller.
    Column("name", Text, primary_key=True),
    #: What was unusual.
    Column("what", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
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

#: How often the password of a link was tried.
guess = Table(
    "guess",
    METADATA,
    Column("link_id", Text, primary_key=True),
    #: A digest of the network that tries come from; empty for all of them.
    Column("client", LargeBinary, primary_key=True),
    Column("tries", Integer, nullable=False),
    #: When they are forgotten.
    Column("until", BigInteger, nullable=False),
)

use_window = Table(
    "use_window",
    METADATA,
    Column("link_id", Text, primary_key=True),
    #: A digest of the client's address and user agent.
    Column("client", LargeBinary, primary_key=True),
    Column("until", BigInteger, nullable=False),
)
