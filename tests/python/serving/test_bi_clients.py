"""The published file opens in the clients that docs/bi.md promises, each in its own environment."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from conftest import Built

from retail_analytics.serving.export import export_marts
from retail_analytics.warehouse.publish import swap_in

INSTALL_SECONDS = 300
# the oldest client promised, and one that has no package of this project beside it
OLDEST = ("duckdb==1.2.2", "polars==2.1.0")
SQLALCHEMY = ("duckdb==1.5.5", "duckdb-sqlalchemy==1.5.6.5", "SQLAlchemy==2.1.9")

COUNT_ROWS = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as con:
    tables = con.execute("select table_schema, table_name from quality.meta").fetchall()
    counts = {
        f"{schema}.{name}": len(con.execute(f"select * from {schema}.{name}").fetchall())
        for schema, name in tables
    }
    comments = con.execute(
        "select count(*), count(comment) from duckdb_columns() where schema_name = 'marts'"
    ).fetchall()[0]
print(json.dumps({"version": duckdb.__version__, "counts": counts, "comments": comments}))
"""

HOLD_OPEN = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as con:
    for line in sys.stdin:
        print(con.execute("select count(*) from marts.customers").fetchall()[0][0], flush=True)
with duckdb.connect(sys.argv[1], read_only=True) as con:
    print(con.execute("select count(*) from marts.customers").fetchall()[0][0], flush=True)
"""

READ_PARQUET = """
import json, pathlib, polars, sys
paths = pathlib.Path(sys.argv[1]).glob("*.parquet")
frames = {path.stem: polars.read_parquet(path) for path in paths}
revenue = str(frames["orders"]["revenue"].sum())
print(json.dumps({"rows": {name: len(f) for name, f in frames.items()}, "revenue": revenue}))
"""

REFLECT = """
import json, sys
import sqlalchemy as sa
engine = sa.create_engine(f"duckdb:///{sys.argv[1]}", connect_args={"read_only": True})
marts = sa.MetaData()
marts.reflect(engine, schema="marts")
with engine.connect() as con:
    print(json.dumps({
        table.name: {
            "comment": table.comment,
            "columns": {column.name: column.comment for column in table.columns},
            "untyped": [c.name for c in table.columns if isinstance(c.type, sa.types.NullType)],
            "key": sorted(column.name for column in table.primary_key),
            "rows": con.execute(sa.select(sa.func.count()).select_from(table)).scalar(),
        }
        for table in marts.tables.values()
    }))
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], Path]:
    """The Python of an environment that holds these packages and nothing of the project."""
    made: dict[tuple[str, ...], Path] = {}

    def environment(packages: tuple[str, ...]) -> Path:
        if packages not in made:
            folder = tmp_path_factory.mktemp("client")
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
            python = folder / "bin" / "python"
            install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
            try:
                run = subprocess.run(
                    [*install, "--disable-pip-version-check", "--no-compile", *packages],
                    capture_output=True,
                    text=True,
                    timeout=INSTALL_SECONDS,
                )
            except subprocess.TimeoutExpired:
                pytest.skip(f"{' '.join(packages)} were not installed within {INSTALL_SECONDS} s")
            if run.returncode:
                reason = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
                pytest.skip(f"{' '.join(packages)} cannot be installed here: {reason}")
            made[packages] = python
        return made[packages]

    return environment


def answer(python: Path, script: str, argument: Path) -> dict:
    run = subprocess.run(
        # -I: nothing of this project's environment is seen
        [str(python), "-I", "-c", script, str(argument)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_oldest_promised_client_reads_every_table(client, sample_warehouse: Built) -> None:
    said = answer(client(OLDEST), COUNT_ROWS, sample_warehouse.published)
    assert said["version"] == "1.2.2"
    counts = sample_warehouse.query(
        "select table_schema || '.' || table_name, row_count from quality.meta"
    )
    assert said["counts"] == dict(counts)
    columns, comments = said["comments"]
    assert columns == comments > 300


def test_the_oldest_promised_client_keeps_what_it_opened_through_a_publish(
    client, sample_warehouse: Built, tmp_path: Path
) -> None:
    published = Path(shutil.copy(sample_warehouse.published, tmp_path))
    new = Path(shutil.copy(sample_warehouse.published, tmp_path / "retail.duckdb.new"))
    with duckdb.connect(str(new)) as con:
        con.execute("delete from marts.customers")
    ((customers,),) = sample_warehouse.query("select count(*) from marts.customers")

    def next_count() -> int:
        reader.stdin.write("\n")
        reader.stdin.flush()
        return int(reader.stdout.readline())

    with subprocess.Popen(
        [str(client(OLDEST)), "-I", "-c", HOLD_OPEN, str(published)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert next_count() == customers
        swap_in(new, tmp_path)
        assert next_count() == customers
        # it closes, connects again, and sees the new build
        after, _ = reader.communicate()
    assert int(after) == 0


def test_polars_reads_the_exports(client, sample_warehouse: Built, tmp_path: Path) -> None:
    manifest = export_marts(sample_warehouse.warehouse, tmp_path / "exports")
    said = answer(client(OLDEST), READ_PARQUET, tmp_path / "exports")
    assert said["rows"] == {e["table"]: e["rows"] for e in manifest["files"]}
    ((revenue,),) = sample_warehouse.query("select sum(revenue) from marts.orders")
    assert said["revenue"] == str(revenue)


def test_sqlalchemy_reflects_every_mart_with_its_comments(client, sample_warehouse: Built) -> None:
    said = answer(client(SQLALCHEMY), REFLECT, sample_warehouse.published)
    meta = sample_warehouse.query(
        "select table_name, row_count from quality.meta where table_schema = 'marts'"
    )
    assert {name: table["rows"] for name, table in said.items()} == dict(meta)
    comments = sample_warehouse.query(
        "select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts'"
    )
    assert sorted(
        (name, column, comment)
        for name, table in said.items()
        for column, comment in table["columns"].items()
    ) == sorted(comments)
    assert [name for name, table in said.items() if not table["comment"]] == []
    assert [name for name, table in said.items() if table["untyped"]] == []
    assert said["orders"]["key"] == ["order_id"]
