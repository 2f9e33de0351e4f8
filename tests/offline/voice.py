"""A caller's voice for tests, and an ear for what comes back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from functools import lru_cache

import numpy as np
from hibari import Hibari
from livekit import rtc
from livekit.agents import stt
from numpy.typing import NDArray

RATE = 16_000
FRAME = RATE // 50


@lru_cache(maxsize=1)
def _voice() -> Hibari:
    return Hibari()


@lru_cache(maxsize=64)
def say(text: str, *, rate: int = RATE, tail: float = 1.0) -> bytes:
    """16-bit PCM of a sentence with half a second of silence before it and `tail` seconds after."""
    speech = _voice()(text, seed=0) * 2.4
    whole = np.concatenate([np.zeros(12_000), speech, np.zeros(int(24_000 * tail))])
    return pcm(resample(whole, 24_000, rate))


def pcm(samples: NDArray[np.floating]) -> bytes:
    """Floats as 16-bit PCM."""
    ints: NDArray[np.int16] = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    return ints.tobytes()


def resample(samples: NDArray[np.floating], have: int, want: int) -> NDArray[np.floating]:
    """Linear, good enough for speech."""
    at = np.arange(int(len(samples) * want / have)) * (have / want)
    new: NDArray[np.floating] = np.interp(at, np.arange(len(samples)), samples)
    return new


async def feed(stream: stt.SpeechStream, audio: bytes, *, rate: int = RATE, pace: float = 4.0) -> None:
    """Push audio in frames of 20 ms, `pace` times as fast as it was spoken."""
    width = 2 * (rate // 50)
    for at in range(0, len(audio), width):
        piece = audio[at : at + width]
        stream.push_frame(rtc.AudioFrame(piece, rate, 1, len(piece) // 2))
        await asyncio.sleep(0.02 / pace)


async def hear(stream: stt.SpeechStream, audio: Iterable[bytes], *, pace: float = 4.0) -> list[stt.SpeechEvent]:
    """Speak the pieces one after another and collect every event up to the end of the last one.

    The input stays open: the plugin takes five seconds to close a stream, whatever the server does.
    """
    pieces = list(audio)

    async def speak() -> None:
        for piece in pieces:
            await feed(stream, piece, pace=pace)

    speaking = asyncio.create_task(speak())
    events: list[stt.SpeechEvent] = []
    try:
        async for event in stream:
            events.append(event)
            ends = sum(e.type is stt.SpeechEventType.END_OF_SPEECH for e in events)
            if ends == len(pieces):
                break
    finally:
        speaking.cancel()
        await stream.aclose()
    return events


def finals(events: Iterable[stt.SpeechEvent]) -> list[str]:
    """Pick the final transcripts."""
    return [e.alternatives[0].text for e in events if e.type is stt.SpeechEventType.FINAL_TRANSCRIPT]


def interims(events: Iterable[stt.SpeechEvent]) -> list[str]:
    """Pick the interim transcripts."""
    return [e.alternatives[0].text for e in events if e.type is stt.SpeechEventType.INTERIM_TRANSCRIPT]


def plain(text: str) -> str:
    """Only the words."""
    return " ".join(re.findall(r"[a-z0-9']+", text.lower().replace("-", "")))


async def collect(frames: AsyncIterator[rtc.AudioFrame]) -> NDArray[np.float32]:
    """Collect the samples of a synthesis, at 16 kHz."""
    parts, rate = [], 24_000
    async for frame in frames:
        rate = frame.sample_rate
        parts.append(np.frombuffer(frame.data, dtype="<i2").astype(np.float32) / 32768)
    samples = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    return resample(samples, rate, RATE).astype(np.float32)


@lru_cache(maxsize=1)
def _ear() -> object:
    from moonshine_voice import ModelArch, Transcriber, get_model_path  # noqa: PLC0415 - loads for half a second

    return Transcriber(model_path=str(get_model_path("tiny-en")), model_arch=ModelArch.TINY)


def understand(samples: NDArray[np.float32]) -> str:
    """Understand the words in these samples, by the speech model itself."""
    padded = np.concatenate([np.zeros(RATE // 2), samples, np.zeros(RATE // 2)])
    lines = _ear().transcribe_without_streaming(padded.tolist(), RATE).lines  # type: ignore[attr-defined]
    return plain(" ".join(line.text for line in lines))
