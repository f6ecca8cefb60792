"""``Lane``: what is the same for every link of one request, below one root, within one second.

It is prepared once, and a key passes it with what depends on the key alone. It holds nothing that can
change within the second: policy, audits and plugins are asked of every link, and so are credentials,
by the backend. The last permit serves again only where the policies in force find the same rules.
"""

from __future__ import annotations

import time
from typing import Any

import attrs

from daypass.backends.calls import Backend, sign
from daypass.gate.check import admit, check_name
from daypass.gate.judge import Judged, judge
from daypass.gate.permit import Permit
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.paths import SHORT, is_plain
from daypass.model.requests import SignRequest

__all__ = ["Lane", "lane_of"]

#: Under which name the lanes of a root are kept in its cache, which a fork empties.
_KEPT = "daypass.gate.lanes"
#: How many are kept: requests that callers make by turns.
_MOST = 64


@attrs.define(eq=False)
class Lane:
    """A request that has been let in, and an answer to it that has been judged."""

    backend: Backend
    #: What was asked.
    asked: SignRequest
    #: The same with its clock, and without what the caller waives.
    request: SignRequest
    waived: frozenset[str]
    #: Whether a key that is plain is short enough, too.
    short: bool
    #: The permit of the last link, at first one that nobody was asked for, and none where each has to be its own;
    #: and what an answer is like that is held against it no more. Never shown: it holds the last link's query.
    standing: tuple[Permit | None, Judged | None] = attrs.field(default=(None, None), repr=False)
    _judged: Judged | None = attrs.field(default=None, init=False, repr=False)

    def sign(self, location: Location, request: SignRequest) -> tuple[SignedURL, Judged | None]:
        """Call the backend for a key, and judge its answer: closely, unless it is like the last one but for its key.

        Args:
            location: of the object.
            request: what is to be signed: the lane's, or what a policy made of it.

        Returns:
            The answer, and what it is like; None where nothing can be like it.

        Raises:
            DaypassError: one of the tree in `daypass.errors`, whatever the plugin raised.

        """
        backend, judged = self.backend, self._judged
        answer = sign(backend, location, request)
        if judged is not None and judged.request is request and judged.is_like(location, answer):
            return answer, judged
        judge(backend, location, request, answer)
        found = self._judged = Judged.of(backend, location, request, answer, judged)
        return answer, found

    def keep(self, permit: Permit, answer: SignedURL, measure: Judged | None) -> None:
        """Let a permit serve the next key, and answers like this one be held against it no more.

        Args:
            permit: it.
            answer: as it leaves, held against the permit.
            measure: what `sign` told of it.

        """
        if self.waived or answer.expires_because != REQUESTED:  # which each of them has to say
            measure = None
        self.standing = permit, measure


def lane_of(backend: Backend, location: Location, request: SignRequest) -> Lane:
    """Return the lane of a request, prepared earlier in this second or now, for a key that may pass it.

    Raises:
        DaypassError: as `admit` does.

    """
    # The only reading of the clock: whoever signs and judges uses this one.
    second = int(time.time())
    kept: tuple[int, dict[int, Lane]] | Any = location.cache.get(_KEPT)
    if kept is None or kept[0] != second:
        kept = location.cache[_KEPT] = (second, {})
    lanes = kept[1]
    lane = lanes.get(id(request))
    if (
        lane is not None
        and lane.asked is request  # an id is given away again where its owner is gone
        and lane.backend is backend
        and location.version is None
    ):
        if not (lane.short and is_plain(location.key)):
            check_name(backend, location.key, request)
        return lane
    resolved, waived = admit(backend, location, request, second=second)
    limit = backend.info.max_key_bytes
    lane = Lane(backend, request, resolved, waived, limit is None or limit >= SHORT)
    # Of each copy its own source is asked about.
    if location.version is None and request.copy_source is None:
        action = "create_signed_url"
        lane.standing = (
            Permit(backend, location, resolved, resolved, None, action, resolved),
            None,
        )
        if len(lanes) >= _MOST:
            lanes.clear()
        lanes[id(request)] = lane
    return lane
