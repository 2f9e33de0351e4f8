"""A call whose process stood still does not wake up to go on.

While a process is stopped, on a node that hangs perhaps, web puts its agent out of the room and sends another. Woken
again, LiveKit's library resumes the connection before any line of Python runs; it does so under the identity that all
agents share, and so takes the room from the successor. The kernel is faster: its timer runs while the process does
not, and its signal is delivered before the process is.
"""

from __future__ import annotations

import signal
import threading

# Web waits longer before it sends another agent: twelve looks of half a second (`alex_web.pods`).
STILL_SECONDS = 5.0
TICK_SECONDS = 0.25


class Stillness:
    """Has the kernel end this process once it has stood still for so long.

    The parent reports a job that ended without a word as lost, and web sends another agent. The clock is wound by a
    thread, not by the loop: on a machine with too much to do a loop was seen to be late by seconds, and its call lived.
    """

    def __init__(self, seconds: float = STILL_SECONDS) -> None:
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._wind, name="stillness", daemon=True)

    def watch(self) -> None:
        """Begin; to be called from the main thread."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # only the default is the kernel's own doing
        signal.setitimer(signal.ITIMER_REAL, self._seconds)
        self._thread.start()

    def close(self) -> None:
        """Stop the clock: nobody goes on after this, and the end of a process takes its time."""
        self._over.set()

    def _wind(self) -> None:
        try:
            while not self._over.wait(TICK_SECONDS):
                signal.setitimer(signal.ITIMER_REAL, self._seconds)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
