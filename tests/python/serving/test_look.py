"""`retail show` and `retail diff` on two small files."""

from pathlib import Path

import duckdb
import pytest

from retail_analytics.cli import main

PUBLISHED = """
create schema marts;
create table marts.customers (customer_id varchar primary key, name varchar, gone integer);
create table marts.notes (note varchar);
insert into marts.customers values ('A', 'Ann', 1), ('B', 'Bo', 2), ('C', 'Cy', 3);
insert into marts.notes values ('x');
"""
BUILD = """
create schema marts;
create table marts.customers (customer_id varchar, name varchar, new integer);
create table marts.notes (note varchar);
insert into marts.customers values ('B', 'Bo', 1), ('C', null, 1), ('D', 'Di', 1), ('E', 'Ed', 1);
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    for name, statements in (("retail", PUBLISHED), ("next", BUILD)):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as con:
            con.execute(statements)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_show_prints_the_first_rows_and_how_many_there_are(warehouse, capsys):
    code, text = said(capsys, "show", "customers", "--rows", "2", "--warehouse", str(warehouse))
    assert code == 0
    assert "Ann" in text and "Bo" in text and "Cy" not in text
    assert text.strip().endswith("2 of 3 rows")


def test_diff_counts_rows_and_values_that_changed(warehouse, capsys):
    code, text = said(capsys, "diff", "customers", "--warehouse", str(warehouse))
    assert code == 0
    assert [line.split() for line in text.splitlines()] == [
        ["customers", "by", "customer_id:", "build", "against", "published"],
        ["rows", "added", "2"],
        ["rows", "removed", "1"],
        ["rows", "in", "both", "2"],
        ["column", "added", "new"],
        ["column", "removed", "gone"],
        ["name:", "1", "rows", "changed"],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "custmers"), "no table 'custmers'; there are: customers, notes"),
        (("diff", "notes"), "notes: it has no primary key to compare its rows by"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(warehouse, capsys, arguments, message):
    code, text = said(capsys, *arguments, "--warehouse", str(warehouse))
    assert code == 1
    assert text.strip() == f"retail {arguments[0]}: {message}"


def test_without_a_build_there_is_nothing_to_show(tmp_path, capsys):
    code, text = said(capsys, "show", "customers", "--warehouse", str(tmp_path))
    assert code == 1
    assert "this file does not exist; build first" in text
