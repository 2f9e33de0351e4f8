"""The app: routes, limits, headers and the access log."""

from __future__ import annotations

import time
from http import HTTPStatus

import structlog
from quart import Quart, Response, g, request
from quart_schema import hide

from alex_web import api, guard, openapi, problems, rooms
from alex_web.page import Page
from alex_web.service import Service
from alex_web.settings import Settings

log = structlog.get_logger("alex.web")

# Routes read less; this bounds what is kept of a body that nobody reads.
LARGEST_BODY_BYTES = api.LARGEST_WEBHOOK_BYTES

# For all answers; the page adds its own policy.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}

# A method is whatever a client sends; the log takes only these.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# What a page of another origin may ask, if the operator allows the origin.
CALLERS_PATHS = frozenset({"/api/token", "/api/hangup"})

# How long a browser may remember that another origin is allowed.
PREFLIGHT_SECONDS = 600


def create_app(settings: Settings) -> Quart:
    """Make the app of the http port; its `Service` is `app.extensions["alex"]`, started and closed by the app."""
    app = Quart(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    app.url_map.merge_slashes = False  # one address for each thing, and no redirects to it
    service = Service(settings)
    app.extensions["alex"] = service
    problems.install(app)
    openapi.install(app)
    page = Page(settings.server_url, settings.brand, settings.language)
    for value, (wanted, taken) in settings.brand.corrections().items():
        # Not refused: nobody should be left without a page for a colour.
        log.warning("page_color_corrected", chart_value=f"web.brand.{value}", wanted=wanted, taken=taken)

    @app.get("/")
    @hide
    async def index() -> Response:
        return page.index()

    @app.get("/static/<path:name>")
    @hide
    async def static(name: str) -> Response:
        return page.file(name)

    app.register_blueprint(api.blueprint(service))
    app.register_blueprint(rooms.blueprint(service))
    _admit_origins(app, settings.allowed_origins)
    _watch_requests(app, service)
    app.before_serving(service.start)
    app.after_serving(service.close)
    return app


def _admit_origins(app: Quart, allowed: tuple[str, ...]) -> None:
    """Let pages of allowed origins ask for tokens (CORS); only they get any such header."""

    @app.before_request
    async def preflight() -> Response | None:
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        if request.path not in CALLERS_PATHS or request.headers.get("Origin", "").lower() not in allowed:
            return None
        headers = {
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "Content-Type, Authorization, X-Captcha-Token",
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        }
        return Response(b"", HTTPStatus.NO_CONTENT, headers)

    @app.after_request
    async def allow(response: Response) -> Response:
        if allowed and request.path in CALLERS_PATHS:
            response.vary.add("Origin")
            origin = request.headers.get("Origin", "")
            if origin.lower() in allowed:
                response.headers["Access-Control-Allow-Origin"] = origin
                response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        return response


def _watch_requests(app: Quart, service: Service) -> None:
    @app.before_request
    async def begin() -> None:
        g.began_at = time.perf_counter()
        guard.refuse_ambiguous()

    @app.after_request
    async def finish(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        seconds = time.perf_counter() - g.get("began_at", time.perf_counter())
        route = _route()
        service.metrics.answered(route, response.status_code, seconds)
        # The rule, not the path: a path may hold a room or an identity.
        log.info(
            "request",
            method=request.method if request.method in METHODS else "other",
            route=route,
            status=response.status_code,
            seconds=round(seconds, 4),
        )
        return response


def _route() -> str:
    endpoint = request.endpoint or "none"
    names = {
        "index": "page",
        "static": "static",
        "openapi": "openapi",
        "api.token": "token",
        "api.hang_up": "hangup",
        "api.webhook": "webhook",
    }
    return "rooms" if endpoint.startswith("rooms.") else names.get(endpoint, "none")
