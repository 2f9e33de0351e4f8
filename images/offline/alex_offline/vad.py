"""Where speech begins and ends, by loudness against a floor that follows the room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME_SECONDS = 0.01
# 30 ms of sound is a click, 60 ms is a syllable.
ONSET_FRAMES = 6
# Quiet speech on a laptop microphone is around -45 dBFS, the noise of a quiet room below -60.
LOUD = 0.005
# Speech stands at least three times (10 dB) over the noise around it, or nobody could follow it.
OVER_FLOOR = 3.0
# Follows rising noise within seconds without learning a sentence as noise, and falls at once.
FLOOR_RISE = 1.005
FLOOR_MAX = 0.05


@dataclass(frozen=True)
class Edge:
    """Speech began or ceased at that sample; `quiet` is how many samples of silence have been heard since."""

    speaking: bool
    at: int


class Vad:
    """Follows one stream sample by sample; feed it floats, read `speaking`, `quiet_since` and the edges returned."""

    def __init__(self, rate: int) -> None:
        """`rate` is samples a second."""
        self._frame = max(1, round(rate * FRAME_SECONDS))
        self._left: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._floor = 0.0005
        self._loud_frames = 0
        self.samples = 0
        self.loud = False
        self.last_loud = 0
        """The sample after the last loud frame."""

    def feed(self, samples: NDArray[np.float32]) -> bool:
        """Take the next samples; True when a syllable's worth of sound was heard in them."""
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
            self._floor = min(level, FLOOR_MAX) if level < self._floor else min(self._floor * FLOOR_RISE, FLOOR_MAX)
            if level > max(LOUD, self._floor * OVER_FLOOR):
                self._loud_frames += 1
                # Once speaking, every loud frame extends it; before, a syllable is needed.
                if self.loud or self._loud_frames >= ONSET_FRAMES:
                    self.loud = True
                    self.last_loud = self.samples
                    heard = True
            else:
                self._loud_frames = max(0, self._loud_frames - 1)
        self._floor = max(self._floor, 0.0001)
        return heard

    @property
    def quiet(self) -> int:
        """Samples since the last loud frame."""
        return self.samples - self.last_loud

    def rest(self) -> None:
        """Wait for the next utterance; it needs an onset again."""
        self.loud = False
        self._loud_frames = 0
