"""Ids that should meet between files and do not, because they are written differently.

`007` in one file and `7` in the other are two products for every join; a person who knows of it
mends the export. Only ids that would meet if both were written alike are named, and files that do
not meet at all: an order of a customer whom no file knows is no error.
"""

import duckdb

from retail_analytics.storage.sql import identifier

# ids looked at first; a file of which all of these meet is not looked at further
FIRST_ROWS = 100_000

# an id as a spreadsheet, a database and a person may all write it: no formula, apostrophe, leading
# zeros or `.0` around it, letters of one case
ALIKE = """
    coalesce(nullif(ltrim(regexp_replace(
        trim(lower({id}), '=''" '), '\\.0+$', ''
    ), '0'), ''), '0')
"""
CUT = r"^[0-9](\.[0-9]+)?e\+?[0-9]+$"


def notes_on_ids(
    con: duckdb.DuckDBPyConnection, *, keys: dict[str, str], columns: dict[str, list[str]]
) -> list[str]:
    """Sentences on ids that do not meet, over the tables of the schema `raw`.

    Parameters
    ----------
    keys : input table -> its key, where that is one column.
    columns : input table -> its columns.
    """
    files = dict(
        con.execute(
            "select input_table, source_file from raw.input_files "
            "where is_provided and rows_read > 0"
        ).fetchall()
    )
    notes = []
    for parent, key in keys.items():
        if parent in files:
            notes += cut_ids(con, parent, key, file=files[parent])
        for child in columns:
            if child != parent and key in columns[child] and {child, parent} <= set(files):
                notes += ids_that_do_not_meet(con, child, parent, key, files=files)
    return notes


def cut_ids(con: duckdb.DuckDBPyConnection, table: str, key: str, *, file: str) -> list[str]:
    """A note on ids such as `1.23E+12`, of which a spreadsheet has cut the end."""
    ((count, example),) = con.execute(
        f"select count(*), min({identifier(key)}) from raw.{identifier(table)} "
        f"where regexp_full_match(lower({identifier(key)}), ?)",
        [CUT],
    ).fetchall()
    if not count:
        return []
    return [
        f"{file}: {count:,} values of {key} are numbers that a spreadsheet has rounded, such as "
        f"{example!r}; write the column as text"
    ]


def ids_that_do_not_meet(
    con: duckdb.DuckDBPyConnection, child: str, parent: str, key: str, *, files: dict[str, str]
) -> list[str]:
    """A note on the ids of one file that the other one has in another spelling, or not at all."""
    for limit in (f"limit {FIRST_ROWS}", ""):
        ids = f"select {identifier(key)} as id from raw.{identifier(child)} {limit}"
        ((id_count, strange_count, alike_count, here, there, any_here, any_there),) = con.execute(
            f"""
            with child as (select distinct id from ({ids}) where id is not null),
            parent as (
                select distinct {identifier(key)} as id from raw.{identifier(parent)}
                where {identifier(key)} is not null
            ),
            strange as (
                select id, {ALIKE.format(id="id")} as alike from child anti join parent using (id)
            ),
            spelt as (
                select strange.id as here, min(parent.id) as there
                from strange
                inner join parent on strange.alike = {ALIKE.format(id="parent.id")}
                group by strange.id
            )
            select
                (select count(*) from child),
                (select count(*) from strange),
                (select count(*) from spelt),
                (select min(here) from spelt),
                (select min_by(there, here) from spelt),
                (select min(id) from child),
                (select min(id) from parent)
            """
        ).fetchall()
        if not strange_count:
            return []
    if alike_count:
        return [
            f"{files[child]}: {alike_count:,} of {id_count:,} values of {key} are written "
            f"otherwise in {files[parent]} and do not meet: {here!r} here, {there!r} there"
        ]
    if strange_count == id_count and any_there is not None:
        return [
            f"{files[child]}: none of its {id_count:,} values of {key} is in {files[parent]} "
            f"(such as {any_here!r} here, {any_there!r} there)"
        ]
    return []
