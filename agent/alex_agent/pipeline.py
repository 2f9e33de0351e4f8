"""Builds ears, mind and voice from links: the three hosted plugins unchanged, whoever answers at their address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import APIConnectOptions, inference, llm, stt, tts
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.plugins import deepgram, elevenlabs, openai
from openai import AsyncClient, DefaultAsyncHttpxClient

from alex_agent.providers import Link, Stage

# 24 kHz all the way, what both voices make: nothing is resampled or decoded on its way to the caller.
SAMPLE_RATE_HZ = 24000

# The caller must hear something within 8 s of any failure: one attempt a provider, then the next one.
ATTEMPT_SECONDS = 3.0

# A small language model on a busy core needs longer for its first word than a hosted one.
LANGUAGE_ATTEMPT_SECONDS = 5.0

# Three spoken sentences; a longer answer is cut rather than billed and endured.
LONGEST_ANSWER_TOKENS = 200

# The SDK hangs up without a word after this many failures in a row; `call` explains itself and then decides.
NEVER = 1_000_000

CONNECT_OPTIONS = SessionConnectOptions(
    max_unrecoverable_errors=NEVER,
    stt_conn_options=APIConnectOptions(max_retry=2, retry_interval=0.5, timeout=ATTEMPT_SECONDS),
    llm_conn_options=APIConnectOptions(max_retry=0, timeout=LANGUAGE_ATTEMPT_SECONDS),
    tts_conn_options=APIConnectOptions(max_retry=0, timeout=ATTEMPT_SECONDS),
)

# From the end of speech to the latest final transcript that is still worth waiting for.
TRANSCRIPT_SECONDS = 5.5

# The same once the caller has gone: the SDK would hold the slot for two seconds, for words that nobody answers.
LAST_TRANSCRIPT_SECONDS = 0.0

TURN_HANDLING: dict[str, Any] = {
    # The version by name: the default asks LiveKit's hosted service first in development.
    "turn_detection": None,  # filled in by `turn_handling`; the detector is made in the job
    "endpointing": {"mode": "fixed", "min_delay": 0.3, "max_delay": 2.5},
    "interruption": {"enabled": True, "mode": "vad", "min_duration": 0.5, "resume_false_interruption": True},
    "preemptive_generation": {"enabled": True, "preemptive_tts": False},
}


@dataclass(frozen=True)
class Member:
    """One engine of a stage and the link it was made from."""

    link: Link
    engine: Any


@dataclass(frozen=True)
class Pipeline:
    """What a session needs; `members` are the engines behind the three, for their metrics and errors."""

    stt: stt.STT[Any]
    llm: llm.LLM[Any]
    tts: tts.TTS[Any]
    members: tuple[Member, ...]


def build(links: list[Link], language: str, vad: inference.VAD) -> Pipeline:
    """Make the engines of all links and put each stage's behind one another."""
    members = tuple(Member(link, _ENGINES[link.stage, link.protocol](link, language)) for link in links)

    def of(stage: Stage) -> list[Any]:
        return [m.engine for m in members if m.link.stage == stage]

    ears, minds, voices = of("stt"), of("llm"), of("tts")
    return Pipeline(
        stt=ears[0]
        if len(ears) == 1
        else stt.FallbackAdapter(ears, vad=vad, attempt_timeout=ATTEMPT_SECONDS, max_retry_per_stt=0),
        llm=minds[0] if len(minds) == 1 else llm.FallbackAdapter(minds, attempt_timeout=LANGUAGE_ATTEMPT_SECONDS / 2),
        tts=voices[0]
        if len(voices) == 1
        else tts.FallbackAdapter(voices, max_retry_per_tts=0, sample_rate=SAMPLE_RATE_HZ),
        members=members,
    )


def turn_handling() -> dict[str, Any]:
    """Give the session's turn handling with the local turn detector."""
    return {**TURN_HANDLING, "turn_detection": inference.TurnDetector(version="v1-mini")}


def _deepgram(link: Link, language: str) -> stt.STT[Any]:
    return deepgram.STT(model=link.model, language=language, base_url=link.base_url, api_key=link.key)


def _openai(link: Link, _: str) -> llm.LLM[Any]:
    return openai.LLM(
        model=link.model,
        base_url=link.base_url,
        api_key=link.key,
        max_completion_tokens=LONGEST_ANSWER_TOKENS,
    )


def _elevenlabs(link: Link, _: str) -> tts.TTS[Any]:
    return elevenlabs.TTS(
        voice_id=link.voice,
        model=link.model,
        base_url=link.base_url,
        api_key=link.key,
        encoding="pcm_24000",
    )


def _openai_speech(link: Link, _: str) -> tts.TTS[Any]:
    # The plugin waits 30 s for the first byte, whatever it is told: too long for somebody who waits for an answer.
    http = DefaultAsyncHttpxClient(event_hooks={"request": [_hurry]})
    return openai.TTS(
        model=link.model,
        voice=link.voice,
        response_format="pcm",
        client=AsyncClient(base_url=link.base_url, api_key=link.key, max_retries=0, http_client=http),
    )


async def _hurry(request: Any) -> None:
    request.extensions["timeout"]["read"] = ATTEMPT_SECONDS


_ENGINES: dict[tuple[str, str], Callable[[Link, str], Any]] = {
    ("stt", "deepgram"): _deepgram,
    ("llm", "openai"): _openai,
    ("tts", "elevenlabs"): _elevenlabs,
    ("tts", "openai"): _openai_speech,
}
