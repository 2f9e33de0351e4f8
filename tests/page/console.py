"""What a page's console may say without anything being wrong."""

from __future__ import annotations

import re

from playwright.async_api import ConsoleMessage

# The media server ends the data channels of a room that it closes; when that arrives before its "leave", livekit-client
# logs each channel as an error, and then does what it should.
_CLOSED_BY_SERVER = re.compile(
    r"DataChannel error on \w+: User-Initiated Abort|publisher data channel '\w+' closed unexpectedly"
)


def complains(message: ConsoleMessage) -> bool:
    """Tell whether a line of the console is an error or a warning that somebody has to look at."""
    return message.type in {"error", "warning"} and not _CLOSED_BY_SERVER.match(message.text)
