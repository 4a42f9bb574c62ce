"""What a build remembers: what the published file holds, and nothing where there is none."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from retail_analytics.warehouse.memory import REMEMBERED, code_version, load_memory

NOTHING = dict.fromkeys(REMEMBERED, 0)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema raw")
    return con


def rows(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.execute("select * from raw.memory_alerts order by alert_id").fetchall()


def publish_alerts(path: Path, alerts: dict[str, str]) -> Path:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute("create schema marts")
        con.execute("create table marts.alerts (alert_id varchar, first_reported_on date, x int)")
        for alert, day in alerts.items():
            con.execute("insert into marts.alerts values (?, ?, 1)", [alert, day])
    return path


def test_the_first_build_remembers_nothing(con, tmp_path):
    assert load_memory(con, tmp_path / "retail.duckdb") == NOTHING
    assert rows(con) == []


def test_a_build_remembers_what_was_published(con, tmp_path):
    path = publish_alerts(tmp_path / "retail.duckdb", {"a": "2024-05-01", "b": "2024-05-02"})
    assert load_memory(con, path) == NOTHING | {"memory_alerts": 2}
    assert rows(con) == [("a", date(2024, 5, 1)), ("b", date(2024, 5, 2))]
    # the file was only read, and can be swapped
    publish_alerts(path, {"c": "2024-06-01"})
    assert load_memory(con, path) == NOTHING | {"memory_alerts": 1}
    assert rows(con) == [("c", date(2024, 6, 1))]


def test_a_file_of_before_or_a_damaged_one_is_no_reason_to_stop(con, tmp_path):
    path = tmp_path / "retail.duckdb"
    with duckdb.connect(str(path)) as old:
        old.execute("create schema marts")
        old.execute("create table marts.alerts (alert_id varchar)")
    assert load_memory(con, path) == NOTHING
    path.write_bytes(b"no database")
    assert load_memory(con, path) == NOTHING
    assert rows(con) == []


def test_what_is_remembered_is_published_under_these_names_and_types(manifest: dict) -> None:
    tables = {node["name"]: node for node in manifest["nodes"].values()}
    for table, columns in REMEMBERED.values():
        known = tables[table.split(".")[1]]["columns"]
        assert columns == {name: known[name]["data_type"] for name in columns}


def test_the_code_that_learns_has_one_version(con, tmp_path):
    load_memory(con, tmp_path / "retail.duckdb")
    ((version,),) = con.execute("select code_version from raw.code_version").fetchall()
    assert version == code_version() and len(version) == 12
