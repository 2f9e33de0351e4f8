"""Whom web listens to, and what every answer carries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import jsonschema
import pytest
from alex_web import guard
from alex_web.guard import is_own_origin
from web.front_door import FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),  # curl, the caller
        ({"Origin": "http://localhost"}, 201),
        ({"Origin": "https://localhost"}, 201),  # behind a proxy that ends TLS
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"}, 201),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://evil.example#localhost"}, 403),
        ({"Origin": "http://localhost@evil.example"}, 403),
        ({"Origin": "http://friend.example"}, 403),
        ({"Origin": "file://"}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
async def test_only_own_and_named_origins_are_served(open_door: Open, headers: dict[str, str], status: int) -> None:
    """Pages of our own origin and of origins the operator named get tokens; all other pages do not."""
    answer = await (await open_door(ALEX_ALLOWED_ORIGINS="https://friend.example")).token(headers=headers)

    assert answer.status == status
    if status == 403:
        assert answer.kind == "foreign-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_ports_of_schemes_are_understood() -> None:
    """A port that the scheme implies is the same origin as none."""
    assert is_own_origin("https://alex.example", "alex.example:443")
    assert is_own_origin("https://alex.example:443", "alex.example")
    assert is_own_origin("http://[::1]:8080", "[::1]:8080")
    assert not is_own_origin("https://alex.example", "alex.example:80")


async def test_named_origin_passes_preflight(open_door: Open) -> None:
    """A browser on an allowed origin may send JSON; on another one it is told nothing."""
    door = await open_door(ALEX_ALLOWED_ORIGINS="https://friend.example")
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    friend = await door.ask("OPTIONS", "/api/token", headers={"Origin": "https://friend.example", **ask})
    evil = await door.ask("OPTIONS", "/api/token", headers={"Origin": "https://evil.example", **ask})
    rooms = await door.ask("OPTIONS", "/api/rooms", headers={"Origin": "https://friend.example", **ask})
    token = await door.token(headers={"Origin": "https://friend.example"})

    assert friend.status == 204
    assert friend.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    assert friend.headers["Access-Control-Allow-Headers"] == "Content-Type, Authorization, X-Captcha-Token"
    assert "Access-Control-Allow-Origin" not in evil.headers
    assert "Access-Control-Allow-Origin" not in rooms.headers
    assert token.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    assert token.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in token.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/api/nothing", 404), ("PUT", "/api/token", 405), ("GET", "/api/token", 405)],
)
async def test_framework_errors_are_problems(door: FrontDoor, method: str, path: str, status: int) -> None:
    """What the framework refuses is a problem too, with the headers of every answer."""
    answer = await door.ask(method, path)

    assert answer.status == answer.json["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.headers.get("Allow") is not None) == (status == 405)


async def test_fault_of_ours_tells_nothing(
    door: FrontDoor, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An exception nobody foresaw is a problem 500 whose text, in answer and log, is not the exception's."""

    async def fail(*_: object) -> None:
        raise RuntimeError("the secret of room-42")

    monkeypatch.setattr(door.service.calls, "invite", fail)
    response = await door.app.test_client().post("/api/token")
    body = await response.get_data(as_text=True)
    logged = "".join(capfd.readouterr())

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "request_failed" in logged
    assert "RuntimeError" in logged
    assert "room-42" not in body + logged


async def test_slow_body_is_refused(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not come is waited for only so long."""
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.1)
    async with asyncio.timeout(5):
        async with door.app.test_client().request(
            "/api/token", method="POST", headers={"Content-Type": "application/json"}
        ) as connection:
            await connection.send(b"{")
            await asyncio.sleep(0.3)
            await connection.send_complete()
        response = await connection.as_response()

    assert response.status_code == 408


async def test_description_is_sound(door: FrontDoor) -> None:
    """Every schema in `/openapi.json` is valid JSON Schema, and every operation says what it is for."""
    described = await door.description()

    assert sorted(described["paths"]) == [
        "/api/hangup",
        "/api/livekit",
        "/api/rooms",
        "/api/rooms/{room}",
        "/api/rooms/{room}/participants",
        "/api/rooms/{room}/participants/{identity}",
        "/api/token",
    ]
    for operations in described["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["tags"]
            for response in operation["responses"].values():
                for content in response.get("content", {}).values():
                    jsonschema.Draft202012Validator.check_schema(content["schema"])
    token = described["paths"]["/api/token"]["post"]
    assert set(token["responses"]) == {"201", "400", "401", "403", "408", "409", "413", "415", "429", "503"}
    assert list(token["responses"]["503"]["content"]) == ["application/problem+json"]
    assert all(
        operation["security"] == [{"admin": []}]
        for path, operations in described["paths"].items()
        for operation in operations.values()
        if path.startswith("/api/rooms")
    )
