"""Ask the linters of others, kube-score, kubesec and checkov, about many objects at once: one process of each.

`python tests/chart/linters.py` prints what they find in the scenarios and exceptions.yaml does not explain.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from chart.crds import folder
from chart.render import Objects, merge, put, render
from chart.scenarios import every

EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")


@dataclass(frozen=True, order=True)
class Finding:
    """What a linter has against an object."""

    tool: str
    check: str
    release: str
    thing: str  # kind and component, such as Deployment/agent

    def __str__(self) -> str:
        return f"{self.tool} {self.check} {self.thing} in {self.release}"


@dataclass(frozen=True)
class Exemption:
    """A finding that is meant, of a check about some objects, and why."""

    tool: str
    check: str
    about: str
    reason: str
    where: str = "*"

    def explains(self, finding: Finding) -> bool:
        """Tell whether a finding is this one."""
        about = any(fnmatch(finding.thing, pattern) for pattern in self.about.split())
        where = any(fnmatch(finding.release, pattern) for pattern in self.where.split())
        return about and where and (self.tool, self.check) == (finding.tool, finding.check)


def exemptions() -> list[Exemption]:
    """Read exceptions.yaml."""
    return [Exemption(**entry) for entry in yaml.safe_load(EXCEPTIONS.read_text())]


def findings(releases: Mapping[str, Objects]) -> set[Finding]:
    """Give what all linters find in releases.

    The name of each is in those of its objects, so that none is taken for another's.
    """
    with tempfile.TemporaryDirectory(prefix="alex-linters-") as name:
        place = Path(name)
        for release, objects in releases.items():
            # `helm template` does not write the namespace down, which `helm install` gives.
            placed = [merge(thing, put("metadata.namespace", release)) for thing in objects.values()]
            (place / f"{release}.yaml").write_text("---\n".join(f"{json.dumps(thing)}\n" for thing in placed))
        return {*_kube_score(place), *_kubesec(place), *_checkov(place)}


def scenarios() -> dict[str, Objects]:
    """Render each scenario as a release of its name."""
    own_name = put("fullnameOverride", "")
    return {name: render(merge(scenario.values, own_name), release=name) for name, scenario in every().items()}


def unexplained(found: Iterable[Finding]) -> list[Finding]:
    """Leave out what exceptions.yaml explains."""
    known = exemptions()
    return sorted(finding for finding in found if not any(entry.explains(finding) for entry in known))


def _finding(tool: str, check: str, kind: str, name: str) -> Finding:
    release, _, component = name.partition("-alex")
    return Finding(tool, check, release, f"{kind}/{component.strip('-') or 'alex'}")


def _run(command: list[str], text: str | None = None) -> Any:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=300)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise RuntimeError(f"{command[0]} gave no answer: {done.stderr[-2000:]}") from error


def _kube_score(place: Path) -> set[Finding]:
    program = str(folder("kube-score") / "kube-score")
    options = ["--output-format", "json", "--kubernetes-version", "v1.30"]
    answer = _run([program, "score", *options, *sorted(map(str, place.glob("*.yaml")))])
    return {
        _finding("kube-score", check["check"]["id"], thing["type_meta"]["kind"], thing["object_meta"]["name"])
        for thing in answer
        for check in thing["checks"]
        if not check["skipped"] and check["grade"] < 10
    }


def _kubesec(place: Path) -> set[Finding]:
    # It wants a schema for each kind, which has been checked elsewhere; an empty one is content with anything.
    schemas = place / "schemas" / "master-standalone-strict"
    schemas.mkdir(parents=True)
    for kind in ("deployment-apps-v1", "statefulset-apps-v1", "pod-v1"):
        (schemas / f"{kind}.json").write_text("{}")
    program = str(folder("kubesec") / "kubesec")
    things = "---\n".join(path.read_text() for path in sorted(place.glob("*.yaml")))
    answer = _run([program, "scan", "--schema-location", str(schemas.parent), "-"], things)
    found = set()
    for thing in answer:
        kind, name = thing["object"].split("/", 1)
        rules = [*(thing["scoring"].get("critical") or []), *(thing["scoring"].get("advise") or [])]
        assert thing["valid"] or kind not in {"Deployment", "StatefulSet", "Pod"} or rules, thing
        found |= {_finding("kubesec", rule["id"], kind, name.split(".")[0]) for rule in rules}
    return found


def _checkov(place: Path) -> set[Finding]:
    # Without --skip-download it asks its vendor for advice.
    options = ["--framework", "kubernetes", "--output", "json", "--compact", "--quiet", "--skip-download"]
    answer = _run([os.environ.get("CHECKOV", "checkov"), "--directory", str(place), *options])
    found = set()
    for check in answer["results"]["failed_checks"]:
        kind, _, name = check["resource"].split(".")[:3]
        found.add(_finding("checkov", check["check_id"], kind, name))
    return found


def main() -> None:
    """Print what is not explained."""
    for finding in unexplained(findings(scenarios())):
        sys.stdout.write(f"{finding}\n")


if __name__ == "__main__":
    main()
