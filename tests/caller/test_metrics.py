"""Whether the metrics of Alex tell of a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from alex_caller import metrics
from alex_caller.metrics import Addresses, Watch
from caller.house import House, run_caller
from stack import free_port

COUNTED = 'alex_agent_turns_total{{outcome="answered",stage=""}} {}\n'


@dataclass
class Pods:
    """Two pods behind one name, as a headless Service has it; the text of each by its address, none for a lost one."""

    url: str
    texts: dict[str, str] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer for the pod that was asked."""
        host = request.url.host or ""
        return web.Response(text=self.texts[host]) if host in self.texts else web.Response(status=503)


@pytest.fixture
async def pods(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pods]:
    """Serve two pods on addresses of loopback."""
    port = free_port()
    pods = Pods(f"http://agents:{port}/metrics")

    async def found(url: str) -> list[str]:
        return [url.replace("agents", host) for host in ("127.0.0.1", "127.0.0.2")]

    monkeypatch.setattr(metrics, "_pods", found)
    monkeypatch.setattr(metrics, "ARRIVAL_SECONDS", 1.0)
    monkeypatch.setattr(metrics, "KNOWN_SECONDS", 1.0)
    app = web.Application()
    app.router.add_get("/metrics", pods.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", port).start()
    yield pods
    await runner.cleanup()


async def test_metrics_tell_of_a_call(house: House) -> None:
    """A run that looks at the metrics says that web saw the call and that the agents counted the answer."""
    url = f"{house.url.replace('127.0.0.1', 'localhost')}/metrics"
    outcome = await run_caller("--url", house.url, "--agent-metrics", url, "--web-metrics", url)

    assert outcome.status == 0, outcome.out + outcome.err
    assert "token    yes  web gave 1 of 1" in outcome.out
    assert "metrics  yes  web saw calls at once: 1; answers that the agents counted: 1" in outcome.out


async def test_metrics_that_cannot_be_reached(house: House) -> None:
    """Metrics behind a closed door fail the run with the reason, and the call is made all the same."""
    closed, url = f"http://127.0.0.1:{free_port()}/metrics", f"{house.url}/metrics"
    outcomes = await asyncio.gather(
        run_caller("--url", house.url, "--agent-metrics", closed, "--web-metrics", url),
        run_caller("--url", house.url, "--agent-metrics", url, "--web-metrics", closed),
    )

    for outcome in outcomes:
        assert outcome.status == 1
        assert f"metrics  no   {closed} cannot be read: Connection refused" in outcome.out
        assert "call     yes" in outcome.out


async def test_answers_are_counted_pod_by_pod(pods: Pods) -> None:
    """What a pod counted before is not counted again, nor lost with a pod that goes, and a new pod counts whole."""
    async with aiohttp.ClientSession() as http:
        watch = Watch(http, Addresses(pods.url, pods.url))
        pods.texts = {"127.0.0.1": COUNTED.format(5)}
        await watch.begin()
        watch.report.calls = 1  # as if web had seen it
        pods.texts = {"127.0.0.1": COUNTED.format(6), "127.0.0.2": COUNTED.format(1)}
        assert (await watch.end(answers=2)).answers == 2
        pods.texts = {"127.0.0.2": COUNTED.format(2)}
        assert (await watch.end(answers=2)).answers == 2
        assert watch.report.problem is None
        missing = (await watch.end(answers=3)).problem
        assert missing == f"of 3 answers the agents counted 2, in alex_agent_turns_total at {pods.url}"


async def test_a_call_that_web_did_not_see(pods: Pods) -> None:
    """Answers alone do not do: web has to have seen a call."""
    pods.texts = {"127.0.0.1": COUNTED.format(5)}
    async with aiohttp.ClientSession() as http:
        watch = Watch(http, Addresses(pods.url, pods.url))
        await watch.begin()

        assert (await watch.end(answers=0)).problem == f"web saw no call, in alex_web_active_calls at {pods.url}"


async def test_agents_let_a_new_caller_in_after_a_while(pods: Pods) -> None:
    """Where policies are enforced a caller that has just been started is let in a little later: it waits for that."""
    async with aiohttp.ClientSession() as http:
        watch = Watch(http, Addresses(pods.url, pods.url))
        beginning = asyncio.create_task(watch.begin())
        await asyncio.sleep(0.3)
        pods.texts = {"127.0.0.1": COUNTED.format(5)}
        await beginning
        watch.report.calls = 1  # as if web had seen it
        pods.texts = {"127.0.0.1": COUNTED.format(6)}

        assert (await watch.end(answers=1)).problem is None


async def test_a_page_without_the_metrics(pods: Pods) -> None:
    """An answer that has no such metrics is as good as none."""
    async with aiohttp.ClientSession() as http:
        pods.texts = {"127.0.0.1": "something_else 1\n"}
        watch = Watch(http, Addresses(pods.url, pods.url))
        await watch.begin()

    assert str(watch.report.problem).startswith(f"{pods.url} cannot be read")
