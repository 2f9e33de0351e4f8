"""What is shown as latency is the silence that callers hear, and showing it costs them nothing."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator, Callable

import aiohttp
from alex_caller.call import Call
from alex_caller.invitation import take_token
from alex_caller.speech import Voice
from bench import honest
from call.conftest import script
from stack import Stack

# The figures of a bench on a quiet machine are a tenth of this; a figure that leaves something out is off by more.
MOST_ERROR_SECONDS = 0.15

# Every two seconds of a turn so many looks; Prometheus has one every 15 s.
LOOKS_PER_SECOND = 20
PAIRS = 5


async def test_the_shown_latency_is_what_callers_hear(
    hosted: Stack, record_property: Callable[[str, object], None]
) -> None:
    """Turns with delays that nobody knows before: the agent's figure of each beside the caller's own recording."""
    transport, pairs = await honest.measure(hosted, turns=6, seed=11)

    record_property("result", honest.result(transport, pairs))
    errors = [abs(pair.heard - pair.told - 2 * transport) for pair in pairs]
    assert statistics.median(errors) < MOST_ERROR_SECONDS, pairs
    # Were the figure a constant, it would be right by luck: the delays are half a second apart.
    told = [pair.told for pair in pairs]
    assert max(told) - min(told) > MOST_ERROR_SECONDS, pairs


@contextlib.asynccontextmanager
async def scraping(url: str) -> AsyncIterator[None]:
    """Read the metrics over and over, far more often than anybody would."""

    async def read() -> None:
        async with aiohttp.ClientSession() as http:
            while True:
                async with http.get(url) as answer:
                    assert answer.status == 200
                    await answer.read()
                await asyncio.sleep(1 / LOOKS_PER_SECOND)

    reading = asyncio.create_task(read())
    try:
        yield
        assert not reading.done(), "nobody scraped"
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading


async def test_scraping_costs_no_turn_anything(hosted: Stack, record_property: Callable[[str, object], None]) -> None:
    """Every other turn of a call is had while the metrics are read 300 times as often as usual."""
    clip = await asyncio.to_thread(Voice().say, "What is your name?")
    arms: dict[bool, list[float]] = {False: [], True: []}
    with script(hosted, replies=[{"say": "I am Alex."}], delays={"openai": {"first_ms": 200}}):
        async with aiohttp.ClientSession() as http:
            invitation = await take_token(http, hosted.url, 30)
        async with Call(invitation) as call:
            await call.greeting()
            for number in range(2 * PAIRS):
                scraped = number % 2 == 1
                url = f"http://127.0.0.1:{hosted.ports['agent_ops']}/metrics"
                async with scraping(url) if scraped else contextlib.nullcontext():
                    turn = await call.ask(clip)
                assert turn.gap.seconds is not None
                arms[scraped].append(turn.gap.seconds)
    without, beside = (statistics.median(arms[scraped]) for scraped in (False, True))

    record_property("milliseconds", f"without {without * 1000:.0f}, beside scraping {beside * 1000:.0f}")
    assert beside < 1.5 * without, arms
