"""An empty OCI registry on loopback, by Google's crane, for tests that push and pull."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack import ROOT, free_port


def crane() -> Path:
    """Find crane in the cache; it is built there when it is missing."""
    subprocess.run([ROOT / "k8s/local/build-tools", "crane"], check=True, stdout=subprocess.DEVNULL)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "alex/tools"
    return max(cache.glob("crane-*/crane"))


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve an empty registry that keeps its content in a folder; gives HOST:PORT."""
    program, address = crane(), f"127.0.0.1:{free_port()}"
    folder.mkdir()
    command: list[str | Path] = [program, "registry", "serve", "--address", address, "--disk", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 10
            catalog: list[str | Path] = [program, "--insecure", "catalog", address]
            while subprocess.run(catalog, capture_output=True, check=False).returncode != 0:
                assert time.monotonic() < deadline, "the registry does not answer"
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()
