"""`quality.event_outbox`: what changed between a build and the one before, kept over builds.

Programs read it from where they left off (`retail events --since BUILD`). The first build of a
warehouse has no events: everything would be one. An order counts as placed when a build first
knows it, whatever its day.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from retail_analytics.storage.sql import literal
from retail_analytics.warehouse.build_file import NO_LOG

# how many builds a reader may have missed
KEPT_BUILDS = 100
COLUMNS = {
    "event_id": ("bigint", "Number of the event over all builds; larger ones are newer."),
    "event_type": (
        "varchar",
        "order_placed, segment_changed, risk_class_changed or alert_opened.",
    ),
    "entity_id": ("varchar", "Id of the order, customer or alert."),
    "customer_id": ("varchar", "Customer, where there is one."),
    "old_value": ("varchar", "Segment or class of risk before; null where there was none."),
    "new_value": ("varchar", "Segment or class of risk now, or state of the order or alert."),
    "since_invocation_id": ("varchar", "Build that it is compared with."),
    "invocation_id": ("varchar", "Build that first knew it."),
    "happened_on": ("date", "Day of the order or alert, else the as-of date of the build."),
    "built_at": ("timestamp", "When that build started (UTC)."),
}
NEEDED = {
    "order_placed": ("orders", {"order_id", "customer_id", "order_status", "ordered_on"}),
    "segment_changed": ("customer_rfm", {"customer_id", "segment", "as_of_date"}),
    "risk_class_changed": (
        "customer_churn_risks",
        {"customer_id", "risk_class", "is_shown", "as_of_date"},
    ),
    "alert_opened": ("alerts", {"alert_id", "state", "opened_on"}),
}
# a customer who is forgotten has another id, and no history
EVENTS = {
    "order_placed": """
        select order_id, customer_id, null, order_status, ordered_on
        from new.marts.orders anti join old.marts.orders as known using (order_id)
        where is_purchase
    """,
    "segment_changed": """
        select customer_id, customer_id, was.segment, segments.segment, segments.as_of_date
        from new.marts.customer_rfm as segments
        inner join old.marts.customer_rfm as was using (customer_id)
        where segments.segment is distinct from was.segment and not customer_id like 'erased-%'
    """,
    "risk_class_changed": """
        select customer_id, customer_id, was.risk_class, risks.risk_class, risks.as_of_date
        from new.marts.customer_churn_risks as risks
        inner join (select * from old.marts.customer_churn_risks where is_shown) as was
            using (customer_id)
        where risks.is_shown and risks.risk_class is distinct from was.risk_class
            and not customer_id like 'erased-%'
    """,
    "alert_opened": """
        select alert_id, null, null, alerts.state, alerts.opened_on
        from new.marts.alerts as alerts
        anti join (select * from old.marts.alerts where state = 'open') as known using (alert_id)
        where alerts.state = 'open'
    """,
}


def write_outbox(path: Path, before: Path) -> None:
    """Adds the outbox to a file that is about to be published; `before` may not be there."""
    with attached(path, before) as (con, has_old):
        if not any(needed <= columns_of(con, "new", table) for table, needed in NEEDED.values()):
            return
        columns = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
        target = "new.quality.event_outbox"
        con.execute(f"create table {target} ({columns}, primary key (event_id))")
        if has_old:
            carry_over(con)
            add_events(con)
        con.execute(
            "insert into new.quality.meta by name select 'quality' as table_schema, "
            "'event_outbox' as table_name, 'quality' as domain, null as inputs, "
            f"(select count(*) from {target}) as row_count, {len(COLUMNS)} as column_count, "
            "* exclude (table_schema, table_name, domain, inputs, row_count, column_count) "
            "from new.quality.meta limit 1"
        )
        con.execute(
            f"comment on table {target} is 'One row per event that a build first knew: what "
            "changed since the build before.'"
        )
        for name, (_, comment) in COLUMNS.items():
            con.execute(f"comment on column {target}.{name} is {literal(comment)}")
        con.execute("checkpoint new")


@contextmanager
def attached(path: Path, before: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, bool]]:
    with duckdb.connect() as con:
        con.execute(f"attach {literal(str(path))} as new ({NO_LOG})")
        has_old = False
        if before.exists():
            try:
                con.execute(f"attach {literal(str(before))} as old (read_only)")
                has_old = bool(tables_of(con, "old"))
            except duckdb.Error:
                # a damaged file is replaced by this build; there is nothing to compare with
                has_old = False
        yield con, has_old


def tables_of(con: duckdb.DuckDBPyConnection, database: str) -> set[str]:
    rows = con.execute(
        "select table_name from duckdb_tables() where database_name = ?", [database]
    ).fetchall()
    return {name for (name,) in rows}


def carry_over(con: duckdb.DuckDBPyConnection) -> None:
    """The events of earlier builds, but for those of customers who are forgotten since."""
    if "event_outbox" not in tables_of(con, "old"):
        return
    known = ""
    if "customers" in tables_of(con, "new"):
        known = (
            "where customer_id is null or customer_id in (select customer_id from "
            "new.marts.customers)"
        )
    con.execute(
        f"insert into new.quality.event_outbox by name select * from old.quality.event_outbox "
        f"{known} qualify dense_rank() over (order by built_at desc, invocation_id) "
        f"<= {KEPT_BUILDS}"
    )


def add_events(con: duckdb.DuckDBPyConnection) -> None:
    """What the new file knows and the old one did not, by kind and id."""
    selects = [
        f"select '{kind}' as kind, * from ({EVENTS[kind]}) as found "
        "(entity_id, customer_id, old_value, new_value, happened_on)"
        for kind, (table, needed) in NEEDED.items()
        if all(needed <= columns_of(con, name, table) for name in ("new", "old"))
    ]
    if not selects:
        return
    con.execute(
        f"""
        insert into new.quality.event_outbox
        select
            coalesce((select max(event_id) from new.quality.event_outbox), 0)
                + row_number() over (order by kind, entity_id),
            kind, entity_id, customer_id, old_value, new_value,
            (select max(invocation_id) from old.quality.meta),
            build.invocation_id,
            happened_on,
            build.built_at
        from ({" union all ".join(selects)}) as events,
            (select max(invocation_id) as invocation_id, max(built_at) as built_at
             from new.quality.meta) as build
        """
    )


def columns_of(con: duckdb.DuckDBPyConnection, database: str, table: str) -> set[str]:
    rows = con.execute(
        "select column_name from duckdb_columns() where database_name = ? "
        "and schema_name = 'marts' and table_name = ?",
        [database, table],
    ).fetchall()
    return {name for (name,) in rows}
