"""A whole build without those who asked to be forgotten: no trace in any file, the same sums.

It follows a build that knew them. It also rolls two models back, by rows of the user's own rules:
one build for both.
"""

import shutil
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pytest
from conftest import ROOT, BuildWarehouse, Built, reuse_parsed
from pypdf import PdfReader

from retail_analytics.serving.dashboards import write_dashboards
from retail_analytics.serving.export import export_marts
from retail_analytics.serving.reports import write_report
from retail_analytics.warehouse.build_file import NEXT
from retail_analytics.warehouse.mask import publish_masked

pytestmark = pytest.mark.slow

COUNT = 25
# which model a person wants to serve, with the day up to which it does
CHOSEN = {
    "customer_churn_risks": ("recency alone", "2024-12-31"),
    "customer_lifetime_values": ("pareto_nbd", "9999-12-31"),
}
# to all alerts of a slice, to a metric of which there is none, to nothing, and long ago
ANSWERS = """response_id,response,alert_id,metric,dimension,entity,until_on,note
1,acknowledged,,,all,all,9999-12-31,seen
2,muted,,revenu,,,9999-12-31,mistyped
3,muted,,,,,9999-12-31,
4,muted,,revenu,,,2020-12-31,
"""


@pytest.fixture(scope="module")
def people() -> list[tuple[str, str, str]]:
    """Customers with an address and orders, as the sample's files have them."""
    files = ROOT / "seeds" / "sample"
    with duckdb.connect() as con:
        return con.execute(
            f"select customer_id, customer_name, email from '{files}/customers.csv' "
            f"semi join '{files}/orders.csv' using (customer_id) "
            f"where email is not null order by customer_id limit {COUNT}"
        ).fetchall()


@pytest.fixture(scope="module")
def erased(
    build_warehouse: BuildWarehouse, sample_warehouse: Built, people, tmp_path_factory
) -> Built:
    warehouse = tmp_path_factory.mktemp("warehouse")
    # what the build before remembers and tells is taken over
    shutil.copy(sample_warehouse.published, warehouse)
    data = tmp_path_factory.mktemp("data")
    shutil.copytree(ROOT / "seeds" / "sample", data, dirs_exist_ok=True)
    lines = "".join(f"{customer},2024-12-01\n" for customer, *_ in people)
    (data / "erasure_requests.csv").write_text(f"customer_id,requested_on\n{lines}")
    (data / "rules").mkdir(exist_ok=True)
    rows = "".join(f"{mart},{model},{day},a test\n" for mart, (model, day) in CHOSEN.items())
    (data / "rules" / "served_models.csv").write_text(f"mart,model,until_on,note\n{rows}")
    (data / "rules" / "alert_responses.csv").write_text(ANSWERS)
    reuse_parsed(warehouse / "target")
    places = ("--target-path", str(warehouse / "target"), "--log-path", str(warehouse / "logs"))
    built = build_warehouse(data, warehouse=warehouse, args=places)
    assert built.exit_code == 0, built.output
    # as docs/privacy.md says: the file from before is to be deleted
    (warehouse / "retail.previous.duckdb").unlink()
    export_marts(warehouse, warehouse / "exports")
    publish_masked(warehouse)
    questions = ROOT / "dashboards"
    write_dashboards(warehouse, questions=questions, out=warehouse / "dashboards")
    # names of customers and all: theirs are to be in none
    for name in ("overview.csv", "customers.csv", "customers.xlsx", "customers.pdf"):
        topic, file_format = name.split(".")
        write_report(
            warehouse,
            topic=topic,
            file_format=file_format,
            out=warehouse / name,
            questions=questions,
            with_personal=True,
        )
    return built


def found_in(path: Path, words: list[str]) -> set[str]:
    """Tables and columns of a database in which a word stands: DuckDB compresses the bytes."""
    with duckdb.connect() as con:
        # the views of the build file name the tables of both by these names
        name = "next" if path.name == NEXT else "build"
        for file, database in {path.with_name(NEXT): "next", path: name}.items():
            con.execute(f"attach '{file}' as {database} (read_only)")
        con.execute("create temp table words as select lower(unnest(?)) as word", [words])
        columns = con.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            f"where database_name = '{name}' and data_type not in ('BIGINT', 'DOUBLE', 'DATE', "
            "'BOOLEAN', 'TIMESTAMP', 'INTEGER') and not data_type like 'DECIMAL%'"
        ).fetchall()
        return {
            f"{schema}.{table}.{column}"
            for schema, table, column in columns
            # distinct values: most columns have few, and each is compared with each word
            if con.execute(
                "select count(*) from words, (select distinct "
                f'lower(cast("{column}" as varchar)) as value from {name}.{schema}."{table}") '
                "where contains(value, word)"
            ).fetchall()[0][0]
        }


def text_of_workbook(path: Path) -> str:
    with ZipFile(path) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist() if "xml" in name)


def text_of_pdf(path: Path) -> str:
    return "".join(page.extract_text() for page in PdfReader(path).pages)


def text_of_parquet(path: Path) -> str:
    with duckdb.connect() as con:
        rows = con.execute(f"select string_agg(x::varchar) from '{path}' as x").fetchall()
    return rows[0][0] or ""


# files whose bytes are compressed
COMPRESSED = {".xlsx": text_of_workbook, ".pdf": text_of_pdf, ".parquet": text_of_parquet}


def test_no_file_of_the_warehouse_names_them(erased: Built, people) -> None:
    words = [word for customer, _, email in people for word in (customer, email)]
    databases = [path for path in erased.warehouse.glob("*.duckdb")]
    assert {path.name for path in databases} >= {
        *("build.duckdb", "next.duckdb", "retail.duckdb", "retail.masked.duckdb")
    }
    for path in databases:
        assert found_in(path, words) == set(), path.name
    files = [path for path in erased.warehouse.rglob("*") if path.is_file()]
    folders = {path.parent.name for path in files}
    assert folders >= {"exports", "dashboards", "target", "logs"}
    for path in files:
        content = path.read_bytes().lower()
        # a database was read value by value above: in its bytes the compression puts parts of the
        # ids of others side by side, and some make up one of theirs (never a whole address)
        sought = [word for word in words if "@" in word or path.suffix != ".duckdb"]
        assert [word for word in sought if word.lower().encode() in content] == [], path.name
    for path in files:
        if path.suffix in COMPRESSED:
            text = COMPRESSED[path.suffix](path).lower()
            assert [word for word in words if word.lower() in text] == [], path.name
    assert "customers" in text_of_pdf(erased.warehouse / "customers.pdf").lower()
    assert {path.suffix for path in files} >= set(COMPRESSED)
    assert not any(word in erased.output for word in words)


def test_sums_keep_their_value(erased: Built, sample_warehouse: Built, people) -> None:
    for statement in (
        "select count(*), sum(revenue), sum(margin), sum(units) from marts.orders",
        "select count(*), sum(order_count), sum(revenue) from marts.customers",
        "select count(*), sum(spend_amount) from marts.channel_returns",
        "select count(*), count(distinct customer_id) from marts.support_tickets",
    ):
        (found,), (expected,) = erased.query(statement), sample_warehouse.query(statement)
        assert list(map(float, found)) == pytest.approx(list(map(float, expected)), rel=1e-12)
    ids = [customer for customer, *_ in people]
    theirs = sample_warehouse.query(
        "select order_count, revenue from marts.customers where list_contains(?, customer_id) "
        "order by all",
        [ids],
    )
    pseudonymous = erased.query(
        "select order_count, revenue from marts.customers where customer_id like 'erased-%' "
        "order by all"
    )
    assert pseudonymous == theirs
    assert len(theirs) == COUNT
    said = "select count(*), sum(order_count), sum(revenue) from quality.erasures where is_customer"
    assert erased.query(said)[0][:2] == (COUNT, sum(count for count, _ in theirs))


def test_nobody_of_them_is_written_to(erased: Built) -> None:
    named = "select count(*) from marts.customers where customer_id like 'erased-%' and "
    assert erased.query(named + "(customer_name is not null or email is not null)") == [(0,)]
    assert erased.query(named + "has_marketing_consent is distinct from false") == [(0,)]
    listed = "select count(*) from marts.customer_recommendations where customer_id like 'erased-%'"
    assert erased.query(listed) == [(0,)]
    members = "select count(*) from marts.action_members where customer_id like 'erased-%' "
    assert erased.query(members + "and cause = 'customers_at_risk'") == [(0,)]


def test_personal_data_is_listed_as_it_is_marked(erased: Built) -> None:
    assert erased.query("select table_name, column_name, kind from quality.personal_data") == [
        ("customer_360", "customer_name", "name"),
        ("customer_360", "email", "email"),
        ("customers", "customer_name", "name"),
        ("customers", "email", "email"),
    ]


@pytest.mark.parametrize("mart", CHOSEN)
def test_a_model_that_a_person_chose_serves_and_says_so(erased: Built, mart: str) -> None:
    model, _ = CHOSEN[mart]
    said = erased.query(
        "select champion, served_model, reason, pinned from marts.model_champions where mart = ?",
        [mart],
    )
    assert said == [(model, model, "rolled_back", model)]
    methods = erased.query(f"select distinct method from marts.{mart} where status = 'ok'")
    assert methods == [(model,)]
    registry = "select model from marts.model_registry where mart = ? and is_current and is_serving"
    # what a purchase is worth has a model of its own
    assert set(erased.query(registry, [mart])) - {("gamma_gamma",)} == {(model,)}


def test_answers_that_meet_no_alert_are_said(erased: Built) -> None:
    said = "2 of the answers that still hold meet no alert, such as that with response_id 2"
    assert f"note: rules/alert_responses.csv: {said}" in erased.output
    rows = erased.query("select bool_or(is_acknowledged), bool_or(is_muted) from marts.alerts")
    assert rows == [(True, False)]
