"""Readers beside builds that publish, fail and are killed; and two builds that must be the same."""

import random
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import duckdb
import pytest
from conftest import BuildWarehouse, Built
from forked import PROCESSES
from tiny import TinyProject

from retail_analytics.warehouse.publish import rollback

pytestmark = pytest.mark.slow

ROUNDS = 11
PUBLISHES_A_ROUND = 2
DEADLINE_SECONDS = 120
ROWS = 5_000


@dataclass
class Read:
    """What one reader saw."""

    count: int = 0
    numbers: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def read_until(stop: Path, path: Path, *, seconds_a_connection: float) -> Read:
    """Reads the published file until `stop` exists, opening it again and again."""
    seen = Read()
    while not stop.exists() and len(seen.faults) < 5:
        try:
            with duckdb.connect(str(path), read_only=True, config={"threads": 1}) as con:
                opened, first = time.monotonic(), None
                while first is None or time.monotonic() < opened + seconds_a_connection:
                    number = build_number(con)
                    first = first or number
                    assert number == first, f"build {first} became {number} in one connection"
                    seen.count += 1
                    seen.numbers.add(number)
                    # leaves the processor to the builds
                    time.sleep(0.05)
                    if stop.exists():
                        break
        except (duckdb.Error, AssertionError) as error:
            seen.faults.append(f"{type(error).__name__}: {error}")
    return seen


def build_number(con: duckdb.DuckDBPyConnection) -> int:
    """The one build that every table and `quality.meta` come from."""
    tables = con.execute(
        "select schema_name || '.' || table_name from duckdb_tables() order by all"
    ).fetchall()
    names = ["marts.customers", "marts.orders", "marts.scores", "quality.meta", "quality.notes"]
    assert [name for (name,) in tables] == names, f"tables: {tables}"
    meta = dict(
        con.execute(
            "select table_schema || '.' || table_name, row_count from quality.meta"
        ).fetchall()
    )
    ((builds,),) = con.execute("select count(distinct invocation_id) from quality.meta").fetchall()
    assert builds == 1, f"meta of {builds} builds"
    numbers = set()
    for name in set(names) - {"quality.meta"}:
        ((count, lowest, highest),) = con.execute(
            f"select count(*), min(build_number), max(build_number) from {name}"
        ).fetchall()
        assert count == meta[name], f"{name}: {count} rows, {meta[name]} in meta"
        numbers |= {lowest, highest}
    assert len(numbers) == 1, f"a mix of builds {numbers}"
    return numbers.pop()


def build_repeatedly(project: TinyProject, numbers: range) -> None:
    """Builds once for each number, and stops at the first build that is not green."""
    for number in numbers:
        # another count of rows each time, so that `quality.meta` tells builds apart too
        project.number(number, rows=ROWS + number)
        run = project.dbt("build", "--no-write-json", "--log-level-file", "none")
        if not run.is_green:
            (project.folder / "failed.txt").write_text(run.said)
            raise SystemExit(1)


def wait_for(condition: Callable[[], bool], process: BaseProcess, project: TinyProject) -> None:
    """Waits until something holds, while the builds go on."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        failed = project.folder / "failed.txt"
        assert process.is_alive(), failed.read_text() if failed.exists() else "the builds ended"
        assert time.monotonic() < deadline, f"nothing happened in {DEADLINE_SECONDS} s"
        time.sleep(0.001)


def replaced(path: Path) -> Callable[[], bool]:
    """A function that says whether the name stands for another file by now."""
    before = identity(path)
    return lambda: identity(path) != before


def identity(path: Path) -> tuple[int, int] | None:
    """The file that the name stands for."""
    if not path.exists():
        return None
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def test_readers_never_notice_builds_that_publish_or_are_killed(tmp_path):
    project = TinyProject(tmp_path)
    published = project.warehouse / "retail.duckdb"
    unfinished = project.warehouse / "retail.duckdb.new"
    stop = tmp_path / "stop"
    chance = random.Random(20240630)
    killed_while_publishing = 0

    with ProcessPoolExecutor(3, mp_context=PROCESSES) as pool:
        readers: list[Future[Read]] = []
        try:
            for turn in range(ROUNDS):
                first = 1000 * (turn + 1)
                builds = PROCESSES.Process(
                    target=build_repeatedly, args=(project, range(first, first + 1000))
                )
                builds.start()
                for _ in range(PUBLISHES_A_ROUND):
                    wait_for(replaced(published), builds, project)
                if not readers:
                    readers = [
                        pool.submit(read_until, stop, published, seconds_a_connection=seconds)
                        for seconds in (0, 0, 3)
                    ]
                if turn % 2:
                    time.sleep(chance.uniform(0, 1.5))
                else:
                    wait_for(unfinished.exists, builds, project)
                    time.sleep(chance.choice([0, 0.02, 0.1]))
                builds.kill()
                builds.join()
                killed_while_publishing += unfinished.exists()
        finally:
            builds.kill()
            stop.touch()
        seen = [reader.result(timeout=DEADLINE_SECONDS) for reader in readers]

    assert [read.faults for read in seen] == [[], [], []]
    assert all(read.count >= ROUNDS for read in seen), [read.count for read in seen]
    assert len(seen[0].numbers | seen[1].numbers) >= ROUNDS
    assert killed_while_publishing > 0

    last = PROCESSES.Process(target=build_repeatedly, args=(project, range(99_999, 100_000)))
    last.start()
    last.join(DEADLINE_SECONDS)
    assert last.exitcode == 0
    with duckdb.connect(str(published), read_only=True) as con:
        assert build_number(con) == 99_999
    assert not unfinished.exists()
    with duckdb.connect(str(rollback(project.warehouse)), read_only=True) as con:
        assert build_number(con) // 1000 == ROUNDS


@dataclass(frozen=True)
class SecondBuild:
    """A whole build of the sample beside which the file published before was read."""

    built: Built
    reads_meanwhile: int
    before: str
    published: set[str]


@pytest.fixture(scope="module")
def second_build(
    sample_warehouse: Built, build_warehouse: BuildWarehouse, tmp_path_factory
) -> SecondBuild:
    """Builds the sample again, in a folder where the first build is what readers have."""
    warehouse = tmp_path_factory.mktemp("second")
    published = Path(shutil.copy(sample_warehouse.published, warehouse))
    seen: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        build = pool.submit(build_warehouse, None, warehouse=warehouse)
        while not build.done():
            with duckdb.connect(str(published), read_only=True) as con:
                con.execute("select sum(revenue) from marts.customers").fetchall()
                ids = con.execute("select distinct invocation_id from quality.meta").fetchall()
            seen += [name for (name,) in ids]
            time.sleep(0.05)
    built = build.result()
    assert built.exit_code == 0, built.output
    return SecondBuild(built, len(seen), seen[0], set(seen))


def test_the_published_file_is_read_while_the_whole_project_builds(second_build):
    (now,) = {row[0] for row in second_build.built.query("select invocation_id from quality.meta")}
    assert second_build.reads_meanwhile > 10
    assert now != second_build.before
    assert second_build.published <= {second_build.before, now}


def test_two_builds_of_the_same_data_are_the_same(sample_warehouse, second_build):
    first = hashes(sample_warehouse.query, "table_name <> 'meta'")
    assert len(first) > 10
    assert first == hashes(second_build.built.query, "table_name <> 'meta'")


def test_what_two_builds_compute_on_the_way_is_the_same(sample_warehouse, second_build):
    """Rounding hides what a sum of doubles owes to the order of rows, but not in every build."""
    private = "schema_name in ('staging', 'intermediate', 'marts')"
    first = hashes(sample_warehouse.query_build, private)
    second = hashes(second_build.built.query_build, private)
    assert len(first) > 100
    assert [name for name in first if first[name] != second[name]] == []


def hashes(query: Callable[[str], list[tuple]], which: str) -> dict[str, tuple]:
    """Count and hash of every table for which `which` holds, whatever the order of its rows."""
    tables = query(f"select schema_name, table_name from duckdb_tables() where {which}")
    hashed = query(
        " union all ".join(
            f"select '{schema}.{table}', count(*), sum(cast(hash(whole) as hugeint)) "
            f'from {schema}."{table}" as whole'
            for schema, table in tables
        )
    )
    return {name: of_table for name, *of_table in hashed}
