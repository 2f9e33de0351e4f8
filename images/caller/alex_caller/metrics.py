"""What Alex's own metrics tell of the calls: that web saw them, and that the agents counted their answers."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp

from alex_caller.invitation import reason

NAME = "alex-caller"  # agents know by it that nobody keeps what is read here
LOOK_SECONDS = 0.5  # a call is seen by web for as long as it lasts, which is several seconds
KNOWN_SECONDS = 10.0  # where policies are enforced a new pod, such as the caller, is known after some seconds
ARRIVAL_SECONDS = 15.0  # an agent counts a turn as it ends, web looks at agents every second or two
REQUEST_SECONDS = 5.0
ANSWERED = re.compile(r'^alex_agent_turns_total\{[^}]*outcome="answered"[^}]*\} (\S+)$', re.MULTILINE)
ACTIVE = re.compile(r"^alex_web_active_calls (\S+)$", re.MULTILINE)


class MetricsError(Exception):
    """Metrics could not be read; the message says why in words for a person."""


@dataclass(frozen=True)
class Addresses:
    """Where the metrics of both programs are. A name that stands for several pods stands for all of them."""

    agents: str
    web: str


@dataclass
class MetricsReport:
    """What the metrics told of the calls of one run."""

    answers: float = 0  # that the agents counted more than before; others may call at the same time
    calls: float = 0  # at once, that web saw at most
    problem: str | None = None


@dataclass
class Watch:
    """Looks at the metrics before, during and after calls. Never raises for what it cannot read: the report has it."""

    http: aiohttp.ClientSession
    addresses: Addresses
    report: MetricsReport = field(default_factory=MetricsReport)
    _before: dict[str, float] = field(default_factory=dict)
    _unseen: str = ""  # why web could not be read, should it never have been

    async def begin(self) -> None:
        """Note what was counted before the first call."""
        deadline = time.monotonic() + KNOWN_SECONDS
        while True:
            try:
                self._before = await self._read(self.addresses.agents, ANSWERED)
            except MetricsError as error:
                if time.monotonic() > deadline:
                    self.report.problem = str(error)
                    return
                await asyncio.sleep(LOOK_SECONDS)
            else:
                return

    async def during(self) -> None:
        """Look at web until cancelled; what cannot be read now may be in a moment."""
        while True:
            try:
                seen = await self._read(self.addresses.web, ACTIVE)
                self.report.calls = max(self.report.calls, *seen.values())
            except MetricsError as error:
                self._unseen = str(error)
            await asyncio.sleep(LOOK_SECONDS)

    async def end(self, answers: int) -> MetricsReport:
        """Wait until so many answers have been counted, and give the report."""
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                while not self.report.problem:
                    after = await self._read(self.addresses.agents, ANSWERED)
                    # Pod by pod: one that has gone in the meantime takes away nothing.
                    self.report.answers = sum(max(0, count - self._before.get(pod, 0)) for pod, count in after.items())
                    if self.report.answers >= answers:
                        break
                    await asyncio.sleep(LOOK_SECONDS)
        except MetricsError as error:
            self.report.problem = str(error)
        except TimeoutError:
            counted = f"of {answers} answers the agents counted {self.report.answers:g}"
            self.report.problem = f"{counted}, in alex_agent_turns_total at {self.addresses.agents}"
        if not self.report.problem and not self.report.calls:
            self.report.problem = self._unseen or f"web saw no call, in alex_web_active_calls at {self.addresses.web}"
        return self.report

    async def _read(self, url: str, series: re.Pattern[str]) -> dict[str, float]:
        """Read the sum of a series from every pod that answers; raises MetricsError when none does, or none has it."""
        pods = await _pods(url)
        texts = await asyncio.gather(*(self._text(pod) for pod in pods), return_exceptions=True)
        found = {pod: series.findall(text) for pod, text in zip(pods, texts, strict=True) if isinstance(text, str)}
        values = {pod: sum(map(float, counts)) for pod, counts in found.items() if counts}
        if not values:
            reasons = [str(text) or type(text).__name__ for text in texts if isinstance(text, BaseException)]
            raise MetricsError(f"{url} cannot be read: {(reasons or ['what is looked for is not there'])[0]}")
        return values

    async def _text(self, pod: str) -> str:
        try:
            timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
            async with self.http.get(pod, headers={"User-Agent": NAME}, timeout=timeout) as answer:
                answer.raise_for_status()
                return await answer.text()
        except aiohttp.ClientConnectorError as error:
            raise MetricsError(reason(error.os_error)) from error
        except TimeoutError:
            raise MetricsError(f"no answer within {REQUEST_SECONDS:g} s") from None


async def _pods(url: str) -> list[str]:
    """Give the address of every pod that a name stands for: that of a headless Service stands for all of them."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except OSError as error:
        raise MetricsError(f"{url} cannot be read: {error.strerror or error}") from error
    hosts = sorted({str(address[0]) for *_, address in found})
    return [
        parts._replace(netloc=f"{f'[{host}]' if ':' in host else host}:{parts.port or 80}").geturl() for host in hosts
    ]
