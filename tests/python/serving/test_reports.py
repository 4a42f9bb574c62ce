"""Reports are opened as their readers open them, and compared with the marts."""

import csv
import os
import re
import shutil
import sys
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import openpyxl
import pytest
from conftest import Built
from openpyxl import Workbook
from pypdf import PdfReader

from retail_analytics.cli import main
from retail_analytics.serving import reports
from retail_analytics.serving.catalog import open_catalog
from retail_analytics.serving.reports import FORMATS, TOPICS, write_report
from retail_analytics.serving.reports.charts import Frame, Point, Series, line_chart, value_axis
from retail_analytics.serving.reports.content import Report, read_report
from retail_analytics.serving.reports.numbers import shown
from retail_analytics.serving.reports.workbook import write_workbook

HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>'
TYPST = "#panic[no] $x$ *b* @ref \\ `raw` // end"

FORECASTS = """
create or replace table marts.metric_series as
select
    'revenue' as metric, 'all' as dimension, 'all' as entity, 'orders' as domain,
    'currency' as unit, cast(range * 10 as double) as value,
    cast(date '2023-01-01' + to_months(cast(range as integer)) as date) as period
from range(24)
union all by name
select
    'order_count' as metric, 'all' as dimension, 'all' as entity, 'orders' as domain,
    'orders' as unit, cast(range as double) as value,
    cast(date '2023-01-01' + to_months(cast(range as integer)) as date) as period
from range(24);
create or replace table marts.metric_forecasts as
select
    metric, dimension, entity, unit, value, value * 0.5 as value_lower, value * 2 as value_upper,
    cast(period + interval 2 years as date) as period
from marts.metric_series
where value between 1 and 60;
create or replace table marts.recommended_actions as
select * from (values
    (2, 'Write to them', 'Champions', 'customers', 99.0),
    (1, 'Change it', 'South', 'operations', 1.0)
) as actions (priority, action, entity, domain, value_at_stake);
delete from quality.meta
where table_name in ('metric_series', 'metric_forecasts', 'recommended_actions');
insert into quality.meta by name
select * exclude (name) replace (name as table_name, 'monitoring' as domain)
from (select * from quality.meta where table_name = 'orders')
cross join (select unnest(['metric_series', 'metric_forecasts', 'recommended_actions']) as name);
"""


def copy_of(built: Built, folder: Path, changes: str) -> Path:
    """A warehouse with the published sample, changed."""
    with duckdb.connect(shutil.copy(built.published, folder)) as con:
        con.execute(changes)
    return folder


def report_of(folder: Path, topic: str) -> Report:
    with open_catalog(folder) as catalog:
        return read_report(catalog, topic)


def pdf_text(path: Path) -> str:
    """The text of all pages, white space as single spaces, without the places to break a word."""
    text = " ".join(page.extract_text() for page in PdfReader(path).pages)
    return re.sub(r"\s+", " ", text.replace("\u200b", ""))


class PageText(HTMLParser):
    """The text of a page, and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[tuple[str, dict]] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read_page(path: Path) -> PageText:
    page = PageText()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def frame(kind: str = "count") -> Frame:
    return Frame("Name", kind, "Unit · as of 31 Dec 2024")


@pytest.fixture(scope="module")
def written(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every topic in every format, but for the largest workbook: the hostile one is smaller."""
    folder = tmp_path_factory.mktemp("reports")
    for topic in TOPICS:
        for kind in FORMATS:
            out = folder / f"{topic}.{kind}"
            if out.name != "customers.xlsx":
                write_report(sample_warehouse.warehouse, topic=topic, file_format=kind, out=out)
    return folder


@pytest.fixture(scope="module")
def workbook(written: Path) -> Workbook:
    return openpyxl.load_workbook(written / "operations.xlsx")


@pytest.fixture(scope="module")
def hostile(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is shown by name has a name meant to do harm; reports of customers, operations."""
    folder = copy_of(
        sample_warehouse,
        tmp_path_factory.mktemp("hostile"),
        f"""
        update marts.customer_360 set customer_name = '{HOSTILE}', region = '{TYPST}';
        update marts.customer_360 set segment = '{TYPST}' where risk_class in ('High', 'Critical');
        update marts.customers set customer_name = '{HOSTILE}';
        update marts.incidents set description = '{HOSTILE}', warehouse = '{TYPST}';
        update marts.churn_reasons set reason = '{HOSTILE}' where reason_rank = 1;
        delete from marts.customer_360 where value_at_stake is null or value_at_stake < 50;
        delete from marts.customers
        where customer_id not in (select customer_id from marts.customer_360);
        delete from marts.order_lines;
        delete from marts.orders;
        delete from marts.deliveries;
        delete from marts.customer_segments_history;
        delete from marts.customer_lifetime_values;
        delete from marts.customer_churn_risks;
        delete from marts.customer_clusters;
        delete from marts.customer_rfm;
        update quality.meta set row_count = 0 where table_name in (
            'order_lines', 'orders', 'deliveries', 'customer_segments_history',
            'customer_lifetime_values', 'customer_churn_risks', 'customer_clusters', 'customer_rfm'
        );
        """,
    )
    for topic in ("customers", "operations"):
        for kind in FORMATS:
            write_report(folder, topic=topic, file_format=kind, out=folder / f"{topic}.{kind}")
    return folder


def test_pages_show_the_figures_of_the_marts(written: Path, sample_warehouse: Built) -> None:
    ((revenue, purchases),) = sample_warehouse.query(
        "select sum(revenue), count(*) filter (is_purchase) from marts.orders "
        "where ordered_on between date '2024-01-01' and date '2024-12-31'"
    )
    ((on_time, lower, upper),) = sample_warehouse.query(
        "select on_time_rate, on_time_rate_lower, on_time_rate_upper "
        "from marts.delivery_performance where dimension = 'all' and month = date '2024-12-01'"
    )
    expected = [
        f"EUR {revenue:,.0f}",
        f"{purchases:,}",
        f"{on_time:.1%}".replace("%", " %"),
        f"80 % interval {100 * lower:.1f} % to {100 * upper:.1f} %",
        "31 Dec 2024",
    ]
    pdf = pdf_text(written / "executive.pdf")
    html = re.sub(r"\s+", " ", " ".join(read_page(written / "executive.html").text))
    assert [text for text in expected if text not in pdf] == []
    assert [text for text in expected if text not in html] == []


@pytest.mark.parametrize("topic", TOPICS)
def test_every_row_that_a_page_shows_is_in_pdf_html_and_csv(
    topic: str, written: Path, sample_warehouse: Built
) -> None:
    report = report_of(sample_warehouse.warehouse, topic)
    pdf = pdf_text(written / f"{topic}.pdf").replace(" ", "")
    html = "".join("".join(read_page(written / f"{topic}.html").text).split())
    with (written / f"{topic}.csv").open(encoding="utf-8", newline="") as stream:
        figures = {
            (row["section"], int(row["row_number"]), row["measure"]): row["value"] or row["text"]
            for row in csv.DictReader(stream)
        }
    assert report.figures and len([s for s in report.sections if s.rows]) >= 3
    for section in (*report.sections, report.quality, report.inputs):
        assert bool(section.rows) != bool(section.missing), section.title
        for number, row in enumerate(section.rows, 1):
            for heading, value in list(zip(section.headings, row, strict=True))[1:]:
                if value is not None:
                    assert (section.title, number, heading.name) in figures
        for row in section.table:
            for heading, value in zip(section.headings, row, strict=True):
                cell = "".join(shown(value, heading.kind).split())
                assert cell in html, (section.title, cell)
                # a hyphen may end a line, and is then another sign
                assert cell in pdf or len(cell) > 20, (section.title, cell)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_chart_says_its_unit_and_day_and_is_a_picture(
    topic: str, sample_warehouse: Built
) -> None:
    charts = [s.svg for s in report_of(sample_warehouse.warehouse, topic).sections if s.svg]
    assert len(charts) >= 2
    for svg in charts:
        root = ElementTree.fromstring(svg)
        caption = root.find("{*}text").text
        assert re.fullmatch(r"\S.+  ·  as of 31 Dec 2024", caption), caption
        assert caption in root.get("aria-label")
        assert root.findall("{*}rect") or root.findall("{*}path[@stroke-width='2']")


def test_a_sheet_of_the_workbook_is_a_mart(workbook: Workbook, sample_warehouse: Built) -> None:
    marts = sample_warehouse.query(
        "select table_name, row_count from quality.meta "
        "where domain = 'operations' and table_schema = 'marts' and row_count > 0"
    )
    sheets = {"Contents", "Key figures", "Notes"}
    assert set(workbook.sheetnames) - sheets == {name for name, _ in marts}
    for name, rows in marts:
        sheet = workbook[name]
        assert sheet.max_row == rows + 1
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")
    expected = sample_warehouse.query("select * from marts.deliveries order by delivery_id")
    found = list(workbook["deliveries"].iter_rows(min_row=2, values_only=True))
    for row, wanted in zip(found, expected, strict=True):
        assert all(map(same, row, wanted)), (row, wanted)


def same(cell: object, value: object) -> bool:
    if isinstance(value, date) and not isinstance(value, datetime):
        return cell == datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        return abs((cell - value).total_seconds()) < 0.01
    return cell == value


def test_cells_are_typed_and_formatted(workbook: Workbook, sample_warehouse: Built) -> None:
    sheet = workbook["delivery_performance"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    cells = {name: sheet.cell(sheet.max_row, number) for name, number in columns.items()}
    assert (cells["on_time_rate"].data_type, cells["on_time_rate"].number_format) == ("n", "0.0%")
    assert (cells["month"].data_type, cells["month"].number_format) == ("d", "yyyy-mm-dd")
    assert (cells["is_worst"].data_type, cells["grade"].data_type) == ("b", "s")
    assert cells["delivery_count"].number_format == "#,##0"
    ((revenue,),) = sample_warehouse.query(
        "select cast(sum(revenue) as double) from marts.inventory_levels"
    )
    sheet = workbook["inventory_levels"]
    (column,) = [cell.column for cell in sheet[1] if cell.value == "revenue"]
    values = [sheet.cell(row, column).value for row in range(2, sheet.max_row + 1)]
    assert sum(values) == pytest.approx(revenue)


def test_contents_lead_to_every_sheet_and_notes_say_how(workbook: Workbook) -> None:
    contents = workbook["Contents"]
    links = {cell.hyperlink.location for (cell,) in contents["A5:A40"] if cell.hyperlink}
    assert links == {f"'{name}'!A1" for name in workbook.sheetnames if name != "Contents"}
    notes = " ".join(
        str(value)
        for row in workbook["Notes"].iter_rows(values_only=True)
        for value in row
        if value
    )
    assert "31 Dec 2024" in notes
    assert "Share on time, 0 to 1." in notes
    assert "stock_levels" in notes


def test_a_mart_with_too_many_rows_is_named_and_has_no_sheet(
    sample_warehouse: Built, tmp_path: Path
) -> None:
    out = tmp_path / "operations.xlsx"
    with open_catalog(sample_warehouse.warehouse) as catalog:
        report = read_report(catalog, "operations")
        write_workbook(report, catalog, out, most_rows=1_000)
    book = openpyxl.load_workbook(out)
    assert "deliveries" not in book.sheetnames
    contents = [row for row in book["Contents"].iter_rows(values_only=True) if row[0]]
    (said,) = [row[2] for row in contents if row[0] == "deliveries"]
    assert said.startswith("10,077 rows are too many for a sheet: take deliveries.parquet")


def test_a_hostile_name_is_text_in_the_workbook(hostile: Path) -> None:
    found = 0
    for topic in ("customers", "operations"):
        book = openpyxl.load_workbook(hostile / f"{topic}.xlsx")
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", (sheet.title, cell.coordinate)
                    found += cell.value == HOSTILE
                    if sheet.title != "Contents":
                        assert cell.hyperlink is None
    assert found > 200


@pytest.mark.parametrize("topic", ["customers", "operations"])
def test_a_hostile_name_is_text_on_the_page(topic: str, hostile: Path) -> None:
    page = read_page(hostile / f"{topic}.html")
    tags = {tag for tag, _ in page.tags}
    assert HOSTILE in "".join(page.text)
    assert not tags & {"script", "iframe", "object", "link", "img", "a", "base", "form"}
    # nothing is fetched: no address, no style sheet, no image
    for _, attributes in page.tags:
        assert not {"src", "href", "xlink:href", "style"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
    policy = [a["content"] for tag, a in page.tags if a.get("http-equiv")]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


@pytest.mark.parametrize("topic", ["customers", "operations"])
def test_a_hostile_name_is_text_in_the_pdf(topic: str, hostile: Path) -> None:
    text = pdf_text(hostile / f"{topic}.pdf").replace(" ", "")
    assert HOSTILE in text
    assert "#panic[no]$x$*b*@ref" in text
    for page in PdfReader(hostile / f"{topic}.pdf").pages:
        assert not [a for a in page.get("/Annots", []) if "/URI" in a.get_object().get("/A", {})]


@pytest.mark.parametrize("topic", ["customers", "operations"])
def test_a_hostile_name_is_text_in_the_csv(topic: str, hostile: Path) -> None:
    with (hostile / f"{topic}.csv").open(encoding="utf-8", newline="") as stream:
        cells = [(name, cell) for row in csv.DictReader(stream) for name, cell in row.items()]
    assert f"'{HOSTILE}" in [cell for _, cell in cells]
    assert [c for name, c in cells if name != "value" and re.match("[=+\\-@\t\r]", c)] == []


def test_forecasts_are_drawn_with_their_intervals(sample_warehouse: Built, tmp_path: Path) -> None:
    report = report_of(copy_of(sample_warehouse, tmp_path, FORECASTS), "customers")
    sections = {section.title: section for section in report.sections}
    # the metric that a section shows anyhow goes on into its forecast; others get a section
    assert "Revenue" not in sections
    columns = ElementTree.fromstring(sections["Revenue by month"].svg)
    assert len(columns.findall("{*}rect[@fill-opacity='0.35']")) == 6
    assert len(columns.findall("{*}path[@class='interval']")) == 6
    lines = ElementTree.fromstring(sections["Order count"].svg)
    assert len(lines.findall("{*}path[@stroke-dasharray]")) == 1
    assert len(lines.findall("{*}path[@class='interval']")) == 1
    for svg in (columns, lines):
        assert "forecast with its 80 % interval" in svg.find("{*}text").text


def test_the_actions_of_a_topic_come_first(sample_warehouse: Built, tmp_path: Path) -> None:
    folder = copy_of(sample_warehouse, tmp_path, FORECASTS)
    found = {topic: report_of(folder, topic).sections[0] for topic in TOPICS}
    assert {section.title for section in found.values()} == {"What to do first"}
    assert [row[1] for row in found["executive"].rows] == ["Change it", "Write to them"]
    assert [row[1] for row in found["customers"].rows] == ["Write to them"]
    assert found["reputation"].missing


def test_what_is_missing_is_said_with_its_reason(sample_warehouse: Built, tmp_path: Path) -> None:
    folder = copy_of(
        sample_warehouse,
        tmp_path,
        """
        delete from marts.sentiment;
        delete from marts.incidents;
        delete from marts.churn_reasons;
        create or replace table marts.customer_churn_risks as
        select * replace ('insufficient_data' as status) from marts.customer_churn_risks;
        update marts.customer_360 set value_at_stake = null;
        update quality.input_summary set is_provided = false where input_table = 'mentions';
        update quality.input_summary set rows_kept = 0 where input_table = 'incidents';
        update quality.input_summary set rows_kept = 0, rows_read = 0
        where input_table = 'cancellations';
        """,
    )
    executive = report_of(folder, "executive")
    missing = {s.title: s.missing for topic in TOPICS for s in report_of(folder, topic).sections}
    assert missing["What people say"] == "there was no file for mentions"
    assert missing["Incidents that touched most orders"] == (
        "no row of incidents could be used of 24 read (quality.rejected_rows)"
    )
    assert missing["Why customers say they leave"] == "the file for cancellations has no rows"
    assert missing["Customers slipping away who are worth most"].startswith(
        "insufficient_data for 6,000 of 6,000 rows of customer_churn_risks"
    )
    (figure,) = [f for f in executive.figures if f.label.startswith("Net sentiment")]
    assert (figure.text, figure.note) == ("–", "there was no file for mentions")
    out = tmp_path / "executive.pdf"
    write_report(folder, topic="executive", file_format="pdf", out=out)
    assert "No rows: there was no file for mentions." in pdf_text(out)


def test_a_table_the_file_does_not_have_is_left_out(
    sample_warehouse: Built, tmp_path: Path
) -> None:
    folder = copy_of(
        sample_warehouse,
        tmp_path,
        "drop table marts.demand_classes; "
        "delete from quality.meta where table_name = 'demand_classes'",
    )
    whole, less = (
        [s.title for s in report_of(where, "operations").sections]
        for where in (sample_warehouse.warehouse, folder)
    )
    assert set(whole) - set(less) == {"How what we sell sells"}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_report_that_fails_leaves_the_one_before(
    kind: str, sample_warehouse: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "folder" / f"reputation.{kind}"
    write_report(sample_warehouse.warehouse, topic="reputation", file_format=kind, out=out)
    before = out.read_bytes()

    def fail(source: Path, target: Path) -> None:
        assert Path(source).stat().st_size > 1_000
        raise OSError("disk full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
        patch.setattr(os, "replace", fail)
        write_report(sample_warehouse.warehouse, topic="reputation", file_format=kind, out=out)
    assert os.listdir(out.parent) == [out.name]
    assert out.read_bytes() == before


def test_the_same_file_gives_the_same_pages(
    written: Path, sample_warehouse: Built, tmp_path: Path
) -> None:
    for kind in FORMATS:
        out = tmp_path / f"executive.{kind}"
        write_report(sample_warehouse.warehouse, topic="executive", file_format=kind, out=out)
        assert out.read_bytes() == (written / out.name).read_bytes(), kind


def test_what_is_wrong_is_said_in_one_line(
    sample_warehouse: Built, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    def said(warehouse: Path, topic: str, out: Path) -> str:
        arguments = ["--warehouse", str(warehouse), "--topic", topic, "--out", str(out)]
        assert main(["report", "--format", "csv", *arguments]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        return line

    here = sample_warehouse.warehouse
    assert "there is no published file; run make build first" in said(
        tmp_path, "executive", tmp_path / "a.csv"
    )
    assert said(here, "weather", tmp_path / "a.csv") == (
        "retail report: no topic 'weather'; there are: executive, customers, operations, reputation"
    )
    assert "this is a folder; name a file" in said(here, "executive", tmp_path)
    (tmp_path / "retail.duckdb").write_bytes(b"no database" * 1000)
    assert "retail.duckdb: cannot be opened" in said(tmp_path, "executive", tmp_path / "a.csv")
    assert os.listdir(tmp_path) == ["retail.duckdb"]


def test_a_package_that_is_missing_is_named(
    sample_warehouse: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "retail_analytics.serving.reports.page_pdf", None)
    with pytest.raises(reports.ReportError, match="is missing: .*make report"):
        write_report(
            sample_warehouse.warehouse,
            topic="executive",
            file_format="pdf",
            out=tmp_path / "a.pdf",
        )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.656, 0.92), (-0.014, 0.49), (0, 50_365.76), (3, 3), (-5, -2)]
)
def test_an_axis_holds_its_values(low: float, high: float) -> None:
    bottom, top, ticks = value_axis([Point("a", low), Point("b", high)], "count", from_zero=False)
    assert bottom <= low <= high <= top
    assert ticks[0] == pytest.approx(bottom) and ticks[-1] == pytest.approx(top)
    assert 2 <= len(ticks) <= 7


def test_a_line_stands_where_its_values_are() -> None:
    points = [Point(date(2024, 1, 1), 0), Point(date(2024, 2, 1), 50), Point(date(2024, 3, 3), 100)]
    svg = line_chart([Series("", points)], frame())
    (line,) = ElementTree.fromstring(svg).findall("{*}path[@stroke-width='2']")
    (x0, y0), (x1, y1), (x2, y2) = [
        map(float, place.split()) for place in line.get("d").lstrip("M").split("L")
    ]
    assert (x1 - x0, y0 - y1) == pytest.approx((x2 - x1, y1 - y2), abs=0.1)
    assert y2 < y1 < y0


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "money", "–"),
        (float("nan"), "percent", "–"),
        (1234567.5, "money", "1,234,568"),
        (-0.04, "money", "0"),
        (-1234.5, "number", "−1,234.5"),
        (0.1234, "percent", "12.3 %"),
        (True, "text", "yes"),
        (date(2024, 2, 1), "month", "Feb 2024"),
        (date(2024, 2, 1), "date", "1 Feb 2024"),
        ("a\x00b\ufffe", "text", "ab"),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, kind: str, text: str) -> None:
    assert shown(value, kind) == text
