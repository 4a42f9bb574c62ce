"""Runs an application on a port, with patience for nobody who sends too slowly."""

import asyncio
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from retail_analytics.serving.http.guard import log_as_json

HEAD_SECONDS = 10.0
IDLE_SECONDS = 10
CONNECTIONS = 200


class ImpatientProtocol(HttpToolsProtocol):
    """Ends a connection on which no whole head of a request arrives in time.

    uvicorn waits for it without end, so that a few hundred slow clients would take all sockets.
    """

    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering:
            self._relax()
        elif self._watch is None:
            self._expect()

    def on_headers_complete(self) -> None:
        self._relax()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._watch = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _relax(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


def run(app: Callable, *, host: str, port: int) -> None:
    """Serves until it is interrupted."""
    log_as_json()
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=ImpatientProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=10,
        limit_concurrency=CONNECTIONS,
        backlog=256,
    )
