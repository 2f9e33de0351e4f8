"""What a request costs by the operator's table."""

from __future__ import annotations

import pytest
from alex_agent.prices import Price, Usage


def price(**usd: float) -> Price:
    return Price.model_validate({"provider": "openai", "model": "any", **usd})


MIND = price(usdPerMillionInputTokens=2.0, usdPerMillionCachedTokens=1.0, usdPerMillionOutputTokens=8.0)


@pytest.mark.parametrize(
    ("priced", "usage", "usd"),
    [
        (MIND, Usage(input_tokens=1_000_000), 2.0),
        (MIND, Usage(input_tokens=1_000_000, cached_tokens=400_000), 0.6 * 2 + 0.4 * 1),
        (MIND, Usage(output_tokens=500), 0.004),
        (price(usdPerMillionInputTokens=2.0), Usage(input_tokens=1_000_000, cached_tokens=400_000), 2.0),
        (price(usdPerMillionCharacters=50.0), Usage(characters=200, audio_seconds=14.0), 0.01),
        (price(usdPerAudioMinute=0.6), Usage(audio_seconds=90.0), 0.9),
        (price(), Usage(input_tokens=10**9, audio_seconds=10**9), 0.0),
    ],
)
def test_a_usage_is_billed_in_each_unit_that_has_a_price(priced: Price, usage: Usage, usd: float) -> None:
    """Every unit is multiplied with its own price; one without a price is free, cached input is input."""
    assert priced.of(usage) == pytest.approx(usd)


def test_an_event_has_only_what_was_used() -> None:
    """A voice that used characters sends no tokens."""
    assert Usage(characters=12, audio_seconds=1.5).facts() == {"characters": 12, "audio_seconds": 1.5}
    assert Usage().facts() == {}
