"""Callers who say nothing. Each line of stdin is how many calls to be in; the answer counts those cut so far.

    python callers.py WEB LIVEKIT

Runs where Services can be reached: in a pod, or in the network of the local node.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp
from alex_caller.call import Call
from alex_caller.invitation import Invitation, take_token

# Longer than any test; a call that ends before was cut.
HOLD_SECONDS = 3600.0


class Callers:
    """The calls that are on."""

    def __init__(self, http: aiohttp.ClientSession, web: str, livekit: str) -> None:
        self._http, self._web, self._livekit = http, web, livekit
        self._calls: list[tuple[Call, asyncio.Task[None]]] = []
        self.cut = 0

    async def be(self, number: int) -> None:
        """Call, or hang up, until there are so many. Raises TokenError when a call is refused: nobody waits."""
        while len(self._calls) > number:
            call, task = self._calls.pop(0)
            self.cut += task.done()
            if task.done():
                sys.stderr.write(f"cut: {task.exception()!r} {call.events}\n")
            task.cancel()
            await call.hang_up()
        while len(self._calls) < number:
            invitation = await take_token(self._http, self._web, 0.0)
            call = Call(Invitation(self._livekit, invitation.token), microphone=False)
            await call.__aenter__()
            await call.agent()
            self._calls.append((call, asyncio.create_task(call.hold(HOLD_SECONDS))))

    @property
    def cut_now(self) -> int:
        """Count the calls that ended without being hung up."""
        return self.cut + sum(task.done() for _, task in self._calls)


async def main(web: str, livekit: str) -> None:
    """Follow stdin."""
    async with aiohttp.ClientSession() as http:
        callers = Callers(http, web, livekit)
        while line := await asyncio.to_thread(sys.stdin.readline):
            await callers.be(int(line))
            sys.stdout.write(f"{callers.cut_now}\n")
            sys.stdout.flush()
        await callers.be(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
