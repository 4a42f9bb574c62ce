"""The exports hold what the marts hold, and nothing that a spreadsheet would run."""

import csv
import hashlib
import json
import os
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from conftest import Built

from retail_analytics.cli import main
from retail_analytics.serving import export as module
from retail_analytics.serving.export import export_marts
from retail_analytics.storage.sql import literal

# how a cell begins that Excel, LibreOffice or Sheets would run
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HOSTILE = [f'{start}HYPERLINK("http://x","a")' for start in DANGEROUS]
HARMLESS = ["a=b", "'quoted'", "Ann-Marie", " =1", "", None, 'Ünïcode, "x"\nline']


@pytest.fixture(scope="module")
def hostile_warehouse(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as published, with names that somebody chose with bad intentions."""
    folder = tmp_path_factory.mktemp("hostile")
    path = shutil.copy(sample_warehouse.published, folder)
    with duckdb.connect(path) as con:
        for number, name in enumerate([*HOSTILE, *HARMLESS]):
            con.execute(
                "update marts.customers set customer_name = ? where customer_id = "
                "(select customer_id from marts.customers order by customer_id offset ? limit 1)",
                [name, number],
            )
    return folder


@pytest.fixture(scope="module")
def exported(hostile_warehouse: Path) -> Path:
    export_marts(hostile_warehouse, hostile_warehouse / "exports")
    return hostile_warehouse / "exports"


@pytest.fixture(scope="module")
def manifest(exported: Path) -> dict:
    return json.loads((exported / "manifest.json").read_text())


def ask(folder: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(folder / "retail.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def test_no_column_of_a_mart_is_wider_than_64_bits(sample_warehouse: Built) -> None:
    columns = sample_warehouse.query(
        "select table_name || '.' || column_name, data_type, numeric_precision "
        "from duckdb_columns() where schema_name = 'marts'"
    )
    assert len(columns) > 300
    narrow = ("BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "DECIMAL")
    assert [
        name
        for name, data_type, precision in columns
        if data_type.split("(")[0] not in narrow
        or (data_type.startswith("DECIMAL") and precision > 18)
    ] == []


def test_every_mart_is_there_in_both_formats(hostile_warehouse, exported, manifest) -> None:
    marts = {
        name: rows
        for name, rows in ask(
            hostile_warehouse,
            "select table_name, row_count from quality.meta where table_schema = 'marts'",
        )
    }
    for kind in ("parquet", "csv"):
        found = {e["table"]: e["rows"] for e in manifest["files"] if e["format"] == kind}
        assert found == marts
    names = {entry["file"] for entry in manifest["files"]}
    assert {path.name for path in exported.iterdir()} == names | {"manifest.json"}


def test_the_manifest_says_what_the_files_are(hostile_warehouse, exported, manifest) -> None:
    for entry in manifest["files"]:
        content = (exported / entry["file"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest(), entry
        assert entry["bytes"] == len(content)
        read = f"select count(*) from {literal(str(exported / entry['file']))}"
        assert duckdb.execute(read).fetchall() == [(entry["rows"],)], entry
        columns = duckdb.execute(f"describe from {literal(str(exported / entry['file']))}")
        assert len(columns.fetchall()) == entry["columns"]
        assert entry["as_of_date"] == "2024-12-31"
    ((comment,),) = ask(
        hostile_warehouse,
        "select comment from duckdb_columns() where table_name = 'orders' "
        "and column_name = 'revenue'",
    )
    (orders,) = [table for table in manifest["tables"] if table["table"] == "orders"]
    assert {"name": "revenue", "type": "DECIMAL(18,4)", "description": comment} in orders["columns"]


def test_parquet_holds_the_rows_and_types_of_the_marts(hostile_warehouse, exported) -> None:
    with duckdb.connect(str(hostile_warehouse / "retail.duckdb"), read_only=True) as con:
        for path in sorted(exported.glob("*.parquet")):
            mart, file = f"marts.{path.stem}", literal(str(path))
            for one, other in ((mart, file), (file, mart)):
                assert con.execute(f"from {one} except all from {other}").fetchall() == [], path
            types = "select column_name, column_type from (describe from {})"
            assert (
                con.execute(types.format(mart)).fetchall()
                == con.execute(types.format(file)).fetchall()
            )


def test_pandas_reads_the_parquet_files(hostile_warehouse, exported) -> None:
    orders = pd.read_parquet(exported / "orders.parquet")
    assert ask(hostile_warehouse, "select count(*), sum(revenue) from marts.orders") == [
        (len(orders), orders["revenue"].sum())
    ]


def test_no_cell_of_a_csv_is_a_formula(exported) -> None:
    cells = 0
    for path in exported.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                for cell in row:
                    cells += 1
                    assert not cell.startswith(DANGEROUS) or is_number(cell), (path, cell)
    assert cells > 100_000


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_text_in_a_csv_is_unchanged_but_for_the_apostrophe(hostile_warehouse, exported) -> None:
    with (exported / "customers.csv").open(encoding="utf-8", newline="") as stream:
        names = [row["customer_name"] for row in csv.DictReader(stream)]
    expected = [f"'{name}" for name in HOSTILE] + [name or "" for name in HARMLESS]
    assert names[: len(expected)] == expected


def test_the_same_file_gives_the_same_exports(hostile_warehouse, exported, tmp_path) -> None:
    export_marts(hostile_warehouse, tmp_path / "again")
    for path in exported.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_an_export_replaces_the_one_before_as_a_whole(
    hostile_warehouse, tmp_path, monkeypatch
) -> None:
    out = tmp_path / "exports"
    export_marts(hostile_warehouse, out)
    (out / "of_a_mart_that_is_gone.csv").write_text("old")
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    export_table = module.export_table

    def fail_at_orders(catalog, table, folder):
        if table.name == "orders":
            raise OSError("disk full")
        return export_table(catalog, table, folder)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
        patch.setattr(module, "export_table", fail_at_orders)
        export_marts(hostile_warehouse, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    export_marts(hostile_warehouse, out)
    assert set(os.listdir(out)) == set(before) - {"of_a_mart_that_is_gone.csv"}
    assert os.listdir(tmp_path) == ["exports"]


def test_a_folder_of_other_files_is_left_alone(hostile_warehouse, tmp_path, capsys) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    arguments = ["export", "--warehouse", str(hostile_warehouse), "--out"]
    assert main([*arguments, str(tmp_path)]) == 1
    assert main([*arguments, str(tmp_path / "letters.txt")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert ["holds other files than an export" in line for line in said] == [True, False]
    assert "this is a file; name a folder" in said[1]
    assert os.listdir(tmp_path) == ["letters.txt"]


def test_without_a_published_file_one_line_says_so(tmp_path, capsys) -> None:
    assert main(["export", "--warehouse", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("retail.duckdb: there is no published file; run make build first")
    assert os.listdir(tmp_path) == []


def test_a_file_of_an_earlier_version_is_named(tmp_path, capsys) -> None:
    with duckdb.connect(str(tmp_path / "retail.duckdb")) as con:
        con.execute("create schema quality; create table quality.meta as select 1 as row_count")
    assert main(["export", "--warehouse", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("made by another version; run make build first")


def test_an_export_is_not_for_everybody_to_read(hostile_warehouse, tmp_path) -> None:
    out = tmp_path / "exports"
    export_marts(hostile_warehouse, out)
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o640}
