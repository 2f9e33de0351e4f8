"""The caller's voice and recorded questions."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from alex_caller.speech import PEAK, SpeechError, Voice, read_wav, resample

CALLER = Path(__file__).parents[2] / "images" / "caller"


def write(path: Path, samples: np.ndarray, rate: int, width: int = 2, channels: int = 1) -> Path:
    """Write floats as a PCM WAV of some width."""
    if width == 1:
        raw = (samples * 127 + 128).astype(np.uint8).tobytes()
    else:
        whole = (samples * (2 ** (8 * width - 1) - 1)).astype("<i4")
        raw = whole.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(raw)
    return path


def tone(hertz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    """Give a sine that fades in and out."""
    t = np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * hertz * t) * np.hanning(len(t))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_resample_keeps_a_tone(rate: int) -> None:
    """A tone both rates can carry is the same tone afterwards, sample by sample."""
    resampled = resample(tone(1_000, rate).astype(np.float32), rate, 24_000)

    assert len(resampled) == 24_000
    assert resampled == pytest.approx(tone(1_000, 24_000), abs=2e-3)


def test_resample_lets_nothing_alias() -> None:
    """A tone above the new band disappears instead of coming back lower."""
    resampled = resample(tone(18_000, 48_000).astype(np.float32), 48_000, 24_000)

    assert np.abs(resampled).max() < 1e-3


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_read_wav_of_any_width(tmp_path: Path, width: int) -> None:
    """8, 16, 24 and 32 bit recordings are read alike."""
    samples = read_wav(write(tmp_path / "q.wav", tone(440, 24_000), 24_000, width))

    assert samples == pytest.approx(tone(440, 24_000), abs=0.02)


def test_read_wav_mixes_channels(tmp_path: Path) -> None:
    """A stereo recording becomes mono at the caller's rate."""
    left = tone(440, 48_000)
    both = np.stack((left, np.zeros_like(left)), axis=1).reshape(-1)

    samples = read_wav(write(tmp_path / "q.wav", both, 48_000, channels=2))

    assert samples == pytest.approx(tone(440, 24_000) / 2, abs=2e-3)


def test_read_wav_of_something_else(tmp_path: Path) -> None:
    """What is missing, not a WAV, empty or endless is refused with the reason."""
    (tmp_path / "song.wav").write_bytes(b"ID3 this is no wave file at all")
    write(tmp_path / "empty.wav", np.zeros(0), 24_000)
    write(tmp_path / "long.wav", np.zeros(61 * 8_000), 8_000)

    for name, reason in (
        ("none.wav", "does not exist"),
        ("song.wav", "not a PCM WAV"),
        ("empty.wav", "is empty"),
        ("long.wav", "longer than 60 seconds"),
    ):
        with pytest.raises(SpeechError, match=reason):
            read_wav(tmp_path / name)


def test_voice_speaks_a_sentence_alike_each_time() -> None:
    """The built-in voice speaks loud enough, and the same sentence sounds the same in every call."""
    voice = Voice()

    clip, again = voice.say("What is your name?"), voice.say("What is your name?")

    assert clip.name == "What is your name?"
    assert 0.8 < clip.seconds < 3.0
    assert np.abs(clip.samples).max() == pytest.approx(PEAK)
    assert (clip.samples == again.samples).all()


@pytest.mark.parametrize("text", ["", "  ", "🙂"])
def test_voice_refuses_what_cannot_be_spoken(text: str) -> None:
    """Text without anything to pronounce is refused rather than asked in silence."""
    with pytest.raises(SpeechError, match="nothing to pronounce"):
        Voice().say(text)


def test_the_voice_collects_nothing(tmp_path: Path) -> None:
    """The runtime of the voice writes no telemetry, neither beside temporary files nor into the user's cache."""
    places = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(CALLER)}
    command = [sys.executable, "-c", "from alex_caller.speech import Voice; Voice().say('Hello.')"]
    subprocess.run(command, env={**os.environ, **places}, check=True)

    assert [*tmp_path.iterdir()] == []
