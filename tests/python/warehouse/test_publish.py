"""Publishing and rollback on small files, without dbt."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from build_files import make_build

from retail_analytics.warehouse import publish as module
from retail_analytics.warehouse.build_file import start_over
from retail_analytics.warehouse.publish import (
    PublishError,
    PublishRequest,
    describe,
    publish,
    rollback,
)

TABLES = [("marts", "customers"), ("marts", "orders"), ("marts", 'odd "name" ('), ("quality", "qc")]

BUILD = """
create schema raw;
create table raw.secrets as select 'private' as secret;
create table marts.customers (
    customer_id varchar primary key,
    name varchar collate nocase,
    region varchar default 'it''s (new), or so'
);
create table marts.orders (
    order_id varchar,
    line_number integer check (line_number > 0),
    customer_id varchar not null references marts.customers (customer_id),
    amount decimal(18, 4) not null,
    status varchar check (status in ('open (', 'closed)', 'it''s')),
    "Mixed Case" struct(a integer, "B c" varchar),
    tags varchar[],
    kind enum ('x', 'y''z'),
    ordered_on date,
    unique (ordered_on, amount),
    primary key (order_id, line_number),
    check ((status = 'open (') = (ordered_on is not null))
);
create table marts."odd ""name"" (" ("a ""(" integer primary key check ("a ""(" <> 3));
create table quality.qc as select true as is_good;
create table marts.of_a_model_that_is_gone as select 1 as old;
insert into marts.customers values ('C1', 'Ann', 'North'), ('C2', null, null);
insert into marts.orders values
    ('O1', 1, 'C1', 9.99, 'open (', {'a': 1, 'B c': 'x'}, ['t'], 'x', '2024-06-01');
insert into marts."odd ""name"" (" values (1), (2);
comment on table marts.customers is 'It''s "customers".';
comment on column marts.orders."Mixed Case" is 'One; two.';
"""


@pytest.fixture
def build(tmp_path):
    """A connection on a build file, with the file of the public tables."""
    with make_build(tmp_path, as_of="2024-06-30") as con:
        con.execute(BUILD)
        yield con


def request(number: int = 1, tables: list[tuple[str, str]] | None = None) -> PublishRequest:
    return PublishRequest(f"2024-07-{number:02} 12:00:00", f"build {number}", tables or TABLES)


def ask(path: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(query).fetchall()


def published_number(path: Path) -> str:
    return ask(path, "select distinct invocation_id from quality.meta")[0][0]


def files(folder: Path) -> set[str]:
    scratch = {"build.duckdb", "build.duckdb.wal", "next.duckdb"}
    return {path.name for path in folder.iterdir()} - scratch


def test_only_the_tables_of_this_build_are_published(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request())
    found = ask(path, "select schema_name, table_name from duckdb_tables()")
    assert sorted(found) == sorted([*TABLES, ("quality", "meta")])
    assert files(tmp_path) == {"retail.duckdb"}


def test_private_schemas_are_left_out_even_when_asked_for(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request(tables=[*TABLES, ("raw", "secrets")]))
    schemas = ask(path, "select schema_name from duckdb_schemas() where not internal")
    assert {name for (name,) in schemas} == {"marts", "quality"}
    assert b"private" not in path.read_bytes()


@pytest.mark.parametrize("table", TABLES)
def test_a_published_table_is_defined_as_in_the_build(build, tmp_path, table):
    path = publish(build, folder=tmp_path, request=request())
    schema, name = table
    for query in (
        "select sql, comment from duckdb_tables()",
        "select column_index, column_name, data_type, is_nullable, column_default, comment "
        "from duckdb_columns()",
        "select constraint_text, constraint_column_names from duckdb_constraints()",
    ):
        query += f" where schema_name = '{schema}' and table_name = '{name}' "
        query += "order by all"
        assert ask(path, query) == build.execute(query).fetchall()


def test_rows_come_over_unchanged(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request())
    for schema, name in TABLES:
        query = f'select * from {schema}."{name.replace(chr(34), chr(34) * 2)}"'
        assert ask(path, query) == build.execute(query).fetchall()


def test_constraints_still_hold_in_the_published_file(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request())
    with duckdb.connect(str(path)) as con, pytest.raises(duckdb.ConstraintException):
        con.execute("insert into marts.customers values ('C1', 'twice', null)")


def test_the_key_that_a_contract_names_is_made_in_the_published_file(build, tmp_path):
    key = {"qc": ["is_good"], "names": ["name", "region"]}
    build.execute(
        "create view marts.names as select name, region from marts.customers where name = 'Ann'"
    )
    tables = [("quality", "qc"), ("marts", "names")]
    path = publish(build, folder=tmp_path, request=replace(request(tables=tables), keys=key))
    keys = "select table_name, constraint_column_names from duckdb_constraints() "
    keys += "where constraint_type = 'PRIMARY KEY' and table_name <> 'meta' order by all"
    assert ask(path, keys) == [("names", ["name", "region"]), ("qc", ["is_good"])]


def test_a_key_that_is_there_twice_is_not_published(build, tmp_path):
    before = publish(build, folder=tmp_path, request=request()).read_bytes()
    build.execute("insert into quality.qc values (true)")
    with pytest.raises(PublishError, match="duplicate"):
        publish(build, folder=tmp_path, request=replace(request(2), keys={"qc": ["is_good"]}))
    assert (tmp_path / "retail.duckdb").read_bytes() == before
    assert files(tmp_path) == {"retail.duckdb"}


def test_a_view_is_published_as_a_table(build, tmp_path):
    build.execute("create view marts.names as select name from marts.customers")
    build.execute("comment on column marts.names.name is 'A name.'")
    path = publish(build, folder=tmp_path, request=request(tables=[("marts", "names")]))
    assert ask(path, "select * from marts.names order by all") == [("Ann",), (None,)]
    comments = "select comment from duckdb_columns() where table_name = 'names'"
    assert ask(path, comments) == [("A name.",)]


def test_a_whole_build_leaves_nothing_of_the_tables_before_it(build, tmp_path):
    build.execute("insert into marts.customers values ('C3', 'a customer to be forgotten', null)")
    build.execute("checkpoint next")
    assert b"a customer to be forgotten" in (tmp_path / "next.duckdb").read_bytes()
    start_over(build)
    build.execute("create table quality.qc as select true as is_good")
    path = publish(build, folder=tmp_path, request=request(tables=[("quality", "qc")]))
    assert ask(path, "select count(*) from duckdb_tables() where schema_name = 'marts'") == [(0,)]
    for file in (path, tmp_path / "next.duckdb"):
        assert b"a customer to be forgotten" not in file.read_bytes()


def test_a_whole_build_drops_what_older_versions_left_in_the_build_file(build):
    build.execute("create schema build.marts")
    build.execute("create table build.marts.customers as select 'forgotten' as customer_id")
    build.execute("create view raw.names as select customer_id from build.marts.customers")
    start_over(build)
    left = "select count(*) from duckdb_tables() where schema_name = 'marts'"
    assert build.execute(left).fetchall() == [(0,)]


def test_meta_says_what_the_file_holds(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request(7))
    rows = ask(
        path,
        "select table_schema, table_name, row_count, column_count, "
        "cast(built_at as varchar), cast(as_of_date as varchar), invocation_id, duckdb_version "
        "from quality.meta order by all",
    )
    same = ("2024-07-07 12:00:00", "2024-06-30", "build 7", duckdb.__version__)
    assert rows == [
        ("marts", "customers", 2, 3, *same),
        ("marts", 'odd "name" (', 2, 1, *same),
        ("marts", "orders", 1, 9, *same),
        ("quality", "qc", 1, 1, *same),
    ]
    undescribed = "select count(*) from duckdb_columns() where table_name = 'meta' and comment is "
    assert ask(path, undescribed + "null") == [(0,)]
    assert "4 tables, 6 rows" in describe(path)


def test_meta_names_the_domain_of_a_table_and_the_currency(build, tmp_path):
    wanted = PublishRequest(
        *("2024-07-01", "build 1", TABLES),
        domains={"orders": "customers"},
        parents={"customers": ["int_people"], "int_people": ["stg_orders", "stg_customers"]},
        currency="CHF",
    )
    path = publish(build, folder=tmp_path, request=wanted)
    made = ask(path, "select table_name, inputs from quality.meta where inputs is not null")
    assert made == [("customers", "customers, orders")]
    rows = ask(path, "select table_name, domain from quality.meta where domain is not null")
    assert rows == [("orders", "customers")]
    assert ask(path, "select distinct currency from quality.meta") == [("CHF",)]


def test_the_file_has_the_format_of_duckdb_1_2(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request())
    # bytes 12 to 20 of a DuckDB file are its storage version: 65 came with DuckDB 1.2
    assert int.from_bytes(path.read_bytes()[12:20], "little") == 65


def test_an_open_reader_keeps_the_build_it_opened(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request(1))
    with duckdb.connect(str(path), read_only=True) as reader:
        build.execute("insert into marts.customers values ('C3', null, null)")
        publish(build, folder=tmp_path, request=request(2))
        query = "select count(*), any_value(invocation_id) from marts.customers, quality.meta"
        # four rows of meta for each customer
        assert reader.execute(query).fetchall() == [(8, "build 1")]
    assert ask(path, query) == [(12, "build 2")]


def test_rollback_swaps_the_last_two_and_a_second_one_swaps_back(build, tmp_path):
    for number in (1, 2, 3):
        path = publish(build, folder=tmp_path, request=request(number))
    assert published_number(path) == "build 3"
    assert published_number(rollback(tmp_path)) == "build 2"
    assert published_number(rollback(tmp_path)) == "build 3"
    assert files(tmp_path) == {"retail.duckdb", "retail.previous.duckdb"}
    assert published_number(tmp_path / "retail.previous.duckdb") == "build 2"


def test_rollback_restores_a_published_file_that_was_deleted(build, tmp_path):
    for number in (1, 2):
        path = publish(build, folder=tmp_path, request=request(number))
    path.unlink()
    assert published_number(rollback(tmp_path)) == "build 1"


def test_rollback_without_an_earlier_file_says_so(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request())
    with pytest.raises(PublishError, match=r"retail\.previous\.duckdb: there is no earlier file"):
        rollback(tmp_path)
    assert published_number(path) == "build 1"


def test_rollback_to_a_damaged_file_changes_nothing(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request())
    (tmp_path / "retail.previous.duckdb").write_bytes(b"damaged" * 5000)
    with pytest.raises(PublishError, match="cannot be read, nothing was changed"):
        rollback(tmp_path)
    assert published_number(path) == "build 1"


def test_what_killed_builds_and_rollbacks_left_is_replaced(build, tmp_path):
    publish(build, folder=tmp_path, request=request(1))
    path = publish(build, folder=tmp_path, request=request(2))
    previous = tmp_path / "retail.previous.duckdb"
    (tmp_path / "retail.duckdb.new").write_bytes(b"half a file")
    (tmp_path / "retail.duckdb.new.wal").write_bytes(b"half a log")
    # a second name of a file in use: writing into it would damage that file
    os.link(path, tmp_path / "retail.previous.duckdb.new")
    os.link(previous, tmp_path / "retail.duckdb.back")
    os.link(path, tmp_path / "retail.previous.duckdb.back")
    publish(build, folder=tmp_path, request=request(3))
    assert (published_number(path), published_number(previous)) == ("build 3", "build 2")
    rollback(tmp_path)
    assert (published_number(path), published_number(previous)) == ("build 2", "build 3")
    assert files(tmp_path) == {"retail.duckdb", "retail.previous.duckdb"}


def test_a_kill_between_the_two_renames_leaves_both_names_readable(build, tmp_path):
    publish(build, folder=tmp_path, request=request(1))
    path = publish(build, folder=tmp_path, request=request(2))
    previous = tmp_path / "retail.previous.duckdb"
    previous.unlink()
    os.link(path, previous)
    assert published_number(rollback(tmp_path)) == "build 2"
    publish(build, folder=tmp_path, request=request(3))
    assert (published_number(path), published_number(previous)) == ("build 3", "build 2")
    assert files(tmp_path) == {"retail.duckdb", "retail.previous.duckdb"}


def test_a_file_system_without_hard_links_gets_a_copy(build, tmp_path, monkeypatch):
    def link(source: Path, target: Path) -> None:
        raise OSError("no hard links here")

    monkeypatch.setattr(os, "link", link)
    for number in (1, 2):
        path = publish(build, folder=tmp_path, request=request(number))
    assert published_number(rollback(tmp_path)) == "build 1"
    assert published_number(rollback(tmp_path)) == "build 2"
    assert published_number(path) == "build 2"


@pytest.mark.parametrize("change", ["publish", "rollback"])
def test_a_log_left_by_somebody_who_wrote_into_the_file_does_not_reach_the_next(
    build, tmp_path, change
):
    for number in (1, 2):
        path = publish(build, folder=tmp_path, request=request(number))
    write_and_crash = (
        f"import duckdb, os; con = duckdb.connect({str(path)!r}); "
        "con.execute('delete from marts.orders'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", write_and_crash], check=True)
    assert (tmp_path / "retail.duckdb.wal").exists()
    if change == "publish":
        publish(build, folder=tmp_path, request=request(3))
    else:
        rollback(tmp_path)
    assert ask(path, "select count(*) from marts.orders") == [(1,)]
    assert not (tmp_path / "retail.duckdb.wal").exists()


def test_the_new_file_is_on_disk_before_it_gets_the_name(build, tmp_path, monkeypatch):
    publish(build, folder=tmp_path, request=request(1))
    steps = []
    sync, replace = module.sync, os.replace
    monkeypatch.setattr(
        module, "sync", lambda path: (steps.append(f"sync {path.name}"), sync(path))
    )
    monkeypatch.setattr(
        os, "replace", lambda old, new: (steps.append(f"name {new.name}"), replace(old, new))
    )
    publish(build, folder=tmp_path, request=request(2))
    assert steps == [
        "sync retail.duckdb.new",
        "name retail.previous.duckdb",
        "name retail.duckdb",
        f"sync {tmp_path.name}",
    ]


def test_a_failed_publish_changes_nothing_and_the_next_one_works(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request(1))
    with pytest.raises(PublishError, match="retail.duckdb could not be replaced: .*no_such_table"):
        publish(build, folder=tmp_path, request=request(2, [*TABLES, ("marts", "no_such_table")]))
    assert published_number(path) == "build 1"
    assert files(tmp_path) == {"retail.duckdb"}
    publish(build, folder=tmp_path, request=request(3))
    assert published_number(path) == "build 3"


def test_a_full_disk_changes_nothing(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request(1))
    build.execute(
        "create table marts.big as select range as id, hash(range) as x from range(1000000)"
    )
    build.execute("checkpoint next")
    build.close()
    script = f"""
import duckdb, resource
from pathlib import Path
from retail_analytics.warehouse.build_file import attach_next
from retail_analytics.warehouse.publish import PublishRequest, publish

con = duckdb.connect({str(tmp_path / "build.duckdb")!r})
attach_next(con, Path({str(tmp_path / "next.duckdb")!r}))
# no file may grow over a megabyte: what a full disk does, for this process only
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
request = PublishRequest("2024-07-02", "build 2", [("marts", "big")])
publish(con, folder=Path({str(tmp_path)!r}), request=request)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "PublishError" in run.stderr
    assert "retail.duckdb could not be replaced: [Errno 27] File too large" in run.stderr
    assert published_number(path) == "build 1"
    assert files(tmp_path) == {"retail.duckdb"}


def test_a_folder_in_the_files_place_is_named_in_the_message(build, tmp_path):
    (tmp_path / "retail.duckdb").mkdir()
    with pytest.raises(PublishError, match="Is a directory.*retail.duckdb"):
        publish(build, folder=tmp_path, request=request())
    assert files(tmp_path) == {"retail.duckdb"}


def test_a_folder_may_be_relative_and_have_any_name(build, tmp_path, monkeypatch):
    folder = Path("it's [a] house; with * and #")
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        path = publish(build, folder=folder, request=request(number))
    assert published_number(path) == "build 2"
    assert published_number(rollback(folder)) == "build 1"


def test_the_published_file_is_to_read_only_and_can_be_replaced(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request(1))
    assert path.stat().st_mode & 0o777 == 0o444
    publish(build, folder=tmp_path, request=request(2))
    rollback(tmp_path)
    assert published_number(path) == "build 1"
    for name in ("retail.duckdb", "retail.previous.duckdb"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o444


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into any file")
def test_a_client_that_would_write_is_refused(build, tmp_path):
    path = publish(build, folder=tmp_path, request=request(1))
    with pytest.raises(duckdb.IOException, match="(?i)permission denied"):
        duckdb.connect(str(path))
    assert published_number(path) == "build 1"


def test_a_link_in_the_published_file_s_place_stays_one(build, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("retail.duckdb", "retail.previous.duckdb"):
        (tmp_path / name).symlink_to(elsewhere / name)
    for number in (1, 2):
        publish(build, folder=tmp_path, request=request(number))
    for name, number in (("retail.duckdb", 2), ("retail.previous.duckdb", 1)):
        assert (tmp_path / name).is_symlink()
        assert not (elsewhere / name).is_symlink()
        assert published_number(elsewhere / name) == f"build {number}"
    rollback(tmp_path)
    assert (tmp_path / "retail.duckdb").is_symlink()
    assert published_number(tmp_path / "retail.duckdb") == "build 1"
    assert files(elsewhere) == {"retail.duckdb", "retail.previous.duckdb"}


def test_a_damaged_published_file_does_not_push_the_good_previous_one_out(build, tmp_path):
    for number in (1, 2):
        path = publish(build, folder=tmp_path, request=request(number))
    path.unlink()
    path.write_bytes(b"damaged")
    publish(build, folder=tmp_path, request=request(3))
    assert published_number(path) == "build 3"
    assert published_number(tmp_path / "retail.previous.duckdb") == "build 1"
