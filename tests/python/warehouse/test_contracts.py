"""Contracts of Python models: what is written, what is refused, and that dbt uses them."""

import ast
import re
import sys
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tiny import ROOT, TinyProject

from retail_analytics.warehouse import contracts
from retail_analytics.warehouse.contracts import write_contracted

DEFINITIONS = [
    "id varchar not null",
    "units integer check (units > 0)",
    "amount decimal(18,4)",
    "seen_on date",
    '"is it" boolean',
]
TYPES = {
    "id": "varchar",
    "units": "integer",
    "amount": "decimal(18,4)",
    "seen_on": "date",
    "is it": "boolean",
}
WRITTEN = [
    ("a", 1, Decimal("0.5000"), date(2024, 1, 1), True),
    ("b", None, Decimal("1.5000"), None, None),
]


def frame() -> pd.DataFrame:
    """What a model may return: other column order, other types, nulls."""
    return pd.DataFrame(
        {
            "seen_on": pd.to_datetime(["2024-01-01", None]),
            "is it": [True, None],
            "id": ["a", "b"],
            "amount": [0.5, 1.5],
            "units": [1.0, np.nan],
        }
    )


def batches() -> Iterator[pa.RecordBatch]:
    for row in range(2):
        yield pa.RecordBatch.from_pandas(frame()[row : row + 1], schema=arrow().schema)


def arrow() -> pa.Table:
    return pa.Table.from_pandas(frame(), preserve_index=False)


def write(data: object, con: duckdb.DuckDBPyConnection | None = None) -> list[tuple]:
    """The rows of the table made from `data`, after checking the table's own definition."""
    con = con or duckdb.connect()
    con.execute("create schema marts")
    relation = '"memory"."marts"."scores__dbt_tmp"'
    write_contracted(
        data,
        con,
        model="scores",
        relation=relation,
        definitions=DEFINITIONS,
        types=TYPES,
        key_check=f"select error('id is there twice') from {relation} group by id "
        "having count(*) > 1",
    )
    described = con.execute(f"describe {relation}").fetchall()
    assert {row[0]: row[1].lower() for row in described} == TYPES
    assert [row[0] for row in described] == list(TYPES), "the order is the contract's"
    return con.execute(f"select * from {relation} order by id").fetchall()


@pytest.mark.parametrize(
    "data",
    [
        frame,
        arrow,
        lambda: pa.RecordBatchReader.from_batches(arrow().schema, batches()),
        lambda: arrow().to_reader(max_chunksize=1),
    ],
    ids=["pandas", "arrow", "generator", "reader"],
)
def test_every_kind_of_data_comes_out_as_the_contract_says(data):
    assert write(data()) == WRITTEN


def test_what_a_fit_freed_goes_back_before_the_rows_are_written_and_after(monkeypatch):
    seen = []
    monkeypatch.setattr(contracts, "give_back_memory", lambda: seen.append("given back"))

    def watched() -> Iterator[pa.RecordBatch]:
        for batch in batches():
            seen.append("rows")
            yield batch

    write(pa.RecordBatchReader.from_batches(arrow().schema, watched()))
    assert seen == ["given back", "rows", "rows", "given back"]


def test_a_relation_of_the_same_connection_is_written():
    con = duckdb.connect()
    made = con.from_df(frame()).filter("amount > 0")
    assert write(made, con) == WRITTEN


def test_arrow_is_written_in_a_thread_as_dbt_does():
    rows = []
    thread = threading.Thread(target=lambda: rows.extend(write(arrow())))
    thread.start()
    thread.join()
    assert rows == WRITTEN


@pytest.mark.parametrize("data", [frame, arrow], ids=["pandas", "arrow"])
def test_no_rows_make_an_empty_table(data):
    assert write(data()[:0]) == []


def test_columns_without_any_value_keep_their_type():
    nothing = frame().assign(units=None, amount=None, seen_on=None, **{"is it": None})
    assert write(nothing) == [("a", None, None, None, None), ("b", None, None, None, None)]


def test_a_value_that_first_appears_after_many_nulls_is_kept():
    many = pd.DataFrame({"id": [f"{i:05}" for i in range(30_000)], "units": 1, "amount": 1})
    many["seen_on"] = [None] * 29_999 + ["2024-06-30"]
    many["is it"] = None
    assert write(many)[-1] == ("29999", 1, Decimal(1), date(2024, 6, 30), None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (frame().drop(columns="units"), "missing: units; unknown: none"),
        (frame().assign(extra=1), "missing: none; unknown: extra"),
        (frame().rename(columns={"units": "Units"}), "missing: units; unknown: Units"),
        (pd.concat([frame(), frame()[["id"]]], axis=1), "missing: none; unknown: id_1"),
        (frame().assign(units=["one", "two"]), "the integer column units cannot hold one"),
        (frame().assign(units=[1, 10**12]), "the integer column units cannot hold 1000000000000"),
        (frame().assign(units=[1.5, 2.0]), "the integer column units cannot hold 1.5"),
        (
            frame().assign(amount=[1.0, np.inf]),
            "column amount cannot hold inf",
        ),
        (
            frame().assign(seen_on=["2024-01-01", "soon"]),
            "column seen_on cannot hold soon",
        ),
        (frame().assign(id=["a", None]), r"NOT NULL constraint failed: scores\S*\.id"),
        (frame().assign(units=[1, 0]), r"CHECK constraint failed .*units > 0"),
        (frame().assign(id="a"), "id is there twice"),
    ],
    ids=[
        *("missing", "unknown", "other case", "twice", "text", "too large", "fraction", "infinite"),
        *("no date", "null", "check", "duplicate"),
    ],
)
def test_what_breaks_the_contract_is_named(data, message):
    with pytest.raises(ValueError, match=f"^scores: .*{message}"):
        write(data)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    tiny = TinyProject(tmp_path_factory.mktemp("contracts"))
    tiny.number(1)
    run = tiny.dbt("run")
    assert run.is_green, run.said
    return tiny


def scores(project: TinyProject) -> list[tuple]:
    return project.ask_build("select * from marts.scores order by id")


def test_dbt_makes_the_table_of_a_python_model_from_its_yaml(project):
    # the model returns a pandas frame: without the override these would be DOUBLE and TIMESTAMP
    columns = project.ask_build("describe marts.scores")
    assert [row[:2] for row in columns] == [
        ("id", "VARCHAR"),
        ("build_number", "BIGINT"),
        ("amount", "DECIMAL(18,4)"),
        ("seen_on", "DATE"),
    ]
    constraints = project.ask_build(
        "select constraint_text from duckdb_constraints() where table_name = 'scores' "
        "and constraint_type <> 'NOT NULL' order by all",
    )
    assert constraints == [("CHECK((build_number > 0))",)], "the published file has the key"
    comments = project.ask_build(
        "select comment from duckdb_columns() where table_name = 'scores' order by column_index",
    )
    assert comments[0] == ("Id, not a number.",)
    assert len(scores(project)) == 3


def test_a_python_model_imports_what_all_of_them_import_before_anything_else(project):
    run = (project.folder / "target/run/tiny/models/marts/scores.py").read_text()
    assert run.split()[:2] == ["import", "retail_analytics.warehouse.python_model_imports"]


def imported(path: Path) -> set[str]:
    """The modules that a Python file imports, those of the standard library left out."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return names - sys.stdlib_module_names


def test_what_all_python_models_import_is_what_each_imports():
    models = set().union(*map(imported, (ROOT / "python_models").rglob("*.py")))
    all_of_them = imported(ROOT / "src/retail_analytics/warehouse/python_model_imports.py")
    assert models | {"retail_analytics.warehouse.contracts", "pyarrow.dataset"} == all_of_them


def test_a_sql_model_whose_key_is_there_twice_fails_and_keeps_the_old_table(project):
    before = project.ask_build("select * from marts.customers order by id")
    model = project.folder / "models" / "marts" / "customers.sql"
    whole = model.read_text()
    model.write_text(whole.replace("'C' || number as id", "'C' || least(number, 1) as id"))
    failed = project.dbt("run", "--select", "customers")
    model.write_text(whole)
    assert not failed.is_green
    assert "customers: the primary key (id) is there 2 times: C1" in failed.said
    assert project.ask_build("select * from marts.customers order by id") == before


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (".df().assign(build_number=0)", "scores: .*CHECK constraint failed .*build_number > 0"),
        (
            ".project(\"id, build_number, amount, 'x' as seen_on\")",
            "scores: .*the date column seen_on cannot hold x",
        ),
        (
            ".project(\"'twice' as id, build_number, amount, seen_on\")",
            r"scores: the primary key \(id\) is there 3 times: twice",
        ),
    ],
    ids=["frame", "relation", "key"],
)
def test_a_python_model_that_breaks_its_contract_fails_and_keeps_the_old_table(
    project, broken, message
):
    before = scores(project)
    model = project.folder / "models" / "marts" / "scores.py"
    whole = model.read_text()
    model.write_text(whole.replace(".df()", broken))
    failed = project.dbt("run", "--select", "scores")
    model.write_text(whole)
    assert not failed.is_green
    assert "Runtime Error in model scores (models/marts/scores.py)" in failed.said
    assert re.search(message, failed.said)
    assert scores(project) == before
    assert project.dbt("run", "--select", "scores").is_green
    left = "select table_name from duckdb_tables() where table_name like 'scores_%'"
    assert project.ask_build(left) == []


@pytest.mark.parametrize(
    ("removed", "message"),
    [
        ("config: {meta: {contract: true}}", "scores: a Python model needs `config.meta.contract"),
        ("data_type: varchar", "scores.id: a contract needs `data_type`"),
    ],
)
def test_a_python_model_without_a_contract_fails(project, removed, message):
    before = scores(project)
    schema = project.folder / "models" / "schema.yml"
    whole = schema.read_text()
    start = whole.index("- name: scores")
    schema.write_text(whole[:start] + whole[start:].replace(removed, "", 1))
    run = project.dbt("run", "--select", "scores")
    schema.write_text(whole)
    assert not run.is_green
    assert message in run.said
    assert scores(project) == before


def kind(project: TinyProject, name: str) -> list[tuple]:
    return project.ask_build(
        f"select table_type from information_schema.tables where table_name = '{name}'"
    )


def test_a_table_becomes_a_view_and_a_view_a_table(project):
    file = project.folder / "dbt_project.yml"
    whole = file.read_text()
    for materialized, is_now in (("view", "VIEW"), ("table", "BASE TABLE")):
        file.write_text(
            whole.replace("{+schema: inter", f"{{+materialized: {materialized}, +schema: inter")
        )
        run = project.dbt("run", "--select", "int_as_of")
        assert run.is_green, run.said
        assert kind(project, "int_as_of") == [(is_now,)]
    file.write_text(whole)


def test_a_table_without_a_contract_that_fails_keeps_the_old_one(project):
    before = project.ask_build("select * from intermediate.int_as_of")
    model = project.folder / "models" / "intermediate" / "int_as_of.sql"
    whole = model.read_text()
    model.write_text(whole.replace("select build_number", "select error('no') as e, build_number"))
    failed = project.dbt("run", "--select", "int_as_of")
    model.write_text(whole)
    assert not failed.is_green
    assert project.ask_build("select * from intermediate.int_as_of") == before


def test_a_contract_is_compared_with_what_the_query_gives(project):
    model = project.folder / "models" / "marts" / "orders.sql"
    whole = model.read_text()
    for changed in ("select id, build_number, amount, 1 as seen_on", "select id, build_number"):
        model.write_text(whole.replace("select *", changed))
        failed = project.dbt("run", "--select", "orders")
        assert not failed.is_green
        assert "This model has an enforced contract that failed." in failed.said
    model.write_text(whole)
    assert project.dbt("run", "--select", "orders").is_green


@pytest.mark.parametrize("kept_as", ["view", "table", None])
def test_rows_that_break_a_promise_are_counted_and_kept(project, kept_as):
    schema = project.folder / "models" / "schema.yml"
    test = project.folder / "macros" / "one_row.sql"
    whole, macro = schema.read_text(), test.read_text()
    config = f"store_failures: true, store_failures_as: {kept_as}, schema: failures"
    if kept_as:
        schema.write_text(
            whole.replace("- one_row", f"- one_row: {{name: lonely, config: {{{config}}}}}")
        )
    test.write_text(macro.replace("<> 1", "= 1"))
    failed = project.dbt("test", "--select", "notes,test_type:data")
    schema.write_text(whole)
    test.write_text(macro)
    assert not failed.is_green
    assert "Got 1 result, configured to fail if != 0" in failed.said
    if kept_as:
        assert project.ask_build("select row_count from failures.lonely") == [(1,)]
        assert kind(project, "lonely") == [("VIEW" if kept_as == "view" else "BASE TABLE",)]
