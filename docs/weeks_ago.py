"""A link that was made weeks ago and used since, as the service wrote it down: `pictures` runs this before its service, with the configuration of that one.

It reads an API key, and prints what the service has answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import attrs
import httpx

from daypass_links.server import settings
from daypass_links.server.app import application
from daypass_links.server.service import Service

_DAY = 86_400
_MADE = {
    "path": "daypass://maps/europe/rivers.csv",
    "expires_in": "56d",
    "label": "rivers",
    "note": "For the survey in Graz",
    "message": "The rivers that we talked about.",
    "preview": True,
}


@attrs.define
class _Clock:
    """Tells the time that it is set to, in seconds since the epoch."""

    now: float

    def __call__(self) -> float:
        return self.now


async def _make_and_use(service: Service, clock: _Clock, key: str) -> Any:
    """Make a link, and use it on the days until yesterday, on weekdays above all."""
    began = clock.now
    transport = httpx.ASGITransport(application(service))
    async with httpx.AsyncClient(
        transport=transport, base_url=service.settings.server.own_url
    ) as client:
        answer = await client.post(
            "/v1/links", json=_MADE, headers={"authorization": f"Bearer {key}"}
        )
        made = answer.raise_for_status().json()
        for number in range(26):
            clock.now = began + number * _DAY
            day = time.gmtime(clock.now)
            if day.tm_wday >= 5 and day.tm_mday % 3:  # noqa: PLR2004 - Saturday is the fifth
                continue
            for _ in range(3 + day.tm_mday % 7):
                clock.now += 600
                await client.get(made["url"])
    return made


def main() -> None:
    """Do what the module says."""
    clock = _Clock(time.time() - 26 * _DAY)
    service = Service.of(settings.load(), clock)
    try:
        made = asyncio.run(_make_and_use(service, clock, sys.stdin.read().strip()))
    finally:
        service.close()
    sys.stdout.write(json.dumps(made))


main()
