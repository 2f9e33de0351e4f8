"""A small real house to call: a livekit-server, a token endpoint, and an agent that does as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from alex_caller.audio import Samples
from livekit import api, rtc
from stack import NAMES, PROGRAMS, ROOT, SECRET, Stack, free_port

RATE = 24_000
FRAME = RATE // 100


def voice(seconds: float, loudness: float = 0.3, pitch: float = 140.0) -> Samples:
    """Give something with the spectrum and the syllables of a voice, and an exact beginning and end."""
    t = np.arange(round(seconds * RATE)) / RATE
    harmonics = [np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 12)]
    tone = np.sum(harmonics, axis=0) * (0.7 + 0.3 * np.cos(2 * np.pi * 4 * t))
    sound: Samples = (tone / np.abs(tone).max() * loudness).astype(np.float32)
    return sound


@dataclass
class Habits:
    """How the agent of a test behaves."""

    greeting: str = "Hi there, I am Alex."
    greets: bool = True
    greets_at_once: bool = False  # whoever comes; otherwise whoever is heard
    answers: tuple[str, ...] = ("My name is Alex.",)
    audible: bool = True
    delay_seconds: float = 0.6  # from the end of the caller's words, as they arrive, to the first sample of the answer
    answer_seconds: float = 1.0
    leaves_during_answer: bool = False
    leaves_after_answer: bool = False
    leaves_after_greeting: bool = False
    publishes_state: bool = True


@dataclass
class Agent:
    """A participant of the kind agent: greets, listens by loudness, answers, publishes captions and state."""

    habits: Habits
    answered_at: list[float] = field(default_factory=list)  # clock; when the first sample of an answer left
    caller_left: asyncio.Event = field(default_factory=asyncio.Event)
    room: rtc.Room = field(default_factory=rtc.Room)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _begun: bool = False

    async def join(self, url: str, token: str) -> None:
        """Join the room and begin."""
        self.source = rtc.AudioSource(RATE, 1, queue_size_ms=200)
        self.room.on("track_subscribed", self._track)
        self.room.on("participant_disconnected", lambda _: self.caller_left.set())
        await self.room.connect(url, token)
        self._state("listening")
        track = rtc.LocalAudioTrack.create_audio_track("agent", self.source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self.room.local_participant.publish_track(track, options)
        if self.habits.greets_at_once:
            self.room.on("participant_connected", lambda _: self._tasks.append(asyncio.create_task(self._greet())))

    async def _greet(self) -> None:
        await self._say(self.habits.greeting, 0.8, time.monotonic() + 0.5)

    async def leave(self) -> None:
        """Leave the room."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.room.disconnect()
        await self.source.aclose()

    def _track(self, track: rtc.Track, _: Any, participant: rtc.RemoteParticipant) -> None:
        self._tasks.append(asyncio.create_task(self._attend(track, participant.identity)))

    def _state(self, state: str) -> None:
        """Publish what the agent does; like the SDK's agent without waiting: a lost receipt is given up after 5 s."""
        if self.habits.publishes_state:
            attributes = self.room.local_participant.set_attributes({"lk.agent.state": state})
            self._tasks.append(asyncio.create_task(attributes))

    async def _attend(self, track: rtc.Track, caller: str) -> None:
        if self.habits.greets:
            await self._say(self.habits.greeting, 0.8, time.monotonic() + 0.05)
        if self.habits.leaves_after_greeting:
            await asyncio.sleep(0.3)  # the words are still on their way
            await self.leave()
            return
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1)
        try:
            await self._listen(stream, caller)
        finally:
            await stream.aclose()  # it would go on sending frames to this test's loop while later tests measure

    async def _listen(self, stream: rtc.AudioStream, caller: str) -> None:
        """Answer whenever somebody who was loud is silent."""
        last_loud, spoke, turn = 0.0, 0, 0
        async for event in stream:
            now = time.monotonic()
            samples = np.frombuffer(event.frame.data, np.int16).astype(np.float32) / 32768
            if np.sqrt(np.square(samples).mean()) > 0.003:
                last_loud, spoke = now, spoke + 1
            elif self.habits.answers and spoke > 20 and now - last_loud > 0.3:
                spoke = 0
                await self._caption("What is your name?", caller)
                answer = self.habits.answers[min(turn, len(self.habits.answers) - 1)]
                turn += 1
                self._tasks.append(asyncio.create_task(self._answer(answer, last_loud + self.habits.delay_seconds)))

    async def _answer(self, text: str, at: float) -> None:
        if self.habits.audible:
            await self._say(text, self.habits.answer_seconds, at)
        if self.habits.leaves_after_answer:
            await asyncio.sleep(1.0)  # as Alex lets its last word stand (`call.LAST_WORD_SECONDS`)
            await self.leave()

    async def _say(self, text: str, seconds: float, at: float) -> None:
        """Speak so that the first sample leaves at a moment of the clock."""
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        self._state("speaking")
        writer = await self.room.local_participant.stream_text(
            topic="lk.transcription",
            attributes={"lk.segment_id": f"SG_{at}", "lk.transcription_final": "false"},
        )
        self.answered_at.append(time.monotonic())
        pcm = (voice(seconds) * 32767).astype("<i2").tobytes()
        for i in range(0, len(pcm), 2 * FRAME):
            piece = pcm[i : i + 2 * FRAME].ljust(2 * FRAME, b"\0")
            await self.source.capture_frame(rtc.AudioFrame(piece, RATE, 1, FRAME))
            if self.habits.leaves_during_answer and len(self.answered_at) > 1 and i > len(pcm) // 2:
                self._tasks.append(asyncio.create_task(self.leave()))
                return
        await self.source.wait_for_playout()
        await writer.write(text)
        await writer.aclose(attributes={"lk.transcription_final": "true"})
        self._state("listening")

    async def _caption(self, text: str, speaker: str) -> None:
        segment = f"SG_user_{time.monotonic()}"
        for final in ("false", "true"):
            writer = await self.room.local_participant.stream_text(
                topic="lk.transcription",
                sender_identity=speaker,
                attributes={"lk.segment_id": segment, "lk.transcription_final": final},
            )
            await writer.write(text)
            await writer.aclose()


@dataclass
class House:
    """Where a caller calls. `replies` are sent to the first token requests, then places in rooms are given out."""

    livekit_url: str
    url: str = ""
    habits: Habits | None = field(default_factory=Habits)  # None: no agent comes
    replies: list[Callable[[], web.Response]] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    requests: int = 0
    server_url: str | None = None  # what the token says, when it is not the truth

    async def token(self, request: web.Request) -> web.Response:
        """Answer as the web service does."""
        self.requests += 1
        assert await request.json() == {}
        if self.replies:
            return self.replies.pop(0)()
        room = f"room-{uuid.uuid4().hex}"
        self.rooms.append(room)
        async with api.LiveKitAPI(self.livekit_url, "devkey", SECRET) as livekit:
            await livekit.room.create_room(api.CreateRoomRequest(name=room))
        await self.send_agent(room)
        token = self._mint(room, "caller", agent=False)
        return web.json_response(
            {"server_url": self.server_url or self.livekit_url, "participant_token": token}, status=201
        )

    async def metrics(self, _: web.Request) -> web.Response:
        """Tell what agents and web tell Prometheus, as one program."""
        calls = sum(not agent.caller_left.is_set() for agent in self.agents)
        answers = sum(max(0, len(agent.answered_at) - 1) for agent in self.agents)  # the first is the greeting
        counted = f'alex_agent_turns_total{{outcome="answered",stage=""}} {answers:.1f}\n'
        others = 'alex_agent_turns_total{outcome="interrupted",stage=""} 7.0\n'
        return web.Response(text=f"# HELP of no use\n{counted}{others}alex_web_active_calls {calls:.1f}\n")

    async def send_agent(self, room: str) -> None:
        """Send an agent into a room, if there are agents."""
        if self.habits is not None:
            agent = Agent(self.habits)
            self.agents.append(agent)
            await agent.join(self.livekit_url, self._mint(room, "alex", agent=True))

    async def greeted(self) -> None:
        """Wait until an agent has begun to greet a caller; fails after twenty seconds."""
        async with asyncio.timeout(20):
            while not any(agent.answered_at for agent in self.agents):
                await asyncio.sleep(0.1)

    async def cut(self) -> None:
        """Delete every room."""
        async with api.LiveKitAPI(self.livekit_url, "devkey", SECRET) as livekit:
            for room in self.rooms:
                await livekit.room.delete_room(api.DeleteRoomRequest(room=room))

    def _mint(self, room: str, identity: str, *, agent: bool) -> str:
        grants = api.VideoGrants(room_join=True, room=room, agent=agent, can_update_own_metadata=agent)
        token = api.AccessToken("devkey", SECRET).with_identity(identity).with_grants(grants)
        return (token.with_kind("agent") if agent else token).to_jwt()


@contextlib.asynccontextmanager
async def open_house(livekit_url: str) -> AsyncIterator[House]:
    """Serve the token endpoint on a free port."""
    house = House(livekit_url)
    app = web.Application()
    app.router.add_post("/api/token", house.token)
    app.router.add_get("/metrics", house.metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    house.url = f"http://127.0.0.1:{port}"
    try:
        yield house
    finally:
        for agent in house.agents:
            await agent.leave()
        await runner.cleanup()


def livekit(folder: Path) -> Stack:
    """Start a livekit-server on loopback, alone."""
    stack = Stack(folder, {name: free_port() for name in NAMES})
    stack.start("livekit")
    return stack


@dataclass(frozen=True)
class Outcome:
    """How a run of the program ended."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON on stdout."""
        document: dict[str, Any] = json.loads(self.out)
        return document


async def run_caller(*arguments: str) -> Outcome:
    """Run the program as its user does; ends by itself or fails after two minutes."""
    path = ":".join(str(ROOT / folder) for folder in PROGRAMS.values())
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "alex_caller",
        *arguments,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "140"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 120)
    finally:
        if process.returncode is None:
            process.kill()
    return Outcome(process.returncode or 0, out.decode(), err.decode())
