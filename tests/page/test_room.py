"""The page in a real room: a real livekit-server, a real browser with a fake microphone, and a peer in Alex's place."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from livekit import api
from page.browser import Alex, Open
from page.conftest import babble
from page.peer import RATE, Peer, peer
from page.site_server import Answer, Site, line
from page.states import choose_hold
from playwright.async_api import expect
from stack import NAMES, SECRET, Stack, free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "devkey"

# Loudness at the peer, 0 to 1, that counts as a voice and as silence.
VOICE = 0.01
SILENCE = 0.0005


@dataclass(frozen=True)
class Room:
    """A room on the server, and its API."""

    name: str
    server: Stack
    lk: api.LiveKitAPI

    def token(self) -> Answer:
        """Answer as web does: join this room, microphone and data only."""
        grants = api.VideoGrants(
            room_join=True,
            room=self.name,
            can_publish=True,
            can_publish_sources=["microphone"],
            can_subscribe=True,
            can_publish_data=True,
        )
        token = api.AccessToken(KEY, SECRET).with_identity("caller").with_grants(grants).to_jwt()
        return line(self.server.livekit_url, token)

    async def hang_up(self, token: str) -> None:
        """Do as web does: send the holder of the token home."""
        claims = api.TokenVerifier(KEY, SECRET).verify(token)
        assert claims.video is not None
        await self.lk.room.remove_participant(
            api.RoomParticipantIdentity(room=claims.video.room, identity=claims.identity)
        )

    async def identities(self) -> set[str]:
        """Who is in the room, as the server sees it."""
        listed = await self.lk.room.list_participants(api.ListParticipantsRequest(room=self.name))
        return {p.identity for p in listed.participants}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a media server on loopback."""
    stack = Stack(tmp_path_factory.mktemp("livekit"), {name: free_port() for name in NAMES})
    stack.start("livekit")
    yield stack
    stack.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def room(server: Stack, site: Site) -> AsyncIterator[Room]:
    """Make a room of its own for a test, and let the site hand out tokens for it."""
    async with api.LiveKitAPI(server.livekit_url, KEY, SECRET) as lk:
        made = Room(f"page-{uuid.uuid4()}", server, lk)
        await lk.room.create_room(api.CreateRoomRequest(name=made.name, empty_timeout=30))
        site.mint = made.token
        site.hang_up = made.hang_up
        site.livekit = server.livekit_url
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def agent(room: Room) -> AsyncIterator[Peer]:
    """Put a peer in Alex's place."""
    async with peer(room.server.livekit_url, KEY, SECRET, room.name, babble(RATE, 2.0)) as alex:
        yield alex


async def until(condition: Callable[[], bool], what: str, seconds: float = 8.0) -> None:
    """Wait for something to become true."""
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


async def in_call(open_page: Open, agent: Peer) -> Alex:
    """Open the page, press the button and be connected with a peer that listens."""
    alex = await open_page(real=True)
    await alex.button("Talk to Alex").click()
    await expect(alex.heading).to_have_text("Calling Alex…", timeout=15_000)
    await agent.state("listening")
    await expect(alex.heading).to_have_text("Listening")
    return alex


async def loudness(alex: Alex, milliseconds: int = 1200) -> dict[str, Any]:
    """Measure what the page's audio element plays: its loudest RMS, and how far it got in seconds."""
    measured: dict[str, Any] = await alex.page.evaluate(
        """async (milliseconds) => {
          const audio = document.querySelector('audio');
          const context = new AudioContext();
          const analyser = context.createAnalyser();
          context.createMediaStreamSource(audio.srcObject).connect(analyser);
          const wave = new Float32Array(analyser.fftSize);
          const from = audio.currentTime, end = performance.now() + milliseconds;
          let rms = 0;
          while (performance.now() < end) {
            await new Promise((next) => setTimeout(next, 20));
            analyser.getFloatTimeDomainData(wave);
            rms = Math.max(rms, Math.sqrt(wave.reduce((sum, s) => sum + s * s, 0) / wave.length));
          }
          await context.close();
          return {rms, played: audio.currentTime - from, paused: audio.paused, muted: audio.muted};
        }""",
        milliseconds,
    )
    return measured


async def longest_ray(alex: Alex) -> float:
    """Give the length of the avatar's longest ray in the next half second."""
    length: float = await alex.page.evaluate(
        """async () => {
          let longest = 0;
          for (let i = 0; i < 15; i += 1) {
            await new Promise((next) => setTimeout(next, 33));
            for (const ray of document.querySelectorAll('.ray'))
              longest = Math.max(longest, ray.x2.baseVal.value - ray.x1.baseVal.value);
          }
          return longest;
        }"""
    )
    return length


async def test_alex_is_heard_and_seen(open_page: Open, agent: Peer) -> None:
    """Alex's voice plays in the page, and the avatar's rays and mouth follow its loudness."""
    alex = await in_call(open_page, agent)
    await agent.state("speaking")
    await expect(alex.heading).to_have_text("Speaking")
    quiet = await longest_ray(alex)
    agent.speaking = True
    await asyncio.sleep(0.5)
    heard = await loudness(alex)
    loud = await longest_ray(alex)

    assert heard["rms"] > 0.02
    assert heard["played"] > 0.8
    assert not heard["paused"]
    assert loud > quiet + 8


async def test_the_caller_is_heard_and_mute_is_silence(open_page: Open, agent: Peer) -> None:
    """The microphone reaches the peer, the meter moves, mute sends silence and unmute a voice again."""
    alex = await in_call(open_page, agent)
    await until(lambda: max(agent.heard[-20:], default=0) > VOICE, "the caller's voice at the peer")
    tallest = await alex.page.evaluate(
        """async () => {
          let tallest = 0;
          for (let i = 0; i < 90; i += 1) {
            await new Promise((next) => setTimeout(next, 33));
            for (const bar of document.querySelectorAll('.bars i'))
              tallest = Math.max(tallest, new DOMMatrix(getComputedStyle(bar).transform).d);
          }
          return tallest;
        }"""
    )
    assert tallest > 0.3
    await alex.button("Mute me").click()
    await expect(alex.heading).to_have_text("You are muted")
    await asyncio.sleep(0.7)
    agent.heard.clear()
    await asyncio.sleep(4.5)  # longer than the fake microphone's own pause

    assert max(agent.heard, default=0) < SILENCE
    await alex.button("Unmute me").click()
    await until(lambda: max(agent.heard[-20:], default=0) > VOICE, "the voice after unmuting")


async def test_hold_to_talk_in_a_real_room(open_page: Open, agent: Peer) -> None:
    """With hold to talk Alex hears the caller while the button is held, and silence, not nothing, when it is not."""
    alex = await open_page(real=True)
    await choose_hold(alex)
    await alex.button("Talk to Alex").click()
    await expect(alex.heading).to_have_text("Calling Alex…", timeout=15_000)
    await agent.state("listening")
    await expect(alex.heading).to_have_text("Your turn")
    await until(lambda: len(agent.heard) > 30, "frames of silence at the peer")
    assert max(agent.heard) < SILENCE
    await alex.page.locator("#microphone").hover()
    await alex.page.mouse.down()
    await until(lambda: max(agent.heard[-20:]) > VOICE, "the voice while it is held")
    await asyncio.sleep(0.4)  # a shorter press is a tap
    await alex.page.mouse.up()
    await expect(alex.heading).to_have_text("Your turn")
    await asyncio.sleep(0.7)
    agent.heard.clear()
    await asyncio.sleep(2.5)

    assert len(agent.heard) > 15
    assert max(agent.heard) < SILENCE


async def test_another_microphone_in_a_real_call(open_page: Open, agent: Peer) -> None:
    """A microphone that is chosen during the call is the one that Alex hears from then on, without a new call."""
    alex = await in_call(open_page, agent)
    await alex.button("Sound and microphone").click()
    await alex.page.get_by_label("Microphone", exact=True).select_option(label="Fake Audio Input 2")
    await alex.button("Done").click()
    await asyncio.sleep(1)
    agent.heard.clear()

    await until(lambda: max(agent.heard, default=0) > VOICE, "the voice from the other microphone")
    await expect(alex.heading).to_have_text("Listening")


async def test_captions_of_both_sides(open_page: Open, agent: Peer) -> None:
    """Captions that arrive as text streams show on the right side, each sentence once, in its last form."""
    alex = await in_call(open_page, agent)
    await agent.caption("alex-1", "Hello, I am Alex.")
    for text in ("What", "What is", "What is the time"):
        await agent.caption("caller-1", text, caller="caller")
    await agent.caption("caller-1", "What is the time?", caller="caller", final=True)

    await expect(alex.page.locator(".from-alex .text")).to_have_text(["Hello, I am Alex."])
    await expect(alex.page.locator(".from-you .text")).to_have_text(["What is the time?"])
    await expect(alex.page.locator(".is-interim")).to_have_count(0)


async def test_typing_reaches_alex(open_page: Open, agent: Peer) -> None:
    """A typed message arrives on the chat stream and shows as the caller's own words."""
    alex = await in_call(open_page, agent)
    await alex.page.get_by_label("Type a message to Alex").fill("Good evening")
    await alex.button("Send").click()

    await until(lambda: agent.typed == ["Good evening"], "the typed message at the peer")
    await expect(alex.page.locator(".from-you .text")).to_have_text("Good evening")


async def test_typing_alone_publishes_no_microphone(open_page: Open, agent: Peer) -> None:
    """A call by typing sends no sound, asks for no microphone, and still plays Alex."""
    alex = await open_page(real=True)
    await alex.page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => { throw new Error('asked for the microphone') } }"
    )
    await alex.button("Type instead").click()
    await expect(alex.heading).to_have_text("Calling Alex…")
    await agent.state("listening")
    await expect(alex.heading).to_have_text("Ready when you are")
    agent.speaking = True
    await asyncio.sleep(0.5)

    assert (await loudness(alex))["rms"] > 0.02
    assert agent.heard == []


async def test_hanging_up_leaves_the_room(open_page: Open, agent: Peer, room: Room) -> None:
    """After hanging up nobody is left but Alex, and the microphone is released."""
    alex = await in_call(open_page, agent)
    assert await room.identities() == {"alex", "caller"}
    await alex.button("Hang up").click()
    await asyncio.wait_for(agent.gone.wait(), 5)

    assert await room.identities() == {"alex"}
    await expect(alex.hint).to_contain_text("You hung up")


async def test_closing_the_page_leaves_the_room(open_page: Open, agent: Peer) -> None:
    """A caller who closes the window is gone at once, even when the last words of its page to the server are lost."""
    alex = await in_call(open_page, agent)
    await alex.page.evaluate("() => { WebSocket.prototype.send = () => {}; }")
    await alex.page.close(run_before_unload=True)

    await asyncio.wait_for(agent.gone.wait(), 12)  # without the page's word LiveKit needs 13 s at least


async def test_alex_closes_the_room(open_page: Open, agent: Peer, room: Room) -> None:
    """When the room is closed on the server the page says that Alex ended the call."""
    alex = await in_call(open_page, agent)
    await room.lk.room.delete_room(api.DeleteRoomRequest(room=room.name))

    await expect(alex.hint).to_contain_text("Alex ended the call")


async def test_refused_token(open_page: Open, room: Room, site: Site) -> None:
    """A token that the media server refuses is a plain no, with a way on."""
    site.mint = lambda: line(room.server.livekit_url, "not.a.token")
    alex = await open_page(real=True)
    await alex.button("Talk to Alex").click()

    await expect(alex.heading).to_have_text("This call is not allowed", timeout=15_000)
    alex.complaints.clear()  # the browser and the SDK log the refusal


async def test_media_server_dies_and_returns(open_page: Open, agent: Peer, server: Stack) -> None:
    """A media server that stalls is named at once; when it goes on, so does the call."""
    alex = await in_call(open_page, agent)
    process = server.programs["livekit"].process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        await expect(alex.heading).to_have_text("Reconnecting…", timeout=30_000)
    finally:
        process.send_signal(signal.SIGCONT)

    await expect(alex.heading).to_have_text("Listening", timeout=30_000)
    alex.complaints.clear()  # the SDK logs each try
