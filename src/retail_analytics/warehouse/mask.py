"""The published file without personal data: a second file beside it, for everybody else.

What is personal says so at the end of its description, `Personal data (email).`, which the file
holds as the comment of the column. In the masked file such columns are there and hold nothing, so
that every query runs on both, and summaries leave out groups of so few people that a row would
speak of one of them.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from retail_analytics.storage.files import sync
from retail_analytics.storage.sql import identifier, literal
from retail_analytics.warehouse.publish import MODE, PUBLISHED, STORAGE_VERSION, PublishError

MASKED = "retail.masked.duckdb"
LOCK = ".masked.lock"
PERSONAL = re.compile(r"Personal data \((name|email|free_text)\)\.")
# how many people a row of a summary must be about, at least
LEAST_GROUP = 10
# summaries of people: which column says how many
GROUPS = {
    "campaign_engagement": "customer_count",
    "churn_reasons": "cancellation_count",
    "cohort_retention": "cohort_size",
    "cohort_revenue": "cohort_size",
    "customer_value_totals": "customer_count",
    "experiment_segments": "unit_count",
    "journey_paths": "journey_count",
    "loyalty_liability": "member_count",
    "loyalty_summary": "member_count",
    "loyalty_tier_flows": "member_count",
    "segment_migrations": "customer_count",
    "segment_summary": "customer_count",
}


def personal_kind(comment: str) -> str:
    """What kind of personal data a column holds by its comment; empty where it holds none.

    Example
    -------
    >>> personal_kind("E-mail address. Personal data (email)."), personal_kind("Region.")
    ('email', '')
    """
    found = PERSONAL.search(comment or "")
    return found[1] if found else ""


def publish_masked(folder: Path, *, least_group: int = LEAST_GROUP) -> Path:
    """Writes the masked file from the published one and swaps it in at once; returns its path.

    Raises PublishError, with the masked file as it was.
    """
    if not (folder / PUBLISHED).exists():
        raise PublishError(f"{folder / PUBLISHED}: there is no published file; run make build")
    with one_at_a_time(folder):
        return write_masked(folder, least_group)


def ensure_masked(folder: Path) -> Path:
    """The masked file of the build that is published now, made where it is not there.

    Where the folder may not be written to, the masked file that is there must do. Raises
    PublishError where there is none.
    """
    path = folder / MASKED
    if is_current(folder):
        return path
    # it may be all that a server was given
    if path.exists() and not ((folder / PUBLISHED).exists() and os.access(folder, os.W_OK)):
        return path
    if not os.access(folder, os.W_OK):
        raise PublishError(
            f"{path}: there is no file without personal data, and the folder cannot be written "
            "to; run `retail publish --masked` where the build runs"
        )
    if not (folder / PUBLISHED).exists():
        raise PublishError(f"{folder / PUBLISHED}: there is no published file; run make build")
    with one_at_a_time(folder):
        # another process may have made it meanwhile
        return path if is_current(folder) else write_masked(folder, LEAST_GROUP)


def is_current(folder: Path) -> bool:
    """Whether the masked file is there and of the published build."""
    ids = [invocation_id(folder / name) for name in (PUBLISHED, MASKED)]
    return ids[0] is not None and ids[0] == ids[1]


def invocation_id(path: Path) -> str | None:
    """The build that a file is of; None where it is missing or cannot be read."""
    if not path.exists():
        return None
    try:
        with attached(path) as con:
            rows = con.execute("select max(invocation_id) from given.quality.meta").fetchall()
    except duckdb.Error:
        return None
    return rows[0][0]


@contextmanager
def attached(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An instance of its own: DuckDB would give another one's file by the same path, as it was."""
    with duckdb.connect() as con:
        con.execute(f"attach {literal(str(path))} as given (read_only)")
        yield con


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_masked(folder: Path, least_group: int) -> Path:
    target = folder / MASKED
    new = folder / f"{MASKED}.new"
    try:
        new.unlink(missing_ok=True)
        with attached(folder / PUBLISHED) as con:
            con.execute(
                f"attach {literal(str(new))} as masked "
                f"(storage_version '{STORAGE_VERSION}', recovery_mode no_wal_writes)"
            )
            copy_masked(con, least_group)
            con.execute("checkpoint masked")
            con.execute("detach masked")
        new.chmod(MODE)
        sync(new)
        os.replace(new, target)
        sync(folder)
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        new.unlink(missing_ok=True)
        raise PublishError(
            f"{folder / PUBLISHED}: made by another version; run make build first"
        ) from error
    except (OSError, duckdb.Error) as error:
        new.unlink(missing_ok=True)
        reason = (str(error).splitlines() or ["unknown"])[0]
        raise PublishError(f"{target} could not be written: {reason}") from error
    return target


def copy_masked(con: duckdb.DuckDBPyConnection, least_group: int) -> None:
    """Every table with its constraints and comments, without what is personal."""
    comments = {
        (schema, table, column): comment
        for schema, table, column, comment in con.execute(
            "select schema_name, table_name, column_name, comment from duckdb_columns() "
            "where database_name = 'given' order by table_oid, column_index"
        ).fetchall()
    }
    tables = con.execute(
        "select schema_name, table_name, sql, comment from duckdb_tables() "
        "where database_name = 'given' order by table_oid"
    ).fetchall()
    con.execute("use masked")
    for schema in sorted({schema for schema, *_ in tables}):
        con.execute(f"create schema if not exists {identifier(schema)}")
    for schema, table, definition, _ in tables:
        con.execute(definition)
        columns = [column for at, name, column in comments if (at, name) == (schema, table)]
        names = ", ".join(map(identifier, columns))
        values = ", ".join(
            f"null as {identifier(column)}"
            if personal_kind(comments[schema, table, column])
            else identifier(column)
            for column in columns
        )
        kept = large_enough(table, columns, least_group)
        target = f"{identifier(schema)}.{identifier(table)}"
        con.execute(f"insert into {target} ({names}) select {values} from given.{target}{kept}")
    # thousands of comments, each of which would be written on its own
    con.begin()
    for schema, table, _, comment in tables:
        target = f"{identifier(schema)}.{identifier(table)}"
        columns = [column for at, name, column in comments if (at, name) == (schema, table)]
        set_comment(con, f"table {target}", comment)
        for column in columns:
            where = f"column {target}.{identifier(column)}"
            set_comment(con, where, comments[schema, table, column])
    con.commit()
    # the counts of the file as it is now
    for schema, table, *_ in tables:
        target = f"{identifier(schema)}.{identifier(table)}"
        con.execute(
            f"update quality.meta set row_count = (select count(*) from {target}) "
            "where table_schema = ? and table_name = ?",
            [schema, table],
        )
    con.execute("use memory")


def large_enough(table: str, columns: list[str], least_group: int) -> str:
    """The condition that leaves out groups of fewer people than a row may be about."""
    size = GROUPS.get(table)
    if size is None or size not in columns:
        return ""
    size = identifier(size)
    return f" where {size} is null or {size} not between 1 and {least_group - 1:d}"


def set_comment(con: duckdb.DuckDBPyConnection, target: str, comment: str | None) -> None:
    if comment is not None:
        con.execute(f"comment on {target} is {literal(comment)}")
