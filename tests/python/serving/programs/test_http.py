"""Programs: every endpoint of the HTTP API, and everything that somebody might try with it."""

import csv
import io
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

pytest.importorskip("fastapi", reason="no .venv-serving: run `make serve`")

import httpx
import pyarrow.parquet
from another_build import another_build
from running import Running

from retail_analytics.serving.api.keys import add_key
from retail_analytics.serving.api.published import Published
from retail_analytics.serving.http import guard, server
from retail_analytics.serving.http.app import BASE, make_app
from retail_analytics.serving.http.guard import MOST_BODY
from retail_analytics.serving.http.routes import ROUTES

QUESTIONS = ROOT / "dashboards"
ATTACKS = [
    "' or '1'='1",
    "'; drop table marts.orders; --",
    "x' union select * from read_csv('/etc/passwd') --",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "{{7*7}}",
    "$(id)",
    "\u202e\ud7ff",
    "9" * 400,
    "a" * 15_000,
    "1e308",
    "NaN",
    "-1",
]


@pytest.fixture(scope="module")
def url(served: Path) -> Iterator[str]:
    with Running(make_app(Published(served), questions=QUESTIONS)) as address:
        yield address


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def customer(published: Published) -> str:
    with published.build() as build:
        _, rows = build.rows("select min(customer_id) from marts.customer_recommendations")
    return rows[0][0]


@pytest.fixture(scope="module")
def paths(customer: str) -> list[str]:
    return [BASE + route.path.replace("{customer_id}", customer) for route in ROUTES]


def test_every_endpoint_answers_or_says_that_it_is_not_built(api, paths, customer) -> None:
    missing = set()
    for path in paths:
        asked = {"customer_id": customer} if path.endswith("subjects/get-customer") else {}
        answer = api.get(path, params=asked)
        if answer.status_code == 404:
            missing.add(path.removeprefix(BASE))
            assert answer.json()["error"]["code"] in ("not_built", "not_found"), path
            continue
        assert answer.status_code == 200, (path, answer.text)
        body = answer.json()
        assert body["as_of_date"] == "2024-12-31"
        assert body["status"] in ("ok", "empty")
        assert answer.headers["retail-build"] == body["build"]
    # what monitoring and pricing bring as soon as they are built
    assert missing <= {
        *("/insights", "/anomalies", "/trends", "/alerts", "/subjects/find-changes"),
        *("/forecasts/conversions", "/subjects/analyze-discounts"),
        *("/subjects/forecast-category-revenue", "/subjects/analyze-campaigns"),
    }


def test_rows_are_those_of_the_mart(api, published) -> None:
    with published.build() as build:
        _, rows = build.rows(
            "select order_id, revenue from marts.orders where order_status = 'returned' "
            "order by order_id limit 5"
        )
    answer = api.get(
        f"{BASE}/tables/orders/rows", params={"filter": "order_status:returned", "limit": 5}
    ).json()
    found = [(row["order_id"], row["revenue"]) for row in answer["rows"]]
    assert found == [(order, float(revenue)) for order, revenue in rows]
    assert answer["units"]["revenue"] == "EUR"


def test_csv_and_parquet_hold_the_rows_of_json(api) -> None:
    path = f"{BASE}/predictions/churn"
    rows = api.get(path, params={"limit": 20}).json()["sections"]["risks"]["rows"]
    text = api.get(path, params={"limit": 20}, headers={"accept": "text/csv"})
    assert text.headers["content-type"].startswith("text/csv")
    read = list(csv.DictReader(io.StringIO(text.text)))
    assert [row["customer_id"] for row in read] == [row["customer_id"] for row in rows]
    accept = {"accept": "application/vnd.apache.parquet, application/json;q=0.1"}
    whole = api.get(path, params={"limit": 20}, headers=accept)
    table = pyarrow.parquet.read_table(io.BytesIO(whole.content))
    assert table.column("customer_id").to_pylist() == [row["customer_id"] for row in rows]
    assert str(table.schema.field("as_of_date").type) == "date32[day]"
    for form in ("image/png", "text/csv"):
        many = api.get(f"{BASE}/subjects/segment-customers", headers={"accept": form})
        assert many.status_code == 406


def test_no_csv_holds_a_formula() -> None:
    import pyarrow as pa

    from retail_analytics.serving.http.formats import as_csv

    table = pa.table(
        {"name": ['=HYPERLINK("x")', "+1", "-a", "@b", "good"], "figure": [-1, 2, 3, 4, 5]}
    )
    rows = list(csv.reader(io.StringIO(as_csv(table).decode())))
    assert [row[0] for row in rows[1:]] == ['\'=HYPERLINK("x")', "'+1", "'-a", "'@b", "good"]
    assert rows[1][1] == "-1"


def test_an_answer_is_not_sent_twice_to_whoever_has_it(api) -> None:
    first = api.get(f"{BASE}/cohorts/revenue")
    tag = first.headers["etag"]
    again = api.get(f"{BASE}/cohorts/revenue", headers={"if-none-match": f'"x", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    other = api.get(f"{BASE}/cohorts/revenue", headers={"if-none-match": tag, "accept": "text/csv"})
    assert other.status_code == 200
    assert other.headers["etag"] != tag
    assert first.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_in_any_parameter_is_refused_and_nothing_leaks(api, attack) -> None:
    description = api.get(f"{BASE}/openapi.json").json()
    for path, methods in description["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            asked = {"limit": 1} if parameter["in"] == "path" else {parameter["name"]: attack}
            target = path
            for name in ("customer_id", "table", "topic"):
                wanted = attack if parameter["name"] == name else "x"
                target = target.replace(f"{{{name}}}", httpx.QueryParams({"q": wanted})["q"])
            answer = api.get(httpx.URL(api.base_url.join("/"), path=target), params=asked)
            assert answer.status_code in (200, 404, 414, 422, 406), (path, parameter, answer.text)
            for leak in ("root:", "Traceback", "/work", "/tmp", "site-packages", "duckdb."):
                assert leak not in answer.text, (path, parameter["name"])


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "attach '/tmp/x.duckdb'",
        "copy marts.orders to '/tmp/x.csv'",
        "pragma version",
        "install httpfs",
        "select 1; select 2",
    ],
)
def test_a_query_only_reads(api, sql) -> None:
    answer = api.get(f"{BASE}/query", params={"sql": sql})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "refused"


def test_a_query_answers(api) -> None:
    sql = "select count(*), count(email) from marts.customers"
    assert api.get(f"{BASE}/query", params={"sql": sql}).json()["rows"] == [[2000, 0]]


@pytest.mark.parametrize(
    "path, params, status",
    [
        ("/customers/nobody/clv", {}, 404),
        ("/tables/nothing", {}, 404),
        ("/topics/nothing", {}, 404),
        ("/nothing", {}, 404),
        ("/predictions/churn", {"limit": 1001}, 422),
        ("/predictions/churn", {"limit": "many"}, 422),
        ("/predictions/churn", {"offset": 10**9}, 422),
        ("/predictions/churn", {"horizon_days": 45}, 422),
        ("/predictions/churn", {"unknown": 1}, 422),
        ("/customers/C000001/clv", {"customer_id": "C000002"}, 422),
        ("/subjects/optimize-inventory", {"service_level": 0.999}, 422),
        ("/tables/orders/rows", {"filter": "order_id"}, 422),
        ("/tables/orders/rows", {"filter": "no_such:1"}, 422),
        ("/tables/orders/rows", {"filter": "units:many"}, 422),
        ("/tables/orders/rows", {"filter": ["a:1"] * 6}, 422),
        ("/query", {"sql": "select repeat('x', 1900) from range(1000)", "limit": 1000}, 413),
    ],
)
def test_an_error_has_its_status_and_says_what_to_do(api, path, params, status) -> None:
    answer = api.get(BASE + path, params=params)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] and len(error["message"]) > 5
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_get_reads(api, method) -> None:
    assert api.request(method, f"{BASE}/tables").status_code == 405


def test_what_ifs_answer_with_the_reason_where_they_cannot(api) -> None:
    answer = api.post(f"{BASE}/budget/simulate", json={"total": 1000})
    assert answer.status_code == 422
    assert "no response curves" in answer.json()["error"]["message"]
    hours = api.post(f"{BASE}/staffing/simulate", json={"channel": "chat", "agents": 3}).json()
    assert {hour["agents"] for hour in hours["answer"]["hours"]} == {3}
    for wrong in ({}, {"channel": "chat", "agents": 0}, {"channel": "chat", "agents": 1, "x": 1}):
        assert api.post(f"{BASE}/staffing/simulate", json=wrong).status_code == 422
    unknown = api.post(f"{BASE}/staffing/simulate", json={"channel": "x'--", "agents": 1})
    assert unknown.status_code == 404
    assert api.post(f"{BASE}/staffing/simulate", content=b"{" * 1000).status_code == 422


def test_a_large_body_is_refused_before_it_is_read(api, url) -> None:
    answer = api.post(f"{BASE}/budget/simulate", content=b"x" * 10_000_000)
    assert answer.status_code == 413

    def chunks() -> Iterator[bytes]:
        for _ in range(MOST_BODY // 1000 + 100):
            yield b"x" * 1000

    assert api.post(f"{BASE}/budget/simulate", content=chunks()).status_code == 413
    assert api.get(f"{BASE}/tables").status_code == 200


def test_a_long_query_string_is_refused(api) -> None:
    assert api.get(f"{BASE}/tables", params={"x": "y" * 20_000}).status_code == 414


def test_slow_clients_are_let_go(url, monkeypatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.5)
    host, port = url.removeprefix("http://").split(":")
    head = b"GET /api/v1/tables HTTP/1.1\r\nhost: localhost\r\n"
    body = (
        b"POST /api/v1/budget/simulate HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"
    )
    for sent, says in ((b"", b""), (b"GE", b""), (head, b""), (body, b"408")):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(sent)
            start = time.monotonic()
            received = b""
            while part := connection.recv(65536):
                received += part
            assert time.monotonic() - start < 5
            assert says in received


def test_another_name_of_this_machine_is_not_answered(api) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""):
        answer = api.get(f"{BASE}/tables", headers={"host": host})
        assert answer.status_code in (400, 421), host


def test_keys_open_and_their_rate_closes(served: Path, tmp_path: Path, caplog) -> None:
    key = add_key(tmp_path / "keys.csv", "till", per_minute=30)
    slow = add_key(tmp_path / "keys.csv", "slow", per_minute=2)
    app = make_app(
        Published(served), questions=QUESTIONS, host="0.0.0.0", keys=tmp_path / "keys.csv"
    )
    caplog.set_level(logging.INFO, "retail.http")
    with Running(app) as address, httpx.Client(base_url=address) as client:
        good = {"authorization": f"Bearer {key}"}
        assert client.get(f"{BASE}/tables", headers=good).status_code == 200
        for wrong in ("", "Bearer", "Bearer x", f"Basic {key}", f"Bearer {key}x", key):
            answer = client.get(f"{BASE}/tables", headers={"authorization": wrong})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get("/metrics").status_code == 401
        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code == 200
        limited = {"authorization": f"Bearer {slow}"}
        statuses = [client.get(f"{BASE}/tables", headers=limited).status_code for _ in range(4)]
        assert statuses == [200, 200, 429, 429]
        assert client.get(f"{BASE}/tables", headers=good).status_code == 200
    said = [record.__dict__.get("fields", {}) for record in caplog.records]
    assert {line.get("tenant") for line in said} >= {"till", "slow", "-"}
    assert key not in caplog.text and key not in json.dumps(said)


def test_logs_hold_no_parameter_and_no_second_line(api, caplog) -> None:
    caplog.set_level(logging.INFO, "retail.http")
    api.get(f"{BASE}/customers/secret%0A%7B%22x%22/clv", params={"horizon_months": 987654})
    formatter = guard.JsonLines()
    lines: list[str] = []
    # a line is written after the answer was sent, by another thread
    end = time.monotonic() + 10
    while not lines and time.monotonic() < end:
        lines = [formatter.format(r) for r in caplog.records if r.name == "retail.http"]
        time.sleep(0.02)
    assert lines
    for line in lines:
        assert "\n" not in line
        assert "987654" not in line
        assert json.loads(line)["status"] in (404, 422)


def test_without_a_file_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    with (
        Running(make_app(Published(tmp_path), questions=QUESTIONS)) as address,
        httpx.Client(base_url=address) as client,
    ):
        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code == 503
        answer = client.get(f"{BASE}/tables")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert "build" in answer.json()["error"]["message"]


def test_metrics_count_by_pattern_and_not_by_id(api) -> None:
    for number in range(3):
        api.get(f"{BASE}/customers/nobody{number}/clv")
    text = api.get("/metrics").text
    line = 'retail_requests_total{route="/api/v1/customers/{customer_id}/clv",status="404"}'
    assert line in text
    assert "nobody" not in text
    assert "retail_request_seconds_bucket" in text


def test_the_description_has_an_example_of_every_answer(api) -> None:
    description = api.get(f"{BASE}/openapi.json").json()
    for route in ROUTES:
        operation = description["paths"][BASE + route.path]["get"]
        content = operation["responses"]["200"]["content"]["application/json"]
        assert content["example"], route.path
        assert operation["summary"] == route.title


def test_a_publish_in_the_middle_of_the_load_is_no_error_and_no_mix(
    served: Path, tmp_path: Path
) -> None:
    another_build(served / "retail.duckdb", tmp_path, 0)
    wrong: list[object] = []
    seen: set[str] = set()
    is_over = threading.Event()

    def ask(address: str) -> None:
        with httpx.Client(base_url=address, timeout=30) as client:
            number = 0
            while not is_over.is_set():
                number += 1
                # some of it from the cache, some not
                path = f"{BASE}/tables/products/rows"
                answer = client.get(path, params={"limit": 1 + number % 50})
                counts = {
                    count
                    for row in answer.json().get("rows", [])
                    for count in (row["order_count"], row["units_sold"])
                }
                build = answer.headers.get("retail-build", "")
                if answer.status_code != 200 or {f"build {int(c)}" for c in counts} != {build}:
                    wrong.append((answer.status_code, build, counts))
                seen.add(build)

    app = make_app(Published(tmp_path, with_personal=True), questions=QUESTIONS)
    with Running(app) as address:
        clients = [threading.Thread(target=ask, args=[address]) for _ in range(4)]
        for client in clients:
            client.start()
        for number in range(1, 4):
            time.sleep(1)
            another_build(served / "retail.duckdb", tmp_path, number)
        for _ in range(1200):
            if "build 3" in seen:
                break
            time.sleep(0.1)
        is_over.set()
        for client in clients:
            client.join()
    assert wrong == []
    assert {"build 0", "build 3"} <= seen


def test_whoever_listens_hears_of_a_new_build(served: Path, tmp_path: Path) -> None:
    another_build(served / "retail.duckdb", tmp_path, 1)
    app = make_app(Published(tmp_path, with_personal=True), questions=QUESTIONS)
    heard = []
    with Running(app) as address, httpx.Client(base_url=address, timeout=30) as client:
        with client.stream("GET", f"{BASE}/events") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    heard.append(json.loads(line.removeprefix("data: "))["build"])
                    if len(heard) == 2:
                        break
                    another_build(served / "retail.duckdb", tmp_path, 2)
        with client.stream("GET", f"{BASE}/events", headers={"last-event-id": "build 1"}) as answer:
            first = next(line for line in answer.iter_lines() if line.startswith("id: "))
    assert heard == ["build 1", "build 2"]
    assert first == "id: build 2"
