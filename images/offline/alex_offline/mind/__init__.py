"""The language part of the keyless voice: known questions first, a small model for the rest.

Give `Mind.reply` a conversation as OpenAI's chat API has it, and speak what it yields.
"""

from __future__ import annotations

from .mind import Mind
from .reply import Reply, Text, ToolCall

__all__ = ["Mind", "Reply", "Text", "ToolCall"]
