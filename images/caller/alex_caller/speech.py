"""The caller's voice: sentences spoken by the built-in model, or recorded ones read from a WAV file."""

from __future__ import annotations

import os
import wave
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alex_caller.recording import RATE

if TYPE_CHECKING:
    from hibari import Hibari

    from alex_caller.audio import Samples

PEAK = 0.7  # -3 dBFS: the voice itself peaks near 0.3, which is quieter than a person at a laptop
LONGEST_CLIP_SECONDS = 60.0  # nobody asks longer, and a mistaken file should not be played for an hour
SEED = 1  # the same sentence sounds the same in every call


class SpeechError(Exception):
    """A sentence that cannot be spoken or a recording that cannot be used; the message says why."""


@dataclass(frozen=True)
class Clip:
    """Something to say: its name for the report, and its sound at 24 kHz."""

    name: str
    samples: Samples

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.samples) / RATE


class Voice:
    """Speaks with hibari's built-in voice. Blocking: use it from a thread."""

    def __init__(self) -> None:
        self._model: Hibari | None = None

    def say(self, text: str) -> Clip:
        """Synthesise a sentence, or read the recording that `@path.wav` names.

        Raises SpeechError for an unusable file and for text with nothing to pronounce.
        """
        if text.startswith("@"):
            return Clip(text, read_wav(Path(text[1:])))
        if self._model is None:
            self._model = _load()
        samples = np.asarray(self._model(text, seed=SEED), np.float32)
        loudest = float(np.abs(samples).max(initial=0.0))
        if loudest < 0.01:  # noqa: PLR2004  the model answers unspeakable text with (nearly) nothing
            raise SpeechError(f"nothing to pronounce in {text!r}")
        return Clip(text, samples * np.float32(PEAK / loudest))


def read_wav(path: Path) -> Samples:
    """Read a PCM WAV file of any rate and any number of channels as 24 kHz mono.

    Raises SpeechError with the reason when the file is missing, not PCM WAV, empty or longer than a minute.
    """
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            frames = file.getnframes()
            if frames > LONGEST_CLIP_SECONDS * rate:
                raise SpeechError(f"{path} is longer than {LONGEST_CLIP_SECONDS:.0f} seconds")
            raw = file.readframes(frames)
    except FileNotFoundError:
        raise SpeechError(f"{path} does not exist") from None
    except (OSError, EOFError, wave.Error) as error:
        raise SpeechError(f"{path} is not a PCM WAV file: {error}") from error
    samples = _unpack(raw, width).reshape(-1, channels).mean(axis=1).astype(np.float32)
    if not samples.size:
        raise SpeechError(f"{path} is empty")
    return resample(samples, rate, RATE)


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Change the sample rate of a whole clip, exactly: nothing aliases, nothing in the common band is lost.

    Done on the clip's spectrum. The clip is padded to a length that both rates divide, and by a tenth of a second, so
    that its end does not ring into its beginning.
    """
    if rate == wanted:
        return samples
    step = rate // gcd(rate, wanted)
    length = -(-(len(samples) + rate // 10) // step) * step
    spectrum = np.fft.rfft(samples, length)
    resampled_length = length // step * (wanted // gcd(rate, wanted))
    bins = resampled_length // 2 + 1
    kept = np.zeros(bins, np.complex128)
    common = min(bins, len(spectrum))
    kept[:common] = spectrum[:common]
    resampled = np.fft.irfft(kept, resampled_length) * (resampled_length / length)
    return resampled[: round(len(samples) * wanted / rate)].astype(np.float32)


def _unpack(raw: bytes, width: int) -> Samples:
    """Turn samples of 1 to 4 bytes into floats from -1 to 1 (8-bit WAV is unsigned, the others signed)."""
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    padded = np.zeros((len(raw) // width, 4), np.uint8)
    padded[:, 4 - width :] = np.frombuffer(raw, np.uint8).reshape(-1, width)
    return padded.view("<i4").reshape(-1).astype(np.float32) / np.float32(2**31)


def _load() -> Hibari:
    """Load the model, without the telemetry its runtime would keep."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # it collects from the moment of its import
    from hibari import Hibari  # noqa: PLC0415  half a second and 60 MB that a call with recordings does not need

    return Hibari()
