"""Requests that schemathesis makes from the API's own description: none may break it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

pytest.importorskip("schemathesis", reason="no .venv-serving: run `make serve`")

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from running import Running
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from retail_analytics.serving.api.published import Published
from retail_analytics.serving.http.app import BASE, make_app

CHECKS = [
    *(not_a_server_error, status_code_conformance),
    *(content_type_conformance, response_schema_conformance),
]


@pytest.fixture(scope="module")
def described(served: Path) -> Iterator[object]:
    with Running(make_app(Published(served), questions=ROOT / "dashboards")) as address:
        yield schemathesis.openapi.from_url(f"{address}{BASE}/openapi.json")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_request_breaks_the_api(described, mode) -> None:
    tried, statuses = [], set()
    for result in described.get_all_operations():
        operation = result.ok()
        if operation.path.endswith("/events"):
            # a stream that does not end
            continue

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=12,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: object) -> None:
            response = case.call()
            statuses.add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:
            # without a parameter there is nothing to get wrong
            assert mode is GenerationMode.NEGATIVE
        tried.append(operation.label)
    assert len(tried) > 50
    assert 422 in statuses
    assert mode is GenerationMode.NEGATIVE or 200 in statuses
