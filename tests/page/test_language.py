"""The page speaks the reader's language, from its first line on, and everything it says stands in lang/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from alex_web.page import words_of
from page.browser import Alex, Open
from page.site_server import STATIC, Site, problem
from page.states import SAID, TURN
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

LANGUAGES = {path.stem: words_of(path.read_text()) for path in (STATIC / "lang").glob("*.js")}


def entries(words: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """List the sentences of a language by their keys; the forms of a plural are its own affair."""
    for key, value in words.items():
        if isinstance(value, dict) and "other" not in value:
            yield from entries(value, f"{path}{key}.")
        elif isinstance(value, dict):
            yield from ((f"{path}{key}", form) for form in value.values())
        else:
            yield f"{path}{key}", value


async def test_browsers_language(open_page: Open) -> None:
    """Who prefers German gets German at once, also before any code has run; everybody else gets English."""
    for locale, language, heading in (("de-AT", "de", "Hallo, ich bin Alex."), ("fr-FR", "en", "Hi, I'm Alex.")):
        alex = await open_page(locale=locale, java_script_enabled=False)
        await expect(alex.page.locator("html")).to_have_attribute("lang", language)
        await expect(alex.heading).to_have_text(heading)
    alex = await open_page(locale="de-DE")
    await expect(alex.button("Mit Alex sprechen")).to_be_enabled()
    await expect(alex.page).to_have_title("Sprich mit Alex")

    await expect(alex.page.get_by_label("Sprache dieser Seite")).to_have_value("de")


async def test_who_reads_another_language_is_told_what_alex_speaks(open_page: Open) -> None:
    """A page in German says that Alex speaks English; one in English has nothing to add."""
    for locale, told in (("de-DE", "Alex spricht und versteht Englisch."), ("en-GB", "")):
        for code_runs in (True, False):
            alex = await open_page(locale=locale, java_script_enabled=code_runs)
            await expect(alex.page.locator('[data-text^="speaks."]')).to_have_text(told)
    alex = await open_page()
    await alex.page.get_by_label("Language of this page").select_option("de")

    await expect(alex.page.get_by_text("Alex spricht und versteht Englisch.")).to_be_visible()


async def test_language_is_chosen(open_page: Open) -> None:
    """Another language is chosen with a control, changes the page at once, also what was said, and is remembered."""
    alex = await open_page()
    await alex.connected()
    await alex.standin(SAID)
    await alex.standin(f"s => s.turn({TURN})")
    await alex.button("Hang up").click()
    await alex.page.get_by_label("Language of this page").select_option("de")
    await expect(alex.heading).to_have_text("Bis bald!")
    await expect(alex.page.locator("html")).to_have_attribute("lang", "de")
    await expect(alex.page.locator(".from-you .who")).to_have_text("Du")
    await expect(alex.page.locator("#figures-waited")).to_contain_text("1,6 s")
    await expect(alex.page).to_have_title("Gespräch beendet · Alex")
    await alex.page.reload()

    await expect(alex.heading).to_have_text("Hallo, ich bin Alex.")


@pytest.mark.parametrize(("width", "height"), [(320, 640), (844, 390), (1280, 640)])
async def test_german_call(open_page: Open, site: Site, width: int, height: int) -> None:
    """A whole call in German leaves no English word on the page, and its longer words fit."""
    alex = await open_page(locale="de-DE", viewport={"width": width, "height": height})
    await alex.button("Mit Alex sprechen").click()
    await alex.page.wait_for_selector('[data-phase="waiting"]')
    for step in ("s => s.joins('listening')", "s => s.caption('alex', 'a', ['Hallo!'])", f"s => s.turn({TURN})"):
        await alex.standin(step)
    await alex.standin("s => s.quality('poor')")
    await expect(alex.heading).to_have_text("Ich höre zu")
    assert await alex.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    await assert_all_from(alex, "de")
    for control in ("Mich stumm", "Alex stumm", "Auflegen", "Senden"):
        await expect(alex.button(control)).to_be_in_viewport(ratio=1)
    await alex.button("Auflegen").click()
    site.answers = [problem(503, "full", "30", "full")]
    await alex.button("Noch einmal sprechen").click()
    await expect(alex.hint).to_contain_text(re.compile(r"in \d+ Sekunden"))
    await assert_all_from(alex, "de")

    assert await alex.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    alex.complaints.clear()  # Chromium logs the 503 itself


async def assert_all_from(alex: Alex, language: str) -> None:
    """Check that every word on the page is one of the language, or a name, a number or what was said.

    What is announced is left out: two sentences at once, which stand on the page as well.
    """
    known = [
        re.sub(r"\\{(\w+)\\}", ".+", re.escape(text.replace("{name}", "Alex").replace("{maker}", "Stremini AI")))
        for _, text in entries(LANGUAGES[language])
    ]
    shown: list[str] = await alex.page.evaluate(
        """() => {
          const texts = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const { data, parentElement } = walker.currentNode;
            if (!parentElement.closest('noscript, .text, option, time, #announcer')) texts.push(data.trim());
          }
          for (const e of document.querySelectorAll('[aria-label], [placeholder]'))
            texts.push(e.getAttribute('aria-label') ?? '', e.getAttribute('placeholder') ?? '');
          return texts.filter((text) => text && text !== 'Alex');
        }"""
    )

    assert [text for text in shown if not any(re.fullmatch(pattern, text) for pattern in known)] == []


async def test_languages_say_the_same() -> None:
    """Each language has the keys of English, with the same gaps to be filled, and no sentence is left in English."""
    english = dict(entries(LANGUAGES["en"]))
    assert set(LANGUAGES) >= {"en", "de"}
    for language, words in LANGUAGES.items():
        theirs = dict(entries(words))
        assert theirs.keys() == english.keys(), language
        for key, text in theirs.items():
            gaps = set(re.findall(r"\{\w+\}", text)) - {"{name}", "{count}"}
            assert gaps == set(re.findall(r"\{\w+\}", english[key])) - {"{name}", "{count}"}, (language, key)
    german = dict(entries(LANGUAGES["de"]))
    same = {key for key in english if german[key] == english[key]}

    assert same <= {"took", "announce.alexSaid"}, same


class Words(HTMLParser):
    """What index.html says by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect attributes that people read or hear."""
        self.found += [v for k, v in attrs if v and k in {"aria-label", "title", "placeholder", "alt"}]

    def handle_data(self, data: str) -> None:
        """Collect text, except for the clock's zero and what the server fills in."""
        text = data.strip()
        if text and not re.fullmatch(r"0:00|\{\{\w+\}\}", text):
            self.found.append(text)


async def test_no_word_is_anywhere_else() -> None:
    """index.html has no word of its own, the code asks for every word by its key, and no key is left over."""
    markup = Words()
    markup.feed((STATIC / "index.html").read_text())
    assert markup.found == []
    code = "\n".join(path.read_text() for path in (STATIC / "js").glob("*.js")) + (STATIC / "index.html").read_text()
    keys = {key for key, _ in entries(LANGUAGES["en"])}
    asked = set(re.findall(r"(?:text|tell|pair)\('([\w.-]+)'", code))
    asked |= set(re.findall(r'data-(?:text|label|placeholder|content)="([\w.-]+)"', code))
    assert {key for key in asked if key not in keys and not any(k.startswith(f"{key}.") for k in keys)} == set()
    # Written into the code in pieces, or found by another name there.
    pieces = ("states.", "problems.", "pageTitle.", "quality.", "undo.", "links.", "language", "speaks.")
    left = {k for k in keys - asked if not k.startswith(pieces) and f"'{k}'" not in code and f'"{k}"' not in code}

    assert left == set()
