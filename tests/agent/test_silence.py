"""The silence that a caller hears, found in sound whose edges are known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable

import numpy as np
import pytest
from alex_agent.silence import Silence
from livekit import rtc

RATE = 24_000
FRAME = RATE // 20  # 50 ms, as the SDK hands them over
STARTED_AT = 1_000.0
# Two windows of loudness: a beginning or an end inside of one is known no better.
NEAR = 0.02


def sound(seconds: float, dbfs: float = -20.0, seed: int = 1) -> np.ndarray:
    """Make noise of a loudness, which has no silent moment."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return noise * 10 ** (dbfs / 20)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))


def frames(*parts: np.ndarray, size: int = FRAME) -> list[rtc.AudioFrame]:
    samples = (np.clip(np.concatenate(parts), -1, 1) * 32767).astype(np.int16)
    pieces = (samples[start : start + size] for start in range(0, len(samples), size))
    return [rtc.AudioFrame(piece.tobytes(), RATE, 1, len(piece)) for piece in pieces]


async def stream(all_frames: Iterable[rtc.AudioFrame]) -> AsyncGenerator[rtc.AudioFrame]:
    for frame in all_frames:
        yield frame


class Room:
    """Hands frames over as they come, or as late as a busy loop takes them."""

    def __init__(self) -> None:
        self.now = STARTED_AT
        self.silence = Silence(lambda: self.now)

    def hear(self, all_frames: Iterable[rtc.AudioFrame], late: dict[int, float] | None = None) -> None:
        """Let frames arrive when they end; `late` says which are late by how many seconds."""

        async def arriving() -> AsyncIterable[rtc.AudioFrame]:
            ended = self.now
            for number, frame in enumerate(all_frames):
                ended += frame.duration
                self.now = ended + (late or {}).get(number, 0.0)
                yield frame

        async def listen() -> None:
            async for _ in self.silence.hearing(arriving()):
                pass

        asyncio.run(listen())


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize("believed", [0.0, 0.15, 0.4])
def test_words_end_with_their_last_sound(room: Room, believed: float) -> None:
    """However long the detector believes in speech after it."""
    room.hear(frames(silence(1), sound(0.83), silence(2)))

    assert room.silence.last_sound(STARTED_AT + 1, STARTED_AT + 1.83 + believed) == pytest.approx(
        STARTED_AT + 1.83, abs=NEAR
    )


@pytest.mark.parametrize("background", [-70.0, -50.0, -40.0])
def test_a_background_is_no_word(room: Room, background: float) -> None:
    """A fan or a street goes on after the words."""
    room.hear(frames(sound(4, background, seed=2) + np.concatenate((silence(2), sound(1), silence(1)))))

    assert room.silence.last_sound(STARTED_AT + 2, STARTED_AT + 3.3) == pytest.approx(STARTED_AT + 3, abs=NEAR)


def test_frames_that_a_busy_loop_takes_late_are_dated_as_they_came(room: Room) -> None:
    """The last words may be taken late, together with the silence behind them."""
    late = {number: (40 - number) * 0.05 for number in range(32, 40)}  # from 1.6 s on, all at 2 s
    room.hear(frames(silence(1), sound(0.83), silence(1)), late)

    assert room.silence.last_sound(STARTED_AT + 1, STARTED_AT + 2) == pytest.approx(STARTED_AT + 1.83, abs=NEAR)


def test_a_microphone_that_was_off_moves_nothing(room: Room) -> None:
    """After a pause without frames the next ones are dated by their arrival."""
    room.hear(frames(silence(1)))
    room.now += 20
    room.hear(frames(silence(0.5), sound(1), silence(1)))

    assert room.silence.last_sound(STARTED_AT + 21, STARTED_AT + 22.7) == pytest.approx(STARTED_AT + 22.5, abs=NEAR)


def test_a_clock_that_is_slower_is_followed(room: Room) -> None:
    """Half an hour of frames that each come 0.1 ms later than they are long."""
    room.hear(frames(silence(600)), {number: number * 0.0001 for number in range(12_000)})
    room.hear(frames(sound(1), silence(1)))

    assert room.silence.last_sound(room.now - 2, room.now - 0.8) == pytest.approx(room.now - 1, abs=NEAR)


def test_what_loudness_cannot_tell_is_left_to_the_detector(room: Room) -> None:
    """Words that are too quiet, and none at all."""
    assert room.silence.last_sound(STARTED_AT, STARTED_AT + 1) is None
    room.hear(frames(silence(1), sound(1, -65), silence(1)))

    assert room.silence.last_sound(STARTED_AT + 1, STARTED_AT + 2.1) is None
    assert room.silence.last_sound(STARTED_AT + 50, STARTED_AT + 51) is None


def test_a_long_doubt_is_not_believed(room: Room) -> None:
    """A word that only the detector heard, long after the last loud one, has ended later than that one."""
    room.hear(frames(silence(1), sound(1), silence(3)))

    assert room.silence.last_sound(STARTED_AT + 1, STARTED_AT + 3.5) is None


@pytest.mark.parametrize("leads", [0.0, 0.03, 0.24])
def test_an_answer_begins_with_its_first_sound(leads: float) -> None:
    """Whatever silence a voice begins with; the next answer is measured anew."""
    heard = Silence()

    async def speak(all_frames: list[rtc.AudioFrame]) -> list[rtc.AudioFrame]:
        return [frame async for frame in heard.speaking(stream(all_frames))]

    for lead in (0.5, leads):
        said = frames(silence(lead), sound(1), silence(0.3))
        assert asyncio.run(speak(said)) == said
        assert heard.lead == pytest.approx(lead, abs=NEAR)


def test_a_voice_that_is_cut_off_is_let_go() -> None:
    """Who stops listening closes the engine's stream behind it, too."""
    closed = []

    async def voice() -> AsyncGenerator[rtc.AudioFrame]:
        try:
            async for frame in stream(frames(sound(1))):
                yield frame
        finally:
            closed.append(True)

    async def cut_off() -> None:
        said = Silence().speaking(voice())
        await anext(said)
        await said.aclose()

    asyncio.run(cut_off())

    assert closed == [True]
