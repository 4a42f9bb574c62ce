"""The dbt-duckdb plugin: gives the project's macros functions that SQL cannot have.

`start_over()` makes the file of the public tables anew, and `keep_what_is_made()` saves it;
`load_inputs(folder, contract, facts, settings)` fills the schema `raw`; `load_rules(folder, rules)`
reads the rule tables that the folder replaces; `load_memory()` reads what the published file knows
of the builds before; `publish_build(request)` writes and swaps in the published file. They work on
a cursor of their own, beside the transaction that calls them, and answer in JSON with an `error` in
words for the macro to stop the build with, where the user can do something about it.
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

from retail_analytics.inputs.load import InputError, ShopSettings, load_inputs, parse_contract
from retail_analytics.inputs.rules import load_rules
from retail_analytics.storage.sql import literal
from retail_analytics.warehouse.build_file import (
    NEXT,
    BuildFileError,
    attach_next,
    check_memory_limit,
    prepare_build_file,
    start_over,
)
from retail_analytics.warehouse.memory import load_memory
from retail_analytics.warehouse.publish import (
    PUBLISHED,
    PublishError,
    PublishRequest,
    describe,
    publish,
    target_of,
)

LEAST_MEMORY, MOST_MEMORY = 400_000_000, 5_000_000_000
BYTES_A_ROW = 160


class Plugin(BasePlugin):
    """Registered in profiles.yml; dbt-duckdb asks for this name."""

    def initialize(self, plugin_config: dict) -> None:
        build_file = Path(self.creds.path)
        self.folder = build_file.parent
        # `retail build` gives dbt another name of a folder whose own one looks like a URL
        is_renamed = "RETAIL_BUILD_FOLDER" in os.environ
        self.shown = Path(os.environ["WAREHOUSE"]) if is_renamed else self.folder
        try:
            check_memory_limit()
            public = self.folder / NEXT
            # where there is none, `attach_next` makes one of the format that readers know
            for file in (build_file, public) if public.exists() else (build_file,):
                prepare_build_file(
                    file,
                    shown=self.shown / file.name,
                    say=lambda text: fire_event(Note(msg=text)),
                )
        except BuildFileError as error:
            raise DbtRuntimeError(str(error)) from error
        use_one_thread_a_model()

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        attach_next(conn, self.folder / NEXT)

        def load(folder: str, contract: str, facts: str, settings: str) -> str:
            """JSON `{notes, error}`."""
            with conn.cursor() as cursor:
                try:
                    notes = load_inputs(
                        cursor,
                        folder=Path(folder),
                        contract=parse_contract(contract),
                        facts=json.loads(facts),
                        settings=ShopSettings(**json.loads(settings)),
                        load_id=os.environ.get("RETAIL_LOAD_ID", ""),
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

        def remember() -> str:
            """JSON, the rows of each table."""
            with conn.cursor() as cursor:
                return json.dumps(load_memory(cursor, target_of(self.folder / PUBLISHED)))

        def make_anew() -> bool:
            with conn.cursor() as cursor:
                start_over(cursor)
            return True

        def keep_what_is_made() -> bool:
            """Without a log it would be gone when the file is closed."""
            with conn.cursor() as cursor:
                cursor.execute("checkpoint next")
            return True

        def publish_build(request: str) -> str:
            """JSON `{published, error}`."""
            said = json.loads(request)
            said["tables"] = [(schema, name) for schema, name in said["tables"]]
            with conn.cursor() as cursor:
                try:
                    path = publish(cursor, folder=self.folder, request=PublishRequest(**said))
                except PublishError as error:
                    return json.dumps({"published": None, "error": str(error)})
            published = describe(path).replace(str(path), str(self.shown / path.name), 1)
            return json.dumps({"published": published, "error": None})

        # the argument types are read from the annotations
        conn.create_function("load_inputs", load, side_effects=True)
        conn.create_function("load_rules", load_own_rules, side_effects=True)
        conn.create_function("load_memory", remember, side_effects=True)
        conn.create_function("start_over", make_anew, side_effects=True)
        conn.create_function("keep_what_is_made", keep_what_is_made, side_effects=True)
        conn.create_function("publish_build", publish_build, side_effects=True)


def use_one_thread_a_model() -> None:
    """dbt runs two models at once; more threads inside a fit would only fight over the cores.

    With the libraries' own default, one a core, fits took three times as long.
    """
    # for libraries that a model has yet to import, and for those already there
    os.environ["OMP_NUM_THREADS"] = "1"
    threadpool_limits(limits=1)


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
                    greatest({LEAST_MEMORY}, {BYTES_A_ROW} * sum(rows_read)),
                    {MOST_MEMORY}
                )
            from raw.input_files
            """
        ).fetchall()
        given = f"{limit} bytes"
    con.execute(f"set memory_limit = {literal(given)}")
