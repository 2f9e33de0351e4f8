"""What promtool says of rules and of their cases."""

from __future__ import annotations

from pathlib import Path

from chart.prometheus import complaints


def of_rules(rules: Path) -> str:
    """Check a rule file, also for what Prometheus would bear."""
    return complaints("check", "rules", "--lint=all", "--lint-fatal", rules)


def of_cases(cases: Path, rules: Path, folder: Path) -> str:
    """Run the cases of a file against a rule file that need not be the one it names."""
    there = folder / cases.name
    there.write_text(cases.read_text().replace("../../charts/alex/rules/alex.yaml", str(rules)))
    return complaints("test", "rules", there)
