"""A participant that stands where the agent stands, in a real room: a voice, a state, captions, and ears."""

from __future__ import annotations

import array
import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from livekit import api, rtc

RATE = 48_000
FRAME = RATE // 50  # 20 ms, what WebRTC sends


@dataclass
class Peer:
    """Alex's place in the room; `heard` is the loudness of each 100 ms of the caller's microphone, 0 to 1."""

    room: rtc.Room
    sound: Sequence[float]
    heard: list[float] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    speaking: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def join(self, url: str, token: str) -> None:
        """Enter the room, publish a voice that is silent until `speaking`, and listen."""
        self.room.on("track_subscribed", lambda track, *_: self._later(self._listen(track)))
        self.room.on("participant_disconnected", lambda _: self.gone.set())
        self.room.register_text_stream_handler("lk.chat", lambda reader, _: self._later(self._read(reader)))
        await self.room.connect(url, token)
        source = rtc.AudioSource(RATE, 1)
        track = rtc.LocalAudioTrack.create_audio_track("voice", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self.room.local_participant.publish_track(track, options)
        self._later(self._speak(source))

    async def state(self, name: str) -> None:
        """Say what the agent does."""
        await self.room.local_participant.set_attributes({"lk.agent.state": name})

    async def caption(self, segment: str, text: str, *, caller: str = "", final: bool = False) -> None:
        """Send one text stream as the agent framework does; with `caller` it is the caller's own words."""
        await self.room.local_participant.send_text(
            text,
            topic="lk.transcription",
            attributes={"lk.segment_id": segment, "lk.transcription_final": str(final).lower()},
        ) if not caller else await self._caller_caption(segment, text, caller, final=final)

    async def _caller_caption(self, segment: str, text: str, caller: str, *, final: bool) -> None:
        writer = await self.room.local_participant.stream_text(
            topic="lk.transcription",
            sender_identity=caller,
            attributes={"lk.segment_id": segment, "lk.transcription_final": str(final).lower()},
        )
        await writer.write(text)
        await writer.aclose()

    async def leave(self) -> None:
        """Leave the room."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.room.disconnect()

    def _later(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

    async def _speak(self, source: rtc.AudioSource) -> None:
        at = 0
        while True:
            samples = [self.sound[(at + i) % len(self.sound)] if self.speaking else 0.0 for i in range(FRAME)]
            at += FRAME
            pcm = array.array("h", (int(s * 30_000) for s in samples)).tobytes()
            await source.capture_frame(rtc.AudioFrame(pcm, RATE, 1, FRAME))

    async def _listen(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=16_000, num_channels=1, frame_size_ms=100):
            samples = event.frame.data
            self.heard.append(math.sqrt(sum((s / 32_768) ** 2 for s in samples) / len(samples)))

    async def _read(self, reader: rtc.TextStreamReader) -> None:
        self.typed.append(await reader.read_all())


@contextlib.asynccontextmanager
async def peer(url: str, key: str, secret: str, room: str, sound: Sequence[float]) -> AsyncIterator[Peer]:
    """Put an agent-like participant into a room."""
    token = (
        api.AccessToken(key, secret)
        .with_identity("alex")
        .with_kind("agent")
        .with_grants(api.VideoGrants(room_join=True, room=room, agent=True, can_update_own_metadata=True))
        .to_jwt()
    )
    alex = Peer(rtc.Room(), sound)
    await alex.join(url, token)
    try:
        yield alex
    finally:
        await alex.leave()
