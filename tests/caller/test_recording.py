"""Putting both voices on one clock."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from alex_caller.recording import LONGEST_SECONDS, RATE, Chunk, Recording, place, to_pcm, to_samples

FRAME = 240  # samples in 10 ms


def ticking(count: int, start: float = 100.0) -> list[Chunk]:
    """Give frames of 10 ms that arrive on time, each filled with its number."""
    return [Chunk(start + i / 100, np.full(FRAME, i, "<i2").tobytes()) for i in range(count)]


def test_place_keeps_frames_that_are_on_time() -> None:
    """Frames that arrive evenly stay where they are."""
    chunks = ticking(300)

    assert place(chunks) == pytest.approx([c.at for c in chunks])


def test_place_takes_out_what_the_machine_delayed() -> None:
    """Frames delivered late and in bursts are laid where they were due."""
    on_time = ticking(600)
    random = np.random.default_rng(3)
    late = [Chunk(c.at + abs(random.normal(0, 0.008)), c.pcm) for c in on_time]
    # The program was busy for 700 ms: seventy frames arrive at once.
    late[200:270] = [Chunk(late[270].at, c.pcm) for c in late[200:270]]

    assert place(late) == pytest.approx([c.at for c in on_time], abs=0.005)


def test_place_takes_out_a_delayed_beginning() -> None:
    """The first frames of a track are placed by those that follow, however late they came."""
    on_time = ticking(300)
    late = [Chunk(max(c.at, 100.5), c.pcm) for c in on_time]

    assert place(late) == pytest.approx([c.at for c in on_time], abs=0.001)


@pytest.mark.parametrize("lost", [8, 50, 250])
def test_place_keeps_the_silence_of_lost_audio(lost: int) -> None:
    """Where frames never came, the recording has the silence that was heard, as long as it was."""
    on_time = ticking(900)
    heard = on_time[:300] + on_time[300 + lost :]

    assert place(heard) == pytest.approx([c.at for c in heard], abs=0.001)


def test_place_of_nothing() -> None:
    """A track that never carried a frame has no places."""
    assert place([]).size == 0


def test_between_lays_both_voices_on_one_clock() -> None:
    """What was said and heard at one moment lies at one place, from whichever moment it is cut out."""
    recording = Recording(started=50.0)
    recording.new_track()
    tone = np.full(FRAME, 8000, "<i2").tobytes()
    for i in range(200):
        recording.say(50.0 + i / 100, tone if i == 100 else bytes(2 * FRAME))
        recording.hear(0, 50.0 + i / 100, tone if i == 150 else bytes(2 * FRAME))

    whole, part = recording.between(0.0, 2.0), recording.between(0.9, 1.7)

    assert np.flatnonzero(whole.mine).tolist() == list(range(RATE, RATE + FRAME))
    assert np.flatnonzero(whole.theirs).tolist() == list(range(RATE * 3 // 2, RATE * 3 // 2 + FRAME))
    assert (part.mine == whole.mine[round(0.9 * RATE) : round(1.7 * RATE)]).all()
    assert (part.theirs == whole.theirs[round(0.9 * RATE) : round(1.7 * RATE)]).all()


def test_between_joins_the_tracks_of_a_replaced_agent() -> None:
    """A successor's track goes on where it was heard, not where the first track ended."""
    recording = Recording(started=0.0)
    for number, start in ((0, 0.0), (1, 3.0)):
        recording.new_track()
        for i in range(100):
            recording.hear(number, start + i / 100, np.full(FRAME, 5000, "<i2").tobytes())

    heard = recording.between(0.0, 4.0).theirs

    assert np.flatnonzero(heard == 0).tolist() == list(range(RATE, 3 * RATE))


@pytest.mark.parametrize("pieces", [1, 5])
def test_sounded_since_ignores_clicks_and_noise(pieces: int) -> None:
    """Clicks and steady noise are no sound of Alex; a syllable is, however long frames are, and it is known when."""
    recording = Recording(started=0.0)
    recording.new_track()
    random = np.random.default_rng(1)

    def frame(loudness: float) -> bytes:
        return to_pcm((random.standard_normal(FRAME) * loudness).astype(np.float32))

    def hear(since: int, until: int) -> None:
        for i in range(since, until, pieces):
            whole = b"".join(frame(0.5 if j == 100 else 0.1 if j >= 200 else 0.003) for j in range(i, i + pieces))
            recording.hear(0, i / 100, whole)

    hear(0, 200)
    assert not recording.sounded_since(0.5)

    hear(200, 220)

    assert recording.sounded_since(2.0)
    assert recording.last_sound == pytest.approx(2.19, abs=0.011)
    assert not recording.sounded_since(2.2)


def test_write_keeps_the_caller_left_and_alex_right(tmp_path: Path) -> None:
    """The file is a stereo WAV at 24 kHz with me on the left."""
    recording = Recording(started=10.0)
    recording.new_track()
    recording.say(10.0, np.full(FRAME, 1000, "<i2").tobytes())
    recording.hear(0, 10.5, np.full(FRAME, 2000, "<i2").tobytes())

    recording.write(tmp_path / "call.wav", 1.0)

    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, RATE, RATE)
        both = np.frombuffer(file.readframes(RATE), "<i2").reshape(-1, 2)
    assert both[:FRAME, 0] == pytest.approx(1000, abs=1)
    assert both[RATE // 2 : RATE // 2 + FRAME, 1] == pytest.approx(2000, abs=1)
    assert not both[FRAME:, 0].any()


def test_recording_ends_before_memory_does() -> None:
    """An endless call is heard to its end, but kept for half an hour only; one that nobody records is not kept."""
    recording, unkept = Recording(started=0.0), Recording(started=0.0)
    unkept.forget()
    loud = np.full(FRAME, 9000, "<i2").tobytes()
    for kept in (recording, unkept):
        kept.new_track()
        for i in range(5):
            kept.say(LONGEST_SECONDS + i / 100, loud)
            kept.hear(0, LONGEST_SECONDS + i / 100, loud)

    assert (recording.mine, recording.theirs) == ([], [[]])
    assert recording.sounded_since(LONGEST_SECONDS)
    assert (unkept.mine, unkept.theirs) == ([], [[]])
    assert unkept.sounded_since(LONGEST_SECONDS)


def test_samples_survive_a_round_trip() -> None:
    """Floats become 16-bit samples and back, and what is too loud is clipped rather than wrapped."""
    samples = np.array([0.0, 0.5, -0.5, 2.0, -2.0], np.float32)

    assert to_samples(to_pcm(samples)) == pytest.approx([0.0, 0.5, -0.5, 1.0, -1.0], abs=1e-4)
