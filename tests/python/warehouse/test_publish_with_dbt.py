"""When `dbt build` publishes and when not: the real macros and plugin on five small models."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from tiny import TinyProject

from retail_analytics.warehouse.build_file import BUILD, NEXT
from retail_analytics.warehouse.publish import rollback


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose build 1 is published, and whose input already says 2."""
    tiny = TinyProject(tmp_path_factory.mktemp("publish"))
    tiny.number(1)
    run = tiny.dbt("build")
    assert run.is_green, run.said
    assert "retail.duckdb: 4 tables, 10 rows" in run.said
    tiny.number(2)
    return tiny


@pytest.fixture
def change(project):
    """Changes a file of the project for one test."""
    before: dict[str, str | None] = {}

    def write(name: str, text: str) -> None:
        path = project.folder / name
        before.setdefault(name, path.read_text() if path.exists() else None)
        project.write(name, text)

    yield write
    for name, text in before.items():
        if text is None:
            (project.folder / name).unlink()
        else:
            project.write(name, text)


def test_what_is_selected_or_cut_is_not_published(project):
    run = project.dbt(
        *("build", "--select", "int_as_of", "--exclude", "orders", "--resource-type", "model"),
        *("--exclude-resource-type", "test", "--sample", "3 days", "--empty"),
        *("--event-time-start", "2024-01-01", "--event-time-end", "2024-02-01"),
    )
    assert run.is_green, run.said
    assert (
        "not published: a build with --select, --exclude, --resource-type, "
        "--exclude-resource-type, --empty, --sample, --event-time-start, --event-time-end "
        "is not the whole"
    ) in run.said
    assert project.published_number() == 1


def test_a_named_selector_is_not_published(project):
    run = project.dbt("build", "--selector", "some")
    assert "not published: a build with --selector is not the whole" in run.said
    assert project.published_number() == 1


def test_a_default_selector_is_not_published(project, change):
    selector = "selectors: [{name: some, default: true, definition: int_as_of}]"
    change("selectors.yml", selector)
    run = project.dbt("build")
    assert run.is_green, run.said
    assert "did not run" in run.said
    assert project.published_number() == 1


def test_a_build_without_unit_tests_is_published(project):
    # they prove the SQL on rows by hand, and say nothing of this build's data
    run = project.dbt("build", "--exclude-resource-type", "unit_test")
    assert "published: " in run.said
    assert "not published: " not in run.said
    assert project.published_number() == 2
    rollback(project.warehouse)


@pytest.mark.parametrize("command", ["run", "test"])
def test_other_commands_do_not_publish(project, command):
    run = project.dbt(command, "--select", "notes")
    assert run.is_green, run.said
    assert f"not published: only a whole dbt build is, and this was dbt {command}" in run.said
    assert project.published_number() == 1


def test_neither_a_failed_test_nor_its_retry_is_published(project, change):
    failing = "{% test one_row(model) %} select * from {{ model }} {% endtest %}"
    change("macros/one_row.sql", failing)
    failed = project.dbt("build")
    assert not failed.is_green
    assert "not published: 1 of 7 nodes are not green" in failed.said
    change("macros/one_row.sql", failing.replace("{{ model }}", "{{ model }} where false"))
    retried = project.dbt("retry")
    assert retried.is_green, retried.said
    assert "not published: " in retried.said
    assert project.published_number() == 1


def test_a_warning_is_a_suspicion_and_is_published(project, change):
    failing = "{% test one_row(model) %} {{ config(severity='warn') }} select 1 {% endtest %}"
    change("macros/one_row.sql", failing)
    run = project.dbt("build")
    assert "not published: " not in run.said
    assert project.published_number() == 2
    rollback(project.warehouse)


def test_a_failed_model_and_what_is_skipped_after_it_are_not_green(project, change):
    change("models/quality/notes.sql", "select 1 / 'x' as build_number from {{ ref('int_as_of') }}")
    run = project.dbt("build")
    assert not run.is_green
    assert "nodes are not green" in run.said
    assert project.published_number() == 1


def test_a_refused_publish_fails_the_build_and_says_why(project):
    # a folder cannot be replaced by a file
    in_the_way = project.warehouse / "retail.previous.duckdb.new"
    in_the_way.mkdir()
    run = project.dbt("build")
    in_the_way.rmdir()
    assert not run.is_green
    assert "not published: " in run.said
    assert "retail.duckdb could not be replaced" in run.said
    assert project.published_number() == 1


def test_tables_of_models_that_are_gone_are_not_published(tmp_path):
    project = TinyProject(tmp_path)
    project.number(1)
    project.write("models/marts/gone.sql", "select 1 as old")
    assert project.dbt("build").is_green
    assert project.ask("select old from marts.gone") == [(1,)]
    (project.folder / "models/marts/gone.sql").unlink()
    project.write("models/inner.sql", "{{ config(materialized='ephemeral') }} select 1 as one")
    exposure = "exposures: [{name: report, type: dashboard, owner: {email: a@b.c}}]"
    project.write("models/exposures.yml", exposure)
    project.number(2)
    run = project.dbt("build", "--full-refresh")
    assert "published: " in run.said, "neither an exposure nor an ephemeral model stands in the way"
    tables = project.ask("select table_name from duckdb_tables() order by all")
    assert tables == [("customers",), ("meta",), ("notes",), ("orders",), ("scores",)]
    assert project.published_number() == 2
    keys = "select table_name from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
    assert project.ask(f"{keys} order by all") == [
        ("customers",),
        ("meta",),
        ("orders",),
        ("scores",),
    ]
    described = "select comment from duckdb_tables() where table_name = 'customers'"
    assert project.ask(described) == [('One row a customer; "quoted", it\'s said.',)]


def test_a_second_build_in_one_folder_is_refused_and_harms_nothing(tmp_path):
    project = TinyProject(tmp_path)
    project.number(1)
    build_file = str(project.warehouse / "build.duckdb")
    running = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            f"import duckdb; con = duckdb.connect({build_file!r}); print('open', flush=True); "
            "input(); con.execute('create table made_afterwards as select 1'); con.close()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout.readline() == "open\n"
    run = project.dbt("build")
    running.communicate("\n", timeout=60)
    assert not run.is_green
    assert "build.duckdb cannot be opened: another build or program has it open" in run.said
    assert "Traceback" not in run.said
    assert running.returncode == 0
    assert project.ask_build("select * from made_afterwards") == [(1,)]


def test_what_a_part_of_a_build_made_is_kept_for_the_next(project, tmp_path):
    project.number(7)
    project.dbt("run", "--select", "int_as_of", "customers")
    # as the next process finds the file: it has no log
    found = shutil.copy(project.warehouse / NEXT, tmp_path)
    with duckdb.connect(found, read_only=True) as con:
        numbers = con.execute("select distinct build_number from marts.customers").fetchall()
    assert numbers == [(7,)]


def killed_with_a_log(path: Path) -> None:
    """Leaves a build file whose log DuckDB 1.5.5 cannot replay (duckdb/duckdb#19712)."""
    program = f"""
import os, signal, duckdb
con = duckdb.connect({str(path)!r})
con.execute("create table t (a double, check (abs(a) <= 1))")
con.execute("comment on column t.a is 'c'")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    assert path.with_name(f"{path.name}.wal").exists()


@pytest.mark.parametrize(
    ("file", "damage"),
    [(BUILD, "killed"), (BUILD, "no database"), (BUILD, "cut off"), (NEXT, "cut off")],
)
def test_a_build_file_that_cannot_be_opened_is_started_over(
    project, monkeypatch, tmp_path, file, damage
):
    # dbt holds the project's own build file open in this process
    copy = shutil.copytree(project.warehouse, tmp_path / "copy")
    monkeypatch.setattr(project, "warehouse", copy)
    path, published = copy / file, copy / "retail.duckdb"
    published_before = project.published_number()
    path.unlink()
    if damage == "killed":
        killed_with_a_log(path)
    else:
        path.write_bytes(
            b"text\n" * 5000 if damage == "no database" else published.read_bytes()[:5000]
        )
    (copy / f"{file}.tmp").mkdir()
    run = project.dbt("build", "--select", "int_as_of")
    assert run.is_green, run.said
    line = f"{path} could not be opened, as after a killed build; this build starts over"
    if damage == "killed" and line not in run.said:
        assert duckdb.__version__ >= "2", "newer versions replay the log"
    else:
        assert run.said.count(line) == 1
        assert not (copy / f"{file}.tmp").exists()
    assert "Traceback" not in run.said
    assert project.published_number() == published_before


def test_a_warehouse_that_is_a_file_is_named(tmp_path):
    project = TinyProject(tmp_path)
    project.warehouse.rmdir()
    project.warehouse.write_text("")
    run = project.dbt("build")
    assert not run.is_green
    assert f"WAREHOUSE={project.warehouse}: File exists" in run.said
    assert "Traceback" not in run.said
