"""Utterances cut out of one stream of audio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alex_offline.audio import to_samples
from alex_offline.vad import Vad

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Speech begins softly: what came just before the first loud frame belongs to the first word.
LEAD_SECONDS = 0.3
# A caller who never pauses is cut here, so that nothing grows without bound.
LONGEST_SECONDS = 25.0


class Segments:
    """Feed it PCM; `open` says an utterance is under way, `ended` that enough silence followed it."""

    def __init__(self, rate: int, channels: int, silence: float | None, *, keep: bool = False) -> None:
        """`silence` is the seconds of quiet that end an utterance, None never; keep holds its samples for `audio`."""
        self.rate = rate
        self._channels = channels
        self._silence = silence
        self._keep = keep
        self._vad = Vad(rate)
        self._samples = 0
        self._start = 0
        self._kept: list[NDArray[np.float32]] = []
        self._kept_samples = 0
        self.open = False

    def feed(self, pcm: bytes) -> None:
        """Take the next audio."""
        samples = to_samples(pcm, self._channels)
        self._samples += len(samples)
        heard = self._vad.feed(samples)
        if self._keep:
            self._kept.append(samples)
            self._kept_samples += len(samples)
            lead = int(LEAD_SECONDS * self.rate)
            while not self.open and not heard and self._kept_samples - len(self._kept[0]) > lead:
                self._kept_samples -= len(self._kept.pop(0))
        if heard and not self.open:
            self.open = True
            self._start = max(0, self._samples - len(samples) - int(0.06 * self.rate))

    @property
    def position(self) -> float:
        """Seconds received."""
        return self._samples / self.rate

    @property
    def start(self) -> float:
        """Where the utterance began, in seconds of the stream."""
        return self._start / self.rate

    @property
    def end(self) -> float:
        """Where it was last loud."""
        return self._vad.last_loud / self.rate

    @property
    def quiet(self) -> float:
        """Seconds of silence since it was last loud."""
        return self._vad.quiet / self.rate

    @property
    def ended(self) -> bool:
        """The utterance is over."""
        if not self.open:
            return False
        if self.position - self.start > LONGEST_SECONDS:
            return True
        return self._silence is not None and self.quiet >= self._silence

    def audio(self) -> NDArray[np.float32]:
        """Return the utterance so far, with a little lead."""
        return np.concatenate(self._kept) if self._kept else np.zeros(0, dtype=np.float32)

    def take(self) -> None:
        """Leave the utterance behind; listen for the next one."""
        self.open = False
        self._vad.rest()
        self._kept.clear()
        self._kept_samples = 0
