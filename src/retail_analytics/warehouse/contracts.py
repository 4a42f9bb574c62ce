"""Contracts for Python models: the YAML's columns, types and constraints are the table's."""

import re

import duckdb

from retail_analytics.storage.heap import give_back_memory
from retail_analytics.storage.sql import identifier, literal

ROWS = "__contracted_rows"
INTEGER_TYPE = re.compile(r"(tiny|small|big|huge|u)*int(eger)?", re.IGNORECASE)


def write_contracted(
    data: object,
    con: duckdb.DuckDBPyConnection,
    *,
    model: str,
    relation: str,
    definitions: list[str],
    types: dict[str, str],
    key_check: str = "",
    comments: str = "",
) -> None:
    """Makes `relation` from the definitions and fills it by name from `data`.

    `data` is what a Python model returns: a pandas frame, an Arrow table or record batch reader,
    or a DuckDB relation. `types` are the contract's columns in order; `key_check` is a query that
    fails when a primary key is there twice, if there is one; `comments` are statements that
    describe the table. Raises ValueError, naming the model and the column, when the columns are not
    the contract's, a value does not fit its type (a fraction is no integer), a constraint refuses
    it or the key is there twice; a table of that name from before is then as it was.
    """
    # the fit is done
    give_back_memory()
    con.register(ROWS, data)
    given = {row[0]: row[1] for row in con.execute(f"describe {ROWS}").fetchall()}
    missing = [name for name in types if name not in given]
    unknown = [name for name in given if name not in types]
    if missing or unknown:
        raise ValueError(
            f"{model}: the columns are not the contract's; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
        )
    names = ", ".join(identifier(name) for name in types)
    values = ", ".join(value(name, given[name], types[name]) for name in types)
    con.begin()
    try:
        con.execute(f"create or replace table {relation} ({', '.join(definitions)})")
        con.execute(f"insert into {relation} ({names}) select {values} from {ROWS}")
        if key_check:
            con.execute(key_check).fetchall()
        if comments.strip():
            con.execute(comments)
        con.commit()
    except BaseException as error:
        con.rollback()
        if isinstance(error, duckdb.Error):
            raise ValueError(f"{model}: {str(error).splitlines()[0]}") from error
        raise
    con.unregister(ROWS)
    # where `data` was a stream, the fit was at work until now
    give_back_memory()


def value(name: str, given_type: str, contract_type: str) -> str:
    """SQL for a column's value in the contract's type, or an error that names the column.

    A cast alone would round a fraction to an integer, and not always name the column.
    """
    column = identifier(name)
    if given_type == contract_type.upper():
        return column
    cast = f"try_cast({column} as {contract_type})"
    refused = f"{column} is not null and {cast} is null"
    if given_type in ("FLOAT", "DOUBLE") and INTEGER_TYPE.fullmatch(contract_type.strip()):
        refused += f" or {column} <> trunc({column})"
    fault = literal(f"the {contract_type} column {name} cannot hold ")
    return f"case when {refused} then error({fault} || {column}) else {cast} end"
