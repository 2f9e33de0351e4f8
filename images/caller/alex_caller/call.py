"""One call: join a room as a caller, hear Alex, ask, hold, hang up.

`Call` is what the command line, the load test and the chaos suite drive:

    async with Call(invitation) as call:
        await call.greeting()
        turn = await call.ask(clip)
        await call.hold(60)

Every wait ends by itself, with a `CallError` that says what was missing. Moments are seconds since the call began.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from livekit import rtc
from livekit.rtc.participant import PublishTrackError

from alex_caller.audio import Gap, first_speech, measure_gap
from alex_caller.captions import Captions
from alex_caller.invitation import Invitation
from alex_caller.microphone import Microphone
from alex_caller.presence import CallError, Event, Presence
from alex_caller.recording import PIECE_SECONDS, RATE, Recording
from alex_caller.speech import Clip

POLL_SECONDS = 0.03
CHAT = "lk.chat"
HEARD_MS = 50  # length of Alex's frames: with the library's 10 ms a call takes 16 % of a core, so 10 %
ECHO_SECONDS = 0.2  # the last of a voice may still be on its way
HANG_UP_SECONDS = 5.0  # a server that does not answer a goodbye must not keep the caller


@dataclass(frozen=True)
class Limits:
    """How long the caller waits for what, in seconds."""

    join: float = 20.0  # signalling is retried three times of five seconds by the SDK
    agent: float = 20.0  # an agent joins within one second; a cold pod takes longer
    greeting: float = 20.0
    answer: float = 20.0  # from the end of the question to the first sound; nobody waits longer on a phone
    reply: float = 60.0  # Alex speaks a few sentences; a minute is a monologue
    caption: float = 2.0  # text and sound end together, up to the synchroniser's patience
    pause: float = 0.8  # silence that ends an answer once Alex says it is listening; between sentences it is shorter
    pause_unsure: float = 1.8  # silence that ends an answer when no state is published
    agent_away: float = 0.0  # how long Alex may be missing before the call counts as cut


@dataclass(frozen=True)
class Turn:
    """One question and what came back."""

    asked_at: float
    gap: Gap
    heard: str  # my words, as Alex's captions have them
    answer: str  # Alex's words
    ended_by_alex: bool  # Alex said goodbye and closed the call, after a whole answer


class Call:
    """A caller in a room. Enter it to join, leave it to hang up."""

    def __init__(
        self,
        invitation: Invitation,
        *,
        limits: Limits | None = None,
        microphone: bool = True,
    ) -> None:
        self.limits = limits or Limits()
        self.started = time.monotonic()
        self.join_seconds: float | None = None
        self.recording = Recording(self.started)
        self._invitation = invitation
        self._room = rtc.Room()
        self._presence = Presence(self._room, self.started)
        self.captions = Captions(self._presence.is_me)
        self._microphone = Microphone(self.recording) if microphone else None
        self._listeners: list[asyncio.Task[None]] = []
        self._asked_at = 0.0

    async def __aenter__(self) -> Self:
        try:
            await self._join()
        except BaseException:
            await self.hang_up()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()

    @property
    def now(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self.started

    @property
    def state(self) -> str | None:
        """What Alex says it is doing: initializing, listening, thinking, speaking; None without an agent."""
        return self._presence.state

    @property
    def events(self) -> list[Event]:
        """What happened to the call so far."""
        return self._presence.events

    @property
    def agent_seconds(self) -> float | None:
        """When the first agent joined, or None."""
        return self._presence.agent_seconds

    @property
    def late_seconds(self) -> float:
        """The longest this machine delayed my own voice; a large figure means that measurements are of the machine."""
        return self._microphone.late_seconds if self._microphone else 0.0

    async def agent(self) -> float:
        """Wait for Alex to join; returns when."""
        presence = self._presence
        await self._until(lambda: presence.agent_is_here, self.limits.agent, "no_agent", "no agent joined the call")
        return self.now if presence.agent_seconds is None else presence.agent_seconds

    async def greeting(self) -> tuple[float, str]:
        """Wait for Alex to join and to greet, and let it finish; returns when it became audible, and its words."""
        await self.agent()
        await self._until(
            lambda: self.recording.sounded_since(0.0), self.limits.greeting, "no_greeting", "no audible greeting"
        )
        await self._listen_to_the_end(0.0)
        heard = await asyncio.to_thread(self.recording.between, 0.0, self.now)
        onset = first_speech(heard.theirs, RATE)
        if onset is None:
            raise CallError("no_greeting", "there was a sound, but no greeting")
        return onset, self.captions.said(mine=False, since=self.started)

    async def ask(self, clip: Clip) -> Turn:
        """Say something, hear the answer to its end, and measure the silence between.

        Raises CallError when no answer is audible or the call is cut.
        """
        if self._microphone is None:
            raise ValueError("this call has no microphone")
        microphone = self._microphone
        self._asked_at = asked_at = self.now
        microphone.say(clip)
        await self._until(lambda: not microphone.speaking, clip.seconds + 5.0, "stuck", "my own voice did not get out")
        spoke_from, spoke_until = (moment - self.started for moment in microphone.spoke)
        ended = False
        try:
            await self._until(
                lambda: self.recording.sounded_since(spoke_until - 0.1),
                self.limits.answer,
                "no_answer",
                "no audible answer",
            )
            await self._listen_to_the_end(asked_at)
        except CallError as error:
            # A polite goodbye also ends the call, but only after its last word.
            if error.code != "cut" or not self.captions.settled(mine=False, since=self.started + asked_at):
                raise
            ended = True
        since = max(0.0, spoke_from - 0.5)
        heard = await asyncio.to_thread(self.recording.between, since, self.now)
        found = await asyncio.to_thread(
            measure_gap, heard.mine, heard.theirs, RATE, spoke_from - since, spoke_until - since
        )
        gap = Gap(found.speech_end + since, None if found.answer_start is None else found.answer_start + since)
        if gap.answer_start is None:
            raise CallError("no_answer", "there was a sound, but no answer")
        mine, theirs = self.said()
        return Turn(asked_at, gap, mine, theirs, ended)

    async def heard_again(self, since: float) -> float:
        """Wait until Alex, who was silent, is audible after a moment, and let it finish; returns how long it took.

        Raises CallError when nothing is heard within `limits.answer`, or the call is cut.
        """
        await self._until(
            lambda: self.recording.sounded_since(since + ECHO_SECONDS), self.limits.answer, "silence", "no voice again"
        )
        seconds = self.now - since
        await self._listen_to_the_end(since)
        return seconds

    def said(self) -> tuple[str, str]:
        """My words and Alex's since the last question, as far as the captions go."""
        moment = self.started + self._asked_at
        return self.captions.said(mine=True, since=moment), self.captions.said(mine=False, since=moment)

    async def type(self, text: str) -> None:
        """Send a typed message, as the page's text box does."""
        await self._room.local_participant.send_text(text, topic=CHAT)

    async def hold(self, seconds: float) -> None:
        """Stay in the call and say nothing. Raises CallError when it is cut before."""
        until = self.now + seconds
        while self.now < until:
            self._check()
            await asyncio.sleep(POLL_SECONDS)

    async def hang_up(self) -> None:
        """Leave the room; safe to call twice."""
        self._presence.leaving = True
        for listener in self._listeners:
            listener.cancel()
        goodbyes = [asyncio.gather(*self._listeners, return_exceptions=True), self.captions.close()]
        if self._microphone:
            goodbyes.append(self._microphone.close())
        for goodbye in (*goodbyes, self._room.disconnect()):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(goodbye, HANG_UP_SECONDS)

    async def _join(self) -> None:
        room = self._room
        self._presence.attach()
        room.on("track_subscribed", self._track_subscribed)
        self.captions.attach(room)
        try:
            async with asyncio.timeout(self.limits.join):
                await room.connect(self._invitation.server_url, self._invitation.token)
                if self._microphone:
                    await self._microphone.publish(room)
        except (rtc.ConnectError, PublishTrackError) as error:
            raise CallError(
                "no_livekit", f"LiveKit at {self._invitation.server_url} refuses: {error.message}"
            ) from error
        except TimeoutError:
            raise CallError(
                "no_livekit", f"LiveKit at {self._invitation.server_url} let nobody in for {self.limits.join:.0f} s"
            ) from None
        self.join_seconds = self.now
        self._presence.joined()

    async def _listen_to_the_end(self, since: float) -> None:
        """Wait until Alex has finished what it began to say after `since`, in sound and in text."""
        await self._until(self._finished, self.limits.reply, "no_end", "Alex did not stop speaking")
        moment = self.started + since
        with contextlib.suppress(CallError):
            await self._until(
                lambda: self.captions.settled(mine=False, since=moment), self.limits.caption, "no_caption", "no caption"
            )

    def _finished(self) -> bool:
        silent = self.now - (self.recording.last_sound or 0.0)
        if self.state is None:
            return silent >= self.limits.pause_unsure
        return self.state not in {"speaking", "thinking"} and silent >= self.limits.pause

    async def _until(self, happened: Callable[[], bool], seconds: float, code: str, missing: str) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            self._check()
            if time.monotonic() > deadline:
                raise CallError(code, f"{missing} within {seconds:g} s")
            await asyncio.sleep(POLL_SECONDS)

    def _check(self) -> None:
        """Raise CallError when the call is over."""
        self._presence.check(self.limits.agent_away)

    def _track_subscribed(
        self, track: rtc.Track, _publication: rtc.RemoteTrackPublication, _participant: rtc.RemoteParticipant
    ) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self.recording.new_track()
            number = len(self.recording.theirs) - 1
            self._listeners.append(asyncio.create_task(self._listen(track, number)))

    async def _listen(self, track: rtc.Track, number: int) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=HEARD_MS)
        try:
            async for event in stream:
                began = time.monotonic() - (event.frame.duration - PIECE_SECONDS)
                self.recording.hear(number, began, event.frame.data.tobytes())
        finally:
            await stream.aclose()
