"""One live Deepgram stream: audio comes in, results go out."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from alex_offline.audio import slices
from alex_offline.engine import Heard, Started
from alex_offline.exchange import CutError
from alex_offline.listening import alternative, now, words_of
from alex_offline.service import SERVICE, drop

if TYPE_CHECKING:
    from alex_offline.engine import Hearing
    from alex_offline.exchange import Exchange
    from alex_offline.listening import Query

# Deepgram closes a stream that sent neither audio nor KeepAlive for ten to twelve seconds.
SILENT_SECONDS = 12.0


class Live:
    """One live stream. A program that stops ends it in the next pause of its speaker, who then loses no word."""

    def __init__(self, request: web.Request, query: Query, exchange: Exchange) -> None:
        self._request = request
        self._query = query
        self._exchange = exchange
        self._id = str(uuid.uuid4())
        self._sum = hashlib.sha256()
        self._socket = web.WebSocketResponse(heartbeat=None, max_msg_size=4 * 1024 * 1024)
        self._last_word = 0.0
        self._utterance_due = False
        self._pause = asyncio.Event()
        self._pause.set()

    async def run(self) -> web.WebSocketResponse:
        """Until the client is done, gone or silent for too long."""
        self._socket.headers["dg-request-id"] = self._id
        await self._socket.prepare(self._request)
        engine = self._request.app[SERVICE].engine
        hearing = engine.listen(self._exchange, self._query.rate, self._query.channels, self._query.endpointing)
        answering = asyncio.create_task(self._answer(hearing))
        reading = asyncio.create_task(self._read(hearing))
        leaving = asyncio.create_task(self._leave())
        try:
            await asyncio.wait({answering, reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                await self._socket.close(code=WSCloseCode.GOING_AWAY)
            elif not answering.done() and reading.result():
                # CloseStream: everything heard is still answered, then the summary.
                hearing.close()
                await answering
            if answering.done():
                answering.result()
                await self._goodbye(hearing)
                self._exchange.end("done")
        except CutError:
            self._exchange.end("cut")
            drop(self._request)
        except ConnectionError:
            pass
        finally:
            self._exchange.end("gone")
            for task in (answering, reading, leaving):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, CutError, ConnectionError):
                    await task
            await hearing.aclose()
        return self._socket

    async def _read(self, hearing: Hearing) -> bool:
        """Take what the client sends; True when it asked to close in order."""
        while True:
            try:
                message = await self._socket.receive(timeout=SILENT_SECONDS)
            except TimeoutError:
                why = b"NET-0001: no audio data and no text message within the timeout window."
                await self._socket.close(code=WSCloseCode.INTERNAL_ERROR, message=why)
                return False
            if message.type is WSMsgType.BINARY:
                if not message.data:
                    return True
                self._sum.update(message.data)
                for piece in slices(message.data, self._query.rate, self._query.channels):
                    hearing.feed(piece)
                await self._utterance_end(hearing.position)
            elif message.type is WSMsgType.TEXT:
                kind = _kind(message.data)
                if kind == "CloseStream":
                    return True
                if kind == "Finalize":
                    hearing.finalize()
                elif kind != "KeepAlive":
                    why = b"DATA-0000: The payload cannot be decoded as audio or as a known message."
                    await self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=why)
                    return False
            else:
                return False

    async def _leave(self) -> None:
        """Wait for the end of the program, and then for a moment in which nobody speaks."""
        await self._request.app[SERVICE].leaving.wait()
        await self._pause.wait()

    async def _answer(self, hearing: Hearing) -> None:
        async for event in hearing.events():
            if isinstance(event, Started):
                self._pause.clear()
                self._utterance_due = False
                if self._query.vad_events:
                    at = round(event.at, 3)
                    await self._socket.send_json({"type": "SpeechStarted", "channel": [0, 1], "timestamp": at})
                continue
            if event.ended:
                self._pause.set()
            if event.final or self._query.interim:
                await self._socket.send_json(self._results(event))
                if event.final and event.text:
                    self._last_word = event.words[-1].end if event.words else event.end
                    self._utterance_due = True
                    self._exchange.mark("last")

    def _results(self, heard: Heard) -> dict[str, Any]:
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(heard.end - heard.start, 3),
            "start": round(heard.start, 3),
            "is_final": heard.final,
            "speech_final": heard.ended,
            "from_finalize": heard.asked,
            "channel": {"alternatives": [alternative(heard.text, words_of(heard, self._query))]},
            "metadata": {
                "request_id": self._id,
                "model_info": {"name": self._query.model, "version": "offline", "arch": "moonshine"},
                "model_uuid": "00000000-0000-0000-0000-000000000000",
            },
        }

    async def _utterance_end(self, position: float) -> None:
        wait = self._query.utterance_end
        if wait is not None and self._utterance_due and position >= self._last_word + wait:
            self._utterance_due = False
            body = {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": round(self._last_word, 3)}
            await self._socket.send_json(body)

    async def _goodbye(self, hearing: Hearing) -> None:
        await self._socket.send_json(
            {
                "type": "Metadata",
                "transaction_key": "deprecated",
                "request_id": self._id,
                "sha256": self._sum.hexdigest(),
                "created": now(),
                "duration": round(hearing.position, 3),
                "channels": self._query.channels,
            }
        )
        await self._socket.close()


def _kind(data: str) -> str | None:
    try:
        message = json.loads(data)
    except ValueError:
        return None
    return message.get("type") if isinstance(message, dict) else None
