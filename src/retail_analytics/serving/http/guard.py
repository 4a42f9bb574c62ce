"""What stands before every request, to the API and to MCP over HTTP alike.

Keys and rates, sizes and patience, one line of log and a few metrics. Nothing that a caller sends
is logged but the method and the path; no answer says how the server is made.
"""

import asyncio
import json
import logging
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from retail_analytics.serving.api.keys import LOOPBACK, Gate, Tenant

MOST_BODY = 64 * 1024
MOST_QUERY = 16 * 1024
BODY_SECONDS = 10.0
OPEN_PATHS = {"/health", "/ready"}
SAFE = re.compile(r"[^\x21-\x7e]")
Scope = dict[str, Any]


@dataclass(frozen=True)
class Metrics:
    """What Prometheus reads at /metrics."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    running: Gauge
    refused: Counter


def make_metrics() -> Metrics:
    registry = CollectorRegistry()
    return Metrics(
        registry=registry,
        requests=Counter(
            "retail_requests", "Answered requests.", ["route", "status"], registry=registry
        ),
        seconds=Histogram(
            "retail_request_seconds",
            "Time to the end of the answer.",
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        ),
        running=Gauge("retail_requests_running", "Requests under way.", registry=registry),
        refused=Counter("retail_refused", "Refused requests.", ["reason"], registry=registry),
    )


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{record.msecs:03.0f}",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=True)


def log_as_json() -> None:
    """All logs of the process go to standard error, a JSON object per line, times in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.formatter.converter = time.gmtime
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # its lines hold the whole query
    logging.getLogger("uvicorn.access").disabled = True


log = logging.getLogger("retail.http")


class Refusal(Exception):
    """A request that is not answered: status, a word for it, what to do, headers."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Guard:
    """ASGI middleware around an application."""

    def __init__(self, app: Callable, *, gate: Gate, metrics: Metrics | None = None) -> None:
        self.app, self.gate = app, gate
        self.metrics = metrics or make_metrics()

    async def __call__(self, scope: Scope, receive: Callable, send: Callable) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen: dict[str, Any] = {"status": 500, "bytes": 0, "began": False, "tenant": "-"}
        start = time.perf_counter()

        async def noted(message: dict) -> None:
            if (refusal := seen.get("refusal")) and not seen["began"]:
                # the application took it for a fault of the body; what it would say is not sent
                seen["began"] = True
                self.metrics.refused.labels(refusal.code).inc()
                seen["status"] = refusal.status
                await refuse(send, refusal)
            if seen.get("refusal"):
                return
            if message["type"] == "http.response.start":
                seen["status"], seen["began"] = message["status"], True
                message.setdefault("headers", []).append((b"x-content-type-options", b"nosniff"))
            elif message["type"] == "http.response.body":
                seen["bytes"] += len(message.get("body", b""))
            await send(message)

        self.metrics.running.inc()
        try:
            seen["tenant"] = self.admit(scope)
            await self.app(scope, limited(receive, seen), noted)
        except Refusal as refusal:
            seen.pop("refusal", None)
            self.metrics.refused.labels(refusal.code).inc()
            if not seen["began"]:
                await refuse(noted, refusal)
        except Exception:
            log.exception("an error of the server")
            if not seen["began"]:
                await refuse(noted, Refusal(500, "server_error", "something went wrong here"))
        finally:
            self.metrics.running.dec()
            self.note(scope, seen, time.perf_counter() - start)

    def admit(self, scope: Scope) -> str:
        """The name of who asks. Raises Refusal."""
        headers = dict(scope["headers"])
        if len(scope.get("query_string", b"")) > MOST_QUERY:
            raise Refusal(414, "too_long", f"the query is longer than {MOST_QUERY:,} bytes")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > MOST_BODY:
            raise Refusal(
                413, "too_large", f"a body may hold {MOST_BODY:,} bytes", connection="close"
            )
        if self.gate.is_open:
            # a page on the web could name this machine by another name, and read what it answers
            host = headers.get(b"host", b"").decode("latin-1").lower()
            name = host[1:].split("]")[0] if host.startswith("[") else host.rsplit(":", 1)[0]
            if name not in LOOPBACK:
                raise Refusal(421, "wrong_host", "this server answers to the name localhost only")
            return "local"
        if scope["path"] in OPEN_PATHS:
            return "-"
        tenant = self.gate.tenant(key_of(headers))
        if tenant is None:
            raise Refusal(
                401,
                "no_key",
                "send your key as `Authorization: Bearer <key>`",
                www_authenticate="Bearer",
            )
        self.check_rate(tenant)
        return tenant.name

    def check_rate(self, tenant: Tenant) -> None:
        seconds = self.gate.wait(tenant)
        if seconds:
            raise Refusal(
                429,
                "too_often",
                f"more than {tenant.per_minute} requests a minute",
                retry_after=str(max(1, round(seconds + 0.5))),
            )

    def note(self, scope: Scope, seen: dict, seconds: float) -> None:
        # by the pattern of the path: a counter per id would grow without end
        path = getattr(scope.get("route"), "path", None) or scope.get("retail.route", "other")
        self.metrics.requests.labels(path, str(seen["status"])).inc()
        self.metrics.seconds.observe(seconds)
        if log.isEnabledFor(logging.INFO):
            log.info(
                "request",
                extra={
                    "fields": {
                        "method": SAFE.sub("?", scope["method"])[:20],
                        "path": SAFE.sub("?", scope["path"])[:200],
                        "status": seen["status"],
                        "tenant": seen["tenant"],
                        "bytes": seen["bytes"],
                        "ms": round(seconds * 1000, 2),
                    }
                },
            )


def key_of(headers: dict[bytes, bytes]) -> str | None:
    scheme, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def limited(receive: Callable, seen: dict) -> Callable:
    """The body in bounded size and time: whoever sends a byte a minute is not waited for.

    A refusal is raised, and noted in `seen`: frameworks catch what is raised while they read.
    """
    size = 0
    is_whole = False

    async def bounded() -> dict:
        nonlocal size, is_whole
        if is_whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), BODY_SECONDS)
        except TimeoutError:
            seen["refusal"] = Refusal(
                408, "too_slow", "the body did not arrive", connection="close"
            )
            raise seen["refusal"] from None
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if size > MOST_BODY:
                seen["refusal"] = Refusal(
                    413, "too_large", f"a body may hold {MOST_BODY:,} bytes", connection="close"
                )
                raise seen["refusal"]
        return message

    return bounded


def error_body(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False).encode()


async def refuse(send: Callable, refusal: Refusal) -> None:
    body = error_body(refusal.code, refusal.message)
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        **refusal.headers,
    }
    await send(
        {
            "type": "http.response.start",
            "status": refusal.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
