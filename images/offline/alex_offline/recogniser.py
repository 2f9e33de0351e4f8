"""The ears: a few moonshine models, one per thread, the end of an utterance before the middle of another."""

from __future__ import annotations

import asyncio
import queue
import threading
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from alex_offline.audio import HEARING_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Job = tuple[NDArray[np.float32], asyncio.Future[str], asyncio.AbstractEventLoop]

# One model recognises about ten seconds of speech a second; two keep one caller's end of speech from waiting for
# another's, and cost 120 MB each. They are separate because one model's results live in memory its next call reuses.
MODELS = 2
FINAL, INTERIM = 0, 1
# The model's own voice detection remembers the last call; half a second of silence clears it in 8 ms.
RESET = np.zeros(HEARING_RATE // 2, dtype=np.float32)


class Recogniser:
    """Speech at 16 kHz to text. `load` blocks; `recognise` does not."""

    def __init__(self, models: int = MODELS) -> None:
        self._count = models
        self._jobs: queue.PriorityQueue[tuple[int, int, Job | None]] = queue.PriorityQueue()
        self._order = count()
        self._threads: list[threading.Thread] = []

    def load(self) -> None:
        """Load the models and start their threads; raises when the package carries none."""
        from moonshine_voice import ModelArch, Transcriber, get_model_path  # noqa: PLC0415 - only `load` may take long

        for number in range(self._count):
            model = Transcriber(model_path=str(get_model_path("tiny-en")), model_arch=ModelArch.TINY)
            _understand(model, RESET)
            thread = threading.Thread(target=self._work, args=(model,), name=f"hear-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def recognise(self, samples: NDArray[np.float32], urgency: int) -> asyncio.Future[str]:
        """Ask for the text of these samples; cancel the future to save the work."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()
        self._jobs.put((urgency, next(self._order), (samples, done, loop)))
        return done

    @property
    def idle(self) -> bool:
        """True when nothing waits for a model."""
        return self._jobs.empty()

    def close(self) -> None:
        """Stop the threads after what they are doing."""
        for _ in self._threads:
            self._jobs.put((-1, next(self._order), None))

    def _work(self, model: Any) -> None:
        while (job := self._jobs.get()[2]) is not None:
            samples, done, loop = job
            if done.cancelled():
                continue
            try:
                text = _understand(model, samples)
            except Exception as problem:  # noqa: BLE001 - whatever the model throws belongs to the one who asked
                _tell(loop, done, problem)
            else:
                _tell(loop, done, text)
        model.close()


def _tell(loop: asyncio.AbstractEventLoop, done: asyncio.Future[str], result: str | Exception) -> None:
    def settle() -> None:
        if done.done():
            return
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)

    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)


def _understand(model: Any, samples: NDArray[np.float32]) -> str:
    """Join the lines the model finds; empty when it hears no speech."""
    model.transcribe_without_streaming(RESET.tolist(), HEARING_RATE)
    lines = model.transcribe_without_streaming(samples.tolist(), HEARING_RATE).lines
    return " ".join(line.text.strip() for line in lines if line.text.strip())
