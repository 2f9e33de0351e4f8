"""Connections that end when their client ends them.

Hypercorn 0.18 closes a connection that its client has closed only after the keep-alive time. With the 75 s that proxies
need, whoever visits the page or asks for a token would leave sockets behind for more than a minute.
"""

from __future__ import annotations

from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, Updated


class Connection(TCPServer):
    """One connection; it is over when there is nothing more to read and the last answer is out."""

    async def protocol_send(self, event: Event) -> None:
        """Do not begin to wait for another request when none can come."""
        if isinstance(event, Updated) and event.idle and self.reader.at_eof():
            return
        await super().protocol_send(event)

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()


def install() -> None:
    """Make Hypercorn use it; a test looks for sockets that are left."""
    run.TCPServer = Connection  # type: ignore[attr-defined]  # there is no setting for it
