"""Loudness of recorded speech: when it starts, when it ends, and how long the silence between two people was.

Everything here is a pure function of samples (float, -1 to 1). Levels are decibels relative to full scale, taken over
10 ms windows every 5 ms, so a beginning or an end is known to about 5 ms when the speech is clear of the noise and to
20 ms when it rises slowly out of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Levels = NDArray[np.float64]

WINDOW_SECONDS = 0.010  # shorter windows follow single glottal pulses of a low voice instead of its loudness
HOP_SECONDS = 0.005
QUIETEST_DBFS = -55.0  # quieter than this nobody hears on a laptop; a codec's comfort noise lies near -70
ABOVE_NOISE_DB = 8.0  # 10 ms windows of steady noise stay within about 2 dB of its level
ABOVE_ECHO_DB = 6.0  # a predicted echo is right to a few decibels only: rooms and codecs colour it
UNBROKEN_SECONDS = 0.035  # a click is shorter than this, a syllable longer
SYLLABLE_SECONDS = 0.150  # speech fills most of its first 150 ms, a burst of crackle does not
SYLLABLE_SHARE = 0.6
LONGEST_ECHO_SECONDS = 0.5
ECHO_LIKENESS = 0.2  # of two signals; unrelated speech stays below 0.1, an echo that matters lies above 0.3


@dataclass(frozen=True)
class Gap:
    """The silence between a question and its answer; both ends in seconds of the recording.

    `answer_start` is None when no answer is audible. A negative length means that the answer began before the question
    had ended.
    """

    speech_end: float
    answer_start: float | None

    @property
    def seconds(self) -> float | None:
        """Length of the silence, or None when nobody answered."""
        return None if self.answer_start is None else self.answer_start - self.speech_end


def measure_gap(mine: Samples, theirs: Samples, rate: int, spoke_from: float, spoke_until: float) -> Gap:
    """Measure the silence after a question, as the person who asked it hears it.

    `mine` and `theirs` are what I said and what I heard, on one clock. `spoke_from` and `spoke_until` (seconds) bound
    the question in `mine`; the clip may be silent at both ends. Noise in what I hear and the echo of my own words do
    not count as an answer, nor does a click.
    """
    start, stop = round(spoke_from * rate), round(spoke_until * rate)
    question = mine[start:stop]
    loudness = levels(question, rate)
    # A clip cut tightly around the words holds no background: then what is far below the loudest words has ended too.
    bar = min(audible_level(question, rate), float(np.percentile(loudness, 95)) - 25) if loudness.size else 0.0
    loud = np.flatnonzero(loudness > max(bar, QUIETEST_DBFS))
    ended = spoke_from + (_time_of(int(loud[-1])) if loud.size else 0.0)
    heard = theirs[start:]
    echo = _echo_levels(mine[start:], heard, rate, len(question))
    onset = speech_onset(levels(heard, rate) > np.maximum(audible_level(heard, rate), echo + ABOVE_ECHO_DB))
    return Gap(ended, None if onset is None else spoke_from + onset)


def first_speech(samples: Samples, rate: int) -> float | None:
    """When speech begins in a recording, in seconds, or None when it holds none."""
    return speech_onset(levels(samples, rate) > audible_level(samples, rate))


def levels(samples: Samples, rate: int) -> Levels:
    """Loudness in dBFS of each 10 ms window, one every 5 ms; silence is -120."""
    hop, per_window = round(HOP_SECONDS * rate), round(WINDOW_SECONDS / HOP_SECONDS)
    hops = len(samples) // hop
    if hops < per_window:
        return np.zeros(0)
    energy = np.square(samples[: hops * hop].astype(np.float64)).reshape(hops, hop).mean(axis=1)
    windows = np.convolve(energy, np.full(per_window, 1 / per_window), mode="valid")
    decibels: Levels = 10 * np.log10(np.maximum(windows, 1e-12))
    return decibels


def audible_level(samples: Samples, rate: int) -> float:
    """Find the level from which sound in this recording is more than its own background, in dBFS."""
    loudness = levels(samples, rate)
    # The quietest tenth of a conversation is its background: people pause, and listen for half of it.
    noise = float(np.percentile(loudness, 10)) if loudness.size else QUIETEST_DBFS
    return max(QUIETEST_DBFS, noise + ABOVE_NOISE_DB)


def speech_onset(active: NDArray[np.bool_]) -> float | None:
    """Seconds until the first sustained speech in a row of windows that are audible or not; None without any."""
    unbroken, syllable = round(UNBROKEN_SECONDS / HOP_SECONDS), round(SYLLABLE_SECONDS / HOP_SECONDS)
    if active.size < syllable:
        return None
    total = np.concatenate(([0], np.cumsum(active)))
    starts = active.size - syllable + 1
    runs = total[unbroken : unbroken + starts] - total[:starts] == unbroken
    filled = total[syllable:] - total[:starts] >= SYLLABLE_SHARE * syllable
    found = np.flatnonzero(runs & filled)
    return _time_of(int(found[0])) if found.size else None


def _time_of(window: int) -> float:
    """Where in the recording a window's loudness changed: its middle."""
    return window * HOP_SECONDS + WINDOW_SECONDS / 2


def _echo_levels(mine: Samples, heard: Samples, rate: int, question: int) -> Levels:
    """How loud my own words come back to me at each moment, in dBFS; -120 throughout when they do not.

    One delay and one gain, found by cross-correlation while I speak.
    """
    windows = len(levels(heard, rate))
    silence = np.full(windows, -120.0)
    longest = round(LONGEST_ECHO_SECONDS * rate)
    sent = mine[:question].astype(np.float64)
    back = heard[: question + longest].astype(np.float64)
    size = 1 << (len(sent) + len(back)).bit_length()
    spectrum = np.fft.rfft(back, size) * np.conj(np.fft.rfft(sent, size))
    alike = np.abs(np.fft.irfft(spectrum, size)[:longest])
    power = float(sent @ sent)
    if power <= 0 or alike.size == 0:
        return silence
    delay = int(alike.argmax())
    while_speaking = back[delay : delay + len(sent)]
    if alike[delay] < ECHO_LIKENESS * np.sqrt(power * max(float(while_speaking @ while_speaking), 1e-12)):
        return silence
    predicted = np.zeros(len(heard), np.float32)
    returned = mine[: max(0, len(heard) - delay)] * (alike[delay] / power)
    predicted[delay : delay + len(returned)] = returned
    # An echo of a room trails its direct sound: hold each moment's loudness for 50 ms.
    trail = np.concatenate((np.full(10, -120.0), levels(predicted, rate)))
    held: Levels = np.lib.stride_tricks.sliding_window_view(trail, 11).max(axis=1)
    return held
