"""A project of five small models with the real macros, plugin and profile: fast to build.

Every table carries the number in `<warehouse>/build_number.csv`, so that a test can tell builds
apart. The models are written into a temporary folder, for dbt reads YAML under `tests/` as its own.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from build_files import read_build

ROOT = Path(__file__).resolve().parents[2]

PROJECT = """
name: tiny
version: "1.0"
profile: retail_analytics
macro-paths: [macros, "{platform}"]
flags: {send_anonymous_usage_stats: false, use_colors: false}
on-run-end: ["{{ publish(results) }}"]
models:
  tiny:
    +persist_docs: {relation: true, columns: true}
    +materialized: table
    intermediate: {+schema: intermediate}
    marts: {+schema: marts}
    quality: {+schema: quality}
"""

NUMBERED = """
        - name: id
          description: Id, not a number.
          data_type: varchar
          constraints: [{type: not_null}]
        - name: build_number
          data_type: bigint
          constraints: [{type: not_null}, {type: check, expression: "build_number > 0"}]
        - {name: amount, data_type: "decimal(18,4)"}
        - {name: seen_on, data_type: date}
"""

SCHEMA = f"""
version: 2
models:
  - name: int_as_of
    config: {{tags: [inner]}}
  - name: customers
    description: One row a customer; "quoted", it's said.
    config: {{contract: {{enforced: true}}}}
    constraints: [{{type: primary_key, columns: [id]}}]
    columns: {NUMBERED}
  - name: orders
    config: {{contract: {{enforced: true}}}}
    constraints: [{{type: primary_key, columns: [id]}}]
    columns: {NUMBERED}
  - name: scores
    description: One row a customer.
    config: {{meta: {{contract: true}}}}
    constraints: [{{type: primary_key, columns: [id]}}]
    columns: {NUMBERED}
  - name: notes
    config: {{contract: {{enforced: true}}}}
    columns:
      - {{name: build_number, data_type: bigint}}
    data_tests:
      - one_row
unit_tests:
  - name: notes_hold_the_number
    model: notes
    given:
      - input: ref('int_as_of')
        rows: [{{build_number: 4}}]
    expect: {{rows: [{{build_number: 4}}]}}
"""

FILES = {
    "selectors.yml": "selectors: [{name: some, definition: customers}]",
    "models/schema.yml": SCHEMA,
    "models/intermediate/int_as_of.sql": """
        select build_number, row_count, date '2024-06-30' as as_of_date
        from read_csv('{{ escape_single_quotes(env_var("WAREHOUSE")) }}/build_number.csv')
    """,
    "models/marts/customers.sql": """
        select
            'C' || number as id,
            build_number,
            cast(number as decimal(18, 4)) as amount,
            as_of_date as seen_on,
        from {{ ref('int_as_of') }}, range(row_count) as numbers (number)
    """,
    "models/marts/orders.sql": "select * from {{ ref('customers') }}",
    "models/marts/scores.py": """
def model(dbt, session):
    return dbt.ref("customers").df()
    """,
    "models/quality/notes.sql": "select build_number from {{ ref('int_as_of') }}",
    "macros/one_row.sql": """
        {% test one_row(model) %}
            select count(*) as row_count from {{ model }} having count(*) <> 1
        {% endtest %}
    """,
}


@dataclass(frozen=True)
class Run:
    """What one dbt command did: its exit and everything it said."""

    is_green: bool
    said: str


class TinyProject:
    """The project in a folder of its own, with a warehouse beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tiny"
        self.warehouse = folder / "ware house's"
        for name, text in FILES.items():
            self.write(name, text)
        platform = os.path.relpath(ROOT / "macros" / "platform", self.folder)
        self.write("dbt_project.yml", PROJECT.replace("{platform}", platform))
        shutil.copy(ROOT / "profiles.yml", self.folder)
        self.warehouse.mkdir()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def number(self, build_number: int, *, rows: int = 3) -> None:
        """What the next build writes into every table, and how many rows."""
        path = self.warehouse / "build_number.csv"
        path.write_text(f"build_number,row_count\n{build_number},{rows}\n")

    def dbt(self, *arguments: str) -> Run:
        """Runs dbt in this process."""
        from dbt.cli.main import dbtRunner

        said: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WAREHOUSE", str(self.warehouse))
            patch.chdir(self.folder)
            runner = dbtRunner(callbacks=[lambda event: said.append(event.info.msg)])
            result = runner.invoke(["--quiet", *arguments, "--log-path", str(self.folder / "logs")])
        return Run(result.success, "\n".join([*said, str(result.exception or "")]))

    def ask(self, query: str) -> list[tuple]:
        """Answers of the published file."""
        with duckdb.connect(str(self.warehouse / "retail.duckdb"), read_only=True) as con:
            return con.execute(query).fetchall()

    def ask_build(self, query: str) -> list[tuple]:
        """Answers of the files of the build, which dbt may still hold open in this process."""
        with read_build(self.warehouse, read_only=False) as con:
            return con.execute(query).fetchall()

    def published_number(self) -> int:
        """The number of the published build."""
        ((number,),) = self.ask("select distinct build_number from marts.customers")
        return number
