"""Read settings, set up logs, take calls."""

from __future__ import annotations

import asyncio
import signal
import sys

from alex_agent import logs, settings

# Bad settings are the operator's to mend: told apart from a crash, as in sysexits' EX_USAGE spirit.
EXIT_BAD_SETTINGS = 2


def main() -> int:
    """Run the agent until it is told to stop; return its exit code."""
    try:
        configured = settings.read()
    except settings.SettingsError as error:
        sys.stderr.write(f"alex-agent cannot start. Change this:\n{error}\n")
        return EXIT_BAD_SETTINGS
    logs.setup(configured.log_level, configured.log_format)
    # A container's first process ignores a signal that nobody handles: a pod deleted during these imports would stay
    # for its whole grace period. There is nothing to drain yet.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from alex_agent import server  # noqa: PLC0415 - a second of imports that bad settings need not wait for

    return asyncio.run(server.serve(configured))


if __name__ == "__main__":
    sys.exit(main())
