"""Every state of the page and the way into it, for the tests that look at all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from page.browser import Alex
from page.site_server import Answer, problem
from playwright.async_api import Route

Reach = Callable[[Alex], Awaitable[None]]

TURN = (
    "{number: 1, outcome: 'answered', turn_seconds: 1.6, end_of_turn_seconds: 0.8, llm_seconds: 0.6, tts_seconds: 0.4}"
)
SAID = """s => {
  s.caption('alex', 'a1', ['Hello, I am Alex. What would you like to know?']);
  s.caption('you', 'u1', ['What is the capital of Japan?'], {final: true});
  s.caption('alex', 'a2', ['It is Tokyo, one of the largest cities in the world.'], {ends: 'open'});
}"""


@dataclass(frozen=True)
class State:
    """One state: what it is called in lang/, how it is reached, and what has to be prepared."""

    words: str
    reach: Reach
    plan: dict[str, object] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()
    note: str = ""  # tells apart what has the same words

    @property
    def name(self) -> str:
        """The name of its pictures."""
        return "-".join(filter(None, [self.words.replace(".", "-"), self.note]))


def call(*steps: str, mood: str = "listening", by: str = "Talk to Alex") -> Reach:
    """Be in a call and let these things happen."""

    async def reach(alex: Alex) -> None:
        await alex.button(by).click()
        await alex.page.wait_for_selector('[data-phase="waiting"]')
        await alex.standin("(s, mood) => s.joins(mood)", mood)
        for step in steps:
            await alex.standin(step)

    return reach


def press(*buttons: str, before: str = "") -> Reach:
    """Press buttons, in a page that lacks something."""

    async def reach(alex: Alex) -> None:
        if before:
            await alex.page.evaluate(before)
        for button in buttons:
            await alex.button(button).click()

    return reach


def then(first: Reach, *buttons: str) -> Reach:
    """Press buttons after something else."""

    async def reach(alex: Alex) -> None:
        await first(alex)
        for button in buttons:
            await alex.button(button).click()

    return reach


TALK = press("Talk to Alex")


async def wait_long(alex: Alex) -> None:
    await alex.page.clock.install()
    await alex.button("Talk to Alex").click()
    await alex.page.wait_for_selector('[data-phase="waiting"]')
    await alex.page.clock.run_for(6_500)


async def wait_in_vain(alex: Alex) -> None:
    await wait_long(alex)
    await alex.page.clock.run_for(25_000)


async def give_up(alex: Alex) -> None:
    await TALK(alex)
    await alex.page.wait_for_selector('[data-phase="waiting"]')
    await alex.standin("s => s.emit('DataReceived', new Uint8Array(), undefined, 0, 'alex.busy')")


async def stay_away(alex: Alex) -> None:
    """Let the second question for a line stay without an answer."""
    answered: list[Route] = []

    async def once(route: Route) -> None:
        answered.append(route)
        if len(answered) == 1:
            await route.continue_()

    await alex.page.route("**/api/token", once)
    await TALK(alex)
    await alex.page.get_by_text("Trying again now…").wait_for()


async def lose_for_good(alex: Alex) -> None:
    await call(SAID, "s => s.emit('DataReceived', new Uint8Array(), undefined, 0, 'alex.busy')")(alex)


async def hold_to_talk(alex: Alex) -> None:
    await choose_hold(alex)
    await call()(alex)


async def choose_hold(alex: Alex) -> None:
    await alex.button("Sound and microphone").click()
    await alex.page.get_by_role("switch", name="Hold to talk").check()
    await alex.button("Done").click()


async def hold(alex: Alex) -> None:
    await hold_to_talk(alex)
    await alex.page.locator("#microphone").click()  # a tap keeps it on


async def wrong_code(alex: Alex) -> None:
    await press("Talk to Alex")(alex)
    await alex.page.get_by_label("Access code").fill("not-this-one")
    await alex.button("Continue").click()


async def offline(alex: Alex) -> None:
    await alex.page.wait_for_function("() => globalThis.LivekitClient")
    await alex.page.context.set_offline(True)
    await press("Talk to Alex")(alex)


async def incomplete(alex: Alex) -> None:
    await alex.page.route("**/static/vendor/**", lambda route: route.abort())
    await alex.page.reload()
    await press("Talk to Alex")(alex)


async def unreachable(alex: Alex) -> None:
    await alex.page.route("**/api/token", lambda route: route.abort("connectionrefused"))
    await press("Talk to Alex")(alex)


async def look_back(alex: Alex) -> None:
    await call(
        "s => { for (let i = 0; i < 12; i += 1)"
        " s.caption(i % 2 ? 'you' : 'alex', `l${i}`, ['All of this was said before. '.repeat(3)], {final: true}) }"
    )(alex)
    await alex.page.locator(".line").nth(11).wait_for()
    await alex.page.locator("#scroll").evaluate("e => { e.scrollTop = 0 }")
    await alex.page.locator("#newest").wait_for()


async def open_figures(alex: Alex) -> None:
    await call(SAID, f"s => s.turn({TURN})")(alex)
    await alex.page.get_by_text("How quick was that?").click()


async def check_microphone(alex: Alex) -> None:
    await alex.button("Sound and microphone").click()
    await alex.button("Check the microphone").click()
    await alex.page.get_by_text("I hear you well.").wait_for()


STATES = (
    State("states.idle", press()),
    State("states.idle", press("Sound and microphone"), note="panel"),
    State("states.idle", check_microphone, note="check"),
    State("states.microphone", TALK, {"microphone": "asking"}),
    State("states.connecting", TALK, {"connect": "never"}),
    State("states.busy", TALK, answers=(problem(503, "Everybody is busy", "30", "full"),)),
    State("states.trying", stay_away, answers=(problem(503, "Everybody is busy", "1", "full"),)),
    State("states.waiting", TALK),
    State("states.waiting", then(call(SAID), "Hang up", "Talk again"), note="another"),
    State("states.waitingLong", wait_long),
    State("states.waitingAgain", call(SAID, "s => s.leaves(14)")),
    State("states.listening", call()),
    State("states.listening", look_back, note="look-back"),
    State("states.listening", call("s => s.quality('poor')", SAID), note="weak"),
    State("states.listening", open_figures, note="figures"),
    State("states.listening", then(call(SAID), "Sound and microphone"), note="panel"),
    State(
        "states.interrupted",
        call(
            "s => s.caption('alex', 'a', ['The Nile is a river that'], {ends: 'open'})",
            "s => s.caption('you', 'u', ['Stop, that'])",
            "s => s.state('listening')",
            mood="speaking",
        ),
    ),
    State("states.listeningMuted", then(call(), "Mute me")),
    State("states.listeningHold", hold_to_talk),
    State("states.listeningHolding", hold),
    State("states.listeningLost", call("s => s.emit('LocalTrackUnpublished')")),
    State("states.listeningTyping", call(by="Type instead")),
    State("states.thinking", call(mood="thinking")),
    State("states.speaking", call(SAID, "s => { s.voice() }", mood="speaking")),
    State("states.speakingMuted", then(call(SAID, mood="speaking"), "Mute me")),
    State("states.speakingTyping", call(SAID, mood="speaking", by="Type instead")),
    State("states.speakingSilent", then(call(SAID, mood="speaking"), "Mute Alex")),
    State("states.reconnecting", call(SAID, "s => s.emit('Reconnecting')")),
    State("states.blocked", call("s => s.blockAudio()", mood="speaking")),
    State("states.endedByYou", then(call(SAID), "Hang up")),
    State("states.endedByYou", then(call(), "Hang up"), note="silent"),
    State("states.endedByAlex", call(SAID, "s => s.emit('Disconnected', 5)")),
    State("problems.microphone-denied", TALK, {"microphone": "NotAllowedError"}),
    State(
        "problems.microphone-blocked", TALK, {"microphone": "NotAllowedError", "message": "Permission denied by system"}
    ),
    State("problems.microphone-dismissed", TALK, {"microphone": "NotAllowedError", "message": "Permission dismissed"}),
    State("problems.microphone-missing", TALK, {"microphone": "NotFoundError"}),
    State("problems.microphone-in-use", TALK, {"microphone": "NotReadableError"}),
    State(
        "problems.page-insecure",
        press("Talk to Alex", before="() => Object.defineProperty(navigator, 'mediaDevices', {value: undefined})"),
    ),
    State("problems.browser-too-old", press("Talk to Alex", before="() => { delete globalThis.RTCPeerConnection }")),
    State("problems.page-incomplete", incomplete),
    State("problems.offline", offline),
    State("problems.server-down", unreachable),
    State("problems.server-trouble", TALK, answers=(problem(500, "no"),)),
    State("problems.still-busy", give_up),
    State("problems.too-many", TALK, answers=(problem(429, "no", "900", "too-many-starts"),)),
    State("problems.too-many-calls", TALK, answers=(problem(429, "no", "30", "too-many-calls"),)),
    State("problems.too-many-guesses", TALK, answers=(problem(429, "no", "600", "too-many-guesses"),)),
    State("problems.closed", TALK, answers=(problem(503, "no", "20000", "closed"),)),
    State("problems.sign-in", TALK, answers=(problem(401, "no", kind="signed-out"),)),
    State("problems.code-wrong", wrong_code, answers=(problem(401, "no", kind="signed-out"),)),
    State("problems.refused", TALK, answers=(problem(403, "no"),)),
    State("problems.media-unreachable", TALK, {"connect": "fails"}),
    State("problems.no-agent", wait_in_vain),
    State("problems.agent-lost", lose_for_good),
    State("problems.network-lost", call(SAID, "s => s.emit('Disconnected', undefined)")),
    State("problems.elsewhere", call("s => s.emit('Disconnected', 2)")),
)
