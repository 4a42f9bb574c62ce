"""The HTTP API: the subjects and tables of `serving.api` below /api/v1."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import anyio
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from starlette.exceptions import HTTPException

from retail_analytics.serving.api import reads
from retail_analytics.serving.api.guarded import Refused, TooLarge, run_query
from retail_analytics.serving.api.keys import make_gate
from retail_analytics.serving.api.published import Build, Busy, NotPublished, Published, TooSlow
from retail_analytics.serving.api.subjects import BY_NAME
from retail_analytics.serving.api.topics import list_topics, read_topic
from retail_analytics.serving.api.validation import Text, model_of
from retail_analytics.serving.http import formats, openapi
from retail_analytics.serving.http.cache import Answer, Cache
from retail_analytics.serving.http.guard import Guard, error_body, make_metrics
from retail_analytics.serving.http.routes import ROUTES, Route
from retail_analytics.serving.http.stream import add_stream
from retail_analytics.serving.http.what_if import (
    BudgetQuestion,
    StaffingQuestion,
    simulate_budget,
    simulate_staffing,
)

BASE = "/api/v1"
EVENTS = f"{BASE}/events"
ROWS = 100
STATUS = {
    reads.NotFound: (404, "not_found"),
    reads.NotBuilt: (404, "not_built"),
    reads.BadRequest: (422, "bad_parameter"),
    Refused: (422, "refused"),
    TooSlow: (422, "too_slow"),
    TooLarge: (413, "too_large"),
    NotPublished: (503, "not_published"),
    Busy: (503, "busy"),
}
Limit = Annotated[int, Query(ge=1, le=reads.MOST_ROWS, description="Rows of the page.")]
Offset = Annotated[int, Query(ge=0, le=reads.MOST_OFFSET, description="Rows to pass over.")]
log = logging.getLogger("retail.http")


def make_app(
    published: Published, *, questions: Path, host: str = "127.0.0.1", keys: Path | None = None
) -> Guard:
    """The whole server as an ASGI application. Raises ValueError beyond loopback without keys."""
    gate, metrics = make_gate(keys, host), make_metrics()
    api = make_api(published, questions=questions)

    @api.get("/metrics", include_in_schema=False)
    def read_metrics() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Guard(Cached(api, published), gate=gate, metrics=metrics)


def make_api(published: Published, *, questions: Path) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        # the first request should not wait for the file to be opened
        await asyncio.to_thread(is_ready, published)
        yield
        published.close()

    api = FastAPI(
        title="retail_analytics",
        version="1",
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{BASE}/openapi.json",
        lifespan=lifespan,
    )
    handle_errors(api)
    for route in ROUTES:
        add_route(api, route)
    add_tables(api)
    add_topics(api, questions)
    add_what_ifs(api)
    add_stream(api, published, EVENTS)
    add_health(api, published)
    api.openapi = openapi.describe(api, published, BASE)
    return api


def is_ready(published: Published) -> bool:
    try:
        with published.build():
            return True
    except NotPublished as error:
        log.warning("not ready: %s", error)
        return False


class Cached:
    """Gives each request one build, and answers from the cache what was asked of it before."""

    def __init__(self, app: Callable, published: Published) -> None:
        self.app, self.published, self.cache = app, published, Cache()

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        is_answer = scope["type"] == "http" and scope["path"].startswith(f"{BASE}/")
        # a stream outlives builds and is no answer of one
        if not is_answer or scope["path"] == EVENTS:
            await self.app(scope, receive, send)
            return
        try:
            lease = self.published.build()
            build = lease.__enter__()
        except NotPublished as error:
            await failure(error)(scope, receive, send)
            return
        try:
            scope["retail.build"] = build
            if scope["method"] == "GET":
                await self.get(build, scope, receive, send)
            else:
                await self.app(scope, receive, send)
        finally:
            lease.__exit__(None, None, None)

    async def get(self, build: Build, scope: dict, receive: Callable, send: Callable) -> None:
        headers = dict(scope["headers"])
        form = formats.wanted(headers.get(b"accept", b"").decode("latin-1"))
        asked = (scope["path"], scope["query_string"], form)
        etag = tag_of(build, asked)
        if etag in [item.strip() for item in headers.get(b"if-none-match", b"").split(b",")]:
            scope["retail.route"] = "unchanged"
            await start(send, 304, ((b"etag", etag), *CACHING))
            await send({"type": "http.response.body", "body": b""})
            return
        answer = self.cache.get(build.identity, asked)
        if answer is None:
            scope["retail.form"] = form
            sent = await self.answered(build, asked, etag, scope, receive, send)
            if sent:
                self.cache.put(build.identity, asked, sent)
            return
        scope["retail.route"] = answer.route
        await start(send, 200, answer.headers)
        await send({"type": "http.response.body", "body": answer.body})

    async def answered(
        self,
        build: Build,
        asked: tuple,
        etag: bytes,
        scope: dict,
        receive: Callable,
        send: Callable,
    ) -> Answer | None:
        """Sends what the application answers; returns it where it may be sent again."""
        began: dict = {}
        parts: list[bytes] = []

        async def watched(message: dict) -> None:
            if message["type"] == "http.response.start":
                began.update(message)
                if message["status"] == 200:
                    tags = ((b"etag", etag), (b"retail-build", build.id.encode()), *CACHING)
                    message["headers"] = [*message["headers"], *tags]
                    began["kept"] = tuple(message["headers"])
            else:
                parts.append(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, watched)
        if began.get("status") != 200:
            return None
        path = getattr(scope.get("route"), "path", "other")
        return Answer(b"".join(parts), began["kept"], etag, path)


CACHING = (
    # kept by whoever asked, and asked for again each time: a new build shows at once
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"accept, authorization"),
)


def tag_of(build: Build, asked: tuple) -> bytes:
    text = repr((build.id, build.identity, asked)).encode()
    return b'"' + hashlib.sha256(text).hexdigest()[:32].encode() + b'"'


async def start(send: Callable, status: int, headers: tuple) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


def failure(error: Exception) -> Response:
    """An answer that says what is wrong and what to do."""
    status, code = STATUS[type(error)]
    headers = {"cache-control": "no-store"} | ({"retry-after": "2"} if status == 503 else {})
    return Response(error_body(code, str(error)), status, headers, "application/json")


def handle_errors(api: FastAPI) -> None:
    async def expected(_: Request, error: Exception) -> Response:
        return failure(error)

    for kind in STATUS:
        api.add_exception_handler(kind, expected)

    @api.exception_handler(RequestValidationError)
    async def bad_parameter(_: Request, error: RequestValidationError) -> Response:
        # never the value itself: it may be anything
        found = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'][1:]) or 'body'}: {item['msg']}"
            for item in error.errors()
        )
        return Response(error_body("bad_parameter", found[:2000]), 422, None, "application/json")

    @api.exception_handler(HTTPException)
    async def known(_: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
        body = error_body(code, str(error.detail))
        return Response(body, error.status_code, error.headers, "application/json")


async def in_thread(call: Callable, *arguments: object) -> Any:
    return await anyio.to_thread.run_sync(call, *arguments)


def add_route(api: FastAPI, route: Route) -> None:
    subject = BY_NAME[route.subject]
    fixed = dict(route.fixed)
    shown = [s for s in subject.sections if s.name in route.sections or not route.sections]
    model = model_of(subject, rows=ROWS, without=(*route.in_path, *fixed))
    is_alone = len(shown) == 1

    async def endpoint(request: Request, given: Any, **in_path: str) -> Response:
        asked = given.model_dump() | fixed | in_path
        page = {name: asked.pop(name) for name in ("limit", "offset") if name in asked}
        return await in_thread(answer_route, request, route, asked, page)

    endpoint.__annotations__ = {"request": Request, "given": Annotated[model, Query()]}
    endpoint = with_path(endpoint, route.in_path)
    api.get(
        BASE + route.path,
        name=route.name,
        operation_id=route.name,
        summary=route.title,
        description=f"{subject.meaning}\n\nMethod: {subject.method}.",
        tags=[subject.domain],
        responses=openapi.responses(is_alone=is_alone),
        response_class=JSONResponse,
        response_model=None,
    )(endpoint)


def with_path(endpoint: Callable, names: tuple[str, ...]) -> Callable:
    """The endpoint with parameters of its path, by name, as FastAPI reads signatures."""
    import inspect

    parameters = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=endpoint.__annotations__[name]
        )
        for name in ("request", "given")
    ]
    parameters += [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=Annotated[
                Text, Field(description=name.replace("_", " ").capitalize() + ".")
            ],
        )
        for name in names
    ]
    endpoint.__signature__ = inspect.Signature(parameters)
    return endpoint


def answer_route(request: Request, route: Route, asked: dict, page: dict) -> Response:
    build: Build = request.scope["retail.build"]
    form = request.scope.get("retail.form", formats.JSON)
    subject = BY_NAME[route.subject]
    shown = [s for s in subject.sections if s.name in route.sections or not route.sections]
    if form != formats.JSON:
        if form is None or len(shown) != 1:
            raise HTTPException(406, "JSON only; CSV and Parquet where one table is shown")
        return as_file(build, subject, shown[0], asked, page, form)
    answer = reads.answer(build, subject, asked, only=tuple(s.name for s in shown), **page)
    if answer["status"] == reads.NOT_BUILT:
        missing = ", ".join(section["table"] for section in answer["sections"].values())
        raise reads.NotBuilt(f"not built: this build has no table {missing}")
    return JSONResponse(answer)


def as_file(
    build: Build,
    subject: reads.Subject,
    section: reads.Section,
    given: dict,
    page: dict,
    form: str,
) -> Response:
    asked = reads.with_defaults(subject, given)
    reads.check_known(build, subject, asked)
    table = build.catalog.find(section.table)
    if table is None:
        raise reads.NotBuilt(f"not built: this build has no table {section.table}")
    where, values = reads.conditions(section, asked)
    rows = page or {"limit": section.rows, "offset": 0}
    sql = reads.page_sql(table, where, order=section.order, **rows)
    return file_of(build, sql, values, form)


def file_of(build: Build, sql: str, values: list, form: str) -> Response:
    found = build.arrow(sql, values)
    write = formats.as_csv if form == formats.CSV else formats.as_parquet
    return Response(write(found), media_type=form)


def add_tables(api: FastAPI) -> None:
    @api.get(f"{BASE}/tables", tags=["tables"], responses=openapi.responses(is_alone=False))
    async def list_tables(request: Request) -> dict:
        """Every published table with its grain, domain and rows."""
        build: Build = request.scope["retail.build"]
        tables = [
            {
                **{"table": table.name, "schema": table.schema, "domain": table.domain},
                **{"grain": table.grain, "row_count": table.row_count},
            }
            for table in build.catalog.tables
        ]
        return reads.about(build) | {"tables": tables}

    @api.get(f"{BASE}/tables/{{table}}", tags=["tables"], responses=openapi.responses())
    async def describe_table(request: Request, table: Text) -> dict:
        """What the columns of a table mean, with types and units."""
        build: Build = request.scope["retail.build"]
        return reads.about(build) | reads.described(build, reads.find_table(build, table))

    @api.get(f"{BASE}/tables/{{table}}/rows", tags=["tables"], responses=openapi.responses())
    async def read_rows(
        request: Request,
        table: Text,
        filter: Annotated[  # noqa: A002
            list[Text],
            Query(max_length=5, description="column:value, up to five that must all hold"),
        ] = [],  # noqa: B006
        limit: Limit = ROWS,
        offset: Offset = 0,
    ) -> Response:
        """A page of a table in the order of its key; as JSON, CSV or Parquet."""
        return await in_thread(rows_of, request, table, filter, limit, offset)

    @api.get(f"{BASE}/query", tags=["tables"], responses=openapi.responses())
    async def query(
        request: Request,
        sql: Annotated[str, Query(min_length=1, max_length=10_000, description="One SELECT.")],
        limit: Limit = ROWS,
    ) -> Response:
        """One read-only SELECT over marts.<table> and quality.<table>, in DuckDB's SQL."""
        build: Build = request.scope["retail.build"]
        found = await in_thread(lambda: run_query(build, sql, limit=limit))
        return JSONResponse(
            reads.about(build)
            | {"columns": found.columns, "rows": found.rows, "has_more": found.has_more}
        )


def rows_of(request: Request, name: str, filters: list[str], limit: int, offset: int) -> Response:
    build: Build = request.scope["retail.build"]
    form = request.scope.get("retail.form", formats.JSON)
    table = reads.find_table(build, name)
    where, values = [], []
    for text in filters:
        column, colon, value = text.partition(":")
        if not colon:
            raise reads.BadRequest("filter must be column:value")
        values.append(reads.filter_value(table, column, value))
        where.append(f"{reads.identifier(column)} = ?")
    condition = f" where {' and '.join(where)}" if where else ""
    if form in (formats.CSV, formats.PARQUET):
        sql = reads.page_sql(table, condition, order="", limit=limit, offset=offset)
        return file_of(build, sql, values, form)
    found = reads.page(build, table, condition, values, order="", limit=limit, offset=offset)
    return JSONResponse(reads.about(build) | found)


def add_topics(api: FastAPI, questions: Path) -> None:
    @api.get(f"{BASE}/topics", tags=["topics"], responses=openapi.responses(is_alone=False))
    async def topics(request: Request) -> dict:
        """The topics of the dashboards."""
        return reads.about(request.scope["retail.build"]) | {"topics": list_topics(questions)}

    @api.get(f"{BASE}/topics/{{topic}}", tags=["topics"], responses=openapi.responses())
    async def topic(request: Request, topic: Text) -> Response:
        """A page of the dashboards as figures, sentences and rows."""
        build: Build = request.scope["retail.build"]
        return JSONResponse(await in_thread(read_topic, build, questions, topic))


def add_what_ifs(api: FastAPI) -> None:
    @api.post(f"{BASE}/budget/simulate", tags=["what-ifs"], responses=openapi.responses())
    async def budget(request: Request, asked: BudgetQuestion) -> Response:
        """The best split of an amount over channels, and what it gains."""
        build: Build = request.scope["retail.build"]
        return JSONResponse(await in_thread(simulate_budget, build, asked))

    @api.post(f"{BASE}/staffing/simulate", tags=["what-ifs"], responses=openapi.responses())
    async def staffing(request: Request, asked: StaffingQuestion) -> Response:
        """What so many people in every open hour would give those who ask on a channel."""
        build: Build = request.scope["retail.build"]
        return JSONResponse(await in_thread(simulate_staffing, build, asked))


def add_health(api: FastAPI, published: Published) -> None:
    @api.get("/health", include_in_schema=False)
    async def health() -> dict:
        """Whether the process lives."""
        return {"status": "ok"}

    @api.get("/ready", include_in_schema=False)
    async def ready() -> Response:
        """Whether there is a build to answer from."""
        if await in_thread(is_ready, published):
            return JSONResponse({"status": "ok"})
        return failure(NotPublished("there is no published file; run `retail build`"))
