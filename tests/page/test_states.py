"""Every state of the page can be reached and says in simple words what happens and what to do. With a stand-in room."""

from __future__ import annotations

import re

import pytest
from page.browser import Open
from page.site_server import Site, line, problem
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_start_offers_one_obvious_button(open_page: Open) -> None:
    """The first thing on the page is who Alex is and how to talk to it."""
    alex = await open_page()

    await expect(alex.heading).to_have_text("Hi, I'm Alex.")
    await expect(alex.button("Talk to Alex")).to_be_visible()
    await expect(alex.button("Type instead")).to_be_visible()
    await expect(alex.page.get_by_role("group", name="Call controls")).to_be_hidden()


async def test_asking_for_the_microphone_says_so(open_page: Open, site: Site) -> None:
    """While the browser asks, the page says what to answer, and no line is taken yet."""
    alex = await open_page(plan={"microphone": "asking"})
    await alex.button("Talk to Alex").click()

    await expect(alex.heading).to_have_text("May I hear you?")
    await expect(alex.hint).to_contain_text("Allow")
    assert site.asked == []


async def test_connecting_and_cancelling(open_page: Open) -> None:
    """A call that is being made can be called off, back to the start."""
    alex = await open_page(plan={"connect": "never"})
    await alex.button("Talk to Alex").click()
    await expect(alex.heading).to_have_text("Connecting…")
    await alex.button("Cancel").click()

    await expect(alex.heading).to_have_text("Hi, I'm Alex.")
    await expect(alex.button("Talk to Alex")).to_be_visible()


async def test_token_request_is_json_by_post(open_page: Open, site: Site) -> None:
    """The page asks for its token with an empty JSON object."""
    alex = await open_page()
    await alex.button("Talk to Alex").click()
    await expect(alex.heading).to_have_text("Calling Alex…")

    assert site.asked == [("application/json", "{}")]


async def test_waiting_for_alex_then_live(open_page: Open) -> None:
    """Until Alex is ready the page says that it calls; then it follows what Alex does."""
    alex = await open_page()
    await alex.connected("initializing")
    await expect(alex.heading).to_have_text("Calling Alex…")
    for state, heading in [("listening", "Listening"), ("thinking", "Thinking"), ("speaking", "Speaking")]:
        await alex.standin("(s, state) => s.state(state)", state)

        await expect(alex.heading).to_have_text(heading)
    await expect(alex.button("Hang up")).to_be_visible()


@pytest.mark.parametrize(
    ("error", "heading", "advice"),
    [
        ("NotAllowedError", "I cannot hear you", "Press the button left of the address and switch the microphone on."),
        ("NotFoundError", "No microphone found", "Plug one in"),
        ("NotReadableError", "The microphone is taken", "Another program"),
    ],
)
async def test_microphone_trouble_offers_typing(open_page: Open, error: str, heading: str, advice: str) -> None:
    """Without a microphone the page says how to get it back, and a call by typing works."""
    alex = await open_page(plan={"microphone": error})
    await alex.button("Talk to Alex").click()
    await expect(alex.heading).to_have_text(heading)
    await expect(alex.hint).to_contain_text(advice)
    await expect(alex.button("Try again")).to_be_visible()
    await alex.button("Type instead").click()
    await alex.page.wait_for_selector('[data-phase="waiting"]')
    await alex.standin("s => s.joins('listening')")
    await expect(alex.heading).to_have_text("Ready when you are")
    await expect(alex.page.locator("#microphone")).to_be_disabled()
    await expect(alex.page.get_by_label("Type a message to Alex")).to_be_focused()
    await alex.page.keyboard.type("What time is it?")
    await alex.page.keyboard.press("Enter")

    assert await alex.standin("s => s.sent") == [{"text": "What time is it?", "topic": "lk.chat"}]
    await expect(alex.page.locator(".from-you .text")).to_have_text("What time is it?")


async def test_busy_waits_visibly_and_gets_the_line(open_page: Open, site: Site) -> None:
    """With all lines busy the page counts down as the server asked, tries again by itself, and connects."""
    site.answers = [problem(503, "All lines are busy", "2"), problem(503, "All lines are busy", "1"), line()]
    alex = await open_page()
    await alex.button("Talk to Alex").click()
    await expect(alex.heading).to_have_text("All lines are busy")
    await expect(alex.hint).to_contain_text(re.compile(r"in (2 seconds|a second)"))
    await expect(alex.button("Cancel")).to_be_visible()

    await expect(alex.heading).to_have_text("Calling Alex…", timeout=8_000)
    assert len(site.asked) == 3
    alex.complaints.clear()  # Chromium logs every 503 itself


@pytest.mark.parametrize(
    ("status", "retry_after", "heading"),
    [
        (500, None, "Something broke on our side"),
        (503, None, "Something broke on our side"),
        (429, "900", "That was a lot of calls"),
    ],
)
async def test_refusals_are_plain(
    open_page: Open, site: Site, status: int, retry_after: str | None, heading: str
) -> None:
    """A server that says no is explained in words for people, with a button to try again."""
    site.answers = [problem(status, "no", retry_after)]
    alex = await open_page()
    await alex.button("Talk to Alex").click()

    await expect(alex.heading).to_have_text(heading)
    await expect(alex.button("Try again")).to_be_visible()
    alex.complaints.clear()  # Chromium logs every refusal itself


async def test_nonsense_instead_of_a_token(open_page: Open, site: Site) -> None:
    """A success without a token in it does not leave the page hanging."""
    alex = await open_page(plan={"connect": "never"})
    await alex.page.route("**/api/token", lambda route: route.fulfill(status=201, body="<html>a proxy's page"))
    await alex.button("Talk to Alex").click()

    await expect(alex.heading).to_have_text("Something broke on our side")


async def test_server_down(open_page: Open, site: Site) -> None:
    """A page whose server has gone says so, and works again when the server is back."""
    alex = await open_page()
    await alex.page.route("**/api/token", lambda route: route.abort("connectionrefused"))
    await alex.button("Talk to Alex").click()
    await expect(alex.heading).to_have_text("Alex is out of reach")
    await alex.page.unroute("**/api/token")
    await alex.button("Try again").click()

    await expect(alex.heading).to_have_text("Calling Alex…")
    alex.complaints.clear()


async def test_offline_is_told_apart_from_server_down(open_page: Open) -> None:
    """Without a network the page names the device, not the server."""
    alex = await open_page()
    await alex.page.wait_for_function("() => globalThis.LivekitClient")
    await alex.page.context.set_offline(True)
    await alex.button("Talk to Alex").click()

    await expect(alex.heading).to_have_text("You are offline")
    alex.complaints.clear()


async def test_sdk_that_does_not_load(open_page: Open) -> None:
    """A page that arrived in part says so, and tries the missing part again."""
    alex = await open_page()
    await alex.page.route("**/static/vendor/**", lambda route: route.abort())
    await alex.page.reload()
    await alex.button("Talk to Alex").click()
    await expect(alex.heading).to_have_text("The page did not load fully")
    await alex.page.unroute("**/static/vendor/**")
    await alex.button("Try again").click()

    await expect(alex.heading).not_to_have_text("The page did not load fully")
    alex.complaints.clear()


async def test_media_server_unreachable(open_page: Open) -> None:
    """A page whose media server cannot be reached blames the way, not the caller."""
    alex = await open_page(plan={"connect": "fails"})
    await alex.button("Talk to Alex").click()

    await expect(alex.heading).to_have_text("The call does not get through")
    await expect(alex.button("Try again")).to_be_visible()


async def test_no_agent_came(open_page: Open) -> None:
    """When nobody picks up, the page first asks for patience, then gives up, leaves and offers another try."""
    alex = await open_page()
    await alex.page.clock.install()
    await alex.button("Talk to Alex").click()
    await expect(alex.heading).to_have_text("Calling Alex…")
    await alex.page.clock.run_for(6_500)
    await expect(alex.heading).to_have_text("Still calling…")
    await alex.page.clock.run_for(25_000)

    await expect(alex.heading).to_have_text("Alex did not pick up")
    await expect(alex.button("Try again")).to_be_visible()
    assert await alex.standin("s => s.left()")


async def test_lost_agent_is_waited_for(open_page: Open) -> None:
    """An agent that dies is waited for with the captions kept; its successor carries on."""
    alex = await open_page()
    await alex.connected()
    await alex.standin("s => s.caption('alex', 'a', ['Cook the'], {ends: 'fail'})")
    await alex.standin("s => s.leaves(14)")
    await expect(alex.heading).to_have_text("One moment…")
    await expect(alex.page.locator(".from-alex .text")).to_have_text("Cook the")
    await expect(alex.button("Hang up")).to_be_visible()
    await alex.standin("s => s.joins('speaking')")

    await expect(alex.heading).to_have_text("Speaking")
    await expect(alex.page.locator(".from-alex .text")).to_have_text("Cook the")


async def test_agent_that_never_comes_back(open_page: Open) -> None:
    """An agent that stays away ends the call with an apology, not with silence."""
    alex = await open_page()
    await alex.page.clock.install()
    await alex.connected()
    await expect(alex.heading).to_have_text("Listening")
    await alex.standin("s => s.leaves(14)")
    await alex.page.clock.run_for(31_000)

    await expect(alex.heading).to_have_text("We lost Alex")


@pytest.mark.parametrize(
    ("talked", "heading"), [(False, "All lines are still busy"), (True, "We lost Alex")], ids=["before", "in a call"]
)
async def test_server_says_that_nobody_is_coming(open_page: Open, talked: bool, heading: str) -> None:
    """When web has tried everything it says so, and the page passes it on at once; nobody else can say it."""
    alex = await open_page()
    if talked:
        await alex.connected()
        await alex.standin("s => s.leaves(14)")
    else:
        await alex.button("Talk to Alex").click()
        await expect(alex.heading).to_have_text("Calling Alex…")
    await alex.standin("s => s.emit('DataReceived', new Uint8Array(), {identity: 'somebody'}, 0, 'alex.busy')")
    await alex.standin("s => s.emit('DataReceived', new Uint8Array(), undefined, 0, 'another.topic')")
    await expect(alex.heading).not_to_have_text(heading)
    await alex.standin("s => s.emit('DataReceived', new Uint8Array(), undefined, 0, 'alex.busy')")

    await expect(alex.heading).to_have_text(heading)
    await expect(alex.button("Try again")).to_be_visible()


async def test_agent_that_seems_gone_while_reconnecting(open_page: Open) -> None:
    """While the network is down nobody can be seen to leave; who is missing afterwards is waited for."""
    alex = await open_page()
    await alex.connected()
    await alex.standin("s => s.emit('Reconnecting')")
    await alex.standin("s => s.leaves(undefined)")
    await expect(alex.heading).to_have_text("Reconnecting…")
    await alex.standin("s => s.emit('Reconnected')")
    await expect(alex.heading).to_have_text("One moment…")
    await alex.standin("s => s.joins('listening')")

    await expect(alex.heading).to_have_text("Listening")


async def test_reconnecting_and_back(open_page: Open) -> None:
    """A shaky network is named, the call stays, and goes on."""
    alex = await open_page()
    await alex.connected("speaking")
    await alex.standin("s => s.emit('Reconnecting')")
    await expect(alex.heading).to_have_text("Reconnecting…")
    await expect(alex.button("Hang up")).to_be_visible()
    await alex.standin("s => s.emit('Reconnected')")

    await expect(alex.heading).to_have_text("Speaking")


async def test_network_lost(open_page: Open) -> None:
    """A connection that does not come back ends the call with what to do."""
    alex = await open_page()
    await alex.connected()
    await alex.standin("s => s.emit('Disconnected', undefined)")

    await expect(alex.heading).to_have_text("The connection was lost")
    await expect(alex.button("Try again")).to_be_visible()


async def test_alex_hangs_up(open_page: Open) -> None:
    """When Alex closes the room the call has ended well, and can be started anew."""
    alex = await open_page()
    await alex.connected()
    await alex.standin("s => s.caption('alex', 'a', ['Goodbye!'])")
    await alex.standin("s => s.leaves(1)")
    await alex.standin("s => s.emit('Disconnected', 5)")

    await expect(alex.heading).to_have_text("Bye for now!")
    await expect(alex.hint).to_contain_text("Alex ended the call")
    await expect(alex.page.locator(".from-alex .text")).to_have_text("Goodbye!")
    await expect(alex.button("Talk again")).to_be_visible()


async def test_alex_leaves_politely_without_closing(open_page: Open) -> None:
    """An agent that says goodbye and goes ends the call even if the room stays open."""
    alex = await open_page()
    await alex.page.clock.install()
    await alex.connected()
    await expect(alex.heading).to_have_text("Listening")
    await alex.standin("s => s.leaves(1)")
    await alex.page.clock.run_for(8_500)

    await expect(alex.hint).to_contain_text("Alex ended the call")
    assert await alex.standin("s => s.left()")


async def test_hanging_up_and_talking_again(open_page: Open) -> None:
    """Hanging up leaves the room and keeps the conversation to read, also in the next call, above a line."""
    alex = await open_page()
    await alex.connected()
    await alex.standin("s => s.caption('alex', 'a', ['Hello!'])")
    await alex.button("Hang up").click()
    await expect(alex.hint).to_contain_text("You hung up")
    assert await alex.standin("s => s.left()")
    await expect(alex.page.locator(".from-alex .text")).to_have_text("Hello!")
    await alex.button("Talk again").click()
    await expect(alex.heading).to_have_text("Calling Alex…")

    await expect(alex.page.locator(".line")).to_have_count(1)
    await expect(alex.page.locator(".divider")).to_have_text("Another call")


async def test_a_second_press_of_hang_up_starts_no_call(open_page: Open) -> None:
    """Other buttons come up where the finger is; pressing twice, as people do, hangs up and nothing else."""
    alex = await open_page(viewport={"width": 390, "height": 844})
    await alex.connected()
    await alex.standin("s => s.caption('alex', 'a', ['Hello!'])")
    box = await alex.button("Hang up").bounding_box()
    assert box is not None
    await alex.page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, delay=60)
    await alex.page.wait_for_timeout(200)

    await expect(alex.hint).to_contain_text("You hung up")
    await alex.button("Type instead").click()
    await expect(alex.heading).to_have_text("Calling Alex…")
