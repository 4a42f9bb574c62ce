"""Agents: real client sessions with the MCP server, in the process, over HTTP and over stdio."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

pytest.importorskip("fastmcp", reason="no .venv-serving: run `make mcp`")

import duckdb
import httpx
import jsonschema
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from running import Running

from retail_analytics.serving.api.keys import add_key
from retail_analytics.serving.api.published import Published
from retail_analytics.serving.mcp.run import make_app
from retail_analytics.serving.mcp.server import make_server
from retail_analytics.warehouse.publish import PUBLISHED

SEED = {
    *("analyze_customer_churn", "segment_customers", "predict_customer_lifetime_value"),
    *("analyze_sentiment_trends", "forecast_delivery_performance", "optimize_inventory"),
    *("analyze_warehouse_incidents", "get_operations_summary"),
}
PROMPTS = {"retention_workflow", "operations_check", "sentiment_crisis", "monday_check"}
FOLDERS = {"questions": ROOT / "dashboards", "docs": ROOT / "docs"}
Talk = Callable[[Client], Any]


@pytest.fixture(scope="module")
def server(published: Published) -> object:
    return make_server(published, **FOLDERS)


def talk(server: object, conversation: Talk) -> Any:
    async def session() -> Any:
        async with Client(server) as client:
            return await conversation(client)

    return asyncio.run(session())


def call(server: object, name: str, **arguments: object) -> Any:
    return talk(server, lambda client: client.call_tool(name, arguments, raise_on_error=False))


def ok(server: object, name: str, **arguments: object) -> dict:
    result = call(server, name, **arguments)
    assert not result.is_error, result.content[0].text
    return result.structured_content


@pytest.fixture(scope="module")
def tools(server: object) -> dict[str, Any]:
    return {tool.name: tool for tool in talk(server, lambda client: client.list_tools())}


@pytest.fixture(scope="module")
def customer(published: Published) -> str:
    with published.build() as build:
        _, rows = build.rows(
            "select customer_id from marts.customer_recommendations "
            "inner join marts.customer_churn_risks using (customer_id) order by all limit 1"
        )
    return rows[0][0]


def test_the_tools_of_the_seed_and_of_every_domain_are_there(tools: dict) -> None:
    assert set(tools) >= SEED
    assert {"ask_table", "run_query", "read_topic"} <= set(tools)
    for word in ("prices", "marketing", "experiments", "support", "cohorts", "sales", "loyalty"):
        assert any(word in name for name in tools), word


def test_every_tool_explains_itself_and_only_reads(tools: dict) -> None:
    for tool in tools.values():
        assert len(tool.description) > 80, tool.name
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.destructive_hint is False
        for name, schema in tool.input_schema["properties"].items():
            assert "description" in schema or name in ("limit", "offset"), (tool.name, name)
        assert {"as_of_date", "build", "method", "status"} <= set(tool.output_schema["required"])


def test_the_list_of_tools_is_small_enough_for_an_agent(tools: dict) -> None:
    seen = [(tool.name, tool.description, tool.input_schema) for tool in tools.values()]
    assert len(json.dumps(seen)) < 40_000


def test_every_tool_answers_as_its_schema_says(server, tools, customer) -> None:
    given = {
        "get_customer": {"customer_id": customer},
        "run_query": {"sql": "select segment, customer_count from marts.segment_summary"},
    }
    for name, tool in tools.items():
        answer = ok(server, name, **given.get(name, {}))
        jsonschema.validate(answer, tool.output_schema)
        assert answer["as_of_date"] == "2024-12-31"
        assert answer["status"] in ("ok", "empty")
        assert len(json.dumps(answer)) < 60_000, name


def test_units_stand_in_the_schema(tools: dict) -> None:
    sections = tools["analyze_customer_churn"].output_schema["properties"]["sections"]
    rows = sections["properties"]["risks"]["properties"]["rows"]["items"]["properties"]
    assert rows["value_at_stake"]["description"] == "EUR"
    assert rows["no_purchase_probability"]["description"] == "share of 1"
    assert rows["horizon_days"] == {"type": ["integer", "null"], "description": "days"}


@pytest.mark.parametrize(
    "name, arguments, says",
    [
        ("analyze_customer_churn", {"customer_id": "nobody"}, "no customer_id 'nobody'"),
        ("analyze_customer_churn", {"customer_id": "x' or '1'='1"}, "no customer_id"),
        ("analyze_customer_churn", {"customer_id": "x\x00"}, "null byte"),
        ("analyze_customer_churn", {"customer_id": "x" * 300}, "200 characters"),
        ("analyze_customer_churn", {"horizon_days": "soon"}, "horizon_days"),
        ("analyze_customer_churn", {"horizon_days": 10**30}, "horizon_days"),
        ("analyze_customer_churn", {"limit": 100_000}, "limit"),
        ("analyze_customer_churn", {"offset": -1}, "offset"),
        ("analyze_customer_churn", {"order": "1; drop table x"}, "order"),
        ("predict_customer_lifetime_value", {"horizon_months": 7}, "3, 6, 12, 24"),
        ("optimize_inventory", {"service_level": 0.999}, "was not built"),
        ("forecast_delivery_performance", {"periods": 0}, "periods"),
        ("analyze_warehouse_incidents", {"since": "yesterday"}, "since"),
        ("get_customer", {}, "customer_id"),
        ("ask_table", {"action": "describe"}, "name the table"),
        ("ask_table", {"action": "describe", "table": "../../etc/passwd"}, "no table"),
        ("ask_table", {"action": "drop", "table": "orders"}, "action"),
        ("read_topic", {"topic": "../../etc/passwd"}, "there are: overview"),
        ("run_query", {"sql": "drop table marts.orders"}, "only one SELECT"),
        ("run_query", {"sql": "select * from read_csv('/etc/passwd')"}, "read_csv"),
        ("run_query", {"sql": "attach '/tmp/x.duckdb'"}, "only one SELECT"),
        ("run_query", {"sql": "select 1", "limit": 10**9}, "limit"),
        ("run_query", {"sql": "select " + "1," * 20_000 + "1"}, "sql"),
    ],
)
def test_what_cannot_be_answered_says_what_can(server, name, arguments, says) -> None:
    result = call(server, name, **arguments)
    assert result.is_error
    text = result.content[0].text
    assert says in text
    assert "Traceback" not in text and "/work" not in text and "root:" not in text


def test_personal_columns_are_marked_and_empty(server) -> None:
    described = ok(server, "ask_table", action="describe", table="customers")
    kinds = {column["name"]: column["personal"] for column in described["columns"]}
    assert (kinds["customer_name"], kinds["email"], kinds["region"]) == ("name", "email", "")
    page = ok(server, "ask_table", action="sample", table="customers", limit=50)["page"]
    assert {row["email"] for row in page["rows"]} == {None}
    found = ok(server, "run_query", sql="select count(email), count(*) from marts.customers")
    assert found["rows"] == [[0, 2000]]


def test_pages_of_a_tool_follow_each_other(server) -> None:
    first = ok(server, "analyze_sales", limit=7)["sections"]["products"]
    then = ok(server, "analyze_sales", limit=7, offset=first["next_offset"])["sections"]["products"]
    ids = [row["product_id"] for page in (first, then) for row in page["rows"]]
    assert len(set(ids)) == 14


def test_an_empty_section_says_which_input_is_missing(served: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(served / PUBLISHED, tmp_path))
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as con:
        con.execute("delete from marts.loyalty_summary")
        con.execute(
            "update quality.input_summary set rows_kept = 0 where input_table = 'loyalty_events'"
        )
    published = Published(tmp_path)
    server = make_server(published, **FOLDERS)
    section = ok(server, "analyze_loyalty")["sections"]["months"]
    published.close()
    assert section["status"] == "empty"
    assert section["reason"].endswith("these have no usable row: loyalty_events")


def test_an_empty_section_blames_no_input_that_it_is_not_made_from(server) -> None:
    """Nobody asked to be forgotten in the sample; its mailings are none for another reason."""
    reason = ok(server, "analyze_campaigns")["sections"]["mailings"]["reason"]
    assert "erasure_requests" not in reason and "llm_outputs" not in reason
    assert "touchpoints" in reason and "none of the kind" in reason


def test_a_page_that_cannot_be_turned_says_so(server) -> None:
    sections = ok(server, "analyze_customer_churn", limit=3)["sections"]
    assert sections["risks"]["next_offset"] == 3
    months = sections["monthly_rates"]
    assert months["has_more"] and months["next_offset"] is None


def test_changes_begin_with_what_is_open_and_leads(server) -> None:
    alerts = ok(server, "find_changes", limit=50)["sections"]["alerts"]["rows"]
    assert {row["state"] for row in alerts} <= {"open", "closed"}
    places = [
        (row["state"] == "closed", row["is_muted"], not row["is_lead"], -row["severity"])
        for row in alerts
    ]
    assert places == sorted(places)
    assert all(row["unit"] for row in alerts)


def test_resources_hold_tables_and_documents(server) -> None:
    async def read(client: Client) -> tuple:
        listed = {str(resource.uri) for resource in await client.list_resources()}
        texts = [(await client.read_resource(uri))[0].text for uri in sorted(listed)]
        table = (await client.read_resource("retail://tables/customer_churn_risks"))[0].text
        with pytest.raises(Exception, match="there is no table|not"):
            await client.read_resource("retail://tables/..%2F..%2Fetc%2Fpasswd")
        return listed, texts, table

    listed, texts, table = talk(server, read)
    assert listed == {"retail://tables", "retail://docs/glossary", "retail://docs/decisions"}
    assert all(len(text) > 1000 for text in texts)
    assert "value_at_stake" in table and "EUR" in table


def test_workflows_name_tools_parameters_and_sections_that_exist(server, tools) -> None:
    async def read(client: Client) -> dict[str, str]:
        names = [prompt.name for prompt in await client.list_prompts()]
        return {name: (await client.get_prompt(name)).messages[0].content.text for name in names}

    texts = talk(server, read)
    assert set(texts) == PROMPTS
    verbs = "analyze|predict|segment|forecast|optimize|get|list|recommend|check|find|read|run|ask"
    for text in texts.values():
        named = set(re.findall(rf"\b(?:{verbs})_[a-z_]+\b", text))
        # what another part of the project brings is named as optional
        assert named - set(tools) <= {"find_changes"}
        assert len(named) >= 4


def test_the_retention_workflow_ends_in_a_list(server) -> None:
    churn = ok(server, "analyze_customer_churn", limit=10)["sections"]
    assert churn["monthly_rates"]["rows"][0]["churn_rate_lower"] is not None
    risks = [row for row in churn["risks"]["rows"] if row["is_shown"] and row["status"] == "ok"]
    assert len(risks) == 10
    stakes = [row["value_at_stake"] for row in risks]
    assert stakes == sorted(stakes, reverse=True)
    members = ok(server, "list_action_members", cause="customers_at_risk", limit=150)
    assert members["sections"]["members"]["row_count"] == 150
    for risk in risks[:3]:
        values = ok(
            server,
            "predict_customer_lifetime_value",
            customer_id=risk["customer_id"],
            horizon_months=12,
        )["sections"]["values"]["rows"]
        assert [row["customer_id"] for row in values] == [risk["customer_id"]]
        assert values[0]["value_lower"] <= values[0]["expected_value"] <= values[0]["value_upper"]


def test_the_operations_check_finds_the_strike(server) -> None:
    summary = ok(server, "get_operations_summary")["sections"]
    assert summary["actions"]["rows"][0]["cause"] == "operations"
    assert "Strike" in summary["actions"]["rows"][0]["details"]
    carriers = ok(server, "forecast_delivery_performance", dimension="carrier", limit=50)
    assert {row["dimension"] for row in carriers["sections"]["forecasts"]["rows"]} == {"carrier"}
    incidents = ok(server, "analyze_warehouse_incidents", since="2024-10-01")["sections"]
    grave = [row for row in incidents["incidents"]["rows"] if row["severity"] == "Critical"]
    assert any(row["excess_late_deliveries_lower"] > 0 for row in grave)
    orders = ok(server, "optimize_inventory")["sections"]["levels"]["rows"]
    assert orders[0]["order_now_units"] > 0


def test_the_sentiment_crisis_names_source_and_month(server) -> None:
    whole = ok(server, "analyze_sentiment_trends")["sections"]
    assert {row["dimension"] for row in whole["months"]["rows"]} == {"all"}
    parts = ok(server, "analyze_sentiment_trends", dimension="source")["sections"]
    assert parts["anomalies"]["status"] == "ok"
    assert all(row["is_anomaly"] for row in parts["anomalies"]["rows"])
    one = ok(server, "analyze_sentiment_trends", entity="social")["sections"]["months"]["rows"]
    assert {row["entity"] for row in one} == {"social"}


@pytest.fixture(scope="module")
def url(published: Published) -> Iterator[str]:
    app = make_app(published, **FOLDERS, host="127.0.0.1", keys=None)
    with Running(app) as address:
        yield f"{address}/mcp"


def test_every_tool_answers_over_http(url, tools, customer) -> None:
    async def session() -> dict[str, dict]:
        async with Client(url) as client:
            assert {tool.name for tool in await client.list_tools()} == set(tools)
            given = {
                "get_customer": {"customer_id": customer},
                "run_query": {"sql": "select count(*) from marts.orders"},
            }
            return {
                name: (await client.call_tool(name, given.get(name, {}))).structured_content
                for name in tools
            }

    for name, answer in asyncio.run(session()).items():
        jsonschema.validate(answer, tools[name].output_schema)


def test_over_http_a_key_is_asked_for_where_there_are_keys(published, tmp_path) -> None:
    key = add_key(tmp_path / "keys.csv", "agent")
    app = make_app(published, **FOLDERS, host="0.0.0.0", keys=tmp_path / "keys.csv")

    async def count(address: str, headers: dict) -> int:
        async with Client(StreamableHttpTransport(f"{address}/mcp", headers=headers)) as client:
            return len(await client.list_tools())

    with Running(app) as address:
        assert asyncio.run(count(address, {"Authorization": f"Bearer {key}"})) > 20
        for headers in ({}, {"Authorization": f"Bearer {key}x"}, {"Authorization": key}):
            with pytest.raises(Exception, match="error response"):
                asyncio.run(count(address, headers))
            assert httpx.post(f"{address}/mcp", headers=headers, json={}).status_code == 401


def test_the_command_speaks_on_standard_input_and_output(served: Path) -> None:
    command = Path(sys.executable).parent / "retail"
    arguments = ["mcp", "--warehouse", str(served), "--questions", str(FOLDERS["questions"])]

    async def session() -> dict:
        transport = StdioTransport(str(command), arguments, cwd=str(ROOT))
        async with Client(transport) as client:
            return (await client.call_tool("get_operations_summary", {})).structured_content

    assert asyncio.run(session())["sections"]["actions"]["status"] == "ok"


def test_the_command_refuses_to_be_reached_without_keys(served: Path) -> None:
    command = Path(sys.executable).parent / "retail"
    done = subprocess.run(
        [command, "mcp", "--http", "--host", "0.0.0.0", "--warehouse", served],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "make keys first" in done.stderr
