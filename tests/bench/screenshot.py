"""Take the README's picture of the page anew: a call at its liveliest, with the stand-in of the page's tests.

    tests/run screenshot                   # writes .github/page.png, unless it shows the page as it is
    tests/run screenshot --out FILE        # writes another file, whatever there is

The last line is the result.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from chromium import chromium
from page.screenshot import PICTURE, difference, take
from page.site_server import Site


async def now() -> bytes:
    """Take the picture."""
    site = Site()
    await site.start()
    try:
        async with chromium() as browser:
            return await take(browser, site)
    finally:
        await site.stop()


def main() -> None:
    """Take it and say what became of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    taken = asyncio.run(now())
    file: Path = options.out or PICTURE
    # Bytes differ with every Chromium: a picture that shows the same stays, so that git has nothing to tell.
    current = options.out is None and file.exists() and not difference(file.read_bytes(), taken).is_seen
    if not current:
        file.write_bytes(taken)
    sys.stdout.write(f"picture={'current' if current else 'new'} file={file.name} bytes={file.stat().st_size}\n")


if __name__ == "__main__":
    main()
