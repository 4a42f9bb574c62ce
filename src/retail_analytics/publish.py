"""Write, audit, publish: the published file is made beside the old one and swapped in at once.

Readers hold on to the file they opened; the next connection sees the new one. A build that fails,
is partial or is killed never gets here, or leaves only an unfinished file that nobody reads.
"""

import os
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb

from retail_analytics.inputs import identifier, literal

PUBLISHED = "retail.duckdb"
PREVIOUS = "retail.previous.duckdb"
SCHEMAS = ("marts", "quality")
# the oldest file format that every promised client reads
STORAGE_VERSION = "v1.2.0"

META_COLUMNS = {
    "table_schema": ("varchar", "Schema of the table."),
    "table_name": ("varchar", "Name of the table."),
    "row_count": ("bigint", "Rows of the table in this file."),
    "column_count": ("bigint", "Columns of the table in this file."),
    "built_at": ("timestamp", "When the build that made this file started (UTC)."),
    "as_of_date": ("date", "The day that counts as today in every figure; null without any event."),
    "invocation_id": ("varchar", "dbt's id of the build, the same in its logs."),
    "project_version": ("varchar", "Version of this project that made the file."),
    "dbt_version": ("varchar", "Version of dbt that made the file."),
    "duckdb_version": ("varchar", "Version of DuckDB that made the file."),
}


class PublishError(RuntimeError):
    """The published file could not be made or changed; the one before is untouched."""


@dataclass(frozen=True)
class PublishRequest:
    """What a build says about itself when it asks to be published."""

    built_at: str
    invocation_id: str


def publish(con: duckdb.DuckDBPyConnection, *, folder: Path, request: PublishRequest) -> Path:
    """Writes the public schemas into a new file and swaps it in; returns the published path.

    `con` is a cursor on the build file, with every table of the build committed.
    """
    remove_leftovers(folder)
    new = folder / f"{PUBLISHED}.new-{os.getpid()}"
    con.execute(f"attach {literal(str(new))} as published (storage_version '{STORAGE_VERSION}')")
    try:
        copy_schemas(con)
        write_meta(con, request)
        con.execute("checkpoint published")
    finally:
        con.execute("detach published")
    swap_in(new, folder)
    return folder / PUBLISHED


def copy_schemas(con: duckdb.DuckDBPyConnection) -> None:
    """Copies every table of the public schemas with its constraints and comments."""
    source = con.execute("select current_database()").fetchall()[0][0]
    for schema in SCHEMAS:
        con.execute(f"create schema published.{schema}")
    tables = con.execute(
        "select schema_name, table_name, comment from duckdb_tables() "
        "where database_name = ? and schema_name in ? order by all",
        [source, list(SCHEMAS)],
    ).fetchall()
    for schema, table, comment in tables:
        name = f"{schema}.{identifier(table)}"
        ddl = con.execute(
            "select sql from duckdb_tables() where database_name = ? and schema_name = ? "
            "and table_name = ?",
            [source, schema, table],
        ).fetchall()[0][0]
        # DuckDB writes the statement as `CREATE TABLE schema.name(...)`
        con.execute(f"create table published.{name}{ddl[ddl.index('(') :]}")
        con.execute(f"insert into published.{name} select * from {identifier(source)}.{name}")
        set_comment(con, f"table published.{name}", comment)
    columns = con.execute(
        "select schema_name, table_name, column_name, comment from duckdb_columns() "
        "where database_name = ? and schema_name in ? and comment is not null order by all",
        [source, list(SCHEMAS)],
    ).fetchall()
    published = {(schema, table) for schema, table, _ in tables}
    for schema, table, column, comment in columns:
        if (schema, table) in published:
            target = f"published.{schema}.{identifier(table)}.{identifier(column)}"
            set_comment(con, f"column {target}", comment)


def set_comment(con: duckdb.DuckDBPyConnection, target: str, comment: str | None) -> None:
    if comment is not None:
        con.execute(f"comment on {target} is {literal(comment)}")


def write_meta(con: duckdb.DuckDBPyConnection, request: PublishRequest) -> None:
    """Writes `quality.meta`: one row a published table, with the build it comes from."""
    columns = ", ".join(f"{name} {kind} " for name, (kind, _) in META_COLUMNS.items())
    con.execute(
        f"create table published.quality.meta ({columns}, primary key (table_schema, table_name))"
    )
    as_of = con.execute("select max(as_of_date) from intermediate.int_as_of").fetchall()[0][0]
    tables = con.execute(
        "select schema_name, table_name, column_count from duckdb_tables() "
        "where database_name = 'published' and table_name <> 'meta' order by all"
    ).fetchall()
    for schema, table, column_count in tables:
        con.execute(
            f"insert into published.quality.meta select ?, ?, count(*), ?, ?, ?, ?, ?, ?, ? "
            f"from published.{schema}.{identifier(table)}",
            [
                schema,
                table,
                column_count,
                request.built_at,
                as_of,
                request.invocation_id,
                version("retail_analytics"),
                version("dbt-core"),
                duckdb.__version__,
            ],
        )
    set_comment(con, "table published.quality.meta", "One row a table of this file: what it holds.")
    for name, (_, comment) in META_COLUMNS.items():
        set_comment(con, f"column published.quality.meta.{name}", comment)


def swap_in(new: Path, folder: Path) -> None:
    """Puts the finished file in the published one's place and keeps that one as the previous."""
    published, previous = folder / PUBLISHED, folder / PREVIOUS
    sync(new)
    if published.exists():
        keep = folder / f"{PREVIOUS}.new-{os.getpid()}"
        link_or_copy(published, keep)
        os.replace(keep, previous)
    os.replace(new, published)
    sync(folder)


def rollback(folder: Path) -> Path:
    """Swaps the published file with the one before it; a second call swaps them back."""
    published, previous = folder / PUBLISHED, folder / PREVIOUS
    if not previous.exists():
        raise PublishError(f"{previous}: there is no earlier file to go back to")
    keep = folder / f"{PREVIOUS}.new-{os.getpid()}"
    if published.exists():
        link_or_copy(published, keep)
    os.replace(previous, published)
    if keep.exists():
        os.replace(keep, previous)
    sync(folder)
    return published


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for the file, or a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        sync(target)


def remove_leftovers(folder: Path) -> None:
    """Removes what killed builds left half-written; only one build runs in a folder at a time."""
    for path in folder.glob("retail.*.new-*"):
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Waits until a file or folder is on disk, so that a power cut cannot leave half of it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def describe(path: Path) -> str:
    """What a published file says of itself, in one line."""
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(
            "select count(*), sum(row_count), max(built_at), max(as_of_date) from quality.meta"
        ).fetchall()
    tables, row_count, built_at, as_of = rows[0]
    return f"{path}: {tables} tables, {row_count:,} rows, built {built_at} UTC, as of {as_of}"
