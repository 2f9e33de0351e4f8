"""Entry of `python -m alex_offline`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import NoReturn

from alex_offline.app import serve
from alex_offline.logs import configure
from alex_offline.settings import SettingsError, load


def main() -> int:
    """Serve until SIGTERM or SIGINT; 2 when a setting is wrong, 1 when the engine cannot start."""
    try:
        settings = load()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    configure(settings.log_level, settings.log_format)
    return asyncio.run(serve(settings))


def run() -> NoReturn:
    """Leave at once when `main` returns: a thread that still loads or thinks has nothing to save, only to wait for."""
    code = main()
    logging.shutdown()
    os._exit(code)


if __name__ == "__main__":
    run()
