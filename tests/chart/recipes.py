"""Write the page of recipes, RECIPES.md, from the scenarios in `ci/`.

`python tests/chart/recipes.py` rewrites the page; a test compares it with what it would write.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from chart.render import CHART
from chart.scenarios import Scenario, every

PAGE = CHART / "RECIPES.md"
HEAD = """# Recipes

What people do with the chart, each as the values that do it. They are the files in [`ci/`](ci), which the tests
render, hold against the schemas of three versions of Kubernetes, and give to kube-score, kubesec and checkov;
`python tests/chart/recipes.py` writes this page from them. Files can be combined (`--values A --values B`): the later
one wins. Names like `example.com` and addresses like `203.0.113.10` are yours to change.

"""
# In the order in which people come to them; `full` is for the tests alone.
CHAPTERS = {
    "First steps": {
        "minimal": "Nothing at all",
        "small": "As small as possible",
        "mixed": "Nodes of several architectures",
    },
    "Voices and keys": {
        "hosted-keys": "Try the hosted voice",
        "hosted-existing-secret": "Hosted voice, keys in Secrets",
        "external-secrets": "Keys from a vault, by External Secrets",
    },
    "The way to LiveKit": {
        "address": "Node ports and Ingresses",
        "one-host": "Ingresses, one host",
        "gateway": "Gateway API, one host",
        "turn": "A load balancer, and TURN inside TLS",
        "host-network": "In the network of the node",
        "remote-livekit": "LiveKit Cloud, or another LiveKit",
    },
    "More calls": {
        "nodes": "Several LiveKit nodes",
        "keda": "Agents follow calls, by KEDA",
        "prometheus": "Agents follow calls, by Prometheus",
    },
    "Every day": {
        "production": "Production",
        "monitoring": "Figures, alerts and dashboards",
        "shared-cluster": "A cluster with rules",
        "air-gapped": "No way out",
    },
}


def page() -> str:
    """Write the page as Markdown."""
    scenarios = every()
    parts = [HEAD]
    for chapter, recipes in CHAPTERS.items():
        parts.append(f"## {chapter}\n\n")
        parts += [_recipe(title, scenarios[name]) for name, title in recipes.items()]
    return "".join(parts).rstrip("\n") + "\n"


def _recipe(title: str, scenario: Scenario) -> str:
    file = f"charts/alex/ci/{scenario.name}-values.yaml"
    commands = [*scenario.first, f"helm upgrade --install alex charts/alex --values {file}"]
    lines = [f"### {title}", "", scenario.prose, "", "```sh", *commands, "```", ""]
    if scenario.values:
        lines += ["```yaml", scenario.body.rstrip("\n"), "```", ""]
    beside = CHART / "ci" / f"{scenario.name}.yaml"
    if beside.exists():
        lines += [f"`ci/{beside.name}`:", "", "```yaml", beside.read_text().rstrip("\n"), "```", ""]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
