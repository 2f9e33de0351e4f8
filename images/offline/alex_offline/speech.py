"""The voice: hibari, one instance shared by a few threads."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from alex_offline.audio import to_pcm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from concurrent.futures import Executor

# The model peaks around a third of full scale; this brings it to the level of a vendor's voice.
GAIN = 2.4
# Sentences of audio kept, about 150 kB each: greetings and other lines that are said in every call.
CACHED_SENTENCES = 200


class Speech:
    """Text to 16-bit mono PCM at 24 kHz; the same text is computed once."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._voice: Any = None
        self._said: OrderedDict[tuple[str, float], bytes] = OrderedDict()

    def load(self) -> None:
        """Load the voice and say something, so that the first caller does not wait for the phonemizer. Blocks."""
        # Alex sends nothing to anybody. Its runtime collects from the moment of its import, into the user's cache and
        # the temporary folder, and this is what keeps it from beginning.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        from hibari import Hibari  # noqa: PLC0415 - half a second that only `load` may spend

        self._voice = Hibari()
        self._voice("Hello there, how are you today?")

    async def say(self, text: str, speed: float = 1.0) -> AsyncIterator[bytes]:
        """PCM, one piece per sentence; nothing for text without anything to pronounce."""
        loop = asyncio.get_running_loop()
        for sentence in await loop.run_in_executor(self._executor, self._sentences, text):
            key = (sentence, speed)
            pcm = self._said.get(key)
            if pcm is None:
                pcm = await loop.run_in_executor(self._executor, self._synthesise, sentence, speed)
                self._said[key] = pcm
                while len(self._said) > CACHED_SENTENCES:
                    self._said.popitem(last=False)
            else:
                self._said.move_to_end(key)
            if pcm:
                yield pcm

    def _sentences(self, text: str) -> list[str]:
        phonemes: Iterator[str] = self._voice.phonemize(text)
        return list(phonemes)

    def _synthesise(self, phonemes: str, speed: float) -> bytes:
        # The seed makes the breath noise, and so every recording of a test, repeat.
        return to_pcm(self._voice.from_phonemes(phonemes, speed, seed=0), GAIN)
