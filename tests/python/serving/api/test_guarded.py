"""A stranger's query reads the published tables, and nothing else happens."""

import time
from pathlib import Path

import pytest

from retail_analytics.serving.api import guarded
from retail_analytics.serving.api.guarded import Refused, TooLarge, run_query
from retail_analytics.serving.api.published import Build, TooSlow

WRITES = [
    "drop table marts.orders",
    "delete from marts.orders",
    "update marts.orders set revenue = 0",
    "insert into marts.orders select * from marts.orders",
    "create table t as select 1",
    "create or replace view marts.v as select 1",
    "attach '/tmp/x.duckdb'",
    "attach ':memory:' as other",
    "detach retail",
    "copy (select 1) to '/tmp/retail_attack.csv'",
    "copy marts.orders from '/etc/passwd'",
    "export database '/tmp/retail_attack'",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "pragma memory_limit='100GB'",
    "set memory_limit = '100GB'",
    "set enable_external_access = true",
    "reset lock_configuration",
    "call pragma_version()",
    "checkpoint",
    "begin",
    "use memory",
    "prepare p as select 1",
    "explain analyze select 1",
    "vacuum",
    "pivot marts.orders on order_status using count(*)",
]
READS_ELSEWHERE = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/*')",
    "select * from read_parquet('https://example.com/x.parquet')",
    "select * from glob('/etc/*')",
    "select * from '/etc/passwd'",
    "select * from '/tmp/x.parquet'",
    "from sniff_csv('/etc/passwd')",
    "select * from duckdb_settings()",
    "select * from duckdb_secrets()",
    "select * from pragma_storage_info('marts.orders')",
    "select * from information_schema.tables",
    "select * from pg_catalog.pg_class",
    "select * from sqlite_master",
    "select * from memory.main.t",
    "select * from query('select 1')",
    "select * from query_table('marts.orders')",
    "select current_setting('temp_directory')",
    "select getenv('HOME')",
    "select getvariable('as_of')",
    "select * from (describe marts.orders)",
    "show all tables",
    "summarize marts.orders",
    "with t as (select * from read_csv('/etc/passwd')) select * from t",
    "select (select content from read_text('/etc/passwd'))",
    "select * from marts.orders where order_id in (select content from read_text('/etc/passwd'))",
    "select * from marts.orders order by (select count(*) from read_text('/etc/passwd'))",
    "select * from marts.orders, lateral (select * from read_text('/etc/passwd'))",
    "select * from staging.stg_customers",
    "select * from raw.customers",
]


@pytest.mark.parametrize("sql", WRITES + READS_ELSEWHERE)
def test_an_attack_is_refused_before_it_runs(build: Build, sql: str, monkeypatch) -> None:
    monkeypatch.setattr(guarded, "in_child", lambda *_: pytest.fail("it was run"))
    with pytest.raises(Refused) as error:
        run_query(build, sql)
    assert "root:" not in str(error.value)
    assert not Path("/tmp/retail_attack.csv").exists()


@pytest.mark.parametrize("sql", WRITES[:12] + READS_ELSEWHERE[:8])
def test_the_walls_behind_the_parser_hold_alone(build: Build, sql: str) -> None:
    before = build.catalog.path.stat()
    answer = guarded.in_child(build.catalog.path, sql, build.identity, 5, 3.0)
    assert set(answer) == {"error"} or answer["rows"] == [], answer
    assert "root:" not in str(answer)
    assert not Path("/tmp/retail_attack.csv").exists()
    after = build.catalog.path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from range(1000000000000)",
        "select count(*) from marts.orders as a, marts.orders as b, marts.orders as c",
        "with recursive r as (select 1 as x union all select x + 1 from r) select max(x) from r",
        "select list_sum(range(100000000000))",
        "select length(repeat('x', 2000000000))",
        "select length(lpad('x', 2000000000, 'y'))",
        "select string_agg(repeat('x', 1000), '') from range(10000000)",
    ],
)
def test_a_bomb_goes_off_where_it_hurts_nobody(build: Build, sql: str) -> None:
    start = time.monotonic()
    with pytest.raises((TooSlow, Refused)):
        run_query(build, sql, seconds=1.0)
    assert time.monotonic() - start < 60
    assert run_query(build, "select 1").rows == [[1]]


def test_a_query_answers_as_the_file_does(build: Build) -> None:
    sql = "select order_status, count(*), sum(revenue) from marts.orders group by all order by all"
    _, rows = build.rows(sql)
    answer = run_query(build, sql)
    assert answer.rows == [[status, count, float(total)] for status, count, total in rows]
    assert [column["name"] for column in answer.columns][0] == "order_status"
    assert not answer.has_more


def test_common_table_expressions_and_windows_are_allowed(build: Build) -> None:
    sql = (
        "with monthly as (select date_trunc('month', ordered_on) as month, sum(revenue) as revenue "
        "from marts.orders group by all) "
        "select month, revenue, sum(revenue) over (order by month) from monthly qualify "
        "row_number() over (order by month desc) <= 3"
    )
    assert len(run_query(build, sql).rows) == 3


def test_rows_beyond_the_limit_are_said_to_be_there(build: Build) -> None:
    answer = run_query(build, "select order_id from marts.orders", limit=7)
    assert (len(answer.rows), answer.has_more) == (7, True)


@pytest.mark.parametrize("limit", [0, -1, 1001, 10**9])
def test_a_limit_has_bounds(build: Build, limit: int) -> None:
    with pytest.raises(Refused, match="limit"):
        run_query(build, "select 1", limit=limit)


def test_an_answer_has_a_size(build: Build) -> None:
    wide = ", ".join(f"repeat('x', 1900) as c{i}" for i in range(40))
    with pytest.raises(TooLarge):
        run_query(build, f"select {wide} from range(1000)", limit=1000)


@pytest.mark.parametrize(
    "sql", ["", " ", ";", "--", "select 1; select 2", "select " + "x" * 20_000, "select '\x00'"]
)
def test_what_is_no_single_query_is_refused(build: Build, sql: str) -> None:
    with pytest.raises(Refused):
        run_query(build, sql)


def test_the_child_sees_nothing_of_the_environment(build: Build, monkeypatch) -> None:
    monkeypatch.setenv("RETAIL_SECRET", "hidden")
    source = Path(guarded.__file__).with_name("query_child.py").read_text()
    assert "environ" not in source
    answer = guarded.in_child(
        build.catalog.path, "select * from read_text('/proc/self/environ')", build.identity, 1, 3.0
    )
    assert "hidden" not in str(answer)
    assert "error" in answer
