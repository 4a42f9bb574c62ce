"""Write, audit, publish: the published file is made beside the old one and swapped in at once.

Readers hold on to the file they opened; the next connection sees the new one. A build that fails,
is partial or is killed never gets here, or leaves only an unfinished file that nobody reads.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue

import duckdb

from retail_analytics.storage.files import log_of, remove_database, sync
from retail_analytics.storage.sql import identifier, literal
from retail_analytics.warehouse.outbox import write_outbox

PUBLISHED = "retail.duckdb"
PREVIOUS = "retail.previous.duckdb"
SCHEMAS = ("marts", "quality")
# prefix of the models that read one input each
STAGED = "stg_"
# rows written between two checkpoints, about
ROWS_IN_MEMORY = 500_000
# to read only, for everybody: DuckDB opens a file to write unless it is told otherwise
MODE = 0o444
# the oldest file format that every promised client reads
STORAGE_VERSION = "v1.2.0"

# set while a file is written and swapped in: an interrupt waits for it
publishing = threading.Event()

META_COLUMNS = {
    "table_schema": ("varchar", "Schema of the table."),
    "table_name": ("varchar", "Name of the table."),
    "domain": ("varchar", "Folder of the model: customers, operations, reputation and so on."),
    "inputs": ("varchar", "Input tables whose rows it is made from, by comma; null for none."),
    "row_count": ("bigint", "Rows of the table in this file."),
    "column_count": ("bigint", "Columns of the table in this file."),
    "built_at": ("timestamp", "When the build that made this file started (UTC)."),
    "as_of_date": ("date", "The day that counts as today in every figure; null without any event."),
    "currency": ("varchar", "Currency of every amount; a label, nothing is converted."),
    "invocation_id": ("varchar", "dbt's id of the build, the same in its logs."),
    "project_version": ("varchar", "Version of this project that made the file."),
    "dbt_version": ("varchar", "Version of dbt that made the file."),
    "duckdb_version": ("varchar", "Version of DuckDB that made the file."),
}


class PublishError(RuntimeError):
    """The published file could not be made or changed; the one before is untouched."""


@dataclass(frozen=True)
class PublishRequest:
    """What a build says about itself: when it ran, and its tables as (schema, name) in build order.

    Only these are published: the build file may still hold tables of models that are gone.
    `domains` has the folder of a table's model by its name, `keys` the columns of its primary key,
    `parents` the names of what a model reads.
    """

    built_at: str
    invocation_id: str
    tables: list[tuple[str, str]]
    domains: dict[str, str] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    parents: dict[str, list[str]] = field(default_factory=dict)
    currency: str | None = None


def publish(con: duckdb.DuckDBPyConnection, *, folder: Path, request: PublishRequest) -> Path:
    """Writes the public tables into a new file and swaps it in; returns the published path.

    `con` is a cursor on the build file, with every table of the build committed. Raises
    PublishError, with the published file as it was.
    """
    published = target_of(folder / PUBLISHED)
    # only one build runs in a folder at a time: DuckDB locks the build file
    new = published.with_name(f"{published.name}.new")
    publishing.set()
    try:
        remove_database(new)
        write_file(con, new, request)
        write_outbox(new, published)
        # a client that opened it to write would leave a log that poisons the next one
        new.chmod(MODE)
        sync(new)
        swap_in(new, folder)
    except (OSError, duckdb.Error) as error:
        remove_database(new)
        is_starved = isinstance(error, duckdb.OutOfMemoryException)
        reason = "MEMORY_LIMIT=8GB allows DuckDB to hold more" if is_starved else error
        raise PublishError(f"{folder / PUBLISHED} could not be replaced: {reason}") from error
    finally:
        publishing.clear()
    return folder / PUBLISHED


def write_file(con: duckdb.DuckDBPyConnection, path: Path, request: PublishRequest) -> None:
    """Writes a whole published file at `path`."""
    build = con.execute("select current_database()").fetchall()[0][0]
    # nobody reads the file before it is whole, so that a write-ahead log would be work for nothing
    con.execute(
        f"attach {literal(str(path))} as published "
        f"(storage_version '{STORAGE_VERSION}', recovery_mode no_wal_writes)"
    )
    try:
        # closed before the file is detached: that is refused while it is a connection's default
        with con.cursor() as inside, con.cursor() as beside:
            for cursor in (inside, beside):
                cursor.execute("use published")
            for schema in SCHEMAS:
                inside.execute(f"create schema {schema}")
            tables = [(schema, name) for schema, name in request.tables if schema in SCHEMAS]
            definitions = read_definitions(inside, build)
            sizes = {table: definitions.get(table, ("", 0))[1] for table in tables}
            # where a table refers to another, that one is to be there before
            cursors = [inside] if has_foreign_keys(inside, build) else [inside, beside]
            for batch in batches(tables, sizes):
                copy_tables(cursors, build, batch, definitions, request.keys)
                # an index stays in memory until it is written: of all tables it would be gigabytes
                if batch != tables:
                    inside.execute("checkpoint published")
            copy_comments(inside, build, tables)
            write_meta(inside, build, tables, request)
            inside.execute("checkpoint published")
    finally:
        con.execute("detach published")


def read_definitions(
    con: duckdb.DuckDBPyConnection, build: str
) -> dict[tuple[str, str], tuple[str, int]]:
    """For each table of the build its definition in SQL and about how many rows it has."""
    return {
        (schema, name): (definition, row_count)
        for schema, name, definition, row_count in con.execute(
            "select schema_name, table_name, sql, estimated_size from duckdb_tables() "
            "where database_name = ?",
            [build],
        ).fetchall()
    }


def has_foreign_keys(con: duckdb.DuckDBPyConnection, build: str) -> bool:
    found = con.execute(
        "select count(*) from duckdb_constraints() "
        "where database_name = ? and constraint_type = 'FOREIGN KEY'",
        [build],
    )
    return found.fetchall()[0][0] > 0


def batches(
    tables: list[tuple[str, str]], sizes: dict[tuple[str, str], int]
) -> Iterator[list[tuple[str, str]]]:
    """The tables in order, as many at a time as have `ROWS_IN_MEMORY` rows; larger ones alone.

    Example
    -------
    >>> list(batches(["small", "large", "tiny"], {"small": 5, "large": 10**6, "tiny": 1}))
    [['small'], ['large'], ['tiny']]
    """
    batch: list[tuple[str, str]] = []
    for table in tables:
        if batch and sum(sizes[one] for one in [*batch, table]) > ROWS_IN_MEMORY:
            yield batch
            batch = []
        batch.append(table)
    if batch:
        yield batch


def copy_tables(
    cursors: list[duckdb.DuckDBPyConnection],
    build: str,
    tables: list[tuple[str, str]],
    definitions: dict[tuple[str, str], tuple[str, int]],
    keys: dict[str, list[str]],
) -> None:
    """Copies tables, as many at a time as there are cursors: much of one's copy uses one core.

    Views come after the tables, which they may read.
    """
    free: SimpleQueue = SimpleQueue()
    for cursor in cursors:
        free.put(cursor)

    def copy(table: tuple[str, str]) -> None:
        cursor = free.get()
        try:
            definition, _ = definitions.get(table, ("", 0))
            key = keys.get(table[1], [])
            copy_table(cursor, build, *table, definition=definition, key=key)
        finally:
            free.put(cursor)

    with ThreadPoolExecutor(len(cursors)) as pool:
        # as a list: what a copy raised is raised here
        list(pool.map(copy, [table for table in tables if table in definitions]))
    for view in [table for table in tables if table not in definitions]:
        copy(view)


def copy_table(
    con: duckdb.DuckDBPyConnection,
    build: str,
    schema: str,
    name: str,
    *,
    definition: str,
    key: list[str],
) -> None:
    """Copies a table with its constraints, and makes its primary key; a view becomes a table."""
    target = f"{schema}.{identifier(name)}"
    source = f"{identifier(build)}.{target}"
    if not definition:
        con.execute(f"create table {target} as from {source}")
    else:
        # the definition names the schema and not the database: its table is made in the published
        con.execute(definition)
        con.execute(f"insert into {target} from {source}")
    if key:
        # an index over all rows at once costs a small part of one that grows row by row
        columns = ", ".join(map(identifier, key))
        con.execute(f"alter table {target} add primary key ({columns})")


def copy_comments(
    con: duckdb.DuckDBPyConnection, build: str, tables: list[tuple[str, str]]
) -> None:
    """Copies the comments of the tables and of their columns."""
    comments = con.execute(
        """
        select schema_name, table_name, null, comment from duckdb_tables() where database_name = $1
        union all
        select schema_name, view_name, null, comment from duckdb_views() where database_name = $1
        union all
        select schema_name, table_name, column_name, comment
        from duckdb_columns() where database_name = $1
        """,
        [build],
    ).fetchall()
    wanted = set(tables)
    con.begin()
    for schema, name, column, comment in comments:
        if (schema, name) in wanted and comment is not None:
            target = f"{schema}.{identifier(name)}"
            if column is None:
                set_comment(con, f"table {target}", comment)
            else:
                set_comment(con, f"column {target}.{identifier(column)}", comment)
    con.commit()


def set_comment(con: duckdb.DuckDBPyConnection, target: str, comment: str) -> None:
    con.execute(f"comment on {target} is {literal(comment)}")


def write_meta(
    con: duckdb.DuckDBPyConnection,
    build: str,
    tables: list[tuple[str, str]],
    request: PublishRequest,
) -> None:
    """Writes `quality.meta`: one row a published table, with the build it comes from."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in META_COLUMNS.items())
    con.execute(f"create table quality.meta ({columns}, primary key (table_schema, table_name))")
    as_of = con.execute(
        f"select max(as_of_date) from {identifier(build)}.intermediate.int_as_of"
    ).fetchall()[0][0]
    has_settings = con.execute(
        "select count(*) from duckdb_tables() "
        "where database_name = ? and schema_name = 'raw' and table_name = 'settings'",
        [build],
    ).fetchall()[0][0]
    currency = request.currency
    if has_settings:
        (currency,) = con.execute(
            f"select currency from {identifier(build)}.raw.settings"
        ).fetchall()[0]
    # one statement for all tables: one each would take as long as copying them
    inputs = inputs_of(request.parents)
    counts = " union all ".join(
        f"select {literal(schema)}, {literal(name)}, {literal(request.domains.get(name) or '')}, "
        f"{literal(', '.join(inputs.get(name, [])))}, count(*) from {schema}.{identifier(name)}"
        for schema, name in tables
    )
    if counts:
        con.execute(
            f"""
            insert into quality.meta
            select
                table_schema, table_name, nullif(domain, ''), nullif(inputs, ''),
                row_count, column_count,
                ?, ?, ?, ?, ?, ?, ?
            from ({counts}) as counted (table_schema, table_name, domain, inputs, row_count)
            inner join (
                select schema_name as table_schema, table_name, count(*) as column_count
                from duckdb_columns()
                where database_name = 'published'
                group by all
            ) using (table_schema, table_name)
            """,
            [
                request.built_at,
                as_of,
                currency,
                request.invocation_id,
                version("retail_analytics"),
                version("dbt-core"),
                duckdb.__version__,
            ],
        )
    set_comment(con, "table quality.meta", "One row per table of this file: what it holds.")
    for name, (_, comment) in META_COLUMNS.items():
        set_comment(con, f"column quality.meta.{name}", comment)


def inputs_of(parents: dict[str, list[str]]) -> dict[str, list[str]]:
    """Of each model the inputs whose rows it is made from. What day it is today follows from all
    inputs, and says nothing.

    Example
    -------
    >>> inputs_of({"sales": ["stg_orders", "int_as_of"], "int_as_of": ["stg_mentions"]})["sales"]
    ['orders']
    """
    found: dict[str, set[str]] = {}

    def collect(name: str) -> set[str]:
        if name not in found:
            read = [parent for parent in parents.get(name, []) if parent != "int_as_of"]
            is_input = name.startswith(STAGED)
            own = {name.removeprefix(STAGED)} if is_input else set().union(*map(collect, read))
            found[name] = own
        return found[name]

    return {name: sorted(collect(name)) for name in parents}


def swap_in(new: Path, folder: Path) -> None:
    """Puts the finished file in the published one's place and keeps that one as the previous.

    Where the name is a link, the file it leads to is replaced. A published file that cannot be read
    any more does not take the place of a previous one that can.
    """
    published, previous = target_of(folder / PUBLISHED), target_of(folder / PREVIOUS)
    if published.exists() and (is_whole(published) or not previous.exists()):
        keep = previous.with_name(f"{previous.name}.new")
        link_or_copy(published, keep)
        move(keep, previous)
    move(new, published)
    for parent in {published.parent, previous.parent}:
        sync(parent)


def target_of(path: Path) -> Path:
    """The file that a link leads to; the path itself where it is none."""
    return path.resolve() if path.is_symlink() else path


def is_whole(path: Path) -> bool:
    """Whether a published file can be read; one that another program holds open can."""
    try:
        describe(path)
    except duckdb.Error as error:
        return "set lock on file" in str(error)
    return True


def rollback(folder: Path) -> Path:
    """Swaps the published file with the one before it; a second call swaps them back."""
    published, previous = target_of(folder / PUBLISHED), target_of(folder / PREVIOUS)
    if not previous.exists():
        raise PublishError(f"{folder / PREVIOUS}: there is no earlier file to go back to")
    try:
        describe(previous)
    except duckdb.Error as error:
        raise PublishError(f"{previous}: cannot be read, nothing was changed: {error}") from error
    # names of its own: a build may be publishing
    back = published.with_name(f"{published.name}.back")
    keep = previous.with_name(f"{previous.name}.back")
    link_or_copy(previous, back)
    if published.exists():
        link_or_copy(published, keep)
        move(back, published)
        move(keep, previous)
    else:
        move(back, published)
    for parent in {published.parent, previous.parent}:
        sync(parent)
    return folder / PUBLISHED


def move(source: Path, target: Path) -> None:
    """Gives a file another's name, at once for every reader; that file keeps no name."""
    # DuckDB would apply what somebody wrote into the file before to the one that takes its place
    log_of(target).unlink(missing_ok=True)
    os.replace(source, target)
    # a rename does nothing where both are names of one file already
    source.unlink(missing_ok=True)


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for the file, or a copy where the file system has no hard links."""
    # what a killed build or rollback left; writing into it would write into the file it names
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)
        sync(target)


def describe(path: Path) -> str:
    """What a published file says of itself, in one line."""
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(
            "select count(*), sum(row_count), max(built_at), max(as_of_date) from quality.meta"
        ).fetchall()
    tables, row_count, built_at, as_of = rows[0]
    return f"{path}: {tables} tables, {row_count:,} rows, built {built_at} UTC, as of {as_of}"
