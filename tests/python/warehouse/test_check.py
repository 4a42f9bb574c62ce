"""`retail check`: what would become of the rows of a folder, by the rules of a build."""

import subprocess
import sys
from pathlib import Path

import pytest
from bad_rows import DUPLICATE, KEPT, fates, write_bad_rows
from conftest import ROOT

from retail_analytics.cli import main
from retail_analytics.warehouse.check import FileCheck


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> tuple[int, list[str]]:
    """How a check of a folder with every kind of bad row ends, and the lines it prints."""
    folder = tmp_path_factory.mktemp("bad")
    write_bad_rows(folder)
    return checked(folder)


def checked(folder: Path) -> tuple[int, list[str]]:
    done = subprocess.run(
        [Path(sys.executable).parent / "retail", "check", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def test_every_row_gets_the_verdict_that_a_build_gives(report):
    expected: dict[str, list[int]] = {}
    for table, _, _, fate in fates():
        counts = expected.setdefault(table, [0, 0, 0, 0])
        counts[0] += 1
        counts[1 if fate == KEPT else 3 if fate == DUPLICATE else 2] += 1
    found = {}
    for line in report[1][1:]:
        if not line.startswith(" "):
            name, *numbers = line.split()
            found[name.partition(".")[0]] = [int(number) for number in numbers[:4]]
    assert {name: counts for name, counts in found.items() if counts[0]} == expected


def test_reasons_have_an_example_and_files_their_days(report):
    lines = [line.strip() for line in report[1]]
    assert any(line.startswith("customers.csv") and "2024-01-01" in line for line in lines)
    assert "1 rejected: implausible_ordered_at, such as row 2: ordered_at = '9999-01-01'" in lines
    assert "order_id: 1 of 8 ids (in 1 row) are not in orders, such as O404" in lines
    assert report[0] == 0
    # what would be read instead
    assert any(
        "unreadable_list_price" in line and "; amounts are read as 1234.56" in line
        for line in lines
    )
    assert any(
        "unreadable_touch_type" in line and line.endswith("open or unsubscribe") for line in lines
    )


def test_a_file_of_rows_that_begin_later_is_as_usable_as_for_a_build():
    assert FileCheck("orders", "orders.csv", 2, {"after_as_of": 2}).is_usable
    assert FileCheck("orders", "orders.csv", 0).is_usable
    assert not FileCheck("orders", "orders.csv", 2, {"rejected": 2}).is_usable


def test_it_leaves_nothing_behind(report):
    assert not (ROOT / "target" / "check" / "warehouse").exists()


def test_a_file_without_a_usable_row_fails_and_the_same_process_checks_the_next(tmp_path, capsys):
    unusable = ROOT / "tests" / "fixtures" / "cases" / "no_row_can_be_read"
    assert main(["check", str(unusable), "--project-dir", str(ROOT)]) == 1
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "no row of this file can be used" in lines
    (tmp_path / "orders.csv").write_text("order_id,ordered_at\nO1,2024-01-01\nO1,x\n")
    assert main(["check", str(tmp_path), "--project-dir", str(ROOT)]) == 0
    kept, rejected = capsys.readouterr().out.splitlines()[1:3]
    assert kept.split()[:4] == ["orders.csv", "2", "1", "1"]
    assert "ordered_at = 'x'" in rejected


def test_a_folder_that_stops_a_build_stops_it_too(tmp_path, capsys):
    (tmp_path / "orders.csv").write_text("order_id\n")
    assert main(["check", str(tmp_path), "--project-dir", str(ROOT)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("retail check: orders.csv: the required column 'ordered_at' is missing")
