from __future__ import annotations

from collections.abc import Callable

import pytest
from chart.hardening import CHECKS
from chart.render import Objects, render, scenarios

SCENARIOS = scenarios()


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_pod_is_held_to(check: Callable[[Objects], None], scenario: str) -> None:
    """Each check of hardening.py, which says what it is about, holds in each scenario."""
    objects = render(SCENARIOS[scenario])

    assert objects.pods()
    check(objects)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_key_is_written_outside_a_secret(scenario: str) -> None:
    """A key that was given as a value appears in a Secret and nowhere else."""
    values = SCENARIOS[scenario] or {}
    keys = [values.get("livekit", {}).get("apiSecret"), values.get("web", {}).get("adminKey")]
    sign_in = values.get("web", {}).get("signIn", {})
    keys += [values.get("livekit", {}).get("second", {}).get("apiSecret")]
    keys += [sign_in.get("accessCode"), sign_in.get("captcha", {}).get("secret")]
    keys += [values.get("offline", {}).get("apiKey"), values.get("redis", {}).get("password")]
    keys += [provider.get("apiKey") for provider in values.get("providers", {}).values()]
    objects = render(values)
    others = str([thing for (kind, _), thing in objects.items() if kind != "Secret"])

    for key in filter(None, keys):
        assert key not in others
