"""Texts by a language model: facts in, checked figures out; the endpoint is the test's own."""

import csv
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from build_files import make_build

from retail_analytics.cli import main
from retail_analytics.serving import narrate as module
from retail_analytics.serving.narrate import (
    TEMPLATE,
    Endpoint,
    EndpointError,
    endpoint_from,
    fault_of,
    narrate,
    unfounded,
)
from retail_analytics.warehouse.build_file import BUILD, NEXT
from retail_analytics.warehouse.publish import PublishRequest, publish

FACTS = '{"why":"66 % of 1,200 parcels were late","at_stake":2567.0}'
GOOD = "Talk to the carrier: 66 % of 1,200 parcels were late, 2567 at stake."
KEY = "sk-very-secret"


class Fake:
    """An endpoint that says what a test tells it, in order, and remembers what it was asked."""

    def __init__(self, kind: str) -> None:
        self.kind, self.answers, self.asked = kind, [], []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                fake.asked.append((self.path, dict(self.headers), body))
                answer = fake.answers.pop(0)
                status, text = (answer, "") if isinstance(answer, int) else (200, answer)
                said = json.dumps(fake.wrapped(text)).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                """Tests are silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wrapped(self, text: str) -> dict:
        if self.kind == "anthropic":
            usage = {"input_tokens": 100, "output_tokens": 20}
            return {"content": [{"type": "text", "text": text}], "usage": usage}
        usage = {"prompt_tokens": 100, "completion_tokens": 20}
        return {"choices": [{"message": {"content": text}}], "usage": usage}

    @property
    def endpoint(self) -> Endpoint:
        port = self.server.server_address[1]
        return Endpoint(f"http://127.0.0.1:{port}", KEY, "small-model", self.kind, 1.0, 5.0)


@pytest.fixture(params=["openai", "anthropic"])
def fake(request: pytest.FixtureRequest, monkeypatch) -> Iterator[Fake]:
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    fake = Fake(request.param)
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


def published(folder: Path, facts: str = FACTS, digest: str = "h1") -> Path:
    """A published file with one subject to write about."""
    for name in (BUILD, NEXT):
        (folder / name).unlink(missing_ok=True)
    with make_build(folder) as con:
        con.execute(
            "create table marts.llm_inputs as select 'action' as subject_type, "
            "'operations' as subject_id, 'summary' as kind, ? as facts, ? as input_hash, "
            "'Talk to the carrier.' as template_text",
            [facts, digest],
        )
        with con.cursor() as cursor:
            tables = [("marts", "llm_inputs")]
            publish(
                cursor,
                folder=folder,
                request=PublishRequest("2024-06-01 12:00:00", digest, tables),
            )
    return folder


def rows(path: Path) -> list[dict]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_text_of_known_figures_is_kept_with_its_cost(fake: Fake, tmp_path: Path) -> None:
    out = tmp_path / "data" / "llm_outputs.csv"
    fake.answers = [GOOD]
    assert narrate(published(tmp_path), out=out, endpoint=fake.endpoint)["model"] == 1
    (row,) = rows(out)
    assert (row["text"], row["model"], row["input_hash"]) == (GOOD, "small-model", "h1")
    (used,) = rows(out.with_name("llm_usage.csv"))
    assert (used["input_tokens"], used["output_tokens"], used["outcome"]) == ("100", "20", "ok")
    assert (used["attempt"], used["input_price"], used["output_price"]) == ("1", "1.0", "5.0")
    path, headers, body = fake.asked[0]
    assert FACTS in json.dumps(body, ensure_ascii=False).replace('\\"', '"')
    names = {name.lower(): value for name, value in headers.items()}
    if fake.kind == "anthropic":
        assert path == "/v1/messages"
        assert names["x-api-key"] == KEY
    else:
        assert path == "/chat/completions"
        assert names["authorization"] == f"Bearer {KEY}"
    assert KEY not in out.read_text() + out.with_name("llm_usage.csv").read_text()


def test_an_invented_figure_is_asked_again_and_then_the_template_stands_in(
    fake: Fake, tmp_path: Path
) -> None:
    out = tmp_path / "llm_outputs.csv"
    folder = published(tmp_path)
    fake.answers = ["70 % were late.", GOOD]
    assert narrate(folder, out=out, endpoint=fake.endpoint)["model"] == 1
    assert "in no fact: 70" in json.dumps(fake.asked[1][2])
    out.unlink()
    fake.answers = ["70 % were late.", "Some 3,000 parcels."]
    assert narrate(folder, out=out, endpoint=fake.endpoint)[TEMPLATE] == 1
    assert rows(out)[0]["text"] == "Talk to the carrier."
    usage = rows(tmp_path / "llm_usage.csv")
    assert [(row["attempt"], row["outcome"]) for row in usage] == [
        *(("1", "refused"), ("2", "ok")),
        *(("1", "refused"), ("2", "refused")),
    ]


def test_only_what_is_missing_or_stale_is_written(fake: Fake, tmp_path: Path) -> None:
    out = tmp_path / "llm_outputs.csv"
    fake.answers = [GOOD, "66 % are late."]
    narrate(published(tmp_path), out=out, endpoint=fake.endpoint)
    again = narrate(published(tmp_path), out=out, endpoint=fake.endpoint)
    assert again == {"fresh": 1, "model": 0, TEMPLATE: 0}
    assert len(fake.asked) == 1
    narrate(published(tmp_path, digest="h2"), out=out, endpoint=fake.endpoint)
    (row,) = rows(out)
    assert (row["text"], row["input_hash"]) == ("66 % are late.", "h2")


def test_without_an_endpoint_templates_are_written_until_there_is_one(
    fake: Fake, tmp_path: Path
) -> None:
    out = tmp_path / "llm_outputs.csv"
    folder = published(tmp_path)
    assert narrate(folder, out=out, endpoint=None)[TEMPLATE] == 1
    assert narrate(folder, out=out, endpoint=None)["fresh"] == 1
    assert rows(out)[0]["model"] == TEMPLATE
    fake.answers = [GOOD]
    assert narrate(folder, out=out, endpoint=fake.endpoint)["model"] == 1


def test_a_busy_endpoint_is_asked_again_and_a_broken_one_is_named(
    fake: Fake, tmp_path: Path
) -> None:
    out = tmp_path / "llm_outputs.csv"
    folder = published(tmp_path)
    fake.answers = [503, 429, GOOD]
    assert narrate(folder, out=out, endpoint=fake.endpoint)["model"] == 1
    out.unlink()
    for answers, says in (([401], "401"), ([500, 500, 500], "500")):
        fake.answers = list(answers)
        with pytest.raises(EndpointError, match=says) as error:
            narrate(folder, out=out, endpoint=fake.endpoint)
        assert KEY not in str(error.value)
    other = Endpoint(
        fake.endpoint.url, KEY, "m", "openai" if fake.kind == "anthropic" else "anthropic"
    )
    fake.answers = [GOOD]
    with pytest.raises(EndpointError, match="does not answer as"):
        narrate(folder, out=out, endpoint=other)


@pytest.mark.parametrize(
    "text, found",
    [
        (GOOD, set()),
        ("1200 parcels", set()),
        ("12 parcels", {12.0}),
        ("66.5 %", {66.5}),
        ("2.567 at stake", {2.567}),
        ("in 2024", {2024.0}),
        ("many parcels", set()),
    ],
)
def test_each_figure_must_stand_in_a_fact(text: str, found: set[float]) -> None:
    assert unfounded(text, FACTS) == found


@pytest.mark.parametrize(
    "text", ["", "x" * 801, "See https://evil.example", "<script>66</script>", "99 late"]
)
def test_what_is_no_plain_text_of_facts_is_refused(text: str) -> None:
    assert fault_of(text, FACTS)
    assert not fault_of(GOOD, FACTS)


def test_the_environment_names_the_endpoint() -> None:
    assert endpoint_from({}) is None
    given = {"LLM_URL": "https://x/v1/", "LLM_MODEL": "m", "LLM_KEY": "k", "LLM_INPUT_PRICE": "3"}
    assert endpoint_from(given) == Endpoint("https://x/v1", "k", "m", "openai", 3.0, None)
    for wrong in (
        {"LLM_URL": "file:///etc/passwd", "LLM_MODEL": "m"},
        {"LLM_URL": "https://x"},
        {"LLM_URL": "https://x", "LLM_MODEL": "m", "LLM_API": "other"},
        {"LLM_URL": "https://x", "LLM_MODEL": "m", "LLM_INPUT_PRICE": "cheap"},
    ):
        with pytest.raises(ValueError, match="LLM_"):
            endpoint_from(wrong)


def test_the_command_writes_a_file_of_the_input(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.delenv("LLM_URL", raising=False)
    out = tmp_path / "llm_outputs.csv"
    arguments = ["narrate", "--warehouse", str(published(tmp_path)), "--out", str(out)]
    assert main(arguments) == 0
    assert "1 template" in capsys.readouterr().out
    assert rows(out)[0]["subject_id"] == "operations"
