"""Measuring the silence before an answer, on recordings whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from alex_caller.audio import Samples, audible_level, first_speech, levels, measure_gap, speech_onset
from alex_caller.recording import RATE
from caller.house import voice

TOLERANCE = 0.020  # seconds; what the command line promises


def conversation(gap: float | None, loudness: float = 0.3, seconds: float = 6.0) -> tuple[Samples, Samples]:
    """Give a question from 0.5 to 2.0 s, and its answer `gap` seconds later."""
    mine, theirs = np.zeros(round(seconds * RATE), np.float32), np.zeros(round(seconds * RATE), np.float32)
    lay(mine, 0.5, voice(1.5, 0.5, pitch=200))
    if gap is not None:
        lay(theirs, 2.0 + gap, voice(2.0, loudness, pitch=120))
    return mine, theirs


def lay(track: Samples, at: float, sound: Samples) -> None:
    """Add a sound to a track."""
    start = round(at * RATE)
    stop = min(len(track), start + len(sound))
    track[start:stop] += sound[: stop - start]


def noise(seconds: float, dbfs: float, seed: int = 7) -> Samples:
    """Give steady noise of a loudness."""
    random = np.random.default_rng(seed)
    return (random.standard_normal(round(seconds * RATE)) * 10 ** (dbfs / 20)).astype(np.float32)


def measured(mine: Samples, theirs: Samples) -> float | None:
    """Measure as the caller does: the question's clip is bounded with silence on both sides."""
    return measure_gap(mine, theirs, RATE, 0.4, 2.2).seconds


@pytest.mark.parametrize("gap", [0.05, 0.3, 0.613, 1.27, 3.0])
def test_measure_gap_when_the_line_is_clean(gap: float) -> None:
    """A gap in a clean recording is measured to 20 ms."""
    assert measured(*conversation(gap)) == pytest.approx(gap, abs=TOLERANCE)


@pytest.mark.parametrize("dbfs", [-70, -55, -45, -38])
def test_measure_gap_in_noise(dbfs: float) -> None:
    """Steady noise on the line, up to a busy café, does not move the measured gap by more than 20 ms."""
    mine, theirs = conversation(0.8)

    assert measured(mine, theirs + noise(6.0, dbfs)) == pytest.approx(0.8, abs=TOLERANCE)


def test_measure_gap_with_clicks() -> None:
    """Clicks and a crackle between question and answer are not an answer."""
    mine, theirs = conversation(1.5)
    for at, seconds in ((2.1, 0.001), (2.4, 0.010), (2.45, 0.005), (2.9, 0.025), (3.1, 0.005)):
        lay(theirs, at, noise(seconds, -6))

    assert measured(mine, theirs) == pytest.approx(1.5, abs=TOLERANCE)


@pytest.mark.parametrize(("echo_db", "delay"), [(-12, 0.12), (-20, 0.25), (-30, 0.4), (-6, 0.08)])
def test_measure_gap_with_echo(echo_db: float, delay: float) -> None:
    """My own words coming back, loud or late, are not the answer."""
    mine, theirs = conversation(0.7)
    lay(theirs, delay, (mine * 10 ** (echo_db / 20)).astype(np.float32))

    assert measured(mine, theirs) == pytest.approx(0.7, abs=TOLERANCE)


def test_measure_gap_of_echo_alone() -> None:
    """An echo with nobody behind it is silence."""
    mine, theirs = conversation(None)
    lay(theirs, 0.2, (mine * 0.2).astype(np.float32))

    assert measured(mine, theirs) is None


@pytest.mark.parametrize("loudness", [0.1, 0.03, 0.01])
def test_measure_gap_of_a_quiet_voice(loudness: float) -> None:
    """A voice thirty decibels quieter than usual is still heard where it begins."""
    mine, theirs = conversation(0.9, loudness)

    assert measured(mine, theirs + noise(6.0, -68)) == pytest.approx(0.9, abs=TOLERANCE)


def test_measure_gap_of_an_answer_that_comes_too_early() -> None:
    """An answer that begins before the question ended is a negative gap."""
    assert measured(*conversation(-0.3)) == pytest.approx(-0.3, abs=TOLERANCE)


@pytest.mark.parametrize("dbfs", [-120, -60, -40, -30])
def test_measure_gap_when_nobody_answers(dbfs: float) -> None:
    """Noise of any loudness is not an answer."""
    mine, theirs = conversation(None)

    assert measured(mine, theirs + noise(6.0, dbfs)) is None


def test_measure_gap_of_a_recorded_question() -> None:
    """A question with background noise of its own ends where its words end."""
    mine, theirs = conversation(0.6)
    lay(mine, 0.4, noise(1.8, -48))

    assert measured(mine, theirs) == pytest.approx(0.6, abs=TOLERANCE)


def test_measure_gap_of_a_tightly_cut_question() -> None:
    """A clip that is speech from its first to its last sample ends at its last sample."""
    mine, theirs = conversation(0.6)

    assert measure_gap(mine, theirs, RATE, 0.5, 2.0).seconds == pytest.approx(0.6, abs=TOLERANCE)


def test_first_speech_after_silence() -> None:
    """A greeting is found where it begins, and nothing is found in silence."""
    recording = np.zeros(3 * RATE, np.float32)
    assert first_speech(recording, RATE) is None

    lay(recording, 1.234, voice(1.0))

    assert first_speech(recording, RATE) == pytest.approx(1.234, abs=TOLERANCE)


def test_levels_are_decibels_of_full_scale() -> None:
    """A full-scale square wave is 0 dBFS, a tenth of it -20, and digital silence the floor."""
    wave = np.ones(2400, np.float32)

    assert levels(wave, RATE) == pytest.approx(0.0, abs=0.01)
    assert levels(wave / np.float32(10), RATE) == pytest.approx(-20.0, abs=0.01)
    assert levels(np.zeros_like(wave), RATE) == pytest.approx(-120.0, abs=0.01)
    assert len(levels(wave, RATE)) == 19
    assert levels(wave[:100], RATE).size == 0


def test_audible_level_follows_the_noise() -> None:
    """What counts as sound rises with the noise and never falls below what a person can hear."""
    assert audible_level(noise(2.0, -30), RATE) == pytest.approx(-22.0, abs=2.0)
    assert audible_level(noise(2.0, -80), RATE) == -55.0


def test_speech_onset_needs_a_syllable() -> None:
    """Short bursts are passed over, the first sustained sound is found."""
    active = np.zeros(200, np.bool_)
    active[20:25] = True
    assert speech_onset(active) is None

    active[100:180] = True

    assert speech_onset(active) == pytest.approx(0.505, abs=0.001)
    assert speech_onset(active[:10]) is None
