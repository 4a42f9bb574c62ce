"""Looks at the warehouse files from the command line; never changes them."""

from pathlib import Path

import duckdb

from retail_analytics.storage.sql import identifier, literal
from retail_analytics.warehouse.build_file import NEXT
from retail_analytics.warehouse.publish import PUBLISHED


def first_rows(folder: Path, table: str, *, rows: int) -> str:
    """The first rows of a published table as text, ordered by its columns."""
    with attached(folder, PUBLISHED) as con:
        schema = schema_of(con, "retail", table)
        frame = con.execute(
            f"select * from retail.{schema}.{identifier(table)} order by all limit {rows:d}"
        ).df()
        count = con.execute(f"select count(*) from retail.{schema}.{identifier(table)}").fetchall()[
            0
        ][0]
    return f"{frame.to_string(index=False)}\n{min(rows, count)} of {count:,} rows"


def difference(folder: Path, table: str) -> str:
    """How a table of the last build differs from the published one, by its primary key."""
    with attached(folder, PUBLISHED, NEXT) as con:
        schema = schema_of(con, "retail", table)
        old = f"retail.{schema}.{identifier(table)}"
        new = f"next.{schema}.{identifier(table)}"
        key = primary_key(con, schema, table)
        old_columns = columns_of(con, "retail", schema, table)
        new_columns = columns_of(con, "next", schema, table)
        using = ", ".join(identifier(name) for name in key)
        added, removed, common = con.execute(
            f"select count(*) filter (is_old is null), count(*) filter (is_new is null), "
            f"count(*) filter (is_old and is_new) "
            f"from (select {using}, true as is_old from {old}) as old_rows "
            f"full join (select {using}, true as is_new from {new}) as new_rows using ({using})"
        ).fetchall()[0]
        lines = [
            f"{table} by {', '.join(key)}: build against published",
            f"  rows added    {added:>12,}",
            f"  rows removed  {removed:>12,}",
            f"  rows in both  {common:>12,}",
        ]
        lines += [f"  column added   {name}" for name in new_columns if name not in old_columns]
        lines += [f"  column removed {name}" for name in old_columns if name not in new_columns]
        compared = [name for name in new_columns if name in old_columns and name not in key]
        counts = ["count(*)"] + [
            f"count(*) filter (old_rows.{identifier(name)} "
            f"is distinct from new_rows.{identifier(name)})"
            for name in compared
        ]
        changes = con.execute(
            f"select {', '.join(counts)} from {old} as old_rows "
            f"inner join {new} as new_rows using ({using})"
        ).fetchall()[0][1:]
        for name, changed in zip(compared, changes, strict=True):
            if changed:
                lines.append(f"  {name}: {changed:,} rows changed")
    return "\n".join(lines)


def attached(folder: Path, *names: str) -> duckdb.DuckDBPyConnection:
    """A connection with these files of the folder attached read-only, each under its stem."""
    con = duckdb.connect()
    for name in names:
        path = folder / name
        if not path.exists():
            raise ValueError(f"{path}: this file does not exist; build first")
        try:
            con.execute(f"attach {literal(str(path))} as {Path(name).stem} (read_only)")
        except duckdb.Error as error:
            raise ValueError(f"{path}: cannot be opened now: {error}") from error
    return con


def schema_of(con: duckdb.DuckDBPyConnection, database: str, table: str) -> str:
    rows = con.execute(
        "select schema_name from duckdb_tables() where database_name = ? and table_name = ?",
        [database, table],
    ).fetchall()
    if not rows:
        names = con.execute(
            "select table_name from duckdb_tables() where database_name = ? order by all",
            [database],
        ).fetchall()
        raise ValueError(f"no table {table!r}; there are: {', '.join(name for (name,) in names)}")
    return rows[0][0]


def primary_key(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    rows = con.execute(
        "select constraint_column_names from duckdb_constraints() where database_name = 'retail' "
        "and schema_name = ? and table_name = ? and constraint_type = 'PRIMARY KEY'",
        [schema, table],
    ).fetchall()
    if not rows:
        raise ValueError(f"{table}: it has no primary key to compare its rows by")
    return rows[0][0]


def columns_of(con: duckdb.DuckDBPyConnection, database: str, schema: str, table: str) -> list[str]:
    rows = con.execute(
        "select column_name from duckdb_columns() where database_name = ? and schema_name = ? "
        "and table_name = ? order by column_index",
        [database, schema, table],
    ).fetchall()
    if not rows:
        raise ValueError(f"{table}: there is no such table in {database}.duckdb")
    return [name for (name,) in rows]
