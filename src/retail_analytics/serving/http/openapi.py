"""The description of the API: schemas by the columns that are built, examples from the data."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from retail_analytics.serving.api import reads, schemas
from retail_analytics.serving.api.published import Build, NotPublished, Published
from retail_analytics.serving.api.subjects import BY_NAME
from retail_analytics.serving.http.formats import CSV, PARQUET
from retail_analytics.serving.http.routes import ROUTES, Route

DESCRIPTION = """\
The published tables of a retailer's warehouse. Every figure was computed and tested in a build;
nothing is computed here. Each answer is of one build (`build`, header `Retail-Build`); `ETag`
changes with the build. CSV and Parquet by `Accept` where one table is shown. Errors are
`{"error": {"code", "message"}}`, and the message says what to do."""
ERROR = schemas.object_of(
    {"error": schemas.object_of({"code": {"type": "string"}, "message": {"type": "string"}})}
)
ERRORS = {
    304: "The build is the one of If-None-Match.",
    400: "A body that is no JSON.",
    401: "No key, or one that is not known.",
    404: "An id or a table that this build does not have.",
    405: "A method other than GET, or POST for a what-if.",
    406: "A format that is not written.",
    408: "A body that does not arrive.",
    413: "Too large a body or answer.",
    414: "Too long a query string.",
    421: "Without keys: another name than localhost.",
    422: "A parameter that is not answered.",
    429: "More requests than the key allows.",
    503: "No published file, or too many requests just now.",
}


def responses(*, is_alone: bool = True) -> dict:
    """What may come back; `is_alone`: one table, which is written as CSV and Parquet too."""
    found: dict = {
        status: {"description": text}
        | ({} if status == 304 else {"content": {"application/json": {"schema": ERROR}}})
        for status, text in ERRORS.items()
    }
    ok: dict = {"application/json": {"schema": {"type": "object"}}}
    if is_alone:
        ok |= {CSV: {"schema": {"type": "string"}}}
        ok |= {PARQUET: {"schema": {"type": "string", "format": "binary"}}}
    return found | {200: {"description": "The rows, or why there are none.", "content": ok}}


def describe(api: FastAPI, published: Published, base: str) -> Callable[[], dict]:
    """The function that FastAPI asks for its description: made once per build."""
    made: dict[str, Any] = {}

    def openapi() -> dict:
        try:
            with published.build() as build:
                if made.get("build") != build.id:
                    made["text"] = with_examples(plain(api), build, base)
                    made["build"] = build.id
                return made["text"]
        except NotPublished:
            return plain(api)

    return openapi


def plain(api: FastAPI) -> dict:
    return get_openapi(
        title=api.title, version=api.version, description=api.description, routes=api.routes
    )


def with_examples(description: dict, build: Build, base: str) -> dict:
    """Schemas of the rows, and an example of each answer and id."""
    for route in ROUTES:
        operation = description["paths"][base + route.path]["get"]
        subject = BY_NAME[route.subject]
        shown = [s for s in subject.sections if s.name in route.sections or not route.sections]
        schema = schemas.subject_schema(build, reads.part_of(subject, [s.name for s in shown]))
        content = operation["responses"]["200"]["content"]["application/json"]
        content["schema"] = schema
        known = {parameter.name: parameter for parameter in subject.parameters}
        given = {}
        for parameter in operation.get("parameters", []):
            value = example_of(build, known.get(parameter["name"]))
            if value is not None:
                parameter["example"] = value
                if parameter["in"] == "path":
                    given[parameter["name"]] = value
        content["example"] = example_answer(build, route, given)
    return description


def example_of(build: Build, parameter: reads.Parameter | None) -> object:
    if parameter is None or parameter.of is None:
        return None
    table = build.catalog.find(parameter.of[0])
    if table is None:
        return None
    _, rows = build.rows(f"select min({parameter.of[1]}) from {table.sql_name}")
    return reads.as_json(rows[0][0])


def example_answer(build: Build, route: Route, given: dict) -> dict:
    try:
        return reads.answer(
            build,
            BY_NAME[route.subject],
            given | dict(route.fixed),
            limit=1,
            only=route.sections or None,
        )
    except (LookupError, ValueError) as error:
        return {"error": {"code": "not_found", "message": str(error)}}
