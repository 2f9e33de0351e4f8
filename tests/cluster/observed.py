"""A release with scripted voices, and a Prometheus that looks at it, on the cluster of `k8s/up`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
from alex_caller.call import Call, Limits
from alex_caller.invitation import take_token
from alex_caller.speech import Clip
from cluster.kube import Kube
from cluster.monitoring import SERVER, ask
from cluster.release import install, node_ports, own_namespace, page

# Two busy cores; a caller here is patient.
LIMITS = Limits(agent=60.0, greeting=60.0, answer=40.0, agent_away=30.0)
TOKEN_SECONDS = 120.0
# Scripted voices cost nothing, so none of them is busy.
STREAMS = ("sttStreams", "languageStreams", "speechStreams")


@dataclass(frozen=True)
class House:
    """The release, the namespace of its Prometheus, and the address of the page."""

    kube: Kube
    monitoring: Kube
    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return what Prometheus finds now."""
        return ask(self.monitoring, query)

    def total(self, series: str, **labels: str) -> float:
        """Sum a counter over all pods of the release, also those that are gone."""
        wanted = ",".join(f'{k}="{v}"' for k, v in {"namespace": self.kube.namespace, **labels}.items())
        found = self.ask(f"sum(max_over_time({series}{{{wanted}}}[1h]))")
        return float(found[0]["value"][1]) if found else 0.0

    def quartile(self, series: str) -> float:
        """Give what a quarter of a histogram is below, over all pods of the release, also those that are gone."""
        buckets = f'max_over_time({series}_bucket{{namespace="{self.kube.namespace}"}}[1h])'
        [found] = self.ask(f"histogram_quantile(0.25, sum by (le) ({buckets}))")
        return float(found["value"][1])

    def ledger(self, provider: str) -> list[dict[str, Any]]:
        """Read what the scripted voices did."""
        entries: list[dict[str, Any]] = self.kube.api(self._offline("/ledger"), provider=provider)
        return entries

    def put(self, script: dict[str, Any]) -> None:
        """Let the scripted voices follow another script."""
        self.kube.kubectl("replace", "--raw", self._offline("/script"), "--filename=-", stdin=json.dumps(script))

    def _offline(self, path: str) -> str:
        [pod] = self.kube.ready("offline")
        return self.kube.ops(pod, path)

    @property
    def prometheus(self) -> str:
        """The address of Prometheus, as the API server passes it on."""
        return self.monitoring.server + SERVER


@contextlib.contextmanager
def observed(alex: Kube, prometheus: Kube, script: dict[str, Any], agent: dict[str, Any]) -> Iterator[House]:
    """Install a release beside a Prometheus; remove it."""
    values = {
        "agent": {"slots": 2, "replicas": 2, "aloneSeconds": 5, **agent},
        "offline": {"engine": "scripted", "script": json.dumps(script)} | dict.fromkeys(STREAMS, 50),
        **node_ports(alex),
    }
    with own_namespace(alex) as kube:
        install(alex, kube, more=json.dumps(values))
        kube.settled()
        yield House(kube, prometheus, page(kube))


@contextlib.asynccontextmanager
async def calling(url: str) -> AsyncIterator[Call]:
    """Be in a call, behind its greeting."""
    async with aiohttp.ClientSession() as http:
        invitation = await take_token(http, url, TOKEN_SECONDS)
    async with Call(invitation, limits=LIMITS) as call:
        await call.greeting()
        yield call


async def talk(url: str, clip: Clip, turns: int) -> None:
    """Make one call of a few turns."""
    async with calling(url) as call:
        for _ in range(turns):
            await call.ask(clip)
        await asyncio.sleep(0.5)  # the last turn is told when it was played
