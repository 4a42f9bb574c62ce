"""Writes what documents and models say of an input's columns from the contract, `_inputs.yml`.

`python docs/make_inputs.py` rewrites the columns of every `models/staging/stg_<input>.yml`, the
list of inputs in `dbt_project.yml` and the table of inputs in `docs/own_data/README.md`, and gives
the unit tests of what reads all inputs an empty one of each that they lack; with `--check` it
changes nothing and ends with 1 where one of them is not what the contract says.
"""

import re
import sys
from pathlib import Path

from retail_analytics.inputs.contract import read_tables

ROOT = Path(__file__).parents[1]
DATA_TYPES = {
    "text": "varchar",
    "boolean": "boolean",
    "decimal": "decimal(18,4)",
    "count": "bigint",
    "date": "date",
    "timestamp": "timestamp",
}
VERDICT = """\
      - name: has_rejected_state
        description: Whether a row that may be newer was rejected; figures not in both are null.
        data_type: boolean
      - name: reasons
        description: "{{ doc('reasons') }}"
        data_type: varchar[]
      - name: row_status
        description: "{{ doc('row_status') }}"
        data_type: varchar
"""
# columns of a staging model that no file has: after which one it stands, what it says
MADE = {
    "orders": (
        "currency",
        "sold_order_id",
        "Id of the sale that this return takes back, where the two stand under one id in the file.",
    ),
}


def quoted(text: str) -> str:
    """A description as YAML, in quotation marks where it needs them."""
    return f'"{text}"' if re.search(r": |^[`\"'\[{]", text) else text


def column_yaml(name: str, description: str, data_type: str) -> str:
    return (
        f"      - name: {name}\n        description: {quoted(description)}\n"
        f"        data_type: {data_type}\n"
    )


def staged_columns(table: dict) -> str:
    """The `columns:` of a staging model: text, booleans, numbers, days, times, the verdict."""
    types = list(DATA_TYPES)
    columns = sorted(
        table["columns"], key=lambda column: types.index(column["config"]["meta"]["type"])
    )
    # counts stand among the other numbers, behind them
    text = column_yaml("row_number", "{{ doc('row_number') }}", "bigint")
    for column in columns:
        data_type = DATA_TYPES[column["config"]["meta"]["type"]]
        text += column_yaml(column["name"], column["description"], data_type)
        if table["name"] in MADE and MADE[table["name"]][0] == column["name"]:
            text += column_yaml(*MADE[table["name"]][1:], "varchar")
    return text + VERDICT


def staging_yaml(table: dict, current: str) -> str:
    """The YAML of a staging model with the contract's columns; its unit tests as they were."""
    unit_tests = current[current.index("\nunit_tests:") :] if "\nunit_tests:" in current else ""
    return (
        f"version: 2\n\nmodels:\n  - name: stg_{table['name']}\n    description: >-\n"
        f"      One row per row of the input table `{table['name']}`, cast, with its verdict.\n"
        f"    columns:\n{staged_columns(table)}{unit_tests}"
    )


def project_yaml(current: str) -> str:
    """`dbt_project.yml` with the names of all inputs."""
    names = "".join(f"    - {table['name']}\n" for table in read_tables())
    return re.sub(r"(?<=\n  inputs:\n)(    - \w+\n)+", names, current)


def readme(current: str) -> str:
    """The table of `docs/own_data/README.md`: what is written by hand, its last column, stays."""
    table_text = re.search(r"(?<=\|---\|---\|---\|---\|\n)(\| `\w+` \|.*\n)+", current)[0]
    needs = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", table_text, re.MULTILINE))
    rows = []
    for table in read_tables():
        row = table["description"].removeprefix("One row per ").rstrip(".")
        columns = ", ".join(
            f"**{column['name']}**" if column["config"]["meta"]["is_required"] else column["name"]
            for column in table["columns"]
        )
        rows.append(f"| `{table['name']}` | {row} | {columns} | {needs.get(table['name'], '')} |\n")
    return re.sub(
        r"(?<=\|---\|---\|---\|---\|\n)(\| `\w+` \|.*\n)+", "".join(rows), current, count=1
    )


def given_all(current: str, *kinds: str) -> str:
    """The YAML of a model that reads every input: an input its unit test lacks has no rows there.

    kinds: how the model reads an input, with {} for the input's name.
    """
    lacking = [
        f"      - input: {reads}\n        rows: []\n"
        for table in read_tables()
        for reads in (kind.format(table["name"]) for kind in kinds)
        if f"- input: {reads}\n" not in current
    ]
    return current.replace("    expect:\n", "".join(lacking) + "    expect:\n", 1)


def rejected_rows_yaml(current: str) -> str:
    return given_all(current, "ref('stg_{}')", "source('raw', '{}')")


def input_summary_yaml(current: str) -> str:
    return given_all(current, "ref('stg_{}')")


def wanted() -> dict[Path, str]:
    """Every file that follows from the contract, with the text it should have."""
    files = {
        ROOT / "dbt_project.yml": project_yaml,
        ROOT / "docs" / "own_data" / "README.md": readme,
        ROOT / "models" / "quality" / "rejected_rows.yml": rejected_rows_yaml,
        ROOT / "models" / "quality" / "input_summary.yml": input_summary_yaml,
    }
    texts = {path: write(path.read_text(encoding="utf-8")) for path, write in files.items()}
    for table in read_tables():
        path = ROOT / "models" / "staging" / f"stg_{table['name']}.yml"
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        texts[path] = staging_yaml(table, current)
    return texts


def main() -> int:
    stale = [
        (path, text)
        for path, text in wanted().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        print(path.relative_to(ROOT))
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
