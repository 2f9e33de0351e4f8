"""What callers and LiveKit ask of web: a token, and to hear what happened."""

from __future__ import annotations

import contextlib
from http import HTTPStatus

from livekit.api import ParticipantInfo, TokenVerifier, WebhookEvent, WebhookReceiver
from quart import Blueprint, Response, request
from quart_schema import document_request, document_response, tag
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from alex_web import guard, session
from alex_web.calls import OUTCOMES
from alex_web.limits import Caller
from alex_web.problems import Problem, ProblemBody
from alex_web.service import Service
from alex_web.tokens import HangUp, TokenAnswer, TokenRequest

# An event carries a room and a participant with their metadata, each up to LiveKit's limit of 64 kB.
LARGEST_WEBHOOK_BYTES = 256 * 1024


def blueprint(service: Service) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("api", __name__, url_prefix="/api")
    settings = service.settings
    metrics = service.metrics
    webhooks = [WebhookReceiver(TokenVerifier(key, secret)) for key, secret in settings.livekit_pairs]

    @routes.post("/token")
    @tag(["calls"])
    @document_request(TokenRequest)
    @document_response(TokenAnswer, 201)
    @document_response(ProblemBody, 400)
    @document_response(ProblemBody, 401)
    @document_response(ProblemBody, 403)
    @document_response(ProblemBody, 408)
    @document_response(ProblemBody, 409)
    @document_response(ProblemBody, 413)
    @document_response(ProblemBody, 415)
    @document_response(ProblemBody, 429)
    @document_response(ProblemBody, 503)
    async def token() -> Response:
        """Start a call.

        Makes a room with its agent and returns the right to join it: speak, hear and type in this one room. The body
        may be left out. 503 with `Retry-After` means that no line is free; without, that the media server is down. 429
        means that too many calls came from this address or this browser, 503 `closed` that the day's budget is spent.
        Where the operator wants it, `Authorization: Bearer` holds a token of the issuer or the access code (401
        without it), and `X-Captcha-Token` that of a solved CAPTCHA.
        """
        try:
            guard.refuse_foreign(settings.allowed_origins)
            address = guard.address(settings.trusted_proxies)
            person = await service.sign_in.admit(address)
            caller = Caller(address, person or session.current())
            answer = await service.calls.invite(await guard.read_json(TokenRequest), caller)
        except Problem as problem:
            metrics.token(OUTCOMES.get(problem.kind, "failed"))
            raise
        except (RequestEntityTooLarge, RequestTimeout):
            metrics.token("invalid")
            raise
        response = Response(answer.model_dump_json(), HTTPStatus.CREATED, content_type="application/json")
        if not person:
            session.remember(response, caller.session)
        return response

    @routes.post("/hangup")
    @tag(["calls"])
    @document_request(HangUp)
    @document_response(ProblemBody, 400)
    @document_response(ProblemBody, 401)
    @document_response(ProblemBody, 403)
    @document_response(ProblemBody, 408)
    @document_response(ProblemBody, 413)
    @document_response(ProblemBody, 415)
    @document_response(ProblemBody, 503)
    async def hang_up() -> Response:
        """End a call whose page goes away.

        A browser that closes a page drops what the page was still sending to the media server; what it posts here with
        `navigator.sendBeacon` arrives. It does no harm after the call has ended.
        """
        guard.refuse_foreign(settings.allowed_origins)
        await service.calls.hang_up(await guard.read_json(HangUp))
        return Response(b"", HTTPStatus.NO_CONTENT)

    @routes.post("/livekit")
    @tag(["livekit"])
    @document_response(ProblemBody, 401)
    @document_response(ProblemBody, 408)
    @document_response(ProblemBody, 413)
    async def webhook() -> Response:
        """Hear what happened in LiveKit.

        Takes LiveKit's webhooks, signed with the API key: `Authorization` holds a token with the hash of the body.
        """
        body = await guard.read_body(LARGEST_WEBHOOK_BYTES)
        event = _believed(webhooks, body)
        if event is None:
            metrics.webhook("refused")
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "webhook-signature",
                "The event is not signed by our LiveKit",
                "The signature was refused. LiveKit must sign webhooks with the key that web has in LIVEKIT_API_KEY.",
            )
        metrics.webhook(event.event)
        _tell_watch(service, event)
        _observe_join(service, event)
        return Response(b"", HTTPStatus.NO_CONTENT)

    return routes


def _believed(receivers: list[WebhookReceiver], body: bytes) -> WebhookEvent | None:
    """Read an event that is signed with any of our keys."""
    for receiver in receivers:
        with contextlib.suppress(Exception):  # the receiver raises bare ones
            return receiver.receive(body.decode(), request.headers.get("Authorization", ""))
    return None


def _tell_watch(service: Service, event: WebhookEvent) -> None:
    agent = event.participant.kind == ParticipantInfo.Kind.AGENT
    if event.event == "participant_joined" and not agent:
        service.watch.caller_joined(event.room.name)
    elif event.event in {"participant_left", "participant_connection_aborted"} and agent:
        service.watch.agent_left(event.room.name)


def _observe_join(service: Service, event: WebhookEvent) -> None:
    who = event.participant
    if event.event == "participant_joined" and who.kind == ParticipantInfo.Kind.AGENT:
        seconds = (who.joined_at_ms - event.room.creation_time_ms) / 1000
        if event.room.creation_time_ms and seconds >= 0:
            service.metrics.agent_joined(seconds)
