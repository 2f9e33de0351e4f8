"""Run promtool, which `k8s/local/build-tools prometheus` puts into the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def complaints(*words: str | Path) -> str:
    """Run promtool; give what it complains of, or nothing when it is content."""
    done = subprocess.run([_promtool(), *map(str, words)], capture_output=True, text=True, check=False, timeout=120)
    return (done.stdout + done.stderr) if done.returncode else ""


def of_rules(rules: Path) -> str:
    """Check a rule file, also for what Prometheus would bear."""
    return complaints("check", "rules", "--lint=all", "--lint-fatal", rules)


def of_cases(cases: Path, rules: Path, folder: Path) -> str:
    """Run the cases of a file against a rule file that need not be the one it names."""
    there = folder / cases.name
    there.write_text(cases.read_text().replace("../../charts/alex/rules/alex.yaml", str(rules)))
    return complaints("test", "rules", there)


def _promtool() -> str:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alex/tools"
    cached = sorted(map(str, cache.glob("prometheus-*/promtool")))
    found = os.environ.get("PROMTOOL") or shutil.which("promtool") or (cached[-1] if cached else None)
    if not found:
        raise RuntimeError("promtool is missing: start the tests with tests/run, which builds it, or set PROMTOOL")
    return found
