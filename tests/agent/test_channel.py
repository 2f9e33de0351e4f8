"""The datagram street from jobs to the parent, over a real socket."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
from pathlib import Path

from alex_agent.channel import Event, Receiver, Sender


async def collect(path: Path) -> tuple[Receiver, list[Event], list[int]]:
    events: list[Event] = []
    lost: list[int] = []
    receiver = Receiver(events.append, lost.append)
    await receiver.open(path)
    return receiver, events, lost


async def until(condition: object, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


def _job(path: Path, count: int) -> None:
    sender = Sender(path)
    for n in range(count):
        sender.send("turn", n=n)
    sender.close()


async def test_events_of_another_process_arrive_in_order(tmp_path: Path) -> None:
    """What a job process sends, the parent gets, in its order and without loss."""
    receiver, events, lost = await collect(tmp_path / "s")
    job = multiprocessing.get_context("spawn").Process(target=_job, args=(tmp_path / "s", 50))
    job.start()
    await until(lambda: len(events) == 50, 20)
    job.join()
    receiver.close()

    assert [e["n"] for e in events] == list(range(50))
    assert lost == []


async def test_lost_events_are_counted(tmp_path: Path) -> None:
    """A gap in a job's numbers is counted as loss, garbage too."""
    receiver, events, lost = await collect(tmp_path / "s")
    sender = Sender(tmp_path / "s")
    sender.send("turn")
    next(sender._numbers)
    next(sender._numbers)
    sender.send("turn")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(b"not json", str(tmp_path / "s"))
    await until(lambda: sum(lost) == 3)
    receiver.close()
    sender.close()

    assert len(events) == 2
    assert lost == [2, 1]


async def test_sending_without_a_parent_never_fails(tmp_path: Path) -> None:
    """A parent that is gone costs the event, not the call."""
    sender = Sender(tmp_path / "nobody")
    sender.send("turn")
    sender.close()

    assert not (tmp_path / "nobody").exists()


async def test_a_silent_parent_never_blocks_the_call(tmp_path: Path) -> None:
    """A full queue loses events instead of holding up the call."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(tmp_path / "s"))
        sender = Sender(tmp_path / "s")
        async with asyncio.timeout(5):
            for _ in range(10_000):
                sender.send("turn", filler="x" * 200)
        sender.close()
        s.setblocking(False)

        assert s.recv(8192)


async def test_end_forgets_the_job(tmp_path: Path) -> None:
    """A job that ended leaves no state behind, so a long life does not grow."""
    receiver, events, _ = await collect(tmp_path / "s")
    sender = Sender(tmp_path / "s")
    sender.send("end")
    await until(lambda: events)
    receiver.close()
    sender.close()

    assert receiver._expected == {}


async def test_a_killed_job_is_forgotten(tmp_path: Path) -> None:
    """Of a process that died without its last event nothing stays, and a later one with its number is a new one."""
    receiver, events, lost = await collect(tmp_path / "s")
    for _ in range(2):
        events.clear()
        sender = Sender(tmp_path / "s")
        sender.send("turn")
        sender.send("turn")
        await until(lambda: len(events) == 2)
        sender._socket.close()
        receiver.forget(sender._source)
    receiver.close()

    assert receiver._expected == {}
    assert lost == []
