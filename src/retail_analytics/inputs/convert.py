"""Turns a folder of raw files into a folder of input tables, by a SQL script of the user's.

The script reads the raw files through `getvariable('source')`, the path of their folder, and
creates one table or view for each input table it can give. Steps in between are temporary
(`create temp view`). Everything else, writing included, is done here.
"""

import os
import tempfile
from pathlib import Path

import duckdb

from retail_analytics.inputs.contract import input_table_names
from retail_analytics.inputs.load import InputError
from retail_analytics.storage.sql import glob_escaped, identifier, literal


def convert(script: Path, *, source: Path, out: Path) -> dict[str, int]:
    """Runs a script against the folder `source` and writes `<out>/<table>.parquet` for each table.

    Files are written into a temporary folder beside `out` and moved when all are complete: a
    script that fails leaves `out` as it was. Files in `out` that the script does not make stay.

    Returns the rows of each table written, in the order of the input tables. Raises InputError,
    with a message that names the script or folder at fault.
    """
    if not script.is_file():
        raise InputError(f"{script}: this script does not exist")
    if not source.is_dir():
        raise InputError(f"{source}: this folder does not exist")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: this is a file; the input tables need a folder")
    if out.resolve() == source.resolve():
        raise InputError(f"{out}: the input tables need a folder of their own, not the raw files'")
    try:
        statements = script.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{script}: the script is not UTF-8 text") from error

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as work:
        # what does not fit into memory spills here, not into the folder one happens to be in
        with duckdb.connect(config={"temp_directory": os.path.join(work, "spill")}) as con:
            try:
                con.execute("set variable source = $source", {"source": glob_escaped(source)})
                con.execute(statements)
                row_counts = {
                    table: write_table(con, table, path=Path(work) / f"{table}.parquet")
                    for table in created_tables(con, script=script)
                }
            except duckdb.Error as error:
                raise InputError(f"{script}: {error}") from error
        out.mkdir(exist_ok=True)
        for table in row_counts:
            os.replace(Path(work) / f"{table}.parquet", out / f"{table}.parquet")
    return row_counts


def created_tables(con: duckdb.DuckDBPyConnection, *, script: Path) -> list[str]:
    """The input tables that a script has created; InputError for none and for any other table."""
    names = {
        name.lower()
        for (name,) in con.execute(
            "select table_name from duckdb_tables() where not internal and not temporary "
            "union all select view_name from duckdb_views() where not internal and not temporary"
        ).fetchall()
    }
    known = input_table_names()
    strangers = sorted(names - set(known))
    if strangers:
        raise InputError(
            f"{script}: {strangers[0]} is not an input table ({', '.join(known)}); "
            f"a step in between is created as `temp`"
        )
    if not names:
        raise InputError(f"{script}: the script creates no input table")
    return [table for table in known if table in names]


def write_table(con: duckdb.DuckDBPyConnection, table: str, *, path: Path) -> int:
    """Writes a table or view to a Parquet file; its number of rows."""
    target = literal(str(path))
    return con.execute(f"copy {identifier(table)} to {target} (format parquet)").fetchall()[0][0]
