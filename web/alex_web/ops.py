"""The ops port: is it alive, is it ready, what does it count, how many calls can come."""

from __future__ import annotations

from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST
from quart import Quart, Response

from alex_web import problems
from alex_web.service import Service

TEXT = "text/plain; charset=utf-8"


def create_ops(service: Service) -> Quart:
    """Make the app of the ops port; it is for the cluster and never behind the ingress."""
    app = Quart(__name__, static_folder=None)
    problems.install(app)

    @app.get("/livez")
    async def livez() -> Response:
        return Response("the event loop turns\n", content_type=TEXT)

    @app.get("/readyz")
    async def readyz() -> Response:
        reason = service.unready()
        status = HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK
        return Response(f"{reason or 'LiveKit answers'}\n", status, content_type=TEXT)

    @app.get("/metrics")
    async def metrics() -> Response:
        service.admission.settle()
        return Response(service.metrics.text(), content_type=CONTENT_TYPE_LATEST)

    @app.get("/api/capacity")
    async def capacity() -> Response:
        return Response(service.admission.capacity().model_dump_json(), content_type="application/json")

    return app
