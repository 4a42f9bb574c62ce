"""Customers who asked to be forgotten: no id, name or address of theirs is ever stored.

The file `erasure_requests` names them. While the files are read, before anything is written, each
gets one pseudonym in all of them, so that sums and histories keep their value; what is personal in
their rows, and columns that the contract does not know, are emptied; they are never written to; and
their names, addresses and ids are taken out of the free texts of others.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from retail_analytics.inputs.files import InputColumn, InputFile, naming
from retail_analytics.inputs.spelling import is_nothing, unwrapped
from retail_analytics.storage.sql import identifier, literal

REQUESTS, CUSTOMERS = "erasure_requests", "customers"
# the column of a table that names a customer, where it is another than `customer_id`
ID_COLUMNS = {"llm_outputs": "subject_id", "llm_usage": "subject_id"}
CONSENT = "marketing_consent"
GONE = "(erased)"
# in texts, what is shorter stands for too much that is not meant
LEAST_CHARACTERS = 5

ReadAs = Callable[[InputFile, str], str]


@dataclass(frozen=True)
class Erasure:
    """Those who are erased, as the temporary table `erased` of a connection, and their words."""

    words: frozenset[str]

    def concerns(self, table: str, columns: list[InputColumn]) -> bool:
        """Whether a table may hold anything of theirs."""
        names = {column.name for column in columns}
        return id_column(table) in names or any(column.is_personal for column in columns)

    def applied(self, table: str, columns: list[InputColumn], select: str) -> str:
        """The select of a table, with `row_number` first, without them; in the same order."""
        names = {column.name for column in columns}
        key = id_column(table)
        is_theirs = "erased.pseudonym is not null" if key in names else "false"
        replaced = {
            column.name: f"case when not ({is_theirs}) then {self.without_words(column.name)} end"
            for column in columns
            if column.is_personal
        }
        # a column that nobody knows may hold anything
        replaced["extra_columns"] = f"case when not ({is_theirs}) then given.extra_columns end"
        joined = ""
        if key in names:
            replaced[key] = f"coalesce(erased.pseudonym, given.{identifier(key)})"
            given_id = unwrapped(f"cast(given.{identifier(key)} as varchar)")
            joined = f" left join erased on {given_id} = erased.customer_id"
        if CONSENT in names:
            replaced[CONSENT] = f"case when {is_theirs} then 'false' else given.{CONSENT} end"
        expressions = ", ".join(f"{sql} as {identifier(name)}" for name, sql in replaced.items())
        return (
            f"select given.* replace ({expressions}) from ({select}) as given{joined} "
            "order by given.row_number"
        )

    def without_words(self, column: str) -> str:
        value = f"given.{identifier(column)}"
        words = sorted(word for word in self.words if len(word) >= LEAST_CHARACTERS)
        if not words:
            return value
        pattern = literal("|".join(re.escape(word) for word in words))
        return f"regexp_replace(cast({value} as varchar), {pattern}, '{GONE}', 'gi')"

    def cleaned(self, text: str | None) -> str | None:
        """A line that could not be read, unless somebody erased stands in it."""
        alone = "|".join(re.escape(word) for word in sorted(self.words))
        is_there = re.search(rf"(?<!\w)(?:{alone})(?!\w)", text or "", re.IGNORECASE)
        return GONE if is_there else text


def id_column(table: str) -> str:
    return ID_COLUMNS.get(table, "customer_id")


def read_erasure(
    con: duckdb.DuckDBPyConnection, files: dict[str, InputFile], read_as: ReadAs
) -> Erasure | None:
    """Who asked to be forgotten, whatever else is wrong with the request; None where nobody did.

    `read_as` gives the SQL of a column of a file. Leaves the temporary table `erased`.
    """
    con.execute("drop table if exists temp.erased")
    file = files.get(REQUESTS)
    if file is None or "customer_id" not in file.names():
        return None
    # else who has no id would be somebody who is forgotten
    nothing = is_nothing("customer_id", "customer_id", "text")
    asked_on = read_as(file, "requested_on") if "requested_on" in file.names() else "null"
    with naming(file.path):
        con.execute(
            f"""
            create temp table erased as
            select
                customer_id,
                'erased-' || lpad(
                    cast(row_number() over (order by min(asked_on), customer_id) as varchar), 6, '0'
                ) as pseudonym
            from (
                select
                    {unwrapped(f"({read_as(file, 'customer_id')})")} as customer_id,
                    cast({asked_on} as varchar) as asked_on
                from {file.scan}
            )
            where trim(customer_id) <> '' and not {nothing}
            group by customer_id
            """
        )
        ids = [row[0] for row in con.execute("select customer_id from erased").fetchall()]
    if not ids:
        return None
    return Erasure(frozenset(ids) | words_of(con, files.get(CUSTOMERS), read_as))


def words_of(con: duckdb.DuckDBPyConnection, file: InputFile | None, read_as: ReadAs) -> set[str]:
    """Names and addresses of those who are erased."""
    if file is None or "customer_id" not in file.names():
        return set()
    shown = [name for name in ("customer_name", "email") if name in file.names()]
    if not shown:
        return set()
    columns = ", ".join(
        f"case when not {is_nothing(text, name, 'text')} then {text} end"
        for name in shown
        for text in [f"cast({read_as(file, name)} as varchar)"]
    )
    key = unwrapped(f"cast({read_as(file, 'customer_id')} as varchar)")
    with naming(file.path):
        rows = con.execute(
            f"select {columns} from {file.scan} where {key} in (select customer_id from erased)"
        ).fetchall()
    return {value for row in rows for value in row if value}
