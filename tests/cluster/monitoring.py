"""Prometheus and prometheus-adapter in the local cluster, configured by the files of `k8s/monitoring`."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from cluster.kube import CACHE, ROOT, FailedError, Kube, run

NAMESPACE = "test-monitoring"
# Where the API server passes requests on to Prometheus.
SERVER = f"/api/v1/namespaces/{NAMESPACE}/services/prometheus-server:http/proxy"
EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1"
METRIC = "alex_web_wanted_agent_pods"
MONITORING = ROOT / "k8s" / "monitoring"
RULES = ROOT / "charts" / "alex" / "rules" / "alex.yaml"
OURS = {"alex-tests": "monitoring"}
# Everything of ours that does not go with its namespace. The APIService first: while one is there that nobody answers,
# Kubernetes cannot delete any namespace.
LEFT = ("apiservices", "clusterrolebindings", "clusterroles", "rolebindings --namespace=kube-system")


@contextlib.contextmanager
def monitoring(alex: Kube) -> Iterator[Kube]:
    """Run both, and take everything away again, also what a run before this one could not."""
    kube = alex.within(NAMESPACE)
    _remove(kube)
    adapter = (Path(__file__).parent / "monitoring.yaml").read_text().replace("ADAPTER_IMAGE", _loaded("adapter"))
    others = list(yaml.safe_load_all(adapter))
    try:
        _apply(kube, [*_prometheus(), *_config(), *(thing for thing in others if not _of_kubernetes(thing))])
        _apply(kube.within("kube-system"), [thing for thing in others if _of_kubernetes(thing)])
        kube.settled()
        kube.kubectl("wait", "--for=condition=Available", "apiservice/v1beta1.external.metrics.k8s.io", "--timeout=60s")
        yield kube
    finally:
        _remove(kube)


def numbers(alex: Kube, namespace: str, release: str = "alex") -> list[str]:
    """Return what an autoscaler is told about a release: one number, or none when it is not known.

    Raises:
        FailedError: the metric is not served.

    """
    told = alex.api(
        f"{EXTERNAL}/namespaces/{namespace}/{METRIC}", labelSelector=f"app_kubernetes_io_instance={release}"
    )
    return [item["value"] for item in told["items"]]


def number(alex: Kube, namespace: str, release: str = "alex") -> int | None:
    """Return how many agent pods an autoscaler is told to run; None while that is not known or not served."""
    try:
        told = numbers(alex, namespace, release)
    except FailedError:
        return None
    return int(told[0]) if told else None


def ask(kube: Kube, query: str) -> list[dict[str, Any]]:
    """Return what Prometheus finds now: labels and values."""
    found: list[dict[str, Any]] = kube.api(f"{SERVER}/api/v1/query", query=query)["data"]["result"]
    return found


def series(kube: Kube, query: str) -> list[dict[str, str]]:
    """Return the labels of what Prometheus finds."""
    return [one["metric"] for one in ask(kube, query)]


def _prometheus() -> list[dict[str, Any]]:
    """Take Prometheus as `tilt up` installs it into a namespace of the tests; of Grafana there is no image here."""
    found = []
    for thing in yaml.safe_load_all((MONITORING / "development.yaml").read_text()):
        about = thing["metadata"]
        if about["name"] == "grafana":
            continue
        if "namespace" in about:
            about["namespace"] = NAMESPACE
        elif thing["kind"] == "Namespace":
            about |= {"name": NAMESPACE, "labels": {**about["labels"], **OURS}}
        else:
            about |= {"name": f"test-{about['name']}", "labels": OURS}
        if thing["kind"] == "ClusterRoleBinding":
            thing["roleRef"]["name"] = about["name"]
            thing["subjects"][0]["namespace"] = NAMESPACE
        if thing["kind"] == "Deployment":
            thing["spec"]["template"]["spec"]["containers"][0]["image"] = _loaded("prometheus")
        found.append(thing)
    return found


def _config() -> list[dict[str, Any]]:
    """Make the configuration that Tilt would make of the files, and the adapter's chart of its values."""
    prometheus = yaml.safe_load((MONITORING / "prometheus-values.yaml").read_text())
    adapter = yaml.safe_load((MONITORING / "prometheus-adapter-values.yaml").read_text())
    server = adapter["prometheus"]
    scrape = "scrape_configs:\n" + prometheus["extraScrapeConfigs"]
    assert adapter["rules"]["default"] is False, "with it the chart adds rules of its own"
    return [
        _config_map("alex", {"scrape.yaml": scrape, "rules.yaml": _impatient(RULES.read_text())}),
        _config_map("prometheus-adapter", {"config.yaml": json.dumps({"externalRules": adapter["rules"]["external"]})}),
        _config_map(
            "prometheus-adapter-arguments",
            {
                "PROMETHEUS_URL": f"{server['url']}:{server['port']}",
                "METRICS_RELIST_INTERVAL": adapter["metricsRelistInterval"],
            },
        ),
    ]


def _impatient(rules: str) -> str:
    """Let alerts look back a minute, at as many turns as two callers make in it, and wait for 15 s, before and after.

    Their real patience is tried in tests/rules.
    """
    for words, instead in (
        (r"\[[1-9][0-9]*m\]", "[1m]"),
        (r">= 20\b", ">= 6"),
        (r"\b((keep_firing_)?for): [1-9][0-9]*m\b", r"\1: 15s"),
    ):
        rules = re.sub(words, instead, rules)
    return rules


def _config_map(name: str, data: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _of_kubernetes(thing: dict[str, Any]) -> bool:
    return thing["metadata"].get("namespace") == "kube-system"


def _apply(kube: Kube, things: list[dict[str, Any]]) -> None:
    kube.kubectl("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": things}))


def _loaded(program: str) -> str:
    """Put a program of the cache onto the node; returns the name of its image."""
    [path] = (CACHE / "tools").glob(f"prometheus*/{program}")
    name, _, version = path.parent.name.rpartition("-")
    image = f"localhost/{name}:{version}"
    done = run(ROOT / "k8s" / "local" / "load-program", path, image)
    if done.code != 0:
        raise FailedError(f"load-program: {done.output}")
    return image


def _remove(kube: Kube) -> None:
    for kind in LEFT:
        kube.kubectl("delete", *kind.split(), "--selector=alex-tests=monitoring", "--timeout=60s")
    kube.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s", timeout=150)
