"""The dbt-duckdb plugin: gives the project's macros functions that SQL cannot have.

`load_inputs(folder, contract, facts)` fills the schema `raw`; `load_rules(folder, rules)` reads the
rule tables that the folder replaces; `notes_on_ids(facts)` names ids that do not meet;
`publish_build(request)` writes and swaps in the published file. They work on a cursor of their own, beside the transaction that calls them, and
answer in JSON with an `error` in words for the macro to stop the build with.
"""

import json
import os
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from threadpoolctl import threadpool_limits

from retail_analytics.inputs.ids import notes_on_ids
from retail_analytics.inputs.load import InputError, load_inputs, parse_contract
from retail_analytics.inputs.rules import load_rules
from retail_analytics.warehouse.publish import PublishError, PublishRequest, describe, publish
from retail_analytics.storage.sql import literal

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

        def load_own_rules(folder: str, rules: str) -> str:
            """JSON `{notes, error}`."""
            with conn.cursor() as cursor:
                try:
                    notes = load_rules(cursor, folder=Path(folder), rules=json.loads(rules))
                except InputError as error:
                    return json.dumps({"notes": [], "error": str(error)})
            return json.dumps({"notes": notes, "error": None})

        def name_ids(facts: str) -> str:
            """JSON: a list of notes."""
            with conn.cursor() as cursor:
                return json.dumps(notes_on_ids(cursor, **json.loads(facts)))

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
        conn.create_function("notes_on_ids", name_ids, side_effects=True)
        conn.create_function("load_rules", load_own_rules, side_effects=True)
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
    """Makes the folder, which DuckDB does not, and says in words why the file cannot be opened.

    dbt-duckdb's own answer would be the same DuckDB message under a page of stack trace.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        duckdb.connect(str(path)).close()
    except OSError as error:
        raise DbtRuntimeError(f"WAREHOUSE={path.parent}: {error.strerror}") from error
    except duckdb.Error as error:
        if "set lock on file" in str(error):
            advice = "another build or program has it open; wait for it, or build in another folder"
        else:
            advice = "move it away and build again, or use the DuckDB that made it"
        raise DbtRuntimeError(
            f"{path} cannot be opened: {advice}. The published file is as it was. "
            f"({str(error).splitlines()[0]})"
        ) from error
