"""The real LiveKit plugins, pointed at the program and nothing else changed."""

from __future__ import annotations

import aiohttp
from livekit.agents import APIConnectOptions, llm
from livekit.plugins import deepgram, elevenlabs, openai
from offline.program import Program

KEY = "the-right-key"
RACHEL = "21m00Tcm4TlvDq8ikWAM"
# No second try, so that a test sees the first error; a hanging vendor is given up after two seconds.
ONCE = APIConnectOptions(max_retry=0, timeout=2.0)


def ears(program: Program, http: aiohttp.ClientSession, *, key: str = KEY) -> deepgram.STT:
    """Deepgram as the agent uses it."""
    return deepgram.STT(model="nova-2-general", api_key=key, base_url=f"{program.url}/v1/listen", http_session=http)


def mind(program: Program, *, key: str = KEY) -> openai.LLM:
    """OpenAI's language as the agent uses it."""
    return openai.LLM(model="gpt-4o-mini", api_key=key, base_url=f"{program.url}/v1")


def voice(
    program: Program, http: aiohttp.ClientSession, *, key: str = KEY, encoding: str = "pcm_24000", who: str = RACHEL
) -> elevenlabs.TTS:
    """ElevenLabs as the agent uses it."""
    return elevenlabs.TTS(
        voice_id=who,
        model="eleven_turbo_v2_5",
        encoding=encoding,  # type: ignore[arg-type]
        base_url=f"{program.url}/v1",
        api_key=key,
        http_session=http,
    )


def second_voice(program: Program, *, key: str = KEY, form: str = "pcm", model: str = "gpt-4o-mini-tts") -> openai.TTS:
    """OpenAI's speech, the fallback."""
    return openai.TTS(
        model=model,
        voice="nova",
        api_key=key,
        base_url=f"{program.url}/v1",
        response_format=form,
    )


def asked(text: str) -> llm.ChatContext:
    """Build a conversation of one question."""
    context = llm.ChatContext.empty()
    context.add_message(role="user", content=text)
    return context


async def think(stream: llm.LLMStream) -> tuple[str, list[llm.FunctionToolCall], llm.CompletionUsage | None]:
    """Collect the whole reply: its text, its tool calls and its usage."""
    text, calls, usage = "", [], None
    async with stream:
        async for chunk in stream:
            usage = chunk.usage or usage
            if chunk.delta is not None:
                text += chunk.delta.content or ""
                calls += chunk.delta.tool_calls
    return text, calls, usage
