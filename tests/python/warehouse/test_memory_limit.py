"""What DuckDB may hold in memory follows the inputs, or is what the user says."""

import duckdb
import pytest
from tiny import TinyProject

from retail_analytics.warehouse.build_file import BuildFileError, check_memory_limit
from retail_analytics.warehouse.plugin import (
    BYTES_A_ROW,
    LEAST_MEMORY,
    MOST_MEMORY,
    limit_memory,
)


def limit(rows: list[int], monkeypatch: pytest.MonkeyPatch, given: str = "") -> int:
    """Bytes after inputs of so many rows each were read."""
    monkeypatch.setenv("MEMORY_LIMIT", given)
    with duckdb.connect() as con:
        con.execute("create schema raw; create table raw.input_files (rows_read bigint)")
        con.executemany("insert into raw.input_files values (?)", [[count] for count in rows])
        limit_memory(con)
        setting = "select parse_formatted_bytes(current_setting('memory_limit'))"
        return con.execute(setting).fetchall()[0][0]


def test_more_rows_may_hold_more_and_few_hold_the_least(monkeypatch):
    assert limit([0, 0], monkeypatch) == pytest.approx(LEAST_MEMORY, rel=0.01)
    rows = 2 * LEAST_MEMORY // BYTES_A_ROW
    assert limit([rows // 2, rows - rows // 2], monkeypatch) == pytest.approx(
        2 * LEAST_MEMORY, rel=0.1
    )


def test_no_inputs_ask_for_more_than_the_machine_has(monkeypatch):
    with duckdb.connect() as con:
        default = con.execute("select parse_formatted_bytes(current_setting('memory_limit'))")
        (most,) = default.fetchall()[0]
    assert limit([10**15], monkeypatch) == pytest.approx(min(most, MOST_MEMORY), rel=0.02)


def test_what_the_user_says_holds(monkeypatch):
    assert limit([10**15], monkeypatch, "300MB") == pytest.approx(300_000_000, rel=0.01)


@pytest.mark.parametrize("given", ["-1", "-4GB", "lots", "4 apples"])
def test_a_limit_that_is_no_size_is_refused(given, monkeypatch):
    monkeypatch.setenv("MEMORY_LIMIT", given)
    with pytest.raises(BuildFileError, match="MEMORY_LIMIT must be a size such as 4GB"):
        check_memory_limit()


def test_a_limit_that_is_no_size_is_refused_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.setenv("MEMORY_LIMIT", "lots'")
    project = TinyProject(tmp_path)
    project.number(1)
    run = project.dbt("build")
    assert not run.is_green
    assert 'MEMORY_LIMIT must be a size such as 4GB, not "lots\'"' in run.said
    assert not (project.warehouse / "build.duckdb").exists()
