"""The conversations in the documents are what the servers say of the sample."""

import asyncio
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

pytest.importorskip("fastmcp", reason="no .venv-serving: run `make mcp`")

import httpx
from fastmcp import Client
from running import Running

from retail_analytics.serving.api.published import Published
from retail_analytics.serving.http.app import make_app
from retail_analytics.serving.mcp.server import make_server

DOCS, QUESTIONS = ROOT / "docs", ROOT / "dashboards"
PAIR = re.compile(r'"(\w+)":\s*("(?:[^"\\]|\\.)*"|-?[0-9.]+(?:e-?[0-9]+)?|null|true|false)')
# another id for each build
OF_BUILD = {"build"}


def exchanges(document: str, prompt: str) -> list[tuple[str, str]]:
    """What was asked and what was answered, of the part of a document that shows a conversation."""
    text = (DOCS / document).read_text(encoding="utf-8").split("## A conversation")[1]
    text = text.split("\n## ")[0]
    parts = re.split(rf"^    {re.escape(prompt)} ", text, flags=re.MULTILINE)[1:]
    return [(part.split("\n", 1)[0], part.split("\n", 1)[1]) for part in parts]


def flat(answer: object) -> Iterator[tuple[str, object]]:
    """Every key of an answer with each of its values."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield key, value
            yield from flat(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from flat(item)


def unsaid(shown: str, answer: dict) -> list[tuple[str, object]]:
    """What a document shows and the answer does not say; texts may end in dots where they are
    cut."""
    said = list(flat(answer))
    missing = []
    for key, text in PAIR.findall(re.sub(r"\s*\n\s+", " ", shown)):
        value = json.loads(text)
        known = [other for name, other in said if name == key]
        if isinstance(value, str):
            start = value.removesuffix("...").rstrip()
            fits = any(isinstance(other, str) and other.startswith(start) for other in known)
        elif isinstance(value, float):
            fits = any(isinstance(o, float | int) and o == pytest.approx(value) for o in known)
        else:
            fits = value in known
        if not fits and key not in OF_BUILD:
            missing.append((key, value))
    return missing


@pytest.mark.parametrize("asked, shown", exchanges("agents.md", ">"))
def test_agents_get_what_the_document_shows(published: Published, asked: str, shown: str) -> None:
    server = make_server(published, questions=QUESTIONS, docs=DOCS)
    name, _, arguments = asked.partition(" ")

    async def answer() -> object:
        async with Client(server) as client:
            return await client.call_tool(name, json.loads(arguments), raise_on_error=False)

    found = asyncio.run(answer())
    if found.is_error:
        assert " ".join(shown.split()) == f"error: {found.content[0].text}"
    else:
        assert PAIR.search(shown)
        assert unsaid(shown, found.structured_content) == []


@pytest.mark.parametrize("asked, shown", exchanges("api.md", "$"))
def test_programs_get_what_the_document_shows(served: Path, asked: str, shown: str) -> None:
    words = shlex.split(asked.removeprefix("curl "))
    address = next(word for word in words if word.startswith("localhost:8765"))
    given = [words[at + 1] for at, word in enumerate(words) if word == "-H"]
    headers = dict(re.split(r":\s*", line, maxsplit=1) for line in given)
    with (
        Running(make_app(Published(served), questions=QUESTIONS)) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        path = address.removeprefix("localhost:8765")
        if "if-none-match" in {name.lower() for name in headers}:
            headers = {"if-none-match": client.get(path).headers["etag"]}
        if "-d" in words:
            body = words[words.index("-d") + 1]
            answer = client.post(path, content=body, headers=headers)
        else:
            answer = client.get(path, headers=headers)
    if "HTTP/1.1" in shown:
        assert f"HTTP/1.1 {answer.status_code}" in shown
    if answer.headers.get("content-type", "").startswith("text/csv"):
        for line in filter(None, map(str.strip, shown.splitlines())):
            cut = line.removesuffix("...")
            assert any(row.startswith(cut) for row in answer.text.splitlines()), line
    elif answer.status_code != 304:
        assert PAIR.search(shown)
        assert unsaid(shown, answer.json()) == []
