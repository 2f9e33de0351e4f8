"""Microphone and speaker: chosen, checked, muted, held, lost and loud enough. With a stand-in room."""

from __future__ import annotations

import re

import pytest
from page.browser import Alex, Open
from page.states import choose_hold
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_mute_is_said(open_page: Open) -> None:
    """A muted microphone shows on its button, in the large line and to screen readers."""
    alex = await open_page()
    await alex.connected()
    await alex.button("Mute me").click()
    await expect(alex.heading).to_have_text("You are muted")
    await expect(alex.page.get_by_role("status")).to_have_text("Your microphone is off.")
    await alex.button("Unmute me").click()

    await expect(alex.heading).to_have_text("Listening")


async def test_muted_in_the_panel_and_while_alex_speaks(open_page: Open) -> None:
    """Who is muted is not told to come closer, nor to interrupt, and Alex looks as if it cannot hear."""
    alex = await open_page()
    await alex.connected("speaking")
    await alex.button("Mute me").click()
    await expect(alex.hint).to_have_text("You are muted. You can type any time.")
    await expect(alex.page.locator("#app")).to_have_class(re.compile("is-muted"))
    await alex.button("Sound and microphone").click()
    await alex.page.wait_for_timeout(300)

    await expect(alex.page.locator("#check-result")).to_have_text("You are muted. Unmute to check the microphone.")


async def test_sound_off_and_volume(open_page: Open) -> None:
    """Alex can be silenced and turned down, and is then read out to screen readers."""
    alex = await open_page()
    await alex.connected("speaking")
    await alex.standin("s => { s.voice() }")
    audio = alex.page.locator("audio")
    await alex.page.get_by_label("Volume").fill("40")
    await expect(audio).to_have_js_property("volume", 0.4)
    await alex.button("Mute Alex").click()
    await expect(audio).to_have_js_property("muted", True)
    await expect(alex.hint).to_contain_text("Read along")
    await alex.standin("s => s.caption('alex', 'a', ['It is noon.'])")

    await expect(alex.page.get_by_role("status")).to_have_text("Alex: It is noon.")


async def test_blocked_sound_asks_for_a_click(open_page: Open) -> None:
    """A browser that will not play sound by itself gets a button that makes it."""
    alex = await open_page()
    await alex.connected("speaking")
    await alex.standin("s => s.blockAudio()")
    await alex.button("Turn the sound on").click()

    await expect(alex.button("Turn the sound on")).to_be_hidden()


async def test_microphone_that_goes_away(open_page: Open) -> None:
    """A microphone that is unplugged in a call is named, and the call goes on by typing."""
    alex = await open_page()
    await alex.connected()
    await alex.standin("s => s.emit('LocalTrackUnpublished')")

    await expect(alex.heading).to_have_text("The microphone is gone")
    await expect(alex.page.locator("#microphone")).to_be_disabled()
    await expect(alex.page.get_by_label("Type a message to Alex")).to_be_visible()


async def test_successor_is_heard_while_its_predecessor_goes(open_page: Open) -> None:
    """The voice of a new agent keeps playing when the old agent's track ends after it."""
    alex = await open_page()
    await alex.connected("speaking")
    await alex.standin("s => { globalThis.first = s.voice(); s.voice(); globalThis.first.silence() }")

    await expect(alex.page.locator("audio")).to_have_count(1)
    assert await alex.page.evaluate("() => document.querySelector('audio').srcObject.active")


HOLDING = "() => standin.microphone.enabled"


async def test_hold_to_talk(open_page: Open) -> None:
    """With hold to talk the microphone is open only while the button or the space bar is held."""
    alex = await open_page()
    await choose_hold(alex)
    await alex.connected()
    await expect(alex.heading).to_have_text("Your turn")
    assert not await alex.page.evaluate(HOLDING)
    await alex.page.locator("#microphone").hover()
    await alex.page.mouse.down()
    await expect(alex.hint).to_have_text("Let go when you are done.")
    assert await alex.page.evaluate(HOLDING)
    await alex.page.wait_for_timeout(400)
    await alex.page.mouse.up()
    await expect(alex.heading).to_have_text("Your turn")
    assert not await alex.page.evaluate(HOLDING)
    await alex.page.keyboard.down(" ")
    await alex.page.wait_for_timeout(400)
    assert await alex.page.evaluate(HOLDING)
    await alex.page.keyboard.up(" ")

    assert not await alex.page.evaluate(HOLDING)
    await alex.page.get_by_label("Type a message to Alex").press_sequentially("a b", delay=1)
    assert not await alex.page.evaluate(HOLDING)


async def test_hold_to_talk_by_tapping(open_page: Open) -> None:
    """Who cannot hold a button taps it, with a key or a screen reader, and taps again; the choice is remembered."""
    alex = await open_page()
    await choose_hold(alex)
    await alex.page.reload()
    await alex.connected()
    microphone = alex.page.locator("#microphone")
    for tap in ("e => e.click()", None):
        for open_ in (True, False):
            await (microphone.evaluate(tap) if tap else microphone.press(" "))
            await expect(alex.heading).to_have_text("Listening" if open_ else "Your turn")
            assert await alex.page.evaluate(HOLDING) is open_


async def test_hold_to_talk_outlasts_a_new_start_of_the_device(open_page: Open) -> None:
    """A device that the SDK opens anew, as after a phone's pause, does not leave the microphone open."""
    alex = await open_page()
    await choose_hold(alex)
    await alex.connected()
    await expect(alex.heading).to_have_text("Your turn")
    await alex.standin("s => { s.microphone.enabled = true; s.track.restarted() }")

    assert not await alex.page.evaluate(HOLDING)


async def test_devices_are_chosen_before_the_call(open_page: Open) -> None:
    """Microphone and speaker that were chosen are used in the next call, also after the page was closed."""
    alex = await open_page()
    await alex.button("Sound and microphone").click()
    await alex.button("Check the microphone").click()  # names come with the permission
    await alex.page.get_by_label("Microphone", exact=True).select_option(label="Fake Audio Input 2")
    await alex.page.get_by_label("Speaker", exact=True).select_option(label="Fake Audio Output 2")
    await alex.button("Done").click()
    await alex.page.reload()
    await alex.connected("speaking")
    await alex.standin("s => { s.voice() }")

    assert await alex.page.evaluate("() => standin.microphone.label") == "Fake Audio Input 2"
    assert await _sink(alex) == "Fake Audio Output 2"


async def _sink(alex: Alex) -> str:
    await alex.page.wait_for_function("() => document.querySelector('audio').sinkId")
    label: str = await alex.page.evaluate(
        """async () => {
          const { sinkId } = document.querySelector('audio');
          return (await navigator.mediaDevices.enumerateDevices())
            .find((d) => d.kind === 'audiooutput' && d.deviceId === sinkId).label;
        }"""
    )
    return label


async def test_devices_are_changed_in_a_call(open_page: Open) -> None:
    """Another microphone or speaker takes over in the call, and one that does not work leaves the last one on."""
    alex = await open_page()
    await alex.connected("speaking")
    await alex.standin("s => { s.voice() }")
    await alex.button("Sound and microphone").click()
    microphone = alex.page.get_by_label("Microphone", exact=True)
    await microphone.select_option(label="Fake Audio Input 1")
    await alex.page.wait_for_function("() => standin.microphone.label === 'Fake Audio Input 1'")
    await alex.page.get_by_label("Speaker", exact=True).select_option(label="Fake Audio Output 1")
    assert await _sink(alex) == "Fake Audio Output 1"
    await alex.standin("s => { s.plan.device = 'fails' }")
    await microphone.select_option(label="Fake Audio Input 2")
    await expect(alex.page.locator("#check-result")).to_have_text("That one does not work. The last one is still used.")

    await expect(microphone.locator("option:checked")).to_have_text("Fake Audio Input 1")
    assert await alex.page.evaluate("() => standin.microphone.label") == "Fake Audio Input 1"


async def test_sound_check_before_the_call(open_page: Open) -> None:
    """Before a call the microphone shows that it hears, the speaker plays, and both are off again afterwards."""
    alex = await open_page()
    await alex.page.evaluate(
        """() => {
          const { mediaDevices } = navigator, ask = mediaDevices.getUserMedia.bind(mediaDevices);
          globalThis.opened = [];
          mediaDevices.getUserMedia = async (wish) => {
            const stream = await ask(wish);
            opened.push(...stream.getTracks());
            return stream;
          };
        }"""
    )
    await alex.button("Sound and microphone").click()
    await alex.button("Check the microphone").click()
    result = alex.page.locator("#check-result")
    await expect(result).to_have_text("I hear you well.")
    assert float(await alex.page.locator("#check-level").evaluate("e => e.style.getPropertyValue('--level')")) > 0
    await alex.button("Play a sound").click()
    await expect(result).to_contain_text("Did you hear it?")
    await alex.page.wait_for_function("() => document.querySelector('#voices audio')?.currentTime > 0.2")
    await alex.page.keyboard.press("Escape")

    await alex.page.wait_for_function("() => opened.length === 1 && opened[0].readyState === 'ended'")
    await expect(alex.page.locator("#voices audio")).to_have_count(0)


async def test_sound_check_without_permission(open_page: Open) -> None:
    """A microphone that may not be used is named in the sound check as it is in a call."""
    alex = await open_page()
    await alex.page.evaluate(
        "() => { const no = async () => { throw new DOMException('no', 'NotAllowedError') };"
        " navigator.mediaDevices.getUserMedia = no }"
    )
    await alex.button("Sound and microphone").click()
    await alex.button("Check the microphone").click()

    await expect(alex.page.locator("#check-result")).to_contain_text("I cannot hear you. The microphone is blocked")


async def test_connection_quality(open_page: Open) -> None:
    """A weak connection is shown in words and told once; a good one is quiet."""
    alex = await open_page()
    await alex.connected()
    signal = alex.page.locator("#signal")
    await expect(signal).to_be_hidden()
    await alex.standin("s => s.quality('excellent')")
    await expect(signal).to_have_text("Good connection")
    await expect(alex.page.locator("#announcer")).to_have_text("Alex is on the line.")
    await alex.standin("s => s.quality('poor')")

    await expect(signal).to_have_text("Weak connection")
    await expect(alex.page.locator("#announcer")).to_have_text("Weak connection")


async def test_screen_stays_on_during_a_call(open_page: Open) -> None:
    """The screen does not go dark while somebody talks, and may again after the call."""
    alex = await open_page()
    await alex.page.evaluate(
        """() => {
          globalThis.locks = 0;
          const request = async () => {
            locks += 1;
            return { released: false, async release() { if (!this.released) locks -= 1; this.released = true } };
          };
          Object.defineProperty(navigator, 'wakeLock', { value: { request } });
        }"""
    )
    await alex.connected()
    await alex.page.wait_for_function("() => locks === 1")
    await alex.button("Hang up").click()

    await alex.page.wait_for_function("() => locks === 0")


async def test_call_length(open_page: Open) -> None:
    """The length of the call counts from when Alex picks up, and stays to be read after it."""
    alex = await open_page()
    await alex.page.clock.install()
    await alex.connected()
    await expect(alex.heading).to_have_text("Listening")
    await alex.page.clock.run_for(75_000)
    await expect(alex.page.locator("#clock")).to_have_text("1:15")
    await alex.button("Hang up").click()
    await alex.page.clock.run_for(5_000)

    await expect(alex.page.locator("#clock")).to_have_text("1:15")


async def test_loudness_in_the_panel(open_page: Open) -> None:
    """On a phone, whose row of controls has no room for it, Alex's loudness is set in the panel."""
    alex = await open_page(viewport={"width": 390, "height": 844})
    await alex.connected("speaking")
    await alex.standin("s => { s.voice() }")
    await alex.button("Sound and microphone").click()
    await alex.page.get_by_label("How loud Alex is").fill("30")

    await expect(alex.page.locator("audio")).to_have_js_property("volume", 0.3)


async def test_being_heard_over_alex_shows(open_page: Open) -> None:
    """Whoever talks while Alex speaks sees at once that they are heard."""
    alex = await open_page()
    await alex.connected("speaking")

    await expect(alex.page.locator("#app.is-heard")).to_have_count(1)  # the fake microphone babbles
