"""The outbox says what a build knows that the one before did not, once, in order."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest
from build_files import make_build

from retail_analytics.cli import main
from retail_analytics.serving.catalog import open_catalog
from retail_analytics.serving.events import events_since
from retail_analytics.warehouse.publish import PublishRequest, publish

TABLES = {
    "orders": "order_id varchar, customer_id varchar, order_status varchar, is_purchase boolean, "
    "ordered_on date",
    "customers": "customer_id varchar",
    "customer_rfm": "customer_id varchar, segment varchar, as_of_date date",
    "customer_churn_risks": "customer_id varchar, risk_class varchar, is_shown boolean, "
    "as_of_date date",
    "alerts": "alert_id varchar, state varchar, opened_on date",
}
DAY = date(2024, 6, 1)


class Shop:
    """A build file whose rows a test changes between builds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0
        self.con = make_build(folder)
        for name, columns in TABLES.items():
            self.con.execute(f"create table marts.{name} ({columns})")

    def add(self, table: str, *rows: tuple) -> None:
        for row in rows:
            marks = ", ".join("?" * len(row))
            self.con.execute(f"insert into marts.{table} values ({marks})", list(row))

    def build(self) -> list[tuple]:
        """Publishes; the events that this build added."""
        self.number += 1
        request = PublishRequest(
            f"2024-06-{self.number:02} 12:00:00",
            f"build-{self.number}",
            [("marts", name) for name in TABLES],
        )
        with self.con.cursor() as cursor:
            publish(cursor, folder=self.folder, request=request)
        return [event for event in self.events() if event[-1] == f"build-{self.number}"]

    def events(self) -> list[tuple]:
        with duckdb.connect() as con:
            con.execute(f"attach '{self.folder}/retail.duckdb' as shop (read_only)")
            return con.execute(
                "select event_type, entity_id, old_value, new_value, invocation_id "
                "from shop.quality.event_outbox order by event_id"
            ).fetchall()

    def since(self, build: str | None) -> list[str]:
        with open_catalog(self.folder) as catalog:
            return [event["entity_id"] for event in events_since(catalog, build)]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.add("customers", ("A",), ("B",))
    shop.add("orders", ("o1", "A", "completed", True, DAY))
    shop.add("customer_rfm", ("A", "Loyal", DAY), ("B", "Lost", DAY))
    shop.add("customer_churn_risks", ("A", "Low", True, DAY), ("A", "High", False, DAY))
    shop.add("alerts", ("x", "closed", DAY))
    return shop


def test_the_first_build_has_no_events_and_the_same_data_adds_none(shop: Shop) -> None:
    assert shop.build() == []
    assert shop.build() == []
    assert shop.events() == []


def test_each_change_is_one_event_of_the_build_that_first_knew_it(shop: Shop) -> None:
    shop.build()
    shop.add("orders", ("o2", "B", "placed", True, DAY), ("o3", "B", "returned", False, DAY))
    shop.con.execute("update marts.customer_rfm set segment = 'Champions' where customer_id = 'A'")
    shop.con.execute("update marts.customer_churn_risks set risk_class = 'Medium'")
    shop.con.execute("update marts.alerts set state = 'open'")
    assert shop.build() == [
        ("alert_opened", "x", None, "open", "build-2"),
        ("order_placed", "o2", None, "placed", "build-2"),
        ("risk_class_changed", "A", "Low", "Medium", "build-2"),
        ("segment_changed", "A", "Loyal", "Champions", "build-2"),
    ]
    assert shop.build() == []
    shop.add("orders", ("o4", "A", "placed", True, DAY))
    assert shop.build() == [("order_placed", "o4", None, "placed", "build-4")]
    assert len(shop.events()) == 5


def test_a_reader_goes_on_where_it_left_off(shop: Shop, capsys) -> None:
    for number in range(1, 5):
        shop.build()
        shop.add("orders", (f"n{number}", "A", "placed", True, DAY))
    assert shop.since(None) == ["n1", "n2", "n3"]
    assert shop.since("build-1") == ["n1", "n2", "n3"]
    assert shop.since("build-3") == ["n3"]
    assert shop.since("build-4") == []
    with pytest.raises(ValueError, match="read the tables"):
        shop.since("build-0")
    arguments = ["events", "--since", "build-2", "--warehouse", str(shop.folder)]
    assert main(arguments) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["entity_id"] for line in lines] == ["n2", "n3"]
    assert lines[0]["since_invocation_id"] == "build-2"


def test_a_customer_who_is_forgotten_is_forgotten_in_the_outbox_too(shop: Shop) -> None:
    shop.build()
    shop.add("orders", ("o2", "B", "placed", True, DAY))
    shop.con.execute("update marts.customer_rfm set segment = 'New' where customer_id = 'B'")
    assert len(shop.build()) == 2
    for table in ("customers", "orders", "customer_rfm"):
        shop.con.execute(
            f"update marts.{table} set customer_id = 'erased-000001' where customer_id = 'B'"
        )
    assert shop.build() == []
    assert shop.events() == []


def test_the_table_is_in_the_catalogue_with_its_words(shop: Shop) -> None:
    shop.build()
    with open_catalog(shop.folder) as catalog:
        table = catalog.find("event_outbox")
        assert table.grain.startswith("One row per event")
        assert all(column.comment for column in table.columns)
        assert table.key == ("event_id",)


def test_a_build_without_those_tables_has_no_outbox(tmp_path: Path) -> None:
    with make_build(tmp_path) as con:
        con.execute("create table marts.names as select 'x' as name")
        with con.cursor() as cursor:
            publish(
                cursor,
                folder=tmp_path,
                request=PublishRequest("2024-06-01 12:00:00", "b", [("marts", "names")]),
            )
    with open_catalog(tmp_path) as catalog:
        assert catalog.find("event_outbox") is None
