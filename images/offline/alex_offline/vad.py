"""Where speech begins and ends, by loudness against the quietest moment of the last two seconds."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME_SECONDS = 0.01
# 30 ms of sound is a click, 60 ms is a syllable.
ONSET_FRAMES = 6
# Quiet speech on a laptop microphone is around -45 dBFS, the noise of a quiet room below -60.
LOUD = 0.005
# Speech stands at least 10 dB over the noise around it, or nobody could follow it.
OVER_FLOOR = 3.0
# Nobody speaks two seconds without a gap between two syllables, so the minimum of that time is the room's noise:
# steady noise is learned within the window, and a pause in it at once.
WINDOW_BLOCKS = 20
BLOCK_FRAMES = 10


class Vad:
    """Follows one stream; feed it floats, read `loud`, `quiet` and `last_loud`."""

    def __init__(self, rate: int) -> None:
        """`rate` is samples a second."""
        self._frame = max(1, round(rate * FRAME_SECONDS))
        self._left: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._minima: deque[float] = deque(maxlen=WINDOW_BLOCKS)
        self._block = float("inf")
        self._block_frames = 0
        self._loud_frames = 0
        self.samples = 0
        self.loud = False
        self.last_loud = 0
        """The sample after the last loud frame."""

    def feed(self, samples: NDArray[np.float32]) -> bool:
        """Take the next samples; True when speech was heard in them."""
        data = np.concatenate([self._left, samples]) if len(self._left) else samples
        count = len(data) // self._frame
        self._left = data[count * self._frame :].copy()
        if not count:
            return False
        frames = data[: count * self._frame].reshape(count, self._frame)
        levels = np.sqrt(np.einsum("ij,ij->i", frames, frames) / self._frame)
        heard = False
        for level in levels.tolist():
            self.samples += self._frame
            if level <= max(LOUD, self._floor(level) * OVER_FLOOR):
                self._loud_frames = max(0, self._loud_frames - 1)
                continue
            self._loud_frames += 1
            # Once speaking, every loud frame extends it; before, a syllable is needed.
            if self.loud or self._loud_frames >= ONSET_FRAMES:
                self.loud = heard = True
                self.last_loud = self.samples
        return heard

    def _floor(self, level: float) -> float:
        """Learn this frame's level and return the quietest one of the window."""
        self._block = min(self._block, level)
        self._block_frames += 1
        floor = min(self._block, *self._minima) if self._minima else self._block
        if self._block_frames == BLOCK_FRAMES:
            self._minima.append(self._block)
            self._block, self._block_frames = float("inf"), 0
        return floor

    @property
    def quiet(self) -> int:
        """Samples since the last loud frame."""
        return self.samples - self.last_loud

    def rest(self) -> None:
        """Wait for the next utterance; it needs an onset again."""
        self.loud = False
        self._loud_frames = 0
