"""The caller's microphone: speaks clips, and sends silence whenever there is nothing to say."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from livekit import rtc

from alex_caller.recording import RATE, Recording, to_pcm
from alex_caller.speech import Clip

FRAME_SECONDS = 0.1  # each frame is a question to the media library: at 0.02 it costs another 2 % of a core
LEAD_SECONDS = 0.4  # sent ahead of time, so that a busy machine does not chop my words: two cores stalled for 0.3 s
QUEUE_MS = 600  # holds the lead and a frame, with room
FRAME_SAMPLES = round(RATE * FRAME_SECONDS)
SILENCE = bytes(2 * FRAME_SAMPLES)


class Microphone:
    """A published track that never stops: speech recognition needs silence after a sentence to know that it ended."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=QUEUE_MS)
        self._to_say: deque[bytes] = deque()
        self._sender: asyncio.Task[None] | None = None
        self._sent_until = 0.0  # clock
        self._spoke = (0.0, 0.0)
        self.late_seconds = 0.0  # the longest this machine kept the microphone waiting beyond its lead

    async def publish(self, room: rtc.Room) -> None:
        """Publish the track and begin sending."""
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await room.local_participant.publish_track(track, options)
        self._sender = asyncio.create_task(self._send())

    def say(self, clip: Clip) -> None:
        """Begin to speak, instead of whatever was still being said."""
        pcm = to_pcm(clip.samples)
        pcm += bytes(-len(pcm) % len(SILENCE))
        self._to_say = deque(pcm[i : i + len(SILENCE)] for i in range(0, len(pcm), len(SILENCE)))
        self._spoke = (0.0, 0.0)

    @property
    def speaking(self) -> bool:
        """Whether part of a clip has not left the microphone yet."""
        return bool(self._to_say) or time.monotonic() < self._spoke[1]

    @property
    def spoke(self) -> tuple[float, float]:
        """When (clock) the last clip began and ended to leave the microphone."""
        return self._spoke

    async def close(self) -> None:
        """Stop sending and let the track go."""
        if self._sender:
            self._sender.cancel()
            # A room that vanished may have failed the sender before; that is over now.
            await asyncio.gather(self._sender, return_exceptions=True)
        await self._source.aclose()

    async def _send(self) -> None:
        self._sent_until = time.monotonic()
        while True:
            said = bool(self._to_say)
            pcm = self._to_say.popleft() if said else SILENCE
            now = time.monotonic()
            self.late_seconds = max(self.late_seconds, now - self._sent_until)
            # The queue plays in real time; when it ran empty, this frame leaves now.
            leaves = max(now, self._sent_until)
            self._sent_until = leaves + FRAME_SECONDS
            if said:
                self._spoke = (self._spoke[0] or leaves, self._sent_until)
            self._recording.say(leaves, pcm)
            await self._source.capture_frame(rtc.AudioFrame(pcm, RATE, 1, FRAME_SAMPLES))
            await asyncio.sleep(max(0.0, self._sent_until - LEAD_SECONDS - time.monotonic()))
