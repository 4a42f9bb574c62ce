"""Write, audit, publish: the published file is made beside the old one and swapped in at once.

A build makes its public tables in a file of their own, which is copied as it lies there: reading
and writing their rows once more took a seventh of a build of 100,000 customers.

Readers hold on to the file they opened; the next connection sees the new one. A build that fails,
is partial or is killed never gets here, or leaves only an unfinished file that nobody reads.
"""

import os
import shutil
import subprocess
import sys
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
from retail_analytics.warehouse.build_file import NO_LOG, PUBLIC_SCHEMAS, path_of_next
from retail_analytics.warehouse.outbox import write_outbox

PUBLISHED = "retail.duckdb"
PREVIOUS = "retail.previous.duckdb"
# prefix of the models that read one input each
STAGED = "stg_"
# rows that get a key between two checkpoints, about
ROWS_IN_MEMORY = 500_000
# to read only, for everybody: DuckDB opens a file to write unless it is told otherwise
MODE = 0o444

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

    Only these are published: a build may still hold tables of models that are gone.
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

    `con` is a cursor on the build file, with the file of the public tables attached as `next` and
    every table committed. Raises PublishError, with the published file as it was.
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
    con.execute("checkpoint next")
    copy_file(path_of_next(con), path)
    # nobody reads the file before it is whole
    con.execute(f"attach {literal(str(path))} as published ({NO_LOG})")
    try:
        # closed before the file is detached: that is refused while it is a connection's default
        with con.cursor() as inside, con.cursor() as beside:
            for cursor in (inside, beside):
                cursor.execute("use published")
            tables = [table for table in request.tables if table[0] in PUBLIC_SCHEMAS]
            keep_only(inside, tables)
            sizes = sizes_of(inside)
            for batch in batches(tables, {table: sizes.get(table, 0) for table in tables}):
                make_keys([inside, beside], batch, request.keys)
                # an index stays in memory until it is written: of all tables it would be gigabytes
                if batch != tables:
                    inside.execute("checkpoint published")
            write_meta(inside, build, tables, request)
            inside.execute("checkpoint published")
    finally:
        con.execute("detach published")


def copy_file(source: Path, target: Path) -> None:
    """Copies a file that DuckDB holds open, in a process of its own.

    Closing a second descriptor on it in this one would drop the lock that DuckDB has on it.
    """
    call = "import shutil, sys; shutil.copyfile(*sys.argv[1:])"
    copied = subprocess.run(
        [sys.executable, "-I", "-S", "-c", call, str(source), str(target)],
        capture_output=True,
        text=True,
    )
    if copied.returncode:
        said = copied.stderr.strip().splitlines()
        raise OSError(
            said[-1].removeprefix("OSError: ")
            if said
            else f"{source} could not be copied to {target}"
        )


def keep_only(con: duckdb.DuckDBPyConnection, tables: list[tuple[str, str]]) -> None:
    """Drops all but the tables, and makes tables of views, which would read what stays behind."""
    wanted = set(tables)
    views = con.execute(
        "select schema_name, view_name from duckdb_views() "
        "where database_name = 'published' and not internal"
    ).fetchall()
    for schema, name in views:
        target = f"{schema}.{identifier(name)}"
        comments = comments_of(con, schema, name)
        con.execute(f"drop view {target}")
        if (schema, name) in wanted:
            con.execute(f"create table {target} as from next.{target}")
            for described, comment in comments:
                set_comment(con, described, comment)
    # newest first: a table may refer to an older one
    for schema, name in reversed(list(sizes_of(con))):
        if (schema, name) not in wanted:
            con.execute(f"drop table {schema}.{identifier(name)}")


def comments_of(con: duckdb.DuckDBPyConnection, schema: str, name: str) -> list[tuple[str, str]]:
    """The comments of a view, each with what it describes once the view is a table."""
    target = f"{schema}.{identifier(name)}"
    found = con.execute(
        """
        select null, comment from duckdb_views()
        where database_name = 'published' and schema_name = $1 and view_name = $2
        union all
        select column_name, comment from duckdb_columns()
        where database_name = 'published' and schema_name = $1 and table_name = $2
        """,
        [schema, name],
    ).fetchall()
    return [
        (f"column {target}.{identifier(column)}" if column else f"table {target}", comment)
        for column, comment in found
        if comment is not None
    ]


def sizes_of(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """The tables of the file, oldest first, with about how many rows each has."""
    return {
        (schema, name): row_count
        for schema, name, row_count in con.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables() "
            "where database_name = 'published' order by table_oid"
        ).fetchall()
    }


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


def make_keys(
    cursors: list[duckdb.DuckDBPyConnection],
    tables: list[tuple[str, str]],
    keys: dict[str, list[str]],
) -> None:
    """Makes the primary keys, as many at a time as there are cursors: one uses one core.

    An index over all rows at once costs a small part of one that grows row by row.
    """
    free: SimpleQueue = SimpleQueue()
    for cursor in cursors:
        free.put(cursor)

    def make(table: tuple[str, str]) -> None:
        schema, name = table
        cursor = free.get()
        try:
            columns = ", ".join(map(identifier, keys[name]))
            cursor.execute(f"alter table {schema}.{identifier(name)} add primary key ({columns})")
        finally:
            free.put(cursor)

    with ThreadPoolExecutor(len(cursors)) as pool:
        # as a list: what one raised is raised here
        list(pool.map(make, [table for table in tables if keys.get(table[1])]))


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
