"""Tell Kubernetes how many calls this pod holds, so that idle pods go first.

Whoever takes pods away knows nothing of calls. A ReplicaSet that shrinks deletes the pod with the lowest deletion cost,
and a cluster autoscaler leaves a node alone whose pods are not safe to evict; both read it from annotations, and the
parent keeps those of its own pod. Late or missing they cost no call: a busy pod that is chosen drains.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import structlog
from yarl import URL

from alex_agent.settings import Settings

log = structlog.get_logger(__name__)

COST = "controller.kubernetes.io/pod-deletion-cost"
SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"

# Where the chart mounts the token of the pod's service account and the certificate of the cluster.
CREDENTIALS = Path("/etc/alex/kubernetes")

# Long enough for an error of the API server to tell what is wrong, short enough for a log line.
MOST_TOLD_CHARS = 300


class UnwrittenError(Exception):
    """The API server did not take the annotations; the message says why and holds no token."""


@dataclass(frozen=True)
class Pace:
    """How often the parent looks and writes, in seconds."""

    # Reading a number in this process costs nothing.
    look: float = 0.5
    # Calls come and go in bursts: the burst is one write, with what it ended in.
    settle: float = 0.5
    # Each write is stored by etcd and sent to everybody who watches pods. Autoscalers decide every 10 to 15 s, so that
    # more often would tell them nothing, and a fleet of 100 pods stays below 20 writes a second.
    between_writes: float = 5.0
    # After failures the pause doubles up to this: a Role that is missing stays so until somebody mends it.
    longest_pause: float = 60.0


@dataclass(frozen=True)
class Pod:
    """The pod as the API server knows it: its address there, and the folder with `token` and `ca.crt`."""

    url: URL
    credentials: Path
    timeout_seconds: float = 5.0

    async def write(self, calls: int) -> None:
        """Annotate the pod with its number of calls.

        Raises:
            UnwrittenError: the API server was not reached or refused.

        """
        annotations = {COST: str(calls), SAFE_TO_EVICT: "false" if calls else "true"}
        try:
            # Both files rotate, so they are read each time; a new connection follows a new certificate.
            token = (self.credentials / "token").read_text(encoding="ascii").strip()
            trusted = ssl.create_default_context(cafile=str(self.credentials / "ca.crt"))
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.timeout_seconds)) as session,
                session.patch(
                    self.url,
                    json={"metadata": {"annotations": annotations}},
                    headers={"Authorization": f"Bearer {token}", "Content-Type": "application/merge-patch+json"},
                    ssl=trusted,
                    allow_redirects=False,  # the token is for this server
                ) as response,
            ):
                if response.status != 200:  # noqa: PLR2004 - what a patch answers, and nothing else does
                    told = (await response.text(errors="replace"))[:MOST_TOLD_CHARS]
                    raise UnwrittenError(f"{response.status} {told}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnwrittenError(f"{type(error).__name__} {error}"[:MOST_TOLD_CHARS]) from error
        except ValueError as error:  # its text may hold the token
            raise UnwrittenError("the token is not one") from error


async def keep(settings: Settings, calls: Callable[[], int]) -> None:
    """Keep the annotations of this pod at its number of `calls` until cancelled; over at once when not told to."""
    if not settings.deletion_cost:
        return
    host, port = settings.kubernetes_host or "", settings.kubernetes_port
    path = f"/api/v1/namespaces/{settings.pod_namespace}/pods/{settings.pod_name}"
    await follow(calls, Pod(URL.build(scheme="https", host=host, port=port, path=path), CREDENTIALS).write)


async def follow(calls: Callable[[], int], write: Callable[[int], Awaitable[None]], pace: Pace | None = None) -> None:
    """Write the number of calls when it has changed, and once at the start; never ends and never fails.

    Args:
        calls: gives the number of calls now.
        write: stores it; raises UnwrittenError when it could not.
        pace: how often, when not at the usual pace.

    """
    pace = pace or Pace()
    written: int | None = None
    failed = 0
    while True:
        if calls() == written:
            await asyncio.sleep(pace.look)
            continue
        await asyncio.sleep(pace.settle)
        if (now := calls()) == written:
            continue
        pause = pace.between_writes
        try:
            await write(now)
        except UnwrittenError as error:
            # What arrived although the answer did not is unknown, so the next number is written whatever it is.
            written = None
            failed += 1
            pause = min(pause * 2 ** min(failed - 1, 10), pace.longest_pause)
            if failed == 1:
                log.warning(
                    "deletion_cost_not_written",
                    reason=str(error),
                    hint="tried again in silence; until then a busy pod may be removed, and drains, before an idle one "
                    "(chart value agent.deletionCost)",
                )
        else:
            if failed:
                log.info("deletion_cost_written_again", failures=failed)
            written, failed = now, 0
        await asyncio.sleep(pause)
