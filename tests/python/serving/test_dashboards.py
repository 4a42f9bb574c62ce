"""The dashboards: figures, words, and how the pages behave in a browser without a network."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, Built

pytest.importorskip("altair", reason="`make dashboards` installs it")
vl_convert = pytest.importorskip("vl_convert", reason="`make dashboards` installs it")

from retail_analytics.serving.catalog import open_catalog  # noqa: E402
from retail_analytics.serving.charts import chart  # noqa: E402
from retail_analytics.serving.dashboards import write_dashboards  # noqa: E402
from retail_analytics.serving.questions import (  # noqa: E402
    Block,
    answer_topic,
    columns_of,
    read_topics,
)

QUESTIONS = ROOT / "dashboards"
PAGES = list(read_topics(QUESTIONS))
# topics that have key figures and several charts, all of them filled from the sample
ALWAYS_FULL = ("overview", "customers", "deliveries", "inventory", "reputation")
CHARTED = [name for name in PAGES if name != "about"]
HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>'
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# what a page loads, in Chromium's log (its "blink_resource_loader"), beside the browser's own
PAGE_REQUEST = r'"traffic_annotation":101845102,"url":"([^"]+)"'
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
NEWEST = "(select max(period) from marts.metric_series where is_complete and metric = '{0}')"

# page, label, what the figure must be: asked in another way than the board asks
CARDS = [
    (
        "overview",
        "Operations health",
        "select format('{:.1f}', arg_max(score, month) filter (is_complete)) "
        "from marts.operations_health",
    ),
    (
        "overview",
        "Revenue",
        "select format('{:,.0f}', sum(revenue)::double) from marts.orders "
        f"where date_trunc('month', ordered_on) = {NEWEST.format('revenue')}",
    ),
    (
        "overview",
        "Parcels on time",
        "select format('{:.1f}\u00a0%', 100 * on_time_count / delivery_count) "
        "from marts.delivery_performance where dimension = 'all' order by month desc limit 1",
    ),
    (
        "overview",
        "Value at stake",
        "select format('{:,.0f}', sum(value_at_stake)) from marts.customer_churn_risks "
        "where horizon_days = 90",
    ),
    (
        "overview",
        "Net sentiment",
        "select format('{:+.1f}', 100 * (positive_count - negative_count) / mention_count) "
        "from marts.sentiment where dimension = 'all' order by month desc limit 1",
    ),
    (
        "customers",
        "Customers",
        "select format('{:,d}', count(distinct customer_id)) from marts.orders "
        "where is_purchase and not is_guest",
    ),
    (
        "customers",
        "Active customers",
        "select format('{:,d}', count(distinct customer_id)) from marts.orders where is_purchase "
        "and not is_guest and date_trunc('month', ordered_on) = "
        + NEWEST.format("active_customer_count"),
    ),
    (
        "customers",
        "Lost",
        "select format('{:.1f}\u00a0%', 100 * lost_count / at_risk_count) from marts.churn_rates "
        "where is_complete order by month desc limit 1",
    ),
    (
        "customers",
        "Expected value",
        "select format('{:,.0f}', sum(expected_value)) from marts.customer_lifetime_values "
        "where horizon_months = 12",
    ),
    (
        "deliveries",
        "Complaints",
        "select format('{:d}', complaint_count) from marts.delivery_performance "
        "where dimension = 'all' order by month desc limit 1",
    ),
    (
        "deliveries",
        "Delivery time",
        "select format('{:.1f}', avg(days_to_deliver)) from marts.deliveries "
        "where date_trunc('month', delivered_on) = " + NEWEST.format("average_delivery_days"),
    ),
    (
        "deliveries",
        "Incidents",
        "select format('{:d}', count(*)) from marts.incidents where occurred_on > '2023-12-31'",
    ),
    (
        "deliveries",
        "Made late",
        "select format('{:.0f}', sum(late_delivery_count - expected_late_deliveries)) "
        "from marts.incidents where occurred_on > '2023-12-31'",
    ),
    (
        "inventory",
        "Products to order",
        "select format('{:d}', count(*)) from marts.inventory_levels where order_now_units > 0",
    ),
    (
        "inventory",
        "Order value",
        "select format('{:,.0f}', sum(order_now_units * unit_cost)::double) "
        "from marts.inventory_levels",
    ),
    (
        "inventory",
        "Demand met",
        "select format('{:.1f}\u00a0%', 100 * avg(fill_rate)) from marts.inventory_backtest "
        "where rule = 'model'",
    ),
    (
        "reputation",
        "Mentions",
        "select format('{:d}', mention_count) from marts.sentiment where dimension = 'all' "
        "order by month desc limit 1",
    ),
    (
        "reputation",
        "Expected",
        "select format('{:+.1f}', 100 * value) from marts.metric_forecasts "
        "where metric = 'net_sentiment' and dimension = 'all' and horizon_months = 1",
    ),
]


@pytest.fixture(scope="module")
def hostile(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sample, with a customer, a carrier, a category and a source of a hostile name."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copy(sample_warehouse.published, folder)
    with duckdb.connect(folder / "retail.duckdb") as con:
        for table, column in [
            ("customer_360", "customer_name"),
            ("carrier_scorecards", "carrier"),
            ("incidents", "category"),
            ("incidents", "description"),
            ("recommended_actions", "details"),
        ]:
            con.execute(f"create or replace table marts.{table} as from marts.{table}")
            con.execute(
                f"update marts.{table} set {column} = ? where {column} is not null", [HOSTILE]
            )
    return Built(0, "", folder)


@pytest.fixture(scope="module")
def pages(hostile: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is written for the hostile sample, by page."""
    out = tmp_path_factory.mktemp("pages")
    written = write_dashboards(hostile.warehouse, questions=QUESTIONS, out=out)
    assert [path.stem for path in written] == PAGES
    return {path.stem: path.read_text() for path in written}


@pytest.fixture(scope="module")
def nothing(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with all tables and no row in them, nor any input."""
    folder = tmp_path_factory.mktemp("nothing")
    with duckdb.connect(folder / "retail.duckdb") as con:
        con.execute(f"attach '{sample_warehouse.published}' as full_file (read_only)")
        for schema in ("marts", "quality"):
            con.execute(f"create schema {schema}")
        for schema, table in con.execute(
            "select table_schema, table_name from full_file.quality.meta"
        ).fetchall():
            con.execute(f"create table {schema}.{table} as from full_file.{schema}.{table} limit 0")
        con.execute(
            "create table quality.meta as "
            "select * replace (null::date as as_of_date) from full_file.quality.meta"
        )
        con.execute("delete from quality.input_summary")
    return folder


def in_browser(page: str, folder: Path, *, address: str = "") -> tuple[str, list[str], list[str]]:
    """The page as drawn by a browser; what its console says; what the browser asked the net for."""
    (folder / "page.html").write_text(page)
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
            *("--disable-sync", f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr"),
            # the browser's own questions to its maker's hosts go nowhere
            "--host-resolver-rules=MAP * ~NOTFOUND",
            *("--virtual-time-budget=8000", f"--log-net-log={folder / 'net.json'}", "--dump-dom"),
            f"{(folder / 'page.html').as_uri()}{address}",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if ":CONSOLE:" in line]
    asked = re.findall(PAGE_REQUEST, (folder / "net.json").read_text())
    return done.stdout, console, asked


def figures(page: str) -> list[str]:
    return re.findall(r"<figure .*?</figure>", page, re.DOTALL)


def marks(figure: str) -> list[str]:
    """The shapes that carry data in a drawn chart."""
    groups = re.findall(r'<g class="mark-\w+ role-mark[^"]*"[^>]*>(.*?)</g>', figure, re.DOTALL)
    return [shape for group in groups for shape in re.findall(r'<path [^>]*\bd="M[^"]+"', group)]


@pytest.fixture(scope="module")
def drawn(
    pages: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, list[str], list[str]]]:
    """What a browser makes of each page."""
    return {name: in_browser(page, tmp_path_factory.mktemp(name)) for name, page in pages.items()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_grid_its_notes_and_a_choice_with_a_name(
    name: str, pages: dict[str, str]
) -> None:
    page, topic = pages[name], read_topics(QUESTIONS)[name]
    # with key figures or without
    assert page.count('<div class="blocks">') == 1
    assert page.count("<div") == page.count("</div>")
    for note in topic.get("notes", []):
        assert note in html.unescape(page)
    if 'id="choice"' in page:
        assert re.search(r'<p class="choice"><label>\w', page)


@needs_browser
@pytest.mark.parametrize("name", CHARTED)
def test_a_browser_draws_every_chart_and_asks_for_nothing(
    name: str, drawn: dict[str, tuple[str, list[str], list[str]]]
) -> None:
    page, console, asked = drawn[name]
    assert console == []
    assert asked == []
    assert 'data-ready="true"' in page
    charts = [figure for figure in figures(page) if "data-chart=" in figure]
    assert len(charts) >= (2 if name in ALWAYS_FULL else 1)
    assert [re.findall("<h2.*?</h2>", chart) for chart in charts if not marks(chart)] == []


@needs_browser
def test_what_a_page_must_not_do_is_noticed(tmp_path: Path) -> None:
    head = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    page = f'<!doctype html>{head}<img src="http://127.0.0.1:9/x.png"><script>a = 1</script>'
    _, console, _ = in_browser(page, tmp_path)
    assert len(console) == 2
    (tmp_path / "open").mkdir()
    _, _, asked = in_browser('<img src="http://127.0.0.1:9/x.png">', tmp_path / "open")
    assert "http://127.0.0.1:9/x.png" in asked


@needs_browser
def test_a_choice_changes_the_charts_by_month(
    pages: dict[str, str], drawn: dict[str, tuple[str, list[str], list[str]]], tmp_path: Path
) -> None:
    everything, *_ = drawn["deliveries"]
    one, console, _ = in_browser(pages["deliveries"], tmp_path, address="#show=carrier+Parcelway")
    assert console == []
    same = [
        marks(before) == marks(after)
        for before, after in zip(figures(everything), figures(one), strict=True)
        if "data-chart=" in before
    ]
    assert same == [False, False, False, True, True, True]


@pytest.mark.parametrize(("page", "label", "query"), CARDS, ids=lambda value: str(value)[:20])
def test_the_figure_of_a_card_is_that_of_a_query(
    page: str, label: str, query: str, pages: dict[str, str], hostile: Built
) -> None:
    found = dict(re.findall(r'<dt>(.*?)</dt>\s*<dd class="figure">(.*?)</dd>', pages[page]))
    assert found[label] == hostile.query(query)[0][0].replace("-", "−")


@pytest.mark.parametrize("name", PAGES)
def test_every_chart_says_its_unit_and_day_and_shows_its_figures(
    name: str, pages: dict[str, str]
) -> None:
    for figure in figures(pages[name]):
        if name not in ALWAYS_FULL and '<p class="missing">' in figure:
            continue
        assert re.search(r'<p class="soft">\S.* · as of 31 December 2024', figure), figure[:200]
        assert "<table" in figure


@pytest.mark.parametrize("name", PAGES)
def test_every_forecast_has_its_interval(name: str, sample_warehouse: Built) -> None:
    with open_catalog(sample_warehouse.warehouse) as catalog:
        topic = answer_topic(catalog, name, read_topics(QUESTIONS)[name])
    ahead = [row for block in topic.questions for row in block.rows if row.get("is_forecast")]
    assert bool(ahead) == any(
        "is_forecast" in block.names and not block.empty for block in topic.questions
    )
    assert all(row["lower"] < row["value"] < row["upper"] for row in ahead)


@pytest.mark.parametrize("name", PAGES)
def test_no_name_becomes_part_of_the_page(name: str, pages: dict[str, str]) -> None:
    page = pages[name]
    assert "<script>alert" not in page
    # Vega, the page's own, and data that no browser runs
    assert len(re.findall("<script>", page)) == 2
    assert name not in ("overview", "customers", "deliveries") or html.escape(
        HOSTILE, quote=False
    ) in page.replace("&#34;", '"')


def test_the_data_of_a_chart_is_what_was_asked_for(pages: dict[str, str]) -> None:
    specs = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', pages["deliveries"])
    data = [rows for spec in specs for rows in json.loads(spec)["datasets"].values()]
    rows = [row for rows in data for row in rows]
    assert HOSTILE in {row.get("label") for row in rows}


@pytest.mark.parametrize("name", PAGES)
def test_empty_tables_give_a_page_that_says_what_is_missing(
    name: str, nothing: Path, tmp_path: Path
) -> None:
    write_dashboards(nothing, questions=QUESTIONS, out=tmp_path)
    page = (tmp_path / f"{name}.html").read_text()
    assert "data-chart=" not in page.split("<script>")[0]
    assert page.count('<p class="missing">') == len(figures(page)) > 0
    figure_texts = re.findall(r'<dd class="figure">(.*?)</dd>', page)
    # not every topic has key figures; counts of nothing may be none at all
    expected = {"–"} if name in ALWAYS_FULL else {"–", "0"}
    assert set(figure_texts) <= expected
    assert figure_texts or name not in ALWAYS_FULL
    comparisons = re.findall(r'<dd class="comparison">(.*?)</dd>', page)
    assert all(
        text.startswith("Nothing to show: no rows of ")
        for figure, text in zip(figure_texts, comparisons, strict=True)
        if figure == "–"
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("kind: pie\n  title: T\n  unit: u\n  sql: select 1", "kind is pie"),
        ("kind: bars\n  titel: T\n  unit: u\n  sql: select 1", "unknown titel"),
        ("kind: bars\n  title: T\n  unit: u\n  sql: select 1", "needs missing"),
        (
            "kind: line\n  title: T\n  unit: u\n  needs: n\n"
            "  sql: select '2024-01-01' as month, i as value from range(20001) as numbers (i)",
            "20,001 rows are too many",
        ),
        (
            "kind: bars\n  title: T\n  unit: u\n  needs: n\n  sql: select 1 as label",
            "no column value",
        ),
        ("kind: bars\n  title: T\n  unit: u\n  needs: n\n  sql: select nosuch", "T: Binder Error"),
        (
            "kind: cards\n  cards: [{label: L, unit: '{month}', comparison: '', "
            "sql: select 1 as value, needs: n}]",
            "no column 'month'",
        ),
    ],
)
def test_a_faulty_board_is_named(
    change: str, complaint: str, nothing: Path, tmp_path: Path
) -> None:
    board = f"title: B\nquestion: Q\norder: 1\nblocks:\n- {change}\n"
    (tmp_path / "b.yml").write_text(board)
    with pytest.raises(ValueError, match=complaint):
        write_dashboards(nothing, questions=tmp_path, out=tmp_path / "out")


def block(kind: str, rows: list[dict]) -> Block:
    spec = {"kind": kind}
    return Block(
        kind=kind,
        spec=spec,
        title="T",
        unit="u",
        answers={},
        columns=columns_of(spec, list(rows[0])),
        rows=rows,
        row_count=len(rows),
        empty="",
    )


def test_an_unknown_month_is_a_gap_in_the_line() -> None:
    rows = [{"month": f"2024-0{month}-01", "value": month} for month in range(1, 8)]
    assert strokes(rows) == 1
    rows[3]["value"] = None
    assert strokes(rows) == 2


def strokes(rows: list[dict]) -> int:
    """How many times the pen is set down to draw the line."""
    drawn = vl_convert.vegalite_to_svg(chart(block("line", rows)) | {"width": 300})
    return re.search(r'<g class="mark-line.*?</g>', drawn, re.DOTALL)[0].count("M")


def test_a_curve_is_dashed_where_it_is_a_guess_and_marked_where_it_stands_today() -> None:
    rows = [
        {
            "x": number,
            "value": number,
            "lower": number - 1,
            "upper": number + 1,
            "is_current": number == 1,
            "is_extrapolated": number == 2,
        }
        for number in range(3)
    ]
    made = block("curve", rows)
    made.spec["x"] = "Spend"
    layers = chart(made)["layer"]
    dashed = [layer["mark"] for layer in layers if "strokeDash" in layer["mark"]]
    filters = [step["filter"] for layer in layers for step in layer.get("transform", [])]
    assert len(dashed) == 1
    assert filters == ["!datum.is_extrapolated", "datum.is_current"]


def test_bars_below_zero_are_on_the_scale() -> None:
    spec = chart(block("bars", [{"label": "a", "value": -4}, {"label": "b", "value": 2}]))
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [-4, 2.7]


def test_an_amount_is_drawn_with_all_its_digits() -> None:
    spec = chart(block("bars", [{"label": "a", "value": 1_234_567.89}]))
    ((row,),) = spec["datasets"].values() if "datasets" in spec else [spec["data"]["values"]]
    assert row["value"] == 1_234_567.89


def test_nothing_is_said_of_the_interval_of_a_measured_month() -> None:
    rows = [
        {"month": "2024-01-01", "value": 1, "lower": None, "upper": None, "is_forecast": False},
        {"month": "2024-02-01", "value": 2, "lower": 1, "upper": 3, "is_forecast": True},
    ]
    tooltips = {
        layer["transform"][0]["filter"]: [tip["field"] for tip in layer["encoding"]["tooltip"]]
        for layer in chart(block("line", rows))["layer"]
        if "tooltip" in layer["encoding"]
    }
    assert tooltips == {
        "!isValid(datum.lower)": ["month", "value"],
        "isValid(datum.lower)": ["month", "value", "lower", "upper"],
    }
