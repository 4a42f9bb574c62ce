"""The dbt-duckdb plugin: gives the project's macros two functions that SQL cannot have.

`load_inputs(folder, contract)` fills the schema `raw`; `publish_build(request)` writes and swaps in
the published file. Both work on a cursor of their own, beside the transaction that calls them.
"""

import json
import os
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from retail_analytics.inputs import InputError, load_inputs, parse_contract
from retail_analytics.publish import PublishRequest, publish

# every fit runs in one of dbt's threads: more threads inside would only fight over the cores.
# Libraries read this once, when a model first imports them, which is after this plugin.
os.environ.setdefault("OMP_NUM_THREADS", "1")


class Plugin(BasePlugin):
    """Registered in profiles.yml; dbt-duckdb asks for this name."""

    def initialize(self, plugin_config: dict) -> None:
        self.build_file = Path(self.creds.path)
        # DuckDB makes the file but not the folder
        self.build_file.parent.mkdir(parents=True, exist_ok=True)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        def load(folder: str, contract: str) -> str:
            """JSON `{notes, error}`: an error in words, for the macro to stop the build with."""
            with conn.cursor() as cursor:
                try:
                    notes = load_inputs(
                        cursor, folder=Path(folder), contract=parse_contract(contract)
                    )
                except InputError as error:
                    return json.dumps({"notes": [], "error": str(error)})
            return json.dumps({"notes": notes, "error": None})

        def publish_build(request: str) -> str:
            with conn.cursor() as cursor:
                path = publish(
                    cursor,
                    folder=self.build_file.parent,
                    request=PublishRequest(**json.loads(request)),
                )
            return str(path)

        # the argument types are read from the annotations
        conn.create_function("load_inputs", load, side_effects=True)
        conn.create_function("publish_build", publish_build, side_effects=True)
