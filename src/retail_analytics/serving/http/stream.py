"""Server-sent events: a line for whoever listens when a new build is published."""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from retail_analytics.serving.api.published import Busy, NotPublished, Published
from retail_analytics.serving.api.reads import about

LISTENERS = 50
POLL_SECONDS = 1.0
# a comment now and then shows proxies that the connection lives
BEAT_SECONDS = 15.0


def add_stream(api: FastAPI, published: Published, path: str) -> None:
    listening = 0

    @api.get(
        path,
        tags=["events"],
        response_class=Response,
        responses={
            200: {
                "description": "An event `build` now and with each new build.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            503: {"description": "Too many listen."},
        },
    )
    async def listen(request: Request) -> StreamingResponse:
        """Server-sent events: `build` with id, as-of date and currency. `Last-Event-ID` is kept."""
        if listening >= LISTENERS:
            raise Busy(f"{LISTENERS} listen already; try again later")
        last = request.headers.get("last-event-id", "")
        return StreamingResponse(
            stream(last),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def stream(last: str) -> AsyncIterator[str]:
        nonlocal listening
        listening += 1
        try:
            silent = 0.0
            yield "retry: 2000\n\n"
            while True:
                said = await asyncio.to_thread(current, published)
                if said and said["build"] != last:
                    last, silent = said["build"], 0.0
                    yield f"event: build\nid: {last}\ndata: {json.dumps(said)}\n\n"
                elif silent >= BEAT_SECONDS:
                    silent = 0.0
                    yield ": still here\n\n"
                await asyncio.sleep(POLL_SECONDS)
                silent += POLL_SECONDS
        finally:
            listening -= 1


def current(published: Published) -> dict | None:
    try:
        with published.build() as build:
            return about(build)
    except NotPublished:
        return None
