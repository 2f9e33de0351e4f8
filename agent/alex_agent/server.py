"""The agent's own runner on the SDK's `AgentServer`.

The SDK's command line answers 200 before it is registered and while it drains, exits 0 when it cannot connect, and
dies with its calls at a second signal. Here: registered means ready, a signal means drain, a lost cause exits 1.
"""

from __future__ import annotations

import asyncio
import math
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog
from livekit.agents import AgentServer

from alex_agent import deletion_cost, guard, job, ops, providers
from alex_agent.capacity import Capacity
from alex_agent.channel import CHANNEL, Event, Receiver, scratch
from alex_agent.metrics import Metrics
from alex_agent.settings import Settings

log = structlog.get_logger(__name__)

# A warmed process waits for the next call; it is replaced within milliseconds (the forkserver holds the models).
IDLE_PROCESSES = 1

# On a busy core a fresh process may need many seconds for its imports; the SDK's 10 s have failed people.
INITIALIZE_SECONDS = 30.0

# What a call may still do after its end; the chart's grace period counts on these two being short.
SESSION_END_SECONDS = 20.0
SHUTDOWN_SECONDS = 10.0

# LiveKit gone for 16 attempts, about two minutes: let Kubernetes start a fresh pod somewhere else.
CONNECT_ATTEMPTS = 16

# The last turn of a draining pod, and a call that was cut, are counted when the pod is all but gone; Prometheus looks
# every 15 or 30 s. The grace period has room for this.
SEEN_SECONDS = 30.0

# One call that leaks must end before the kernel ends the pod with all the others (a call takes about 170 MB).
CALL_MEMORY_LIMIT_MB = 1200


async def serve(settings: Settings) -> int:
    """Take calls until a signal comes, then wait for the last one.

    Returns:
        The exit code: 0 after a drain, 1 when LiveKit could not be reached or refused us.

    """
    stop = _signals()
    metrics = Metrics(settings.prices, settings.budget_usd_per_day)
    with tempfile.TemporaryDirectory(prefix="alex-") as name:
        folder = Path(name)
        links = providers.chain(settings)
        verdicts = await providers.check(links)
        for verdict in verdicts:
            if verdict.refused:
                metrics.provider_refused(verdict.link.provider)
        metrics.expect(links)
        server = _server(settings, providers.order(verdicts), folder)
        registered = asyncio.Event()

        def connected() -> bool:
            # Private, and the only place that knows; a contract test watches over the name.
            return registered.is_set() and not server._connecting  # noqa: SLF001

        metrics.registered.set_function(connected)
        capacity = Capacity(server, settings.slots, metrics, connected)
        server.load_fnc = capacity.load
        receiver = Receiver(partial(_hear, metrics, capacity), metrics.lost)
        await receiver.open(folder / CHANNEL)
        server.rtc_session(job.answer, agent_name=settings.agent_name, on_request=capacity.request)

        def on_registered(*_: object) -> None:
            if not registered.is_set():
                registered.set()
                capacity.watch(partial(_forget, receiver, folder))

        server.on("worker_registered", on_registered)

        def unready() -> str | None:
            if server.draining or stop.is_set():
                return "draining: takes no new call and waits for its last one"
            # A busy pod stays ready: a ReplicaSet that shrinks takes unready pods before it compares deletion costs.
            if not connected() and not capacity.report()["active"]:
                return "not registered with LiveKit: check LIVEKIT_URL (chart value livekit.url), its key and secret"
            return None

        may_reserve = partial(guard.may_reserve, pairs=settings.livekit_pairs)
        drain = partial(_drain, capacity, metrics, settings.drain_seconds)
        close = partial(_close, server, metrics)
        runner, port = await ops.serve(settings.ops_host, settings.ops_port, capacity, metrics, unready, may_reserve)
        log.info(
            "agent_starting", ops_port=port, slots=settings.slots, voice=settings.voice, livekit=settings.livekit_url
        )
        ticking = asyncio.create_task(capacity.tick())
        cost = asyncio.create_task(deletion_cost.keep(settings, lambda: int(capacity.report()["active"])))
        try:
            return await _until(stop, server.run(devmode=False), drain, capacity.hand_over, close)
        finally:
            cost.cancel()
            ticking.cancel()
            await runner.cleanup()
            receiver.close()


async def _until(
    stop: asyncio.Event,
    run: Awaitable[None],
    drain: Callable[[], Awaitable[None]],
    hand_over: Callable[[], Awaitable[None]],
    close: Callable[[], Awaitable[None]],
) -> int:
    running = asyncio.ensure_future(run)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    code = 0
    if running.done():
        stopping.cancel()
        error = running.exception()
        log.error(
            "agent_failed",
            error=type(error).__name__ if error else "the worker ended by itself",
            hint="LiveKit could not be reached or refused the key: check LIVEKIT_URL, LIVEKIT_API_KEY and "
            "LIVEKIT_API_SECRET (chart values livekit.url, livekit.apiKey, livekit.apiSecret)",
        )
        code = 1
    else:
        log.info("agent_draining")
        try:
            await drain()
        except TimeoutError:
            log.error("drain_timed_out", hint="calls are handed to other agents; raise agent.drainSeconds")
            await hand_over()
    await close()
    if not running.done():
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    log.info("agent_stopped", exit_code=code)
    return code


async def _drain(capacity: Capacity, metrics: Metrics, seconds: float) -> None:
    metrics.drain_begins(seconds)
    await capacity.drain(seconds)


async def _close(server: AgentServer, metrics: Metrics) -> None:
    await server.aclose()
    if server.draining and metrics.has_told:
        await metrics.readers.all_again(SEEN_SECONDS)


def _hear(metrics: Metrics, capacity: Capacity, event: Event) -> None:
    metrics.take(event)
    if event["kind"] == "lost":
        capacity.lose(event["job"], event["room"])
    elif event["kind"] == "end":
        capacity.ended(event["source"])


def _forget(receiver: Receiver, folder: Path, process: int) -> None:
    """Leave nothing of a process that has ended, however it did."""
    receiver.forget(process)
    shutil.rmtree(scratch(folder, process), ignore_errors=True)


def _signals() -> asyncio.Event:
    """Turn signals into an event: a second one is then harmless, where the SDK would cut every call."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _server(settings: Settings, links: list[providers.Link], folder: Path) -> AgentServer:
    return AgentServer(
        setup_fnc=partial(job.prepare, settings, links, folder),
        # The SDK's own threshold guesses: it refuses a second call at the same moment while slots are free, and has
        # let five calls into two slots. The gate in `capacity` counts.
        load_threshold=math.inf,
        job_memory_limit_mb=CALL_MEMORY_LIMIT_MB,
        drain_timeout=settings.drain_seconds,
        num_idle_processes=IDLE_PROCESSES,
        shutdown_process_timeout=SHUTDOWN_SECONDS,
        session_end_timeout=SESSION_END_SECONDS,
        initialize_process_timeout=INITIALIZE_SECONDS,
        max_retry=CONNECT_ATTEMPTS,
        ws_url=settings.livekit_url,
        api_key=settings.secret("livekit_api_key"),
        api_secret=settings.secret("livekit_api_secret"),
        host="127.0.0.1",
        port=0,  # the framework's own health port answers 200 when it should not; ours is the one to ask
        preload_modules=job.PRELOADED,
        log_level=settings.log_level.upper(),
    )
