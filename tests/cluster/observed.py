"""A release with scripted voices, and a Prometheus that looks at it, on the cluster of `k8s/up`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
from alex_caller.call import Call, Limits
from alex_caller.invitation import take_token
from alex_caller.speech import Clip
from cluster.kube import Kube
from cluster.monitoring import NAMESPACE, ask
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

    def ledger(self, provider: str) -> list[dict[str, Any]]:
        """Read what the scripted voices did."""
        entries: list[dict[str, Any]] = json.loads(
            self.kube.kubectl("get", "--raw", self._offline(f"/ledger?provider={provider}"))
        )
        return entries

    def put(self, script: dict[str, Any]) -> None:
        """Let the scripted voices follow another script."""
        self.kube.kubectl("replace", "--raw", self._offline("/script"), "--filename=-", stdin=json.dumps(script))

    def calls(self, agent: str) -> int:
        """Count the calls of an agent pod."""
        return len(json.loads(self.kube.kubectl("get", "--raw", self._ops(agent, "/capacity")))["calls"])

    def _offline(self, path: str) -> str:
        [pod] = self.kube.ready("offline")
        return self._ops(pod, path)

    def _ops(self, pod: str, path: str) -> str:
        return f"/api/v1/namespaces/{self.kube.namespace}/pods/{pod}:9090/proxy{path}"

    @contextlib.contextmanager
    def prometheus(self) -> Iterator[str]:
        """Make Prometheus reachable from here, as the API server passes it on; give its address."""
        command = ["kubectl", "--context", self.monitoring.context, "proxy", "--port=0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.monitoring.env) as process:
            assert process.stdout is not None
            try:
                api = process.stdout.readline().split()[-1]
                yield f"http://{api}/api/v1/namespaces/{NAMESPACE}/services/prometheus-server:http/proxy"
            finally:
                process.terminate()


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
