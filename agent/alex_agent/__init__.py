"""The LiveKit Agents worker of Alex: listens, thinks and speaks in a call."""

from __future__ import annotations

__version__ = "0.1.0"
