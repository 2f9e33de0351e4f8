"""One call from its first ring to the freed slot."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

import structlog
from livekit import rtc
from livekit.agents import AgentSession, AutoSubscribe, CloseReason, JobContext, JobProcess, inference, room_io
from livekit.agents.utils.audio import audio_frames_from_file

from alex_agent import logs, pipeline
from alex_agent.assistant import Alex, instructions
from alex_agent.capacity import HAND_OVER
from alex_agent.channel import CHANNEL, Sender, scratch
from alex_agent.idle import Idle
from alex_agent.pace import Pace
from alex_agent.providers import Link, Stage
from alex_agent.recall import Recall, chat_context
from alex_agent.settings import Settings
from alex_agent.silence import Silence
from alex_agent.stillness import Stillness
from alex_agent.traces import Trace
from alex_agent.turns import STAGES, Turn, Turns

log = structlog.get_logger(__name__)

Apology = Stage | Literal["again"]
Outcome = Literal["ended", "nobody_came", "too_long", "failed", "cut", "lost", "replaced"]

# What is said when something fails; recorded, because the voice may be what failed.
APOLOGIES: dict[Apology, str] = {
    "again": "I am sorry, I did not catch that. Could you say it again?",
    "stt": "I am sorry, I cannot hear you well at the moment. Please call again in a minute.",
    "llm": "I am sorry, I cannot think of an answer at the moment. Please ask me again.",
    "tts": "I am sorry, I have lost my voice for a moment. Please ask me again.",
}

# The caller left on purpose, or was put out; everything else may be a network that comes back.
HUNG_UP = frozenset(
    {
        rtc.DisconnectReason.CLIENT_INITIATED,
        rtc.DisconnectReason.ROOM_DELETED,
        rtc.DisconnectReason.PARTICIPANT_REMOVED,
        rtc.DisconnectReason.USER_REJECTED,
    }
)

# Another agent has our place, or web took us for dead and sent one: the room is not ours to close.
REPLACED = frozenset({rtc.DisconnectReason.DUPLICATE_IDENTITY, rtc.DisconnectReason.PARTICIPANT_REMOVED})

# The room was closed, by us or by an operator.
CLOSED = frozenset(
    {
        rtc.DisconnectReason.CLIENT_INITIATED,
        rtc.DisconnectReason.ROOM_DELETED,
        rtc.DisconnectReason.ROOM_CLOSED,
    }
)

# The caller is still there and its agent is not: somebody else must go on.
ABANDONED: frozenset[Outcome] = frozenset({"cut", "lost"})

# Nobody asked the session to close.
BROKEN = frozenset({CloseReason.ERROR, CloseReason.PARTICIPANT_DISCONNECTED, CloseReason.TASK_COMPLETED})

# Speech this short without a transcript was a cough or a door, nothing to ask about.
WORTH_ASKING_SECONDS = 0.8

# Not understood this often in a row, the ears are what is broken, not the line.
MOST_NOT_CAUGHT = 2

# A goodbye is one sentence; one that never starts or never ends must not hold the slot.
GOODBYE_SECONDS = 12.0

# What was played here is still on its way: the network and the caller's jitter buffer hold up to half a second, and a
# room that is deleted before takes the last word with it. A person, too, lets a goodbye stand before hanging up.
LAST_WORD_SECONDS = 1.0

# LiveKit answers in milliseconds; a slot is worth more than a tidy room.
CLOSE_SECONDS = 5.0

# After another agent's death, in place of the greeting.
BACK = "Sorry, I was gone for a moment. I am back now."

# The text stream with the figures of each turn, which the page shows to whoever asks.
FIGURES = "alex.turn"

QUIET = "I have not heard from you for a while, so I will hang up now. Call again whenever you like. Goodbye!"

FAREWELL = "We have talked for a long time, so I have to hang up now. Call again whenever you like. Goodbye!"


def prepare(settings: Settings, links: list[Link], folder: Path, process: JobProcess) -> None:
    """Make a fresh job process ready for its call; runs before the call is there."""
    logs.bind()
    # The SDK gives each job a temporary folder. One that is killed cannot remove it: the parent does, by this name.
    place = scratch(folder, os.getpid())
    place.mkdir(exist_ok=True)
    tempfile.tempdir = str(place)
    channel = folder / CHANNEL
    process.userdata.update(settings=settings, links=links, channel=channel, vad=inference.VAD(model="silero"))


async def answer(ctx: JobContext) -> None:
    """Take the call of a job: the entry point of a job process."""
    await Call(ctx).run()


class Call:
    """The life of one call. Every way out goes through `_end`, and so frees the slot."""

    def __init__(self, ctx: JobContext) -> None:
        data = ctx.proc.userdata
        self._ctx = ctx
        self._settings: Settings = data["settings"]
        self._sender = Sender(data["channel"])
        self._recall = Recall(ctx, *(secret for _, secret in self._settings.livekit_pairs))
        self._pipeline = pipeline.build(data["links"], self._settings.language, data["vad"])
        self._trace = self._begin_trace()
        self._silence = Silence()
        self._pace = Pace()
        self._turns = Turns(
            self._sender, self._pipeline, self._silence, self._tell, self._trace.id if self._trace else None
        )
        self._session: AgentSession[None] = AgentSession(
            stt=self._pipeline.stt,
            llm=self._pipeline.llm,
            tts=self._pipeline.tts,
            vad=data["vad"],
            turn_handling=pipeline.turn_handling(),  # type: ignore[arg-type]
            conn_options=pipeline.CONNECT_OPTIONS,
            transcription_timeout=pipeline.TRANSCRIPT_SECONDS,
            session_close_transcript_timeout=pipeline.LAST_TRANSCRIPT_SECONDS,
        )
        self._idle = Idle(self._settings.idle_seconds, lambda: self._spawn(self._too_quiet()))
        self._answered_at: float | None = None  # on the monotonic clock
        self._over = asyncio.Event()
        self._outcome: Outcome = "cut"  # until somebody says how it ended: the parent shut us down
        self._tasks: set[asyncio.Task[None]] = set()
        self._alone: asyncio.TimerHandle | None = None
        self._stillness = Stillness()
        self._apologizing = False
        self._not_caught = 0

    async def run(self) -> None:
        """Answer, talk, and leave when the call is over."""
        self._ctx.log_context_fields = {"call": self._ctx.job.id}
        self._ctx.add_shutdown_callback(self._report)
        self._turns.follow(self._session)
        self._session.on("error", self._on_error)
        self._session.on("user_transcription_timeout", self._on_not_caught)
        self._session.on("user_input_transcribed", self._on_caught)
        # A session that breaks has failed; one that is closed has the outcome of who closes it: the parent's is "cut".
        self._session.on("close", lambda e: self._end("failed" if e.reason in BROKEN else self._outcome))
        room = self._ctx.room
        room.on("participant_connected", lambda _: self._count_callers())
        room.on("participant_disconnected", self._on_left)
        room.on("disconnected", self._on_disconnected)
        asyncio.get_running_loop().add_signal_handler(HAND_OVER, self._end, "cut")
        self._stillness.watch()
        await self._ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
        try:
            async with asyncio.timeout(self._settings.alone_seconds):
                await self._ctx.wait_for_participant()
        except TimeoutError:
            self._end("nobody_came")
        else:
            await self._talk()
        await self._over.wait()
        await self._leave()

    async def _talk(self) -> None:
        before = self._recall.open()
        self._recall.follow(self._session)
        await self._session.start(
            agent=Alex(
                instructions(self._settings.prompt_file),
                self._settings.timezone,
                self._hang_up_politely,
                self._silence,
                self._pace,
                chat_context(before),
            ),
            room=self._ctx.room,
            room_options=room_io.RoomOptions(
                audio_output=room_io.AudioOutputOptions(sample_rate=pipeline.SAMPLE_RATE_HZ),
                text_input=room_io.TextInputOptions(text_input_cb=self._pace.read),
                # Who is left decides, not who leaves: see `_on_left`.
                close_on_disconnect=False,
            ),
        )
        asyncio.get_running_loop().call_later(self._settings.max_call_seconds, lambda: self._spawn(self._too_long()))
        self._idle.follow(self._session)
        self._answered_at = time.monotonic()
        log.info("call_answered", taken_over=bool(before), **({"trace": self._trace.id} if self._trace else {}))
        if before:
            self._session.say(BACK, allow_interruptions=True, add_to_chat_ctx=False)
            if before[-1].role == "user":  # it was not answered any more
                self._session.generate_reply()
        elif self._settings.greeting:
            self._session.say(self._settings.greeting, allow_interruptions=True)

    def _callers(self) -> list[rtc.RemoteParticipant]:
        agent = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        return [p for p in self._ctx.room.remote_participants.values() if p.kind != agent]

    def _on_disconnected(self, reason: int) -> None:
        if reason in REPLACED:
            self._end("replaced")
        else:
            self._end("ended" if reason in CLOSED else "lost")

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if self._ctx.room.connection_state == rtc.ConnectionState.CONN_RECONNECTING:
            # The SDK forgets everybody before it joins anew, as after the death of a LiveKit node, and the session does
            # not hear the caller again. A successor does, and knows what was said.
            self._end("lost")
            return
        if self._callers():
            return
        if participant.disconnect_reason in HUNG_UP:
            self._end("ended")
        else:
            # A lost network comes back within seconds more often than not.
            self._count_callers()

    def _count_callers(self) -> None:
        if self._alone is not None:
            self._alone.cancel()
            self._alone = None
        if not self._callers():
            self._alone = asyncio.get_running_loop().call_later(
                self._settings.alone_seconds, lambda: self._end("ended")
            )

    def _hang_up_politely(self) -> None:
        self._spawn(self._after_goodbye())

    async def _after_goodbye(self) -> None:
        """Wait until the goodbye was spoken; a caller who speaks into it stays on the line."""
        spoke = asyncio.Event()
        quiet = asyncio.Event()

        def on_state(event: Any) -> None:
            if event.new_state == "speaking":
                spoke.set()
            elif spoke.is_set() and event.new_state == "listening":
                quiet.set()

        self._session.on("agent_state_changed", on_state)
        try:
            if self._session.agent_state == "speaking":
                spoke.set()
            async with asyncio.timeout(GOODBYE_SECONDS):
                await quiet.wait()
        except TimeoutError:
            log.warning("goodbye_not_spoken")
        finally:
            self._session.off("agent_state_changed", on_state)
        await self._hang_up("ended", unless_spoken_to=True)

    async def _too_quiet(self) -> None:
        await self._session.say(QUIET, allow_interruptions=True, add_to_chat_ctx=False)
        await self._hang_up("ended", unless_spoken_to=True)
        self._idle.restart()  # somebody made a sound: perhaps words follow

    async def _too_long(self) -> None:
        await self._session.interrupt(force=True)
        await self._session.say(FAREWELL, allow_interruptions=False)
        await self._hang_up("too_long")

    def _on_error(self, event: Any) -> None:
        if not getattr(event.error, "recoverable", True):
            self._apologize(STAGES.get(event.error.type, "llm"))

    def _on_not_caught(self, event: Any) -> None:
        """Ask again when speech brought no words: ears that hang or are cut off again and again make no error."""
        if event.speech_duration >= WORTH_ASKING_SECONDS:
            self._not_caught += 1
            self._apologize("stt" if self._not_caught >= MOST_NOT_CAUGHT else "again")

    def _on_caught(self, event: Any) -> None:
        if event.is_final:
            self._not_caught = 0

    def _apologize(self, for_what: Apology) -> None:
        if not self._apologizing and not self._over.is_set():
            self._apologizing = True
            self._spawn(self._say_sorry(for_what))

    async def _say_sorry(self, for_what: Apology) -> None:
        """Say what is wrong rather than leave the caller in silence."""
        log.error("apologizing", reason=for_what)
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._session.say(APOLOGIES[for_what], audio=_recording(for_what), add_to_chat_ctx=False)
        except (TimeoutError, RuntimeError) as error:  # RuntimeError: the session closed meanwhile
            log.warning("apology_not_spoken", reason=for_what, error=type(error).__name__)
        finally:
            self._apologizing = False
        if for_what == "stt":  # a call that hears nothing only holds the line
            await self._hang_up("failed")

    async def _hang_up(self, outcome: Outcome, *, unless_spoken_to: bool = False) -> None:
        """End the call from our side, once the caller can have heard the last word."""
        await asyncio.sleep(LAST_WORD_SECONDS)
        if not (unless_spoken_to and self._session.user_state == "speaking"):
            self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        if not self._over.is_set():
            self._outcome = outcome
            self._over.set()

    async def _leave(self) -> None:
        self._turns.close()
        self._recall.close()
        self._idle.close()
        await self._session.aclose()
        if self._outcome in ("ended", "nobody_came", "too_long", "failed"):
            try:
                # The SDK's own request has no end: LiveKit, too, closes a room that its last caller has left.
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._ctx.delete_room()
            except TimeoutError:
                log.warning("room_not_closed")
        self._ctx.shutdown(self._outcome)

    async def _report(self) -> None:
        if self._alone is not None:
            self._alone.cancel()
        seconds = None if self._answered_at is None else round(time.monotonic() - self._answered_at, 1)
        log.info("call_ended", outcome=self._outcome, turns=self._turns.count, seconds=seconds)
        self._sender.send("call", outcome=self._outcome, seconds=seconds)
        if self._outcome in ABANDONED:
            self._sender.send("lost", job=self._ctx.job.id, room=self._ctx.job.room.name)
        self._sender.send("end")
        self._sender.close()
        if self._trace is not None:
            await asyncio.to_thread(self._trace.close, self._outcome)
        self._stillness.close()

    def _begin_trace(self) -> Trace | None:
        endpoint = self._settings.otlp_endpoint
        return Trace(endpoint, self._settings.agent_name, self._ctx.job.id) if endpoint else None

    def _tell(self, turn: Turn) -> None:
        """Show the figures of a turn to the caller's page and to the trace."""
        if self._trace is not None:
            self._trace.turn(turn)
        if self._ctx.room.isconnected():
            self._spawn(self._publish(turn))

    async def _publish(self, turn: Turn) -> None:
        try:
            await self._ctx.room.local_participant.send_text(json.dumps(turn.figures()), topic=FIGURES)
        except (ConnectionError, RuntimeError) as error:  # the caller has gone, and the room with them
            log.debug("figures_not_sent", error=type(error).__name__)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _recording(name: Apology) -> AsyncIterator[rtc.AudioFrame]:
    with as_file(files("alex_agent").joinpath(f"recordings/{name}.ogg")) as path:
        async for frame in audio_frames_from_file(str(path), sample_rate=pipeline.SAMPLE_RATE_HZ):
            yield frame
