"""Every model's SQL can be put into Spark SQL: what sqlglot does not know, it passes on in silence.

So a function that it has no name for, `columns(...)` and what Spark cannot say are faults here, and
what comes out as something else: the order of a list is lost, `len()` is that of a text, a rank
becomes an approximation, and rows of a list can stand in a column of their own only.
"""

import re

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

# functions without a class in sqlglot that Spark has under the same name and meaning
SPARK_HAS = {"to_json"}


def untranslatable(sql: str) -> list[str]:
    """What of a statement in DuckDB's SQL has no counterpart in Spark's, in words."""
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
        translated = tree.sql(dialect="spark", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        return [str(error).splitlines()[0]]
    unknown = {call.name.lower() for call in tree.find_all(exp.Anonymous)} - SPARK_HAS
    hashes = {"hash()" for _ in tree.find_all(exp.MD5Digest)}
    columns = {"columns(...)" for _ in tree.find_all(exp.Columns)}
    changed = {"approximation" for _ in re.finditer(r"\bAPPROX|_APPROX\b", translated)}
    changed |= {"len()" for _ in re.finditer(r"\blen\(", sql, re.IGNORECASE)}
    changed |= {"ordered list" for call in tree.find_all(exp.ArrayAgg) if call.find(exp.Order)}
    return sorted({f"{name}()" for name in unknown} | hashes | columns | changed | nested(tree))


def nested(tree: exp.Expression) -> set[str]:
    """Whether the rows of a list stand in an expression or beside an aggregate."""
    return {
        "nested unnest"
        for rows in tree.find_all(exp.Unnest, exp.Explode)
        if not isinstance(rows.parent, exp.From | exp.Join | exp.Lateral)
        and (
            not isinstance(rows.parent, exp.Alias)
            or any(column.find(exp.AggFunc) for column in rows.parent_select.expressions)
        )
    }


def test_every_model_translates_to_spark(manifest: dict) -> None:
    models = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["language"] == "sql"
    ]
    assert len(models) > 80
    assert {
        node["name"]: found for node in models if (found := untranslatable(node["compiled_code"]))
    } == {}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select columns(* exclude (a)) from b", "columns(...)"),
        ("select hash(a) from b", "hash()"),
        ("select a + to_months(1) from b", "to_months()"),
        ("select datesub('month', a, b) from c", "datesub()"),
        ("select a from (select", "Expecting )"),
        ("select percentile_disc(0.5) within group (order by a) from b", "approximation"),
        ("select len(a) from b", "len()"),
        ("select list(a order by c) from b", "ordered list"),
        ("select cast(unnest(a) as date) as c from b", "nested unnest"),
        ("select sum(c), unnest([min(a), max(a)]) as d from b", "nested unnest"),
    ],
)
def test_what_spark_does_not_have_is_found(sql: str, found: str) -> None:
    (said,) = untranslatable(sql)
    assert found in said
