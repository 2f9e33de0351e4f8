"""The app as a client sees it, with each answer held against the API's own description."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import jsonschema
import jwt
from alex_web.service import Service
from quart import Quart

SECRET = "alex-development-secret-32-chars"


@dataclass(frozen=True)
class Answer:
    """An answer of the app."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        """Give the last part of the problem's type."""
        return str(self.json["type"]).rpartition(":")[2]

    @property
    def refusal(self) -> tuple[int, str]:
        """Give status and kind."""
        return self.status, self.kind

    @property
    def token(self) -> str:
        """Give the token that LiveKit is joined with."""
        return str(self.json["participant_token"])

    @property
    def claims(self) -> dict[str, Any]:
        """Verify and open the token."""
        return dict(jwt.decode(self.token, SECRET, algorithms=["HS256"]))

    @property
    def room(self) -> str:
        """Give the room that the token is for."""
        return str(self.claims["video"]["room"])


class FrontDoor:
    """An app that serves."""

    def __init__(self, app: Quart) -> None:
        self.app = app
        self._description: dict[str, Any] | None = None

    @property
    def service(self) -> Service:
        """Give what is behind the app."""
        service: Service = self.app.extensions["alex"]
        return service

    async def ask(self, method: str, path: str, **request: Any) -> Answer:
        """Send a request; fail when the answer is not as `/openapi.json` says."""
        response = await self.app.test_client().open(path, method=method, **request)
        answer = Answer(response.status_code, response.headers, await response.get_data(as_text=False))
        await self._hold_against_description(method, path.partition("?")[0], answer)
        return answer

    async def token(self, body: Any = None, **request: Any) -> Answer:
        """Ask for a token."""
        if body is not None:
            request["json"] = body
        return await self.ask("POST", "/api/token", **request)

    async def description(self) -> dict[str, Any]:
        """Fetch `/openapi.json`."""
        if self._description is None:
            response = await self.app.test_client().get("/openapi.json")
            self._description = json.loads(await response.get_data())
        return self._description

    async def _hold_against_description(self, method: str, path: str, answer: Answer) -> None:
        described = await self.description()
        if answer.headers.get("content-type", "").startswith("application/problem+json"):
            assert answer.json["status"] == answer.status
            assert answer.json["title"]
            assert answer.json["detail"]
        for template, operations in described["paths"].items():
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
            if not re.fullmatch(pattern, path) or method.lower() not in operations:
                continue
            responses = operations[method.lower()]["responses"]
            assert str(answer.status) in responses, f"{method} {template} is not documented to answer {answer.status}"
            content = responses[str(answer.status)].get("content", {})
            if not content:
                assert not answer.body
                return
            ((kind, told),) = content.items()
            assert answer.headers["content-type"] == kind
            jsonschema.validate(answer.json, {**told["schema"], "components": described["components"]})
