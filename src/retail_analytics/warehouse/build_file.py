"""The files that one build at a time writes into, and nobody reads: scratch.

`build.duckdb` holds what stays private; `next.duckdb`, attached as `next`, the tables of the public
schemas, which publishing copies as they lie there (publish.py).
"""

import os
from collections.abc import Callable
from pathlib import Path

import duckdb

from retail_analytics.storage.files import remove_database
from retail_analytics.storage.sql import identifier, literal

BUILD = "build.duckdb"
NEXT = "next.duckdb"
# what readers get; generate_database_name.sql has their models made in `next`
PUBLIC_SCHEMAS = ("marts", "quality")
# the oldest file format that every promised client reads
STORAGE_VERSION = "v1.2.0"
# a file that is used only when it is whole needs no log; what a killed build left is made anew
NO_LOG = "recovery_mode no_wal_writes"
# it holds the user's rows as they are, personal data included: the owner's, for the group to read
MODE = 0o640


class BuildFileError(RuntimeError):
    """The build file cannot be used; the published file is as it was."""


def prepare_build_file(
    path: Path, *, say: Callable[[str], object], shown: Path | None = None
) -> None:
    """Makes the folder, which DuckDB does not, and a build file that can be opened.

    The build file is scratch. Where a killed build left one that cannot be opened any more, this
    build starts over with a new one and says so; nothing else in the folder is touched. DuckDB
    1.5.5, for one, cannot replay its log when a column of a table gets a comment after a check
    constraint with a function or arithmetic (github.com/duckdb/duckdb/issues/19712).

    `shown` is the path as the user knows it, where that is another.
    """
    shown = shown or path
    # for the log beside the file as well
    os.umask(os.umask(0o027) | 0o027)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            duckdb.connect(str(path)).close()
        except duckdb.Error as error:
            if "set lock on file" in str(error):
                raise BuildFileError(
                    f"{shown} cannot be opened: another build or program has it open; wait for it, "
                    f"or build in another folder. The published file is as it was. "
                    f"({str(error).splitlines()[0]})"
                ) from error
            if not may_be_replaced(path):
                raise
            remove_database(path)
            duckdb.connect(str(path)).close()
            say(
                f"note: {shown} could not be opened, as after a killed build; this build starts "
                f"over with a new one"
            )
        path.chmod(MODE)
    except OSError as error:
        raise BuildFileError(f"WAREHOUSE={shown.parent}: {error.strerror}") from error
    except duckdb.Error as error:
        raise BuildFileError(
            f"{shown} cannot be opened. The published file is as it was. "
            f"({str(error).splitlines()[0]})"
        ) from error


def attach_next(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attaches the file of the public tables as `next`; an empty one where there is none."""
    con.execute(
        f"attach {literal(str(path))} as next (storage_version '{STORAGE_VERSION}', {NO_LOG})"
    )


def start_over(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the file of the public tables anew, for a build that makes them all.

    Otherwise the blocks that the tables of earlier builds took would be published with the rest.
    Until 2026-11-30 they were made in the build file: what is left of them there is dropped, for
    it would never forget a customer.
    """
    build = con.execute("select current_database()").fetchall()[0][0]
    for schema in PUBLIC_SCHEMAS:
        con.execute(f"drop schema if exists {identifier(build)}.{schema} cascade")
    path = path_of_next(con)
    con.execute("detach next")
    remove_database(path)
    attach_next(con, path)
    for schema in PUBLIC_SCHEMAS:
        con.execute(f"create schema next.{schema}")


def path_of_next(con: duckdb.DuckDBPyConnection) -> Path:
    found = con.execute("select path from duckdb_databases() where database_name = 'next'")
    return Path(found.fetchall()[0][0])


def may_be_replaced(path: Path) -> bool:
    """Whether the file can be read and written at all: what the system refuses is no damage.

    Nothing is opened: closing a second descriptor on a file drops the lock that DuckDB holds.
    """
    return path.is_file() and os.access(path, os.R_OK | os.W_OK)


def check_memory_limit() -> None:
    """Refuses a MEMORY_LIMIT that is no size, before anything is done."""
    given = os.environ.get("MEMORY_LIMIT")
    if not given:
        return
    refused = f"MEMORY_LIMIT must be a size such as 4GB, not {given!r}"
    # DuckDB takes -1 for no limit at all
    if given.strip().startswith("-"):
        raise BuildFileError(refused)
    try:
        with duckdb.connect() as con:
            con.execute(f"set memory_limit = {literal(given)}")
    except duckdb.Error as error:
        raise BuildFileError(refused) from error
