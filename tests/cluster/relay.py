"""A browser that sees nothing of LiveKit but TURN: Chromium that uses relayed media only, and a balancer's port 443."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import subprocess
from collections.abc import AsyncIterator

from chromium import chromium
from playwright.async_api import Page

# Whatever the page or the SDK configures: no way but through the relay. The peers are kept for their figures.
ONLY_RELAYED = """
const Real = RTCPeerConnection;
window.peers = [];
window.RTCPeerConnection = class extends Real {
  constructor(config, ...rest) {
    super({ ...config, iceTransportPolicy: 'relay' }, ...rest);
    window.peers.push(this);
  }
  setConfiguration(config) {
    super.setConfiguration({ ...config, iceTransportPolicy: 'relay' });
  }
};
"""

# How media really gets to the relay; without one there is no such protocol.
WAYS = """
async () => {
  const ways = new Set();
  for (const peer of window.peers) {
    const stats = await peer.getStats();
    stats.forEach((pair) => {
      if (pair.type !== 'candidate-pair' || !pair.nominated || !pair.bytesReceived) return;
      ways.add(stats.get(pair.localCandidateId).relayProtocol);
    });
  }
  return [...ways];
}
"""


@contextlib.asynccontextmanager
async def balancer(address: str, port: int, to: tuple[str, int]) -> AsyncIterator[None]:
    """Lead connections from an address of this machine to a node port, with what is in them untouched."""

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*to)
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))

    async with await asyncio.start_server(lead, address, port):
        yield


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def fingerprint(certificate: str) -> str:
    """Give the hash by which Chromium is told to trust a certificate that nobody signed."""
    key = subprocess.run(
        ["openssl", "x509", "-pubkey", "-noout"], input=certificate.encode(), capture_output=True, check=True
    ).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "der"], input=key, capture_output=True, check=True
    ).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


@contextlib.asynccontextmanager
async def relayed(url: str, certificate: str, host: str, address: str) -> AsyncIterator[Page]:
    """Open a page in a Chromium that knows a host's address, trusts its certificate, and has a microphone."""
    async with chromium(
        f"--unsafely-treat-insecure-origin-as-secure={url}",
        f"--host-resolver-rules=MAP {host} {address}",
        f"--ignore-certificate-errors-spki-list={fingerprint(certificate)}",
    ) as browser:
        page = await browser.new_page()
        await page.add_init_script(ONLY_RELAYED)
        await page.goto(url)
        yield page
