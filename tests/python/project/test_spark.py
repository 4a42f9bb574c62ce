"""Every model's SQL can be put into Spark SQL: what sqlglot does not know, it passes on in silence.

So a function that it has no name for, `columns(...)` and what Spark cannot say are faults here.
"""

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
        tree.sql(dialect="spark", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        return [str(error).splitlines()[0]]
    unknown = {call.name.lower() for call in tree.find_all(exp.Anonymous)} - SPARK_HAS
    hashes = {"hash()" for _ in tree.find_all(exp.MD5Digest)}
    columns = {"columns(...)" for _ in tree.find_all(exp.Columns)}
    return sorted({f"{name}()" for name in unknown} | hashes | columns)


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
    ],
)
def test_what_spark_does_not_have_is_found(sql: str, found: str) -> None:
    (said,) = untranslatable(sql)
    assert found in said
