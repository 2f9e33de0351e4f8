"""The chain of providers, and what each says of our keys at start (asked over real HTTP)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from alex_agent.providers import ELEVENLABS_DEFAULT_VOICE, Verdict, chain, check, order
from alex_agent.settings import Settings

KEYS = {"DEEPGRAM_API_KEY": "d-key", "OPENAI_API_KEY": "o-key", "ELEVEN_API_KEY": "e-key"}


def configured(**values: str) -> Settings:
    return Settings.model_validate({**KEYS, "ALEX_VOICE": "hosted", **values})


def described(settings: Settings) -> list[tuple[str, str, str]]:
    return [(link.stage, link.provider, link.protocol) for link in chain(settings)]


def test_hosted_chain_ends_with_the_offline_voice() -> None:
    """Deepgram, OpenAI, ElevenLabs; OpenAI speech behind it; the offline voice last."""
    assert described(configured()) == [
        ("stt", "deepgram", "deepgram"),
        ("llm", "openai", "openai"),
        ("tts", "elevenlabs", "elevenlabs"),
        ("tts", "openai", "openai"),
        ("tts", "offline", "openai"),
    ]


def test_fallback_none_leaves_the_vendors_alone() -> None:
    """Without a fallback nothing points at the offline service."""
    assert "offline" not in {p for _, p, _ in described(configured(ALEX_OFFLINE_FALLBACK="none"))}


def test_fallback_all_covers_every_stage() -> None:
    """With `all`, ears and mind have an offline stand-in, too."""
    links = described(configured(ALEX_OFFLINE_FALLBACK="all"))

    assert [s for s, p, _ in links if p == "offline"] == ["stt", "llm", "tts"]


@pytest.mark.parametrize("voice", ["offline", "hosted"])
def test_offline_service_is_shown_the_key_it_asks_for(voice: str) -> None:
    """Where the offline service has a key of its own, every link to it carries that key."""
    settings = configured(ALEX_VOICE=voice, ALEX_OFFLINE_FALLBACK="all", ALEX_OFFLINE_KEY="a-key-of-its-own")
    keys = {link.key for link in chain(settings) if link.provider == "offline"}

    assert keys == {"a-key-of-its-own"}


def test_offline_voice_sends_no_vendor_key() -> None:
    """In the offline voice every link points at the offline service and carries no key of a vendor."""
    links = chain(Settings.model_validate({**KEYS, "ALEX_VOICE": "offline", "ALEX_OFFLINE_URL": "http://o:1"}))

    assert all(link.base_url.startswith("http://o:1/v1") for link in links)
    assert {link.key for link in links} == {"offline"}


@pytest.fixture(name="vendors")
async def _vendors() -> AsyncIterator[TestServer]:
    async def answer(request: web.Request) -> web.Response:
        key = request.headers.get("Authorization", "").split()[-1:] or [request.headers.get("xi-api-key", "")]
        if key[0].startswith("bad"):
            return web.json_response({"detail": {"status": "invalid_api_key"}}, status=401)
        if key[0].startswith("narrow"):
            return web.json_response({"detail": {"status": "missing_permissions"}}, status=401)
        gone = request.path.endswith(("/voices/gone", "/models/gone"))
        return web.json_response({}, status=404 if gone else 200)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


async def verdicts(vendors: TestServer, **values: str) -> dict[tuple[str, str], Verdict]:
    root = str(vendors.make_url("/v1")).rstrip("/")
    settings = configured(
        ALEX_DEEPGRAM_BASE_URL=f"{root}/listen",
        ALEX_OPENAI_BASE_URL=root,
        ALEX_ELEVENLABS_BASE_URL=root,
        ALEX_OFFLINE_FALLBACK="none",
        **values,
    )
    return {(v.link.stage, v.link.provider): v for v in await check(chain(settings))}


async def test_good_keys_are_accepted(vendors: TestServer) -> None:
    """Keys that work are refused by nobody."""
    assert not any(v.refused for v in (await verdicts(vendors)).values())


@pytest.mark.parametrize(
    ("variable", "provider"),
    [("DEEPGRAM_API_KEY", "deepgram"), ("OPENAI_API_KEY", "openai"), ("ELEVEN_API_KEY", "elevenlabs")],
)
async def test_bad_key_is_told_by_provider(
    vendors: TestServer, variable: str, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused key is found at start; the provider and the variable are named, the key is not."""
    found = await verdicts(vendors, **{variable: "bad-key"})

    assert {p for (_, p), v in found.items() if v.refused} == {provider}
    assert "bad-key" not in caplog.text


async def test_refused_provider_moves_behind_the_others(vendors: TestServer) -> None:
    """No caller waits for a refusal that is known: the next voice goes first."""
    found = list((await verdicts(vendors, ELEVEN_API_KEY="bad")).values())

    assert [link.provider for link in order(found) if link.stage == "tts"] == ["openai", "elevenlabs"]


async def test_key_without_the_right_to_list_is_good(vendors: TestServer) -> None:
    """ElevenLabs answers 401 to a key that may only speak; that is no refusal."""
    assert not (await verdicts(vendors, ELEVEN_API_KEY="narrow"))["tts", "elevenlabs"].refused


async def test_missing_voice_is_replaced(vendors: TestServer) -> None:
    """A voice that the vendor retired gives way to the vendor's default."""
    found = await verdicts(vendors, ALEX_ELEVENLABS_VOICE_ID="gone")

    assert found["tts", "elevenlabs"].link.voice == ELEVENLABS_DEFAULT_VOICE


async def test_missing_model_is_refused(vendors: TestServer) -> None:
    """A language model that does not exist is found before the first caller."""
    assert "model" in (await verdicts(vendors, ALEX_OPENAI_MODEL="gone"))["llm", "openai"].refused


async def test_unreachable_provider_never_blocks_the_start() -> None:
    """A network error is no verdict."""
    settings = Settings.model_validate({"ALEX_OFFLINE_URL": "http://127.0.0.1:9"})

    assert not any(v.refused for v in await check(chain(settings)))
