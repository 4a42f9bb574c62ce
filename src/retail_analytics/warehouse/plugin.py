"""The dbt-duckdb plugin: gives the project's macros two functions that SQL cannot have.

`load_inputs(folder, contract, facts)` fills the schema `raw`; `publish_build(request)` writes and swaps in
the published file. Both work on a cursor of their own, beside the transaction that calls them, and
answer in JSON with an `error` in words for the macro to stop the build with.
"""

import json
import os
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note
from dbt_common.exceptions import DbtRuntimeError
from threadpoolctl import threadpool_limits

from retail_analytics.inputs.load import InputError, load_inputs, parse_contract
from retail_analytics.storage.files import remove_database
from retail_analytics.storage.sql import literal
from retail_analytics.warehouse.publish import PublishError, PublishRequest, describe, publish

LEAST_MEMORY = 600_000_000
BYTES_A_ROW = 48


class Plugin(BasePlugin):
    """Registered in profiles.yml; dbt-duckdb asks for this name."""

    def initialize(self, plugin_config: dict) -> None:
        self.build_file = Path(self.creds.path)
        check_memory_limit()
        prepare_build_file(self.build_file)
        use_one_thread_a_model()

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        def load(folder: str, contract: str, facts: str) -> str:
            """JSON `{notes, error}`."""
            with conn.cursor() as cursor:
                try:
                    notes = load_inputs(
                        cursor,
                        folder=Path(folder),
                        contract=parse_contract(contract),
                        facts=json.loads(facts),
                    )
                    limit_memory(cursor)
                except InputError as error:
                    return json.dumps({"notes": [], "error": str(error)})
            return json.dumps({"notes": notes, "error": None})

        def publish_build(request: str) -> str:
            """JSON `{published, error}`."""
            said = json.loads(request)
            said["tables"] = [(schema, name) for schema, name in said["tables"]]
            with conn.cursor() as cursor:
                try:
                    path = publish(
                        cursor, folder=self.build_file.parent, request=PublishRequest(**said)
                    )
                except PublishError as error:
                    return json.dumps({"published": None, "error": str(error)})
            return json.dumps({"published": describe(path), "error": None})

        # the argument types are read from the annotations
        conn.create_function("load_inputs", load, side_effects=True)
        conn.create_function("publish_build", publish_build, side_effects=True)


def use_one_thread_a_model() -> None:
    """dbt runs two models at once; more threads inside a fit would only fight over the cores.

    With the libraries' own default, one a core, fits took three times as long.
    """
    # for libraries that a model has yet to import, and for those already there
    os.environ["OMP_NUM_THREADS"] = "1"
    threadpool_limits(limits=1)


def check_memory_limit() -> None:
    """Refuses a MEMORY_LIMIT that DuckDB cannot read, before anything is done."""
    given = os.environ.get("MEMORY_LIMIT")
    if given:
        try:
            duckdb.connect().execute(f"set memory_limit = {literal(given)}")
        except duckdb.Error as error:
            raise DbtRuntimeError(
                f"MEMORY_LIMIT must be a size such as 4GB, not {given!r}"
            ) from error


def limit_memory(con: duckdb.DuckDBPyConnection) -> None:
    """What DuckDB may hold in memory from now on: MEMORY_LIMIT, or what the inputs ask for.

    What does not fit goes to disk, but for the index of one published table at a time. Never more
    than DuckDB's own default.
    """
    given = os.environ.get("MEMORY_LIMIT")
    if not given:
        con.execute("reset memory_limit")
        ((limit,),) = con.execute(
            f"""
            select
                least(
                    parse_formatted_bytes(current_setting('memory_limit')),
                    greatest({LEAST_MEMORY}, {BYTES_A_ROW} * sum(rows_read))
                )
            from raw.input_files
            """
        ).fetchall()
        given = f"{limit} bytes"
    con.execute(f"set memory_limit = {literal(given)}")


def prepare_build_file(path: Path) -> None:
    """Makes the folder, which DuckDB does not, and a build file that can be opened.

    The build file is scratch. Where a killed build left one that cannot be opened any more, this
    build starts over with a new one and says so; nothing else in the folder is touched. DuckDB
    1.5.5, for one, cannot replay its log when a column of a table gets a comment after a check
    constraint with a function or arithmetic (github.com/duckdb/duckdb/issues/19712).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            duckdb.connect(str(path)).close()
        except duckdb.Error as error:
            if "set lock on file" in str(error):
                raise DbtRuntimeError(
                    f"{path} cannot be opened: another build or program has it open; wait for it, "
                    f"or build in another folder. The published file is as it was. "
                    f"({str(error).splitlines()[0]})"
                ) from error
            if not is_readable_file(path):
                raise
            remove_database(path)
            duckdb.connect(str(path)).close()
            fire_event(
                Note(
                    msg=f"note: {path} could not be opened, as after a killed build; this build "
                    f"starts over with a new one"
                )
            )
    except OSError as error:
        raise DbtRuntimeError(f"WAREHOUSE={path.parent}: {error.strerror}") from error
    except duckdb.Error as error:
        raise DbtRuntimeError(
            f"{path} cannot be opened. The published file is as it was. "
            f"({str(error).splitlines()[0]})"
        ) from error


def is_readable_file(path: Path) -> bool:
    """Whether the file can be read at all: what the system refuses is no damage.

    Nothing is opened: closing a second descriptor on a file drops the lock that DuckDB holds.
    """
    return path.is_file() and os.access(path, os.R_OK | os.W_OK)
