"""The macros that read values (macros/staging), as SQL, without dbt."""

from functools import cache
from types import SimpleNamespace

import duckdb
import jinja2
from compiled import with_macros


@cache
def expression(macro: str, column: str = "value", *more: str, zone: str = "UTC") -> str:
    """The SQL that a macro makes for a column, in a shop of a time zone; `more` are arguments."""
    called = with_macros(
        "{{ " + macro + str((column, *more)) + " }}", frozenset({"shop_time_zone"})
    )

    def raise_error(message: str) -> None:
        raise ValueError(message)

    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals.update(
        shop_time_zone=lambda: zone, exceptions=SimpleNamespace(raise_compiler_error=raise_error)
    )
    return environment.from_string(called).render().strip()


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
