"""What a job process runs, named without loading it: the parent takes no call itself.

It starts 0.9 s sooner and is 26 MiB smaller without the plugins and what they bring; the forkserver loads those once,
for all job processes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livekit.agents import JobContext, JobProcess

    from alex_agent.providers import Link
    from alex_agent.settings import Settings

# What the forkserver loads, before there is a process to wait for it. Libraries would load the last three at their
# first use, in every call and while its caller waits for the greeting: a thirtieth of a second on an idle core.
PRELOADED = ["alex_agent.call", "openai.resources.chat.chat", "openai.resources.models", "anyio._backends._asyncio"]


def prepare(settings: Settings, links: list[Link], folder: Path, process: JobProcess) -> None:
    """Make a fresh job process ready for its call; runs before the call is there."""
    from alex_agent import call  # noqa: PLC0415 - see above

    call.prepare(settings, links, folder, process)


async def answer(ctx: JobContext) -> None:
    """Take the call of a job: the entry point of a job process."""
    from alex_agent import call  # noqa: PLC0415 - see above

    await call.answer(ctx)
