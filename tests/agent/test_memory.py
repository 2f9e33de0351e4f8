"""The conversation in the room's metadata: complete, bounded, and for nobody else to read."""

from __future__ import annotations

import pytest
from alex_agent.memory import LARGEST_BYTES, PREFIX, Memory, Said

SECRET = "a-secret-of-the-operator-with-32-characters"
TALK = [Said("assistant", "Hi, I'm Alex."), Said("user", "My dog is called Bruno 🐕."), Said("assistant", "Nice name!")]


def test_what_is_kept_is_found() -> None:
    """A successor reads what was said, in order, whatever letters it has."""
    metadata = Memory("room", SECRET).seal(TALK)

    assert Memory("room", SECRET).open(metadata) == TALK


def test_nobody_else_reads_it() -> None:
    """Callers receive the metadata: neither words nor roles can be seen in it, and it is another one each time."""
    memory = Memory("room", SECRET)

    assert "Bruno" not in memory.seal(TALK)
    assert "user" not in memory.seal(TALK)
    assert memory.seal(TALK) != memory.seal(TALK)


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "an operator's own",
        '{"team": "blue"}',
        PREFIX,
        PREFIX + "no base64!",
        PREFIX + "AAAA",
        Memory("room", "another-secret-of-an-operator-0123456789").seal(TALK),
        Memory("another room", SECRET).seal(TALK),
        Memory("room", SECRET).seal(TALK)[:-8] + "AAAAAAA=",
    ],
)
def test_what_is_not_ours_is_nothing(metadata: str) -> None:
    """Other metadata, another secret, another room's conversation and a changed one are as if nothing were there."""
    assert Memory("room", SECRET).open(metadata) == []


def test_oldest_is_forgotten_first() -> None:
    """A long call keeps its newest turns, and never more than LiveKit should send around."""
    talk = [Said("user", f"{number} " + "ü" * 200) for number in range(500)]
    metadata = Memory("room", SECRET).seal(talk)
    kept = Memory("room", SECRET).open(metadata)

    assert len(metadata) <= LARGEST_BYTES
    assert kept == talk[-len(kept) :]
    assert len(kept) > 5


def test_one_endless_sentence_is_not_kept() -> None:
    """What would not fit at all is left out."""
    metadata = Memory("room", SECRET).seal([Said("user", "x" * LARGEST_BYTES)])

    assert Memory("room", SECRET).open(metadata) == []


def test_a_change_of_keys_forgets_nothing() -> None:
    """What was sealed with the old secret is opened while that is still good, and sealed anew with the new one."""
    new = "the-next-secret-of-the-operator-32-chars"
    metadata = Memory("room", SECRET).seal(TALK)
    during = Memory("room", new, SECRET)

    assert during.open(metadata) == TALK
    assert Memory("room", new).open(during.seal(TALK)) == TALK
    assert Memory("room", new).open(metadata) == []
