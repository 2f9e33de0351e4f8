"""Which provider speaks at which address with which key, in which order; and whether it takes us."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Literal

import aiohttp
import structlog

from alex_agent.settings import Settings

log = structlog.get_logger(__name__)

Stage = Literal["stt", "llm", "tts"]
Provider = Literal["deepgram", "openai", "elevenlabs", "offline"]
Protocol = Literal["deepgram", "openai", "elevenlabs"]

# Without a key of its own the offline service takes any; this one says in its ledger who called.
OFFLINE_KEY = "offline"

# The voice that the ElevenLabs plugin itself uses when none is named.
ELEVENLABS_DEFAULT_VOICE = "hpp4J3VqNfWAUOO0d1Us"

# A pod must not wait long for somebody else's network before it takes calls.
CHECK_SECONDS = 5.0


@dataclass(frozen=True)
class Link:
    """One provider of one stage: what to say it in, where, and with which key."""

    stage: Stage
    provider: Provider
    protocol: Protocol
    base_url: str
    key: str
    model: str
    voice: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a provider said of one link at start: `refused` is its reason, empty when it accepts or was not reached."""

    link: Link
    refused: str = ""


def chain(settings: Settings) -> list[Link]:
    """List every link of every stage, the first choice first."""
    offline = settings.voice == "offline"
    root = f"{settings.offline_url}/v1"
    offline_key = settings.secret("offline_key") or OFFLINE_KEY

    def link(stage: Stage, protocol: Protocol, base_url: str, key: str, model: str, voice: str = "") -> Link:
        if offline:
            base_url = f"{root}/listen" if protocol == "deepgram" else root
            return Link(stage, "offline", protocol, base_url, offline_key, model, voice)
        return Link(stage, protocol, protocol, base_url, settings.secret(key), model, voice)

    links = [
        link("stt", "deepgram", settings.deepgram_base_url, "deepgram_api_key", settings.deepgram_model),
        link("llm", "openai", settings.openai_base_url, "openai_api_key", settings.openai_model),
        link(
            "tts", "elevenlabs", settings.elevenlabs_base_url, "eleven_api_key",
            settings.elevenlabs_model, settings.elevenlabs_voice_id,
        ),
        link(
            "tts", "openai", settings.openai_base_url, "openai_api_key",
            settings.openai_speech_model, settings.openai_speech_voice,
        ),
    ]  # fmt: skip
    if not offline and settings.offline_fallback != "none":
        if settings.offline_fallback == "all":
            for first in links[:2]:
                url = f"{root}/listen" if first.protocol == "deepgram" else root
                links.append(replace(first, provider="offline", base_url=url, key=offline_key))
        links.append(replace(links[3], provider="offline", base_url=root, key=offline_key))
    return links


async def check(links: list[Link]) -> list[Verdict]:
    """Ask each provider whether it takes our key, model and voice.

    A network error is no verdict: it must not keep the pod from starting. A voice that is gone is replaced by the
    vendor's default.
    """
    timeout = aiohttp.ClientTimeout(total=CHECK_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        return list(await asyncio.gather(*(_check(http, link) for link in links)))


def order(verdicts: list[Verdict]) -> list[Link]:
    """Put refused links behind the others, so that no caller waits for a refusal that is known."""
    return [v.link for v in verdicts if not v.refused] + [v.link for v in verdicts if v.refused]


async def _check(http: aiohttp.ClientSession, link: Link) -> Verdict:
    url, headers = _question(link)
    try:
        async with http.get(url, headers=headers) as response:
            status, body = response.status, await response.text()
    except (aiohttp.ClientError, TimeoutError) as error:
        log.warning("provider_not_reached", provider=link.provider, stage=link.stage, error=type(error).__name__)
        return Verdict(link)
    if status in (400, 404) and link.protocol == "elevenlabs":
        log.warning(
            "voice_not_found", provider=link.provider, voice=link.voice, used=ELEVENLABS_DEFAULT_VOICE,
            hint="set ALEX_ELEVENLABS_VOICE_ID (chart value providers.elevenlabs.voiceId) to a voice you have",
        )  # fmt: skip
        return Verdict(replace(link, voice=ELEVENLABS_DEFAULT_VOICE))
    # A key that may speak but not list voices answers 401 with this status: it is good enough for us.
    if status == 401 and "missing_permissions" not in body:  # noqa: PLR2004
        return _refused(link, "the key is refused (HTTP 401)", _KEY_HINTS[link.protocol])
    if status == 404 and link.protocol == "openai":  # noqa: PLR2004
        return _refused(link, "the model does not exist or the key may not use it (HTTP 404)", _MODEL_HINT)
    return Verdict(link)


_KEY_HINTS = {
    "deepgram": "check DEEPGRAM_API_KEY (chart value providers.deepgram.apiKey or its existing Secret)",
    "openai": "check OPENAI_API_KEY (chart value providers.openai.apiKey or its existing Secret)",
    "elevenlabs": "check ELEVEN_API_KEY (chart value providers.elevenlabs.apiKey or its existing Secret)",
}
_MODEL_HINT = "check ALEX_OPENAI_MODEL and ALEX_OPENAI_SPEECH_MODEL (chart values providers.openai.*Model)"


def _refused(link: Link, reason: str, hint: str) -> Verdict:
    log.error("provider_refuses", provider=link.provider, stage=link.stage, reason=reason, hint=hint)
    return Verdict(link, refused=reason)


def _question(link: Link) -> tuple[str, dict[str, str]]:
    """Give the cheapest authenticated request each vendor has."""
    if link.protocol == "deepgram":
        root = link.base_url.removesuffix("/listen").replace("wss://", "https://").replace("ws://", "http://")
        return f"{root}/projects", {"Authorization": f"Token {link.key}"}
    if link.protocol == "openai":
        return f"{link.base_url}/models/{link.model}", {"Authorization": f"Bearer {link.key}"}
    return f"{link.base_url}/voices/{link.voice}", {"xi-api-key": link.key}
