"""A server answers from one build at a time, the newest, and never from two."""

import re
import threading
import time
from pathlib import Path

import duckdb
import pytest
from another_build import another_build

from retail_analytics.serving.api import reads
from retail_analytics.serving.api.published import (
    Build,
    Busy,
    NotPublished,
    Published,
    TooSlow,
)
from retail_analytics.serving.api.subjects import BY_NAME, SUBJECTS
from retail_analytics.serving.api.values import json_type, unit_of
from retail_analytics.serving.catalog import Column, Table
from retail_analytics.warehouse.mask import (
    GROUPS,
    LEAST_GROUP,
    MASKED,
    ensure_masked,
    large_enough,
    publish_masked,
)


def wait_for(published: Published, build_id: str) -> None:
    for _ in range(300):
        with published.build() as build:
            if build.id == build_id:
                return
        time.sleep(0.1)
    pytest.fail(f"{build_id} was never served")


@pytest.mark.parametrize("with_personal", [True, False], ids=["whole", "masked"])
def test_a_new_build_is_served_without_a_restart(
    served: Path, tmp_path: Path, with_personal: bool
) -> None:
    another_build(served / "retail.duckdb", tmp_path, 1)
    published = Published(tmp_path, with_personal=with_personal)
    with published.build() as build:
        assert build.id == "build 1"
        another_build(served / "retail.duckdb", tmp_path, 2)
        # who has begun to read reads on in the same build
        wait_for(published, "build 2")
        _, rows = build.rows("select distinct order_count, units_sold from marts.products")
        assert rows == [(1, 1)]
    with published.build() as build:
        _, rows = build.rows("select distinct order_count, units_sold from marts.products")
        assert rows == [(2, 2)]
    published.close()


def test_readers_never_see_two_builds_at_once(served: Path, tmp_path: Path) -> None:
    another_build(served / "retail.duckdb", tmp_path, 0)
    published = Published(tmp_path, with_personal=True)
    seen: set[int] = set()
    errors: list[object] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            try:
                with published.build() as build:
                    _, first = build.rows("select distinct order_count from marts.products")
                    _, then = build.rows("select distinct units_sold from marts.products")
                    if first != then or build.id != f"build {first[0][0]}":
                        errors.append((build.id, first, then))
                    seen.add(first[0][0])
            except Exception as error:
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(6):
        if number:
            another_build(served / "retail.duckdb", tmp_path, number)
        wait_for(published, f"build {number}")
        if number in (0, 5):
            # a reader that has not had its turn yet gets it
            deadline = time.monotonic() + 30
            while number not in seen and time.monotonic() < deadline:
                time.sleep(0.01)
    is_over.set()
    for reader in readers:
        reader.join()
    published.close()
    assert errors == []
    assert {0, 5} <= seen


def test_without_a_file_it_says_what_to_do(tmp_path: Path) -> None:
    for with_personal in (True, False):
        with (
            pytest.raises(NotPublished, match="retail build|make build"),
            Published(tmp_path, with_personal=with_personal).build(),
        ):
            pass


def test_a_broken_file_is_no_build_and_the_one_before_is_served_on(
    served: Path, tmp_path: Path
) -> None:
    another_build(served / "retail.duckdb", tmp_path, 1)
    published = Published(tmp_path, with_personal=True)
    with published.build():
        pass
    (tmp_path / "broken").write_bytes(b"no database" * 1000)
    (tmp_path / "broken").replace(tmp_path / "retail.duckdb")
    for _ in range(20):
        with published.build() as build:
            assert build.id == "build 1"
        time.sleep(0.02)
    (tmp_path / "retail.duckdb").unlink()
    with pytest.raises(NotPublished), published.build():
        pass
    another_build(served / "retail.duckdb", tmp_path, 2)
    time.sleep(1.1)
    wait_for(published, "build 2")
    published.close()


def test_a_slow_query_is_stopped_and_the_connection_lives(build: Build) -> None:
    with pytest.raises(TooSlow, match="0.2 s"):
        build.rows("select count(*) from range(1000000000000)", seconds=0.2)
    assert build.rows("select 1")[1] == [(1,)]


def test_when_all_connections_are_taken_one_is_told_so(build: Build, monkeypatch) -> None:
    monkeypatch.setattr("retail_analytics.serving.api.published.WAIT_SECONDS", 0.05)
    taken = [build.idle.get() for _ in range(build.idle.qsize())]
    try:
        with pytest.raises(Busy):
            build.rows("select 1")
    finally:
        for cursor in taken:
            build.idle.put(cursor)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "attach '/tmp/other.duckdb'",
        "copy (select 1) to '/tmp/retail_named_read.csv'",
        "set enable_external_access = true",
        "set memory_limit = '100GB'",
        "update marts.orders set revenue = 0",
    ],
)
def test_the_connections_of_a_server_are_locked(build: Build, sql: str) -> None:
    with pytest.raises(duckdb.Error):
        build.rows(sql)


def test_every_subject_names_tables_and_columns_that_are_there(build: Build) -> None:
    for subject in SUBJECTS:
        for section in subject.sections:
            table = build.catalog.find(section.table)
            assert table is not None, section.table
            columns = {
                target[1] if isinstance(target, tuple) else target
                for target in section.filters.values()
            }
            columns |= set(re.findall(r"\b[a-z_0-9]+\b", section.order)) - {
                *("desc", "nulls", "last", "asc")
            }
            assert columns <= set(table.column_names), (subject.name, section.name)
            assert set(section.filters) <= {p.name for p in subject.parameters}, subject.name


def test_rows_of_one_customer_lie_together(build: Build) -> None:
    """Else each lookup reads the whole table: 55 ms instead of 3 among a million customers.

    A key of the customer alone has an index that finds its row; one of two columns does not help.
    """
    tables = {
        section.table
        for subject in SUBJECTS
        for section in subject.sections
        if section.filters.get("customer_id") == "customer_id"
    }
    keyed = """
        select table_name from duckdb_constraints()
        where
            constraint_type = 'PRIMARY KEY'
            and constraint_column_names[1] = 'customer_id'
            and len(constraint_column_names) > 1
    """
    _, names = build.rows(keyed)
    lookups = sorted(tables & {name for (name,) in names})
    assert "customer_lifetime_values" in lookups
    for table in lookups:
        _, ((steps_back, rows),) = build.rows(
            f"""
            select count(*) filter (customer_id < before), count(*)
            from (
                select customer_id, lag(customer_id) over (order by rowid) as before
                from marts.{table}
            )
            """
        )
        assert steps_back < 0.02 * rows, table


def test_every_subject_answers_with_units_and_states(build: Build) -> None:
    for subject in SUBJECTS:
        given = {}
        for parameter in subject.parameters:
            if parameter.is_required:
                table, column = parameter.of
                _, rows = build.rows(f"select min({column}) from marts.{table}")
                given[parameter.name] = rows[0][0]
        answer = reads.answer(build, subject, given, limit=3)
        assert answer["as_of_date"] == "2024-12-31"
        assert answer["build"] == build.id
        for section in answer["sections"].values():
            assert (section["status"] == "ok") == bool(section["rows"])
            assert (section["status"] == "ok") == (section["reason"] == "")
            assert section["row_count"] == len(section["rows"])


def test_pages_follow_each_other_without_gap_or_overlap(build: Build) -> None:
    subject = BY_NAME["segment_customers"]
    seen, offset = [], 0
    while offset is not None:
        section = reads.answer(build, subject, {}, limit=333, offset=offset)["sections"]
        seen += [row["customer_id"] for row in section["customers"]["rows"]]
        offset = section["customers"]["next_offset"]
    assert len(seen) == len(set(seen)) == 2000


def test_an_answer_holds_what_the_mart_holds(build: Build) -> None:
    _, rows = build.rows(
        "select customer_id, expected_value, value_lower from marts.customer_lifetime_values "
        "where horizon_months = 6 and status = 'ok' order by expected_value desc limit 1"
    )
    customer, value, lower = rows[0]
    answer = reads.answer(
        build,
        BY_NAME["predict_customer_lifetime_value"],
        {"customer_id": customer, "horizon_months": 6},
    )
    row = answer["sections"]["values"]["rows"][0]
    assert (row["expected_value"], row["value_lower"]) == pytest.approx(
        (float(value), float(lower))
    )
    assert answer["sections"]["values"]["units"]["expected_value"] == "EUR"


def test_what_was_not_built_is_refused_by_the_name_of_what_was(build: Build) -> None:
    with pytest.raises(reads.BadRequest, match=r"has values from 0\.\d+ to 0\.95; .*a build"):
        reads.answer(build, BY_NAME["optimize_inventory"], {"service_level": 0.999})
    with pytest.raises(reads.BadRequest, match="this build has: 3, 6, 12, 24"):
        reads.answer(build, BY_NAME["predict_customer_lifetime_value"], {"horizon_months": 7})
    with pytest.raises(reads.NotFound, match="reviews"):
        reads.answer(build, BY_NAME["analyze_sentiment_trends"], {"entity": "x' or 1=1 --"})


@pytest.mark.parametrize(
    "name, data_type, unit",
    [
        ("recency_days", "BIGINT", "days"),
        ("first_reply_p90_minutes", "DOUBLE", "minutes"),
        ("on_time_rate_lower", "DOUBLE", "share of 1"),
        ("churn_probability", "DOUBLE", "share of 1"),
        ("value_at_stake", "DOUBLE", "EUR"),
        ("average_order_value", "DECIMAL(18,4)", "EUR"),
        ("order_count", "BIGINT", ""),
        ("as_of_date", "DATE", "date"),
        ("ordered_at", "TIMESTAMP", "time, UTC"),
        ("segment", "VARCHAR", ""),
        ("value_upper", "DOUBLE", "see column unit"),
        ("order_now_units", "INTEGER", "units"),
        ("money_lower", "DOUBLE", "EUR"),
        ("caused_orders_upper", "DOUBLE", "orders"),
        ("average_days_late", "DOUBLE", "days"),
        ("forecast_daily_demand", "DOUBLE", "units per day"),
        ("roi_lower", "DOUBLE", "multiple of the spend; 0 is even"),
        ("slope_per_month_upper", "DOUBLE", "see column unit"),
        ("rejected_rate_before", "DOUBLE", "share of 1"),
        ("log_odds", "DOUBLE", ""),
    ],
)
def test_the_name_of_a_column_says_its_unit(name: str, data_type: str, unit: str) -> None:
    column = Column(name, data_type, "")
    table = Table("marts", "t", "", 0, "", (column, Column("unit", "VARCHAR", "")), ())
    assert unit_of(table, column, "EUR") == unit


def test_types_are_those_of_json() -> None:
    kinds = {
        "BIGINT": "integer",
        "DECIMAL(18,4)": "number",
        "VARCHAR[]": "array",
        "BOOLEAN": "boolean",
        "DATE": "string",
        "STRUCT(a INTEGER)": "object",
    }
    assert {kind: json_type(kind) for kind in kinds} == kinds


def columns_that_hold(path: Path, names: list[str]) -> set[str]:
    """The text columns of a file in which one of these stands as a whole value.

    Bytes alone prove nothing: DuckDB compresses text.
    """
    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as given (read_only)")
        con.execute("create temp table names as select unnest(?) as name", [names])
        texts = con.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where database_name = 'given' and data_type = 'VARCHAR'"
        ).fetchall()
        return {
            f"{table}.{column}"
            for schema, table, column in texts
            if con.execute(
                f"select count(*) from given.{schema}.{table} where {column} in (from names)"
            ).fetchall()[0][0]
        }


def test_the_masked_file_holds_no_name_and_no_address(served: Path) -> None:
    whole, masked = served / "retail.duckdb", publish_masked(served)
    with duckdb.connect(str(whole), read_only=True) as con:
        people = con.execute("select customer_name, email from marts.customers").fetchall()
    known = [text for row in people for text in row if text]
    assert columns_that_hold(whole, known) == {
        *("customers.customer_name", "customers.email"),
        *("customer_360.customer_name", "customer_360.email"),
    }
    assert columns_that_hold(masked, known) == set()
    # what looks like an address is searched, and not the whole file once per customer
    address = re.compile(rb"[\w.+-]+@[\w.-]+")
    emails = [email.encode() for _, email in people if email]
    assert all(address.fullmatch(email) for email in emails)
    text = b" ".join(address.findall(masked.read_bytes()))
    assert [email for email in emails if email in text] == []


def test_the_masked_file_is_otherwise_the_whole_one(served: Path) -> None:
    publish_masked(served)
    with duckdb.connect() as con:
        for name in ("retail", "masked"):
            path = served / ("retail.duckdb" if name == "retail" else MASKED)
            con.execute(f"attach '{path}' as {name} (read_only)")
        tables = con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'retail'"
        ).fetchall()
        for kind in ("duckdb_columns", "duckdb_constraints"):
            columns = "table_name, column_name, comment, data_type"
            if kind == "duckdb_constraints":
                columns = "table_name, constraint_type, constraint_text"
            both = [
                con.execute(
                    f"select {columns} from {kind}() where database_name = ? order by all", [name]
                ).fetchall()
                for name in ("retail", "masked")
            ]
            assert both[0] == both[1]
        for schema, table in tables:
            counts = [
                con.execute(f"select count(*) from {name}.{schema}.{table}").fetchall()[0][0]
                for name in ("retail", "masked")
            ]
            said = con.execute(
                "select row_count from masked.quality.meta where table_name = ?", [table]
            ).fetchall()
            assert not said or said[0][0] == counts[1]
            if table in GROUPS:
                small = con.execute(
                    f"select count(*) from masked.{schema}.{table} "
                    f"where least({', '.join(GROUPS[table].sizes)}) "
                    f"between 1 and {LEAST_GROUP - 1}"
                ).fetchall()[0][0]
                assert small == 0
            else:
                assert counts[0] == counts[1], table


@pytest.mark.parametrize("table", sorted(GROUPS))
def test_what_is_left_out_is_not_the_whole_less_the_rest(served: Path, table: str) -> None:
    """Of each whole either nothing is left out, or groups that are together about ten people."""
    ensure_masked(served)
    groups = GROUPS[table]
    size = f"sum(least({', '.join(groups.sizes)}))"
    keys = ", ".join(groups.within) or "1"
    with duckdb.connect() as con:
        sums = []
        for name in ("retail.duckdb", MASKED):
            con.execute(f"attach '{served / name}' as given (read_only)")
            found = con.execute(
                f"select [{keys}]::varchar, {size} from given.marts.{table} "
                f"where not ({groups.whole}) group by {keys}"
            ).fetchall()
            sums.append(dict(found))
            con.execute("detach given")
    for key, people in sums[0].items():
        left_out = people - sums[1].get(key, 0)
        # a whole of fewer people is left out whole
        assert left_out == 0 or left_out >= LEAST_GROUP or left_out == people, key


def test_the_next_larger_group_goes_with_one_that_would_be_the_rest() -> None:
    columns = ["segment", "horizon_months", "customer_count"]
    with duckdb.connect() as con:
        con.execute(
            "create table given as select * from (values ('all', 12, 50), ('a', 12, 3), "
            "('b', 12, 15), ('c', 12, 32), ('all', 3, 50), ('a', 3, 0), ('b', 3, 18), "
            "('c', 3, 32)) as rows (segment, horizon_months, customer_count)"
        )

        def kept(least: int) -> list[tuple]:
            rows = large_enough("given", "customer_value_totals", columns, least)
            return con.execute(f"select segment, horizon_months {rows} order by all").fetchall()

        # a is 50 - 15 - 32: b goes with it; and one that goes at 12 months goes at 3 months too
        assert kept(10) == [("all", 3), ("all", 12), ("c", 3), ("c", 12)]
        assert len(kept(1)) == 8
        con.execute("update given set customer_count = 8 where segment in ('a', 'b')")
        # sixteen of them are left out together: c may stay
        assert kept(10) == [("all", 3), ("all", 12), ("c", 3), ("c", 12)]
        con.execute("update given set customer_count = 0 where segment = 'b'")
        assert kept(10) == [("all", 3), ("all", 12), ("b", 3), ("b", 12)]
        everything = large_enough("given", "orders", columns, 10)
        assert con.execute(f"select count(*) {everything}").fetchall() == [(8,)]


def test_every_count_of_people_is_a_group_or_is_known_to_be_none(build: Build) -> None:
    # tests and fits say on how many customers they rest; a row is not about them
    none = {"model_fits", "recommendation_quality", "recommendation_replay"}
    counted = {
        table.name
        for table in build.catalog.tables
        if "customer_count" in table.column_names or "cohort_size" in table.column_names
    }
    assert counted <= set(GROUPS) | none
