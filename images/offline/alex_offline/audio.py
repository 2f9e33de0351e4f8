"""Samples and the shapes they travel in. Inside, speech is 16-bit mono PCM at 24 kHz unless a name says otherwise."""

from __future__ import annotations

import io
import struct
import wave
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SPEECH_RATE = 24_000
"""Samples a second of everything the program says."""

HEARING_RATE = 16_000
"""Samples a second the speech model was trained on."""


def to_pcm(samples: NDArray[np.float32], gain: float = 1.0) -> bytes:
    """Floats in [-1, 1] as little-endian 16-bit PCM; what the gain lifts over full scale is clipped."""
    ints: NDArray[np.int16] = np.clip(samples * (gain * 32767.0), -32768, 32767).astype("<i2")
    return ints.tobytes()


def to_samples(pcm: bytes, channels: int = 1) -> NDArray[np.float32]:
    """Little-endian 16-bit PCM as mono floats in [-1, 1]; channels are averaged, a torn last frame is dropped."""
    width = 2 * channels
    ints = np.frombuffer(pcm[: len(pcm) // width * width], dtype="<i2").astype(np.float32)
    if channels > 1:
        ints = ints.reshape(-1, channels).mean(axis=1)
    return ints / np.float32(32768.0)


def slices(pcm: bytes, rate: int, channels: int = 1) -> Iterator[bytes]:
    """Cut PCM into pieces of 50 ms: a client may send seconds at once, and edges are looked for piece by piece."""
    width = 2 * channels * (rate // 20)
    for at in range(0, len(pcm), width):
        yield pcm[at : at + width]


def resample(samples: NDArray[np.float32], have: int, want: int) -> NDArray[np.float32]:
    """Whole-buffer linear resampling with a box filter on the way down: enough for speech, cheap, stateless."""
    if have == want or not len(samples):
        return samples
    if have > want:
        # Averaging over one output period removes most of what would alias into the speech band.
        width = max(1, round(have / want))
        if width > 1:
            samples = np.convolve(samples, np.full(width, 1.0 / width, dtype=np.float32), mode="same")
    count = int(len(samples) * want / have)
    at = np.arange(count, dtype=np.float64) * (have / want)
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32)


def change_rate(pcm: bytes, want: int) -> bytes:
    """24 kHz PCM at another rate."""
    return pcm if want == SPEECH_RATE else to_pcm(resample(to_samples(pcm), SPEECH_RATE, want))


def wav_header(rate: int = SPEECH_RATE) -> bytes:
    """Build the header of a mono 16-bit WAV whose length nobody knows yet, as streaming vendors send it."""
    endless = 0xFFFFFFFF
    return (
        b"RIFF"
        + struct.pack("<I", endless)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16)
        + b"data"
        + struct.pack("<I", endless)
    )


def read_wav(data: bytes) -> tuple[NDArray[np.float32], int]:
    """Mono floats and their rate from a 16-bit PCM WAV; raises ValueError for anything else."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            if file.getsampwidth() != 2:  # noqa: PLR2004 - bytes of a 16-bit sample
                raise ValueError("the WAV is not 16-bit PCM")
            return to_samples(file.readframes(file.getnframes()), file.getnchannels()), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError("the body is not a WAV file") from error


class Mp3:
    """A streaming MP3 encoder for 24 kHz PCM."""

    def __init__(self, rate: int, kilobits: int) -> None:
        """`rate` is the samples a second and kilobits the thousand bits a second of what comes out."""
        self._codec = av.CodecContext.create("libmp3lame", "w")
        self._codec.sample_rate = rate
        self._codec.bit_rate = kilobits * 1000
        self._codec.layout = "mono"
        self._codec.format = "s16p"
        self._resampler = av.AudioResampler(format="s16p", layout="mono", rate=rate, frame_size=1152)

    def encode(self, pcm: bytes) -> bytes:
        """Return what can be written so far."""
        samples = np.frombuffer(pcm, dtype="<i2").reshape(1, -1)
        if not samples.size:
            return b""
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = SPEECH_RATE
        return b"".join(bytes(p) for f in self._resampler.resample(frame) for p in self._codec.encode(f))

    def finish(self) -> bytes:
        """Return the rest; the encoder cannot be used again."""
        tail = b"".join(bytes(p) for f in self._resampler.resample(None) for p in self._codec.encode(f))
        return tail + b"".join(bytes(p) for p in self._codec.encode(None))
