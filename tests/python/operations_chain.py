"""The delivery and incident models run in memory: their SQL as it stands, without dbt."""

from pathlib import Path

import duckdb
from churn_chain import load_rules

RULES = (
    *("incident_keywords", "incident_severities", "scorecard_rules", "delivery_measures"),
    *("degradation_severities", "delivery_score_parts", "score_grades"),
)
# staging would cast and drop the few bad rows that the generator adds; their ids begin with X
STAGING = {
    "stg_orders": "select distinct *, false as has_rejected_state from raw_orders "
    "where order_id not like 'X%' "
    "qualify row_number() over (partition by order_id order by ordered_at) = 1",
    "stg_deliveries": "select distinct *, false as has_rejected_state from raw_deliveries "
    "where delivery_id not like 'X%'",
    "stg_incidents": "select distinct *, false as has_rejected_state from raw_incidents",
}
MODELS = {
    "int_incidents_classified": "view",
    "int_incident_deliveries": "table",
    "deliveries": "table",
    "int_deliveries_due": "table",
    "int_incident_groups": "view",
    "int_incident_baselines": "view",
    "int_delivery_clumps": "view",
    "int_incident_comparisons": "view",
    "int_incident_errors": "view",
    "int_incident_impacts": "view",
    "incidents": "table",
    "int_carrier_deliveries": "view",
    "int_carrier_priors": "view",
    "int_carrier_estimates": "view",
    "carrier_scorecards": "table",
}


def empty_shop() -> duckdb.DuckDBPyConnection:
    """A database with the rules and the day that counts as today."""
    con = duckdb.connect()
    load_rules(con, RULES)
    con.execute("create table int_as_of as select date '2024-12-31' as as_of_date")
    con.execute("create table int_rejected_days (input_table varchar, day date)")
    return con


def open_shop(folder: Path) -> duckdb.DuckDBPyConnection:
    """The same, with every input and truth of a generated sample."""
    con = empty_shop()
    for path in sorted(folder.glob("*.parquet")):
        name = path.stem if path.stem.startswith("truth_") else f"raw_{path.stem}"
        con.execute(f"create table {name} as from '{path}'")
    for table, query in STAGING.items():
        con.execute(f"create view {table} as {query}")
    return con
