"""Runs the MCP server on standard input and output, or on a port."""

from pathlib import Path

from retail_analytics.serving.api.keys import LOOPBACK, make_gate
from retail_analytics.serving.api.published import Published
from retail_analytics.serving.http.guard import Guard, log_as_json
from retail_analytics.serving.mcp.server import make_server


def run_mcp(
    warehouse: Path,
    *,
    with_personal: bool,
    questions: Path,
    docs: Path,
    address: tuple[str, int] | None,
    keys: Path | None,
) -> None:
    """Serves until the client leaves, or on a port until it is interrupted.

    Raises NotPublished where there is no file, ValueError beyond loopback without keys.
    """
    published = Published(warehouse, with_personal=with_personal)
    if address is None:
        # standard output belongs to the protocol
        log_as_json()
        server = make_server(published, questions=questions, docs=docs)
        server.run(transport="stdio", show_banner=False)
        return
    from retail_analytics.serving.http.server import run

    host, port = address
    run(
        make_app(published, questions=questions, docs=docs, host=host, keys=keys),
        host=host,
        port=port,
    )


def make_app(
    published: Published, *, questions: Path, docs: Path, host: str, keys: Path | None
) -> Guard:
    """The server as an ASGI application behind keys, limits and logs; tools are at /mcp."""
    gate = make_gate(keys, host)
    server = make_server(published, questions=questions, docs=docs)
    # no session is kept: a client may be sent to any of several servers
    app = server.http_app(
        path="/mcp",
        stateless_http=True,
        json_response=True,
        allowed_hosts=[*LOOPBACK, *(f"{name}:*" for name in LOOPBACK)] if gate.is_open else ["*"],
    )
    return Guard(app, gate=gate)
