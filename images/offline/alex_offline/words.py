"""Timings of words that nobody timed."""

from __future__ import annotations

from itertools import pairwise

from alex_offline.engine import Word

# Neither engine measures confidence; a client that filters by it shall keep what was understood.
CONFIDENCE = 0.98


def spread(words: list[str], start: float, end: float) -> tuple[Word, ...]:
    """Lay the words over the span they were spoken in, by their letters; start and end are seconds."""
    if not words:
        return ()
    weights = [len(word) + 1 for word in words]
    scale = (end - start) / sum(weights)
    edges = [start]
    for weight in weights:
        edges.append(edges[-1] + weight * scale)
    return tuple(Word(word, a, b, CONFIDENCE) for word, (a, b) in zip(words, pairwise(edges), strict=True))
