"""The macros that read values (macros/staging), as SQL, without dbt."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import duckdb
import jinja2

ROOT = Path(__file__).parents[2]
MACROS = ["macros/shop_time.sql", "macros/staging/cast.sql", "macros/staging/checked.sql"]


@cache
def expression(macro: str, column: str = "value", *more: str, zone: str = "UTC") -> str:
    """The SQL that a macro makes for a column, in a shop of a time zone; `more` are arguments."""
    text = "\n".join((ROOT / name).read_text() for name in MACROS)

    def raise_error(message: str) -> None:
        raise ValueError(message)

    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals.update(
        shop_time_zone=lambda: zone, exceptions=SimpleNamespace(raise_compiler_error=raise_error)
    )
    template = environment.from_string(text + "{{ " + macro + str((column, *more)) + " }}")
    return template.render().strip()


def read(macro: str, values: list, *, zone: str = "UTC", type_: str = "varchar") -> list:
    """What the values become."""
    sql = expression(macro, zone=zone)
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"create table given (number integer, value {type_})")
        con.executemany("insert into given values (?, ?)", list(enumerate(values)))
        return [
            row[0] for row in con.execute(f"select {sql} from given order by number").fetchall()
        ]
