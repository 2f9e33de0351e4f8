"""What was said and what was heard in one call, on one clock.

The clock is `time.monotonic()`. My own frames carry the moment they leave the microphone's queue. Alex's frames carry
the moment they reach this program, which is late by whatever the machine was doing just then; `place` takes that out
again, so that a busy machine does not stretch or shift what was heard. The result is exact to about 10 ms.
Not contained: the time a sound card would add on both sides.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alex_caller.audio import ABOVE_NOISE_DB, QUIETEST_DBFS, Samples

RATE = 24_000  # Hz; the rate of the voices, so nothing is resampled on the way
LOOK_AHEAD_SECONDS = 2.0  # some frame within two seconds is on time, however busy the machine
PIECE_SECONDS = 0.010  # what a media library hands on at least; its loudness says whether Alex is audible
LOST_SECONDS = 0.045  # a lag that lasts longer than two frames of a codec is audio that never came
LONGEST_SECONDS = 1_800.0  # about 170 MB; a longer call goes on unrecorded


class Chunk(NamedTuple):
    """A few milliseconds of one voice: when (seconds on the clock), and 16-bit samples."""

    at: float
    pcm: bytes


@dataclass(frozen=True)
class Heard:
    """A stretch of a call, from `since` seconds after its beginning: both voices, equally long."""

    since: float
    mine: Samples
    theirs: Samples


@dataclass
class Recording:
    """Both voices of a call. `started` is the call's beginning on the clock; moments are in seconds since then."""

    started: float
    keep: bool = True
    mine: list[Chunk] = field(default_factory=list)
    theirs: list[list[Chunk]] = field(default_factory=list)  # one list per track: Alex may be replaced
    last_sound: float | None = None  # moment Alex was last audible
    _recent: list[float] = field(default_factory=list)

    def new_track(self) -> None:
        """Begin another of Alex's tracks."""
        self.theirs.append([])

    def forget(self) -> None:
        """Drop what was recorded and keep nothing from now on."""
        self.keep = False
        self.mine.clear()
        for track in self.theirs:
            track.clear()

    def say(self, at: float, pcm: bytes) -> None:
        """Keep a frame of mine that leaves the microphone at `at` (clock)."""
        if self.keep and at - self.started < LONGEST_SECONDS:
            self.mine.append(Chunk(at, pcm))

    def hear(self, track: int, at: float, pcm: bytes) -> None:
        """Keep a frame of one of Alex's tracks whose first piece arrived at `at` (clock), and note when it sounds."""
        if self.keep and at - self.started < LONGEST_SECONDS:
            self.theirs[track].append(Chunk(at, pcm))
        loudness = _loudness(pcm)
        self._recent = [*self._recent, *loudness][-300:]  # three seconds
        bar = max(QUIETEST_DBFS, min(sorted(self._recent)[len(self._recent) // 10] + ABOVE_NOISE_DB, -35.0))
        loud = [level > bar for level in self._recent]
        for i in range(len(loudness)):
            after = len(loud) - len(loudness) + i + 1
            # Three loud pieces of five are a voice; one or two are a click.
            if sum(loud[max(0, after - 5) : after]) >= 3:  # noqa: PLR2004
                self.last_sound = at - self.started + i * PIECE_SECONDS

    def sounded_since(self, moment: float) -> bool:
        """Whether Alex has been audible after this moment. Quick and rough; the recording is the judge."""
        return self.last_sound is not None and self.last_sound > moment

    def between(self, since: float, until: float) -> Heard:
        """Both voices from one moment to another."""
        length = max(0, round((until - since) * RATE))
        mine, theirs = np.zeros(length, np.float32), np.zeros(length, np.float32)
        origin = self.started + since
        for at, pcm in self.mine:
            _put(mine, round((at - origin) * RATE), pcm)
        for track in self.theirs:
            nearby = [
                c for c in track if origin - LOOK_AHEAD_SECONDS < c.at < origin + (until - since) + LOOK_AHEAD_SECONDS
            ]
            for at, chunk in zip(place(nearby), nearby, strict=True):
                _put(theirs, round((at - origin) * RATE), chunk.pcm)
        return Heard(since, mine, theirs)

    def write(self, path: Path, until: float) -> None:
        """Write the call as a stereo WAV: the caller on the left, Alex on the right.

        Raises OSError when the file cannot be written.
        """
        heard = self.between(0.0, min(until, LONGEST_SECONDS))
        both = np.stack((heard.mine, heard.theirs), axis=1)
        with wave.open(str(path), "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(to_pcm(both.reshape(-1)))


def place(chunks: list[Chunk]) -> NDArray[np.float64]:
    """Find when each chunk of one track was due, from the moments they arrived.

    A frame is never early, only late, and the sender's clock runs evenly: so the smallest delay among the frames of the
    next two seconds is the delay of the track, and every frame follows its predecessor. Only where that smallest delay
    itself grows, audio is missing, and the silence is kept.
    """
    if not chunks:
        return np.zeros(0)
    lengths = np.array([len(c.pcm) / 2 / RATE for c in chunks])
    elapsed = np.concatenate(([0.0], np.cumsum(lengths)[:-1]))
    arrived = np.array([c.at for c in chunks])
    delays = arrived - elapsed
    reach = max(1, round(LOOK_AHEAD_SECONDS / float(lengths.mean())))
    padded = np.concatenate((delays, np.full(reach - 1, np.inf)))
    smallest = np.lib.stride_tricks.sliding_window_view(padded, reach).min(axis=1)
    due = np.empty(len(chunks))
    delay = float(smallest[0])
    for i, candidate in enumerate(smallest):
        if candidate < delay or candidate - delay > LOST_SECONDS:
            delay = float(candidate)
        due[i] = elapsed[i] + delay
    return due


def _loudness(pcm: bytes) -> list[float]:
    """Levels of a frame's pieces in decibels; the rest that is no whole piece counts with the silence after it."""
    power = np.square(to_samples(pcm))
    piece = round(RATE * PIECE_SECONDS)
    energy = np.add.reduceat(power, np.arange(0, power.size, piece)) / piece if power.size else power
    levels: list[float] = (10 * np.log10(np.maximum(energy, 1e-12))).tolist()
    return levels


def to_samples(pcm: bytes) -> Samples:
    """16-bit little-endian PCM to floats from -1 to 1."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def to_pcm(samples: Samples) -> bytes:
    """Floats from -1 to 1 to 16-bit little-endian PCM."""
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()


def _put(track: Samples, start: int, pcm: bytes) -> None:
    """Lay a chunk into a track, cutting what lies outside."""
    samples = to_samples(pcm)
    cut = max(0, -start)
    stop = min(len(track), start + len(samples))
    if stop > start + cut:
        track[start + cut : stop] = samples[cut : stop - start]
