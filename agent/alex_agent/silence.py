"""The silence a caller hears between their own last sound and Alex's first, found in the sound itself.

The SDK dates the end of a caller's words by its speech detector, which goes on believing in speech for a while after
the last sound, and the beginning of an answer by its first frame, however long that is silent. Both make the answer
look quicker than it is for the caller: `tests/run honest` holds the two beside a recording.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

# As in the caller's own measurement (`alex_caller.audio`): quieter than this nobody hears on a laptop, and steady noise
# stays within about 2 dB of its level.
QUIETEST_DBFS = -55.0
ABOVE_NOISE_DB = 8.0

# Loudness is taken over this long: shorter windows follow single pulses of a low voice.
WINDOW_SECONDS = 0.01

# Long enough to hold pauses, which say how loud the background is, and a long sentence.
KEPT_SECONDS = 30.0

# A detector's own delay is 0.1 to 0.5 s. What is longer is quiet speech that the detector heard and loudness did not.
LONGEST_DOUBT_SECONDS = 1.0

# Frames come late when the loop is busy and are never early: their own length dates them better than their arrival.
# This much of it is believed with each frame, so that a clock that is slower than ours is followed.
FOLLOW_SECONDS = 0.001

# A microphone that was off makes a gap in the frames, which is no delay.
PAUSE_SECONDS = 1.0


class Silence:
    """Listens to both voices of one call. Moments are seconds of the wall clock, as the SDK's own."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ended_at = 0.0
        kept = round(KEPT_SECONDS / WINDOW_SECONDS)
        self._moments: deque[float] = deque(maxlen=kept)
        self._levels: deque[float] = deque(maxlen=kept)
        self.lead = 0.0
        """Seconds of silence at the beginning of what Alex said last."""

    async def hearing(self, frames: AsyncIterable[rtc.AudioFrame]) -> AsyncGenerator[rtc.AudioFrame]:
        """Pass the caller's sound on and note how loud it was when."""
        async for frame in frames:
            self._note(frame)
            yield frame

    async def speaking(self, frames: AsyncGenerator[rtc.AudioFrame]) -> AsyncGenerator[rtc.AudioFrame]:
        """Pass Alex's sound on and measure the silence that it begins with."""
        self.lead, silent = 0.0, True
        async with aclosing(frames):
            async for frame in frames:
                if silent:
                    loud = np.flatnonzero(levels(frame) > QUIETEST_DBFS)
                    silent = not loud.size
                    self.lead += frame.duration if silent else float(loud[0]) * WINDOW_SECONDS
                yield frame

    def last_sound(self, began: float, ended: float) -> float | None:
        """Find when the caller's last sound was, of words that the speech detector heard between two moments.

        None when loudness does not tell: too much noise, or words too quiet.
        """
        moments, loudness = np.asarray(self._moments), np.asarray(self._levels)
        words = (moments >= began) & (moments <= ended)
        if not words.any():
            return None
        bar = max(QUIETEST_DBFS, float(np.percentile(loudness, 10)) + ABOVE_NOISE_DB)
        loud = moments[words & (loudness > bar)]
        if not loud.size or ended - loud[-1] > LONGEST_DOUBT_SECONDS:
            return None
        return float(loud[-1])

    def _note(self, frame: rtc.AudioFrame) -> None:
        now = self._clock()
        expected = self._ended_at + frame.duration
        self._ended_at = now if now - expected > PAUSE_SECONDS else min(now, expected + FOLLOW_SECONDS)
        loudness = levels(frame)
        began = self._ended_at - frame.duration + WINDOW_SECONDS / 2
        self._moments.extend(began + WINDOW_SECONDS * number for number in range(loudness.size))
        self._levels.extend(loudness.tolist())


def levels(frame: rtc.AudioFrame) -> NDArray[np.float64]:
    """Loudness of each 10 ms of a frame in dB of full scale, -120 for nothing at all; what is left over has none."""
    per_window = round(frame.sample_rate * WINDOW_SECONDS) * frame.num_channels
    samples = np.frombuffer(frame.data, np.int16)
    windows = samples[: len(samples) // per_window * per_window].reshape(-1, per_window).astype(np.float64) / 32768
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(np.square(windows).mean(axis=1), 1e-12))
    return decibels
