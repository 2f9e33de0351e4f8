"""What is said is read along, read back, copied and kept; and what is typed is said. With a stand-in room."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from page.browser import Open
from page.states import SAID, TURN
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_captions_replace_by_segment(open_page: Open) -> None:
    """Interims of one sentence are one line, dim until it is final; Alex's words grow as they come."""
    alex = await open_page()
    await alex.connected()
    await alex.standin("s => s.caption('you', 'u', ['What is'])")
    await alex.standin("s => s.caption('you', 'u', ['What is the thyme'])")
    mine = alex.page.locator(".from-you")
    await expect(mine).to_have_class(re.compile("is-interim"))
    await alex.standin("s => s.caption('you', 'u', ['What is the time?'], {final: true})")
    await expect(mine.locator(".text")).to_have_text("What is the time?")
    await expect(mine).not_to_have_class(re.compile("is-interim"))
    await expect(mine).to_have_count(1)
    await alex.standin("s => s.caption('alex', 'a', ['It is ', 'noon'], {ends: 'open'})")
    theirs = alex.page.locator(".from-alex")
    await expect(theirs.locator(".text")).to_have_text("It is noon")

    await expect(theirs).to_have_class(re.compile("is-interim"))


async def test_captions_are_text(open_page: Open) -> None:
    """Markup in what is said is shown, not run."""
    alex = await open_page()
    await alex.connected()
    await alex.standin("s => s.caption('alex', 'a', ['<img src=x onerror=alert(1)>'])")

    await expect(alex.page.locator(".from-alex .text")).to_have_text("<img src=x onerror=alert(1)>")
    await expect(alex.page.locator(".captions img")).to_have_count(0)


async def test_typed_message_that_is_not_sent(open_page: Open) -> None:
    """A message that did not reach Alex says so where it stands."""
    alex = await open_page(plan={"sending": "fails"})
    await alex.connected()
    await alex.page.get_by_label("Type a message to Alex").fill("Hello?")
    await alex.button("Send").click()

    await expect(alex.page.locator(".from-you")).to_contain_text("Not sent")


async def test_typing_waits_for_alex(open_page: Open) -> None:
    """What is typed while Alex is away stays in the field instead of being lost."""
    alex = await open_page()
    await alex.connected()
    await alex.standin("s => s.leaves(14)")
    await expect(alex.heading).to_have_text("One moment…")
    field = alex.page.get_by_label("Type a message to Alex")
    await field.fill("Are you there?")
    await field.press("Enter")
    await expect(field).to_have_value("Are you there?")
    await alex.standin("s => s.joins('listening')")
    await field.press("Enter")

    await expect(alex.page.locator(".from-you .text")).to_have_text("Are you there?")
    await expect(field).to_have_value("")


async def test_first_sentence_may_come_early(open_page: Open) -> None:
    """A greeting that arrives before Alex's state is shown, not lost."""
    alex = await open_page()
    await alex.connected("initializing")
    await alex.standin("s => s.caption('alex', 'a', ['Hello, I am Alex.'], {ends: 'open'})")
    await alex.standin("s => s.state('speaking')")

    await expect(alex.page.locator(".from-alex .text")).to_have_text("Hello, I am Alex.")


async def test_figures_of_the_last_turn_for_who_asks(open_page: Open) -> None:
    """After an answer the caller may see where the time went: heard, thought and spoke, on one clock."""
    alex = await open_page()
    await alex.connected()
    figures = alex.page.locator("#figures")
    await expect(figures).to_be_hidden()
    await alex.standin(f"s => s.turn({TURN})")
    await expect(figures.get_by_text("Thought")).to_be_hidden()
    await figures.get_by_text("How quick was that?").click()

    await expect(figures).to_contain_text("You waited 1.6 s for the last answer.")
    for step, seconds in (("heard", "0.8 s"), ("thought", "0.6 s"), ("spoke", "0.4 s")):
        await expect(figures.locator(f"[data-step={step}] b")).to_have_text(seconds)
    places = await figures.locator("li").evaluate_all(
        "lines => lines.map((line) => ['--from', '--to'].map((side) => +line.style.getPropertyValue(side)))"
    )
    assert [[round(side, 3) for side in place] for place in places] == [[0, 0.5], [0.375, 0.75], [0.75, 1]]


async def test_turn_without_an_answer_has_no_figures(open_page: Open) -> None:
    """A turn that failed or was cut keeps what was shown, and one that tells nonsense breaks nothing."""
    alex = await open_page()
    await alex.connected()
    await alex.standin(f"s => s.turn({TURN})")
    await alex.standin("s => s.turn({number: 2, outcome: 'failed', stage: 'llm'})")
    await alex.standin("s => s.turn({turn_seconds: 'long', end_of_turn_seconds: 1, llm_seconds: -1})")
    await alex.standin("s => s.turn('nonsense')")

    await expect(alex.page.locator("#figures-waited")).to_have_text("You waited 1.6 s for the last answer.")


async def test_a_new_call_begins_without_figures(open_page: Open) -> None:
    """What the last call was like is not shown in the next one."""
    alex = await open_page()
    await alex.connected()
    await alex.standin(f"s => s.turn({TURN})")
    await expect(alex.page.locator("#figures")).to_be_visible()
    await alex.button("Hang up").click()
    await alex.button("Talk again").click()

    await expect(alex.page.locator("#figures")).to_be_hidden()


async def test_taking_the_word_shows(open_page: Open) -> None:
    """Who interrupts Alex is told to go ahead at once, and the conversation shows where."""
    alex = await open_page()
    await alex.connected("speaking")
    await alex.standin("s => s.caption('alex', 'a', ['The Nile is a river that'], {ends: 'open'})")
    await alex.standin("s => s.caption('you', 'u', ['Stop, that is'])")
    await alex.standin("s => s.state('listening')")
    await expect(alex.heading).to_have_text("Go ahead")
    await expect(alex.page.locator(".from-alex")).to_contain_text("You stepped in here.")
    await alex.standin("s => s.state('thinking')")
    await alex.standin("s => s.state('speaking')")
    await alex.standin("s => s.caption('alex', 'b', ['Sorry. Yes?'])")
    await alex.standin("s => s.state('listening')")

    await expect(alex.heading).to_have_text("Listening")
    await expect(alex.page.locator(".cut")).to_have_count(1)


async def test_the_agent_knows_best_who_was_interrupted(open_page: Open) -> None:
    """What the agent tells of a turn marks the interruption too, once; not that of a turn without an answer."""
    alex = await open_page()
    await alex.connected("speaking")
    await alex.standin("s => s.caption('alex', 'a', ['The Nile is'])")
    await alex.standin("s => s.state('listening')")
    await alex.standin("s => s.turn({number: 1, outcome: 'interrupted'})")
    await alex.page.wait_for_timeout(100)
    await expect(alex.page.locator(".cut")).to_have_count(0)
    for _ in range(2):
        await alex.standin("s => s.turn({number: 2, outcome: 'interrupted', turn_seconds: 1.2})")

    await expect(alex.heading).to_have_text("Go ahead")
    await expect(alex.page.locator(".cut")).to_have_count(1)


async def test_conversation_is_copied_and_saved(open_page: Open) -> None:
    """What was said can be taken along as text, during the call and after it, with who said it and when."""
    alex = await open_page()
    await alex.page.context.grant_permissions(["clipboard-read", "clipboard-write", "microphone"])
    await alex.connected()
    await expect(alex.button("Copy")).to_be_hidden()
    await alex.standin(SAID)
    await alex.button("Copy").click()
    await expect(alex.page.locator('[data-intent="copy"]')).to_have_text("Copied ✓")
    await expect(alex.page.locator("#announcer")).to_have_text("Copied")
    copied = await alex.page.evaluate("() => navigator.clipboard.readText()")
    await alex.button("Hang up").click()
    async with alex.page.expect_download() as coming:
        await alex.button("Save").click()
    download = await coming.value

    await expect(alex.page.locator('[data-intent="save"]')).to_have_text("Saved ✓")
    await expect(alex.page.locator('[data-intent="save"]')).to_have_text("Save")
    lines = (await asyncio.to_thread(Path(await download.path()).read_text)).splitlines()
    assert copied.splitlines() == lines
    assert [re.sub(r"^\S+( [AP]M)?  ", "", text) for text in lines] == [
        "Alex: Hello, I am Alex. What would you like to know?",
        "You: What is the capital of Japan?",
        "Alex: It is Tokyo, one of the largest cities in the world.",
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d call with Alex\.txt", download.suggested_filename)


async def test_newest_line_stays_in_sight(open_page: Open) -> None:
    """What opens below the conversation does not cover its newest line."""
    alex = await open_page(viewport={"width": 390, "height": 700})
    await alex.connected()
    await alex.standin("s => { for (let i = 0; i < 20; i += 1) s.caption('alex', `l${i}`, [`This is line ${i}.`]) }")
    await alex.standin(f"s => s.turn({TURN})")
    await alex.page.get_by_text("How quick was that?").click()

    await expect(alex.page.get_by_text("This is line 19.")).to_be_in_viewport(ratio=1)
    scroll = alex.page.locator("#scroll")
    assert await scroll.evaluate("e => e.scrollHeight - e.clientHeight - e.scrollTop") < 5


async def test_reading_back_is_not_disturbed(open_page: Open) -> None:
    """Whoever has scrolled up stays there while more is said, and has a button to the newest line."""
    alex = await open_page(viewport={"width": 390, "height": 700})
    await alex.connected()
    await alex.standin("s => { for (let i = 0; i < 20; i += 1) s.caption('alex', `l${i}`, ['This was said before.']) }")
    scroll = alex.page.locator("#scroll")
    await expect(alex.page.locator(".line")).to_have_count(20)
    await scroll.evaluate("e => { e.scrollTop = 0 }")
    await expect(alex.button("Newest")).to_be_visible()
    await alex.standin("s => s.caption('you', 'u', ['And this is new.'])")
    await expect(alex.page.locator(".line")).to_have_count(21)
    assert await scroll.evaluate("e => e.scrollTop") == 0
    await alex.button("Newest").click()

    assert await scroll.evaluate("e => e.scrollHeight - e.clientHeight - e.scrollTop") < 5
    await expect(alex.button("Newest")).to_be_hidden()
