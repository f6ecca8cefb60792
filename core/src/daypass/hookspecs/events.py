"""``SigningEvent``: what ``authorize`` and ``record`` plugins are told."""

from __future__ import annotations

from datetime import datetime

import attrs

__all__ = ["ALIKE", "SigningEvent"]

#: Beside the fields of an event, and none of them: a list that it shares with those that differ from it in path, count
#: and digests alone, in which an audit keeps what it writes of all of them. A link waits for each line. Copies have none.
ALIKE = "_alike"


@attrs.frozen(kw_only=True, slots=False)  # made for every link, in half the time of one with slots
class SigningEvent:
    """What ``authorize`` and ``record`` are told: never a URL, a credential or the value of a header."""

    __slots__ = ("__dict__", "__weakref__", ALIKE)

    #: ``"create_signed_url"``, ``"create_signed_prefix"``, ``"create_upload_form"`` or
    #: ``"create_multipart_upload"``. The last is for an upload that is begun or resumed, and for each
    #: of its parts' links. The first is also, only in ``record``, for a listing by the process's own credentials that a
    #: policy refuses, with the method LIST.
    action: str
    #: Who asks, as the application said: a name, or a `Caller` with groups; None where it did not.
    caller: str | None
    #: The name of the backend or signer that signs.
    backend: str
    #: The path that is signed for; of several links, the root that they lie below.
    path: str
    #: The version of the object, where one is named.
    version: str | None
    #: The method that is asked for, such as ``"GET"``.
    method: str
    #: The clock reading that the link is signed with (aware, UTC).
    signing_time: datetime
    #: When the link is to end; in ``record``, when it really ends.
    expires_at: datetime
    #: Names of the conditions asked for.
    conditions: frozenset[str]
    #: Names of the further headers that are signed (``headers=``), in lower case.
    headers: frozenset[str] = frozenset()
    #: The canned ACL that an upload sets, by which one that is public is found.
    acl: str | None = None
    #: Only in ``record``: why the link ends when it does.
    expires_because: str | None = None
    #: Only in ``record``: conditions that are not enforced.
    unenforced: frozenset[str] = frozenset()
    #: Only in ``record``: how many links leave, or were refused alike; above one, ``path`` is the
    #: root they lie below; 0 where an upload in parts begins.
    count: int = 1
    #: Only in ``record``: SHA-256 in hex of the URL, by which a found link can be recognised; of a
    #: grant for a prefix, of its query alone, or of its URL where it has none; of an upload form, of its
    #: field ``policy``. None where several links leave.
    url_sha256: str | None = None
    #: Only in ``record``, of several links: the root, in hex, of the Merkle tree of RFC 9162 over their
    #: URLs in order, by which each of them can be proven.
    merkle_root: str | None = None
    #: ``"allowed"``, or, only in ``record``, ``"refused"``: then no link leaves.
    decision: str = "allowed"
    #: The rule of the policy that decided; None without a policy, or where no rule matches.
    rule: str | None = None
    #: Only in ``record``, of a refusal: why.
    reason: str | None = None
    #: Of a link that copies, the path of the object that it copies. ``authorize`` is asked of that too, as of a GET.
    copy_source: str | None = None

    def __getstate__(self) -> dict[str, object]:
        """Return the fields, for a copy."""
        return self.__dict__
