"""What went wrong, as `application/problem+json` (RFC 9457): a stable type for programs, plain words for people."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import NoReturn

import structlog
from pydantic import BaseModel, ValidationError
from quart import Quart, Response
from werkzeug.exceptions import HTTPException

log = structlog.get_logger("alex.web")

CONTENT_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """A refusal: what happened and what to do about it."""

    type: str
    title: str
    status: int
    detail: str


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """A refusal that a handler raises.

    Args:
        status: HTTP status.
        kind: the last part of the type, `urn:alex:problem:<kind>`; part of the API.
        title: the same words for every problem of this kind.
        detail: what this caller should change, or whom to ask.
        retry_after_seconds: when it makes sense to try again.
        headers: further headers of the answer.

    """

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        retry_after_seconds: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.kind = kind
        self.body = ProblemBody(type=f"urn:alex:problem:{kind}", title=title, status=status, detail=detail)
        self.headers = dict(headers or {})
        if retry_after_seconds is not None:
            self.headers["Retry-After"] = str(retry_after_seconds)

    def response(self) -> Response:
        """Render the answer."""
        return Response(self.body.model_dump_json(), self.status, self.headers, content_type=CONTENT_TYPE)


def invalid(detail: str) -> Problem:
    """Make the problem of a request whose content is not acceptable."""
    return Problem(HTTPStatus.BAD_REQUEST, "invalid-request", "The request is not valid", detail)


def raise_invalid(error: ValidationError) -> NoReturn:
    """Turn pydantic's findings into one problem that names each field, never its value."""
    findings = []
    for finding in error.errors(include_input=False, include_url=False, include_context=False):
        field = ".".join(str(part) for part in finding["loc"])[:100] or "the body"
        findings.append(f"{field}: {finding['msg'].removeprefix('Value error, ')}")
    raise invalid("; ".join(findings[:10])) from None  # ten are enough to begin with


def install(app: Quart) -> None:
    """Make every error of the app a problem: ours, the framework's, and what nobody foresaw."""

    @app.errorhandler(Problem)
    async def _problem(problem: Problem) -> Response:
        return problem.response()

    @app.errorhandler(HTTPException)
    async def _http(error: HTTPException) -> Response:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        response = error.get_response()
        headers = {
            name: value
            for name, value in response.headers.items()
            if name.lower() in {"allow", "location", "retry-after"}
        }
        body = ProblemBody(type="about:blank", title=error.name, status=status, detail=_said(status))
        return Response(json.dumps(body.model_dump()), status, headers, content_type=CONTENT_TYPE)

    @app.errorhandler(Exception)
    async def _unforeseen(error: Exception) -> Response:
        # The text of an exception may hold a name or a token: its type and place must do.
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
        log.error("request_failed", error=type(error).__name__, where=where)
        return Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong here",
            "This is a fault of the server. Its log has an event request_failed that says where.",
        ).response()


def _said(status: int) -> str:
    return {
        HTTPStatus.NOT_FOUND: "There is nothing at this address. /openapi.json lists what there is.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method; the Allow header lists those it takes.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than this address takes.",
        HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time.",
    }.get(HTTPStatus(status), "The request cannot be answered as it is.")
