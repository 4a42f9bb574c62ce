"""The published file without personal data: a second file beside it, for everybody else.

What is personal says so at the end of its description, `Personal data (email).`, which the file
holds as the comment of the column. In the masked file such columns are there and hold nothing, so
that every query runs on both, and summaries leave out groups of so few people that a row would
speak of one of them. What is left out could be had as the whole less the rest: where the groups
left out are together about too few people, the next larger ones go with them (complementary
suppression: Hundepool et al., Statistical Disclosure Control, 2012, chapter 4).

Shops take e-mail addresses for ids of customers. An address that stands where none is expected, as
an id or within a text, is none in the masked file either.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from retail_analytics.storage.files import sync
from retail_analytics.storage.sql import identifier, literal
from retail_analytics.warehouse.build_file import NO_LOG, STORAGE_VERSION
from retail_analytics.warehouse.publish import MODE, PUBLISHED, PublishError

MASKED = "retail.masked.duckdb"
LOCK = ".masked.lock"
# what pseudonyms are made with: in the folder, for its owner alone, so that a customer keeps one
KEY = ".masked.key"
PERSONAL = re.compile(r"Personal data \((name|email|free_text)\)\.")
# in any text, as DuckDB's regular expressions have it
ADDRESS = r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
WITHHELD = "(e-mail address)"
# how many people a row of a summary must be about, at least
LEAST_GROUP = 10


@dataclass(frozen=True)
class Groups:
    """A summary of people. The smallest of the columns `sizes` says how many a row is about; rows
    that agree in `within` are parts of one whole that is known, and those of `whole` are that
    whole. Rows that agree in `alike` are about the same people: they go together."""

    sizes: tuple[str, ...]
    within: tuple[str, ...] = ()
    whole: str = "false"
    alike: tuple[str, ...] = ()


COHORTS = Groups(("cohort_size",), ("age_months",), alike=("cohort_month",))
GROUPS = {
    # who got two mailings is in both: their audiences are parts of nothing
    "campaign_engagement": Groups(("customer_count",), ("channel", "campaign")),
    "churn_reasons": Groups(("cancellation_count",)),
    "cohort_retention": COHORTS,
    "cohort_revenue": COHORTS,
    "customer_value_totals": Groups(
        ("customer_count",), ("horizon_months",), "segment = 'all'", ("segment",)
    ),
    "experiment_segments": Groups(
        ("unit_count", "control_unit_count"),
        ("experiment_id", "metric", "variant", "dimension"),
        alike=("experiment_id", "variant", "dimension", "segment"),
    ),
    "journey_paths": Groups(("journey_count",)),
    "loyalty_liability": Groups(("member_count",), whole="tier = 'all'"),
    "loyalty_summary": Groups(("member_count",), ("month",)),
    "loyalty_tier_flows": Groups(("member_count",), ("month",)),
    "segment_migrations": Groups(("customer_count",), ("month",)),
    "segment_summary": Groups(("customer_count",)),
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
                f"(storage_version '{STORAGE_VERSION}', {NO_LOG})"
            )
            con.execute("set variable mask_key = ?", [mask_key(folder)])
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
    found = con.execute(
        "select schema_name, table_name, column_name, comment, data_type from duckdb_columns() "
        "where database_name = 'given' order by table_oid, column_index"
    ).fetchall()
    comments = {tuple(place): comment for *place, comment, _ in found}
    texts = {tuple(place) for *place, _, data_type in found if data_type == "VARCHAR"}
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
            else without_addresses(column)
            if (schema, table, column) in texts
            else identifier(column)
            for column in columns
        )
        target = f"{identifier(schema)}.{identifier(table)}"
        kept = large_enough(f"given.{target}", table, columns, least_group)
        con.execute(f"insert into {target} ({names}) select {values} {kept}")
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


def mask_key(folder: Path) -> str:
    """The folder's secret, made where there is none."""
    path = folder / KEY
    if not path.exists():
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
            stream.write(secrets.token_hex(32))
    return path.read_text()


def without_addresses(column: str) -> str:
    """The text of a column without e-mail addresses: one that is the whole text is an id, and gets
    a pseudonym that is the same in every table and build, for it must meet itself in joins."""
    name = identifier(column)
    pseudonym = f"'id-' || left(sha256(getvariable('mask_key') || {name}), 16)"
    return (
        f"case when not contains({name}, '@') then {name} "
        f"when regexp_full_match({name}, {literal(ADDRESS)}) then {pseudonym} "
        f"else regexp_replace({name}, {literal(ADDRESS)}, {literal(WITHHELD)}, 'g') "
        f"end as {name}"
    )


def large_enough(source: str, table: str, columns: list[str], least_group: int) -> str:
    """The rows of `source` without groups of fewer people than a row may be about, and without the
    next larger ones of their whole until those left out are together so many."""
    groups = GROUPS.get(table)
    if groups is None or not {*groups.sizes, *groups.within, *groups.alike} <= set(columns):
        return f"from {source}"
    size = f"least({', '.join(map(identifier, groups.sizes))})"
    too_few = f"between 1 and {least_group - 1:d}"
    is_part = f"coalesce({size} > 0 and not ({groups.whole}), false)"
    within = ", ".join([*map(identifier, groups.within), is_part])
    # parts of one size go by all their columns, so that a file is always the same
    order = ", ".join([size, *map(identifier, columns)])
    alike = ", ".join(map(identifier, groups.alike or columns))
    return f"""
        from (
            select
                *,
                coalesce({size} {too_few}, false)
                or {is_part} and coalesce(
                    sum({size}) over (
                        partition by {within} order by {order}
                        rows between unbounded preceding and 1 preceding
                    ),
                    0
                ) {too_few} as is_left_out
            from {source}
        )
        qualify not bool_or(is_left_out) over (partition by {alike})
    """


def set_comment(con: duckdb.DuckDBPyConnection, target: str, comment: str | None) -> None:
    if comment is not None:
        con.execute(f"comment on {target} is {literal(comment)}")
