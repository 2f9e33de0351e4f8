"""The description of the API at `/openapi.json`, as quart-schema generates it from routes and models."""

from __future__ import annotations

import inspect
from typing import Any

from quart import Quart
from quart_schema import Info, QuartSchema
from quart_schema.openapi import HttpSecurityScheme, OpenAPIProvider
from werkzeug.routing.rules import Rule

from alex_web import __version__
from alex_web.names import NAME
from alex_web.problems import CONTENT_TYPE, ProblemBody

RETRY_AFTER = {
    "Retry-After": {
        "description": "seconds after which to ask again; only when that makes sense",
        "schema": {"type": "integer"},
    }
}


def install(app: Quart) -> None:
    """Serve the description; without the readers for people, which load scripts from elsewhere."""
    QuartSchema(
        app,
        info=Info(title="Alex", version=__version__),
        swagger_ui_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
        security_schemes={"admin": HttpSecurityScheme(scheme="bearer")},
        openapi_provider_class=_Provider,
    )


class _Provider(OpenAPIProvider):
    """Says what quart-schema cannot know: problem+json, what a name looks like, bodies that may be left out."""

    _described: dict[str, Any] | None = None

    def schema(self) -> dict[str, Any]:
        # Routes do not change while we run, and it takes 20 ms to go through them.
        if self._described is None:
            self._described = super().schema()
        return self._described

    def build_response_object(
        self, model: type[Any], headers_model: type[Any] | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        described, definitions = super().build_response_object(model, headers_model)
        if model is ProblemBody:
            described["content"] = {CONTENT_TYPE: described["content"]["application/json"]}
            described["headers"] = RETRY_AFTER
        return described, definitions

    def build_path_parameter(self, name: str, converter: Any) -> dict[str, Any]:
        described = super().build_path_parameter(name, converter)
        described["schema"] = {"type": "string", "pattern": f"^{NAME.pattern}$"}
        return described

    def build_request_body(self, model: type[Any], source: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        described, definitions = super().build_request_body(model, source)
        described["required"] = False
        return described, definitions

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, definitions = super().build_paths(rule)
        for operations in paths.values():
            for operation in operations.values():
                operation["description"] = inspect.cleandoc(operation["description"])
                # What answers with nothing has no model to be documented by.
                if not any(200 <= int(status) < 300 for status in operation["responses"]):  # noqa: PLR2004
                    operation["responses"][204] = {"description": "Done."}
        return paths, definitions
