"""Ids that should meet between files and do not: `007` and `7`, `A1` and `a1`, `1.23E+12`."""

from dataclasses import dataclass

import duckdb

from retail_analytics.inputs.spelling import CUT_ID, is_nothing
from retail_analytics.storage.sql import identifier, literal

# what may stand between two spellings of one id, and how both look without it
SPELLINGS = {
    "without zeros in front": "ltrim({id}, '0')",
    "regardless of case": "lower({id})",
    "without .0 at the end": "regexp_replace({id}, '[.]0+$', '')",
    "in one form of Unicode": "nfc_normalize({id})",
    "without signs and spaces": (
        "lower(regexp_replace(nfc_normalize({id}), '[^\\p{{L}}\\p{{N}}]', '', 'g'))"
    ),
}


@dataclass(frozen=True)
class UnmetIds:
    """Ids of a column that are not in the table they name.

    `hint` says in which spelling they would be; `cut_count` are those that a spreadsheet has
    written as 1.23E+12.
    """

    table: str
    column: str
    parent: str
    id_count: int
    unmet_count: int
    row_count: int
    example: str
    hint: str = ""
    cut_count: int = 0

    def __str__(self) -> str:
        text = (
            f"{self.column}: {self.unmet_count:,} of {self.id_count:,} ids (in {self.row_count:,} "
            f"row{'s' if self.row_count > 1 else ''}) are not in {self.parent}, such as "
            f"{self.example}"
        )
        if self.hint:
            text += f"; {self.hint}"
        if self.cut_count:
            text += f"; {self.cut_count:,} were cut by a spreadsheet, such as 1.23E+12"
        return text


def unmet_ids(
    con: duckdb.DuckDBPyConnection, tables: list[dict], *, most_rows: int | None = None
) -> list[UnmetIds]:
    """What does not meet between the files that are there, from the schema `raw`.

    `tables` is the contract; `most_rows` looks at no more rows of a file.
    """
    provided = {
        row[0]
        for row in con.execute(
            "select input_table from raw.input_files where is_provided and rows_read > 0"
        ).fetchall()
    }
    keys = {table["name"]: table["config"]["meta"].get("key") or [] for table in tables}
    parents: dict[str, str] = {}
    for name, key in keys.items():
        # the first table with such a key says what there is: customers, not their erasure requests
        if len(key) == 1 and key[0] not in parents:
            parents[key[0]] = name
    found = []
    for table in tables:
        name = table["name"]
        for column in (column["name"] for column in table["columns"]):
            parent = parents.get(column)
            if name in provided and parent in provided - {name}:
                unmet = compare(con, name, column, parent, most_rows=most_rows)
                if unmet:
                    found.append(unmet)
    return found


def compare(
    con: duckdb.DuckDBPyConnection, table: str, column: str, parent: str, *, most_rows: int | None
) -> UnmetIds | None:
    """The ids of a column that are not in the parent table; None where all are."""
    name = identifier(column)
    limit = f"limit {most_rows}" if most_rows else ""
    con.execute(
        f"""
        create or replace temp table unmet_ids as
        with ids as (
            select id, count(*) as row_count
            from (select {name} as id from raw.{identifier(table)} {limit})
            where id is not null and not {is_nothing("id", column, "text")}
            group by id
        )

        select
            ids.id,
            ids.row_count,
            ids.id not in (
                select {name} from raw.{identifier(parent)} where {name} is not null
            ) as is_unmet
        from ids
        """
    )
    ((id_count, unmet_count, row_count, example, cut_count),) = con.execute(
        f"""
        select
            count(*),
            count(*) filter (is_unmet),
            sum(row_count) filter (is_unmet),
            min(id) filter (is_unmet),
            count(*) filter (is_unmet and regexp_matches(id, {literal(CUT_ID)}))
        from unmet_ids
        """
    ).fetchall()
    if not unmet_count:
        return None
    hint = ""
    for words, spelling in SPELLINGS.items():
        ((meeting,),) = con.execute(
            f"select count(*) from unmet_ids where is_unmet and {spelling.format(id='id')} in "
            f"(select {spelling.format(id=name)} from raw.{identifier(parent)} "
            f"where {name} is not null)"
        ).fetchall()
        if meeting:
            hint = f"{words} {meeting:,} of them are"
            break
    return UnmetIds(
        table, column, parent, id_count, unmet_count, row_count, example[:60], hint, cut_count
    )
