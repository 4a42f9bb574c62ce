"""The two files that a build writes into, read as one: `staging.stg_orders`, `marts.orders`."""

from pathlib import Path

import duckdb

from retail_analytics.storage.sql import identifier, literal
from retail_analytics.warehouse.build_file import BUILD, NEXT, PUBLIC_SCHEMAS, attach_next


def make_build(folder: Path, *, as_of: str = "2024-06-01") -> duckdb.DuckDBPyConnection:
    """A connection on both files, new: the public schemas without a table, and the day."""
    con = duckdb.connect(str(folder / BUILD))
    attach_next(con, folder / NEXT)
    con.execute("create schema intermediate")
    con.execute(f"create table intermediate.int_as_of as select date '{as_of}' as as_of_date")
    for schema in PUBLIC_SCHEMAS:
        con.execute(f"create schema next.{schema}")
    con.execute("set search_path = 'build.main,next.marts,next.quality'")
    return con


def read_build(warehouse: Path, *, read_only: bool = True) -> duckdb.DuckDBPyConnection:
    """A connection on both files; not `read_only` where dbt may hold them open in this process."""
    con = duckdb.connect(str(warehouse / BUILD), read_only=read_only)
    path = warehouse / NEXT
    if path.exists():
        con.execute(f"attach if not exists {literal(str(path))} as next")
    schemas = con.execute(
        "select database_name, schema_name from duckdb_schemas() where not internal"
    ).fetchall()
    names = [f"{database}.{identifier(schema)}" for database, schema in schemas]
    con.execute(f"set search_path = {literal(','.join(['build.main', *names]))}")
    return con
