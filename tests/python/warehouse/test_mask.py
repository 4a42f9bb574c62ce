"""The masked file of a shop whose customers are known by their addresses."""

from pathlib import Path

import duckdb
import pytest
from build_files import make_build

from retail_analytics.warehouse.mask import KEY, MASKED, publish_masked
from retail_analytics.warehouse.publish import PublishRequest, publish

ANN, BOB = "ann.o'neil@example.com", "bob+shop@mail.example.co.uk"
TABLES = [("marts", name) for name in ("customers", "orders", "notes")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with make_build(tmp_path) as con:
        con.execute("create table marts.customers (customer_id varchar, email varchar)")
        con.execute("comment on column marts.customers.email is 'Personal data (email).'")
        con.execute("create table marts.orders (order_id varchar, customer_id varchar)")
        con.execute("create table marts.notes (text varchar, price varchar)")
        con.executemany("insert into marts.customers values (?, ?)", [(ANN, ANN), (BOB, None)])
        con.executemany("insert into marts.orders values (?, ?)", [("1", ANN), ("2", "guest")])
        con.execute(
            "insert into marts.notes values (?, '3 @ 9.99')", [f'{{"id": "{BOB}"}}, or {ANN}.']
        )
        with con.cursor() as cursor:
            request = PublishRequest(
                *("2024-06-01 12:00:00", "b", TABLES), keys={"customers": ["customer_id"]}
            )
            publish(cursor, folder=tmp_path, request=request)
    return tmp_path


def rows(folder: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(folder / MASKED), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_an_address_for_an_id_is_a_pseudonym_that_meets_itself(folder: Path) -> None:
    publish_masked(folder)
    met = "select order_id, email from marts.orders inner join marts.customers using (customer_id)"
    assert rows(folder, met) == [("1", None)]
    ids = rows(folder, "select customer_id from marts.customers")
    assert all(name.startswith("id-") and len(name) == 19 for (name,) in ids)
    assert len(set(ids)) == 2
    assert rows(folder, "select customer_id from marts.orders where order_id = '2'") == [("guest",)]


def test_an_address_within_a_text_is_withheld_and_a_price_is_none(folder: Path) -> None:
    publish_masked(folder)
    said = '{"id": "(e-mail address)"}, or (e-mail address).'
    assert rows(folder, "select * from marts.notes") == [(said, "3 @ 9.99")]
    content = (folder / MASKED).read_bytes()
    assert ANN.encode() not in content and BOB.encode() not in content


def test_a_customer_keeps_the_pseudonym_and_nobody_else_can_make_it(folder: Path, tmp_path) -> None:
    ids = "select customer_id from marts.customers order by all"
    publish_masked(folder)
    first = rows(folder, ids)
    publish_masked(folder)
    assert rows(folder, ids) == first
    assert (folder / KEY).stat().st_mode & 0o777 == 0o600
    (folder / KEY).unlink()
    publish_masked(folder)
    assert set(rows(folder, ids)).isdisjoint(first)
