"""The one bridge between the maths and the engine that holds the tables.

Python models and domains say what they need in SQL over named relations; which engine answers is
known here and nowhere above. Today that is DuckDB.
"""

import duckdb

Connection = duckdb.DuckDBPyConnection
Relation = duckdb.DuckDBPyRelation


def query(con: Connection, sql: str, **relations: Relation) -> Relation:
    """The rows of a statement over relations, which it calls by these names; nothing is read yet.

    Parameters
    ----------
    con : the connection that all relations belong to.
    sql : one select statement.
    relations : what stands for each name in the statement.

    Example
    -------
    >>> con = duckdb.connect()
    >>> numbers = con.sql("from range(4) as numbers (i)")
    >>> query(con, "select sum(i) from given", given=numbers).fetchall()
    [(6,)]
    """
    names = {"con": con, "sql": sql, **relations}
    # DuckDB looks a name up among the local variables of whoever calls it: here they are `names`
    return eval("con.sql(sql)", {}, names)
