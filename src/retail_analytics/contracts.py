"""Contracts for Python models: the YAML's columns, types and constraints are the table's."""

import duckdb

from retail_analytics.inputs import identifier


def write_contracted(
    data: object,
    con: duckdb.DuckDBPyConnection,
    *,
    relation: str,
    column_definitions: list[str],
    column_names: list[str],
) -> None:
    """Creates `relation` from the definitions and fills it by name from `data`.

    `data` is what a Python model returns: a pandas frame, an Arrow table or record batch reader,
    or a DuckDB relation. Raises ValueError when its columns are not the contract's, and
    duckdb.Error when a value does not fit its type or breaks a constraint.
    """
    view = "__contracted_rows"
    con.register(view, data)
    given = [row[0] for row in con.execute(f"describe {view}").fetchall()]
    missing = [name for name in column_names if name not in given]
    unknown = [name for name in given if name not in column_names]
    if missing or unknown:
        raise ValueError(
            f"{relation}: the columns are not the contract's; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
        )
    names = ", ".join(identifier(name) for name in column_names)
    con.execute(f"create table {relation} ({', '.join(column_definitions)})")
    con.execute(f"insert into {relation} ({names}) select {names} from {view}")
    con.unregister(view)
