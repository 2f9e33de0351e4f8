"""What `/openapi.json` promises, held against the real program by a fuzzer that reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import schemathesis
from abuse.door import ADMIN_KEY
from hypothesis import HealthCheck, given, settings
from hypothesis.configuration import set_hypothesis_home_dir
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

# Of each operation; all of them take seconds.
EXAMPLES = 20
CONFORMANCE = (
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
EVERYBODY = {
    "ALEX_CALLER_MAY": "name,identity,room,metadata,attributes",
    "ALEX_STARTS_PER_ADDRESS": "0",
    "ALEX_STARTS_PER_SESSION": "0",
    "ALEX_CALLS_PER_ADDRESS": "0",
}


def test_the_program_is_as_its_description_says(open_web: Callable[..., str], tmp_path: Path) -> None:
    """Whatever a fuzzer makes of the description, each answer is one that it names, in its form, and none a fault."""
    set_hypothesis_home_dir(tmp_path)  # nothing is kept in the checkout
    schema = schemathesis.openapi.from_url(open_web(**EVERYBODY) + "/openapi.json")
    checks = [CHECKS.get_one(name) for name in CONFORMANCE]
    seen: set[tuple[str, int]] = set()

    def fuzz(operation: Any) -> None:
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def each(case: Any) -> None:
            response = case.call(headers={"Authorization": f"Bearer {ADMIN_KEY}"})
            seen.add((operation.label, response.status_code))
            assert response.status_code != 500
            case.validate_response(response, checks=checks)

        each()

    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        fuzz(found.ok())

    assert len({label for label, _ in seen}) == 9
    assert ("POST /api/token", 201) in seen
