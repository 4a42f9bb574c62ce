"""Reports are opened as their readers open them, and compared with the marts and the pages."""

import csv
import json
import math
import os
import re
import shutil
import sys
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import openpyxl
import pytest
from conftest import ROOT, BuildWarehouse, Built
from openpyxl import Workbook
from pypdf import PdfReader

for package in ("altair", "typst", "vl_convert", "xlsxwriter"):
    pytest.importorskip(package, reason="`make report` installs it")

from retail_analytics.cli import main  # noqa: E402
from retail_analytics.serving import charts, reports  # noqa: E402
from retail_analytics.serving.catalog import CatalogError, open_catalog  # noqa: E402
from retail_analytics.serving.dashboards import write_dashboards  # noqa: E402
from retail_analytics.serving.questions import read_topics  # noqa: E402
from retail_analytics.serving.reports import FORMATS, write_report  # noqa: E402
from retail_analytics.serving.reports.content import (  # noqa: E402
    Report,
    read_report,
    rows_as_text,
)
from retail_analytics.serving.reports.workbook import write as write_workbook  # noqa: E402
from retail_analytics.serving.values import shown  # noqa: E402

pytestmark = pytest.mark.slow

QUESTIONS = ROOT / "dashboards"
TOPICS = tuple(read_topics(QUESTIONS))
HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>'
TYPST = "#panic[no] $x$ *b* @ref \\ `raw` // end"


def copy_of(built: Built, folder: Path, changes: str) -> Path:
    """A warehouse with the published sample, changed."""
    with duckdb.connect(shutil.copy(built.published, folder)) as con:
        con.execute(changes)
    return folder


def report_of(folder: Path, topic: str) -> Report:
    with open_catalog(folder) as catalog:
        return read_report(catalog, topic, questions=QUESTIONS)


@pytest.fixture(scope="module")
def pages(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages of the sample, by topic."""
    out = tmp_path_factory.mktemp("pages")
    written = write_dashboards(sample_warehouse.warehouse, questions=QUESTIONS, out=out)
    return {path.stem: path.read_text(encoding="utf-8") for path in written}


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


@pytest.fixture(scope="module")
def written(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every topic in every format, but for the largest workbook: the hostile one is smaller."""
    folder = tmp_path_factory.mktemp("reports")
    draw, drawn = charts.vl_convert.vegalite_to_svg, {}

    def draw_once(spec: dict) -> str:
        """PDF and HTML show the same charts, and drawing them is most of the work."""
        text = json.dumps(spec)
        if text not in drawn:
            drawn[text] = draw(spec)
        return drawn[text]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts.vl_convert, "vegalite_to_svg", draw_once)
        for topic in TOPICS:
            for kind in FORMATS:
                out = folder / f"{topic}.{kind}"
                if out.name != "customers.xlsx":
                    write_report(sample_warehouse.warehouse, topic=topic, file_format=kind, out=out)
    return folder


@pytest.fixture(scope="module")
def workbook(written: Path) -> Workbook:
    return openpyxl.load_workbook(written / "deliveries.xlsx")


@pytest.fixture(scope="module")
def hostile(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is shown by name has a name meant to do harm; reports of customers, deliveries."""
    folder = copy_of(
        sample_warehouse,
        tmp_path_factory.mktemp("hostile"),
        f"""
        update marts.customer_360 set customer_name = '{HOSTILE}', region = '{TYPST}';
        update marts.customer_360 set action = '{TYPST}';
        update marts.customers set customer_name = '{HOSTILE}';
        update marts.incidents set description = '{HOSTILE}', warehouse = '{TYPST}';
        update marts.churn_reasons set reason = '{HOSTILE}' where reason_rank = 1;
        delete from marts.customer_360 where value_at_stake is null or value_at_stake < 2;
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
    for topic in ("customers", "deliveries"):
        for kind in FORMATS:
            write_report(folder, topic=topic, file_format=kind, out=folder / f"{topic}.{kind}")
    return folder


def test_reports_show_the_figures_of_the_marts(written: Path, sample_warehouse: Built) -> None:
    ((revenue, orders),) = sample_warehouse.query(
        "select sum(revenue), count(*) filter (is_purchase) from marts.orders "
        "where ordered_on between date '2024-01-01' and date '2024-12-31'"
    )
    ((lost, lower, upper),) = sample_warehouse.query(
        "select churn_rate, churn_rate_lower, churn_rate_upper from marts.churn_rates "
        "where is_complete and churn_rate is not null order by month desc limit 1"
    )
    expected = [
        f"{revenue:,.0f}",
        f"{orders:,} orders",
        shown(lost, ".1%"),
        f"{shown(lower, '.1%')} to {shown(upper, '.1%')} likely",
        "31 Dec 2024",
    ]
    expected = [re.sub(r"\s+", " ", text) for text in expected]
    pdf = re.sub(r"\s+", " ", pdf_text(written / "customers.pdf"))
    html = re.sub(r"\s+", " ", " ".join(read_page(written / "customers.html").text))
    assert [text for text in expected if text not in pdf] == []
    assert [text for text in expected if text not in html] == []


@pytest.mark.parametrize("topic", TOPICS)
def test_the_answers_of_a_question_are_the_same_on_page_pdf_html_and_csv(
    topic: str, written: Path, pages: dict[str, str], sample_warehouse: Built
) -> None:
    report = report_of(sample_warehouse.warehouse, topic)
    pdf = "".join(pdf_text(written / f"{topic}.pdf").split())
    html = "".join("".join(read_page(written / f"{topic}.html").text).split())
    page = PageText()
    page.feed(pages[topic])
    shown_page = "".join("".join(page.text).split())
    with (written / f"{topic}.csv").open(encoding="utf-8", newline="") as stream:
        figures = {
            (row["section"], int(row["row_number"]), row["measure"]): row["value"] or row["text"]
            for row in csv.DictReader(stream)
        }
    for number, card in enumerate(report.topic.cards, 1):
        assert ("Key figures", number, "missing" if card.empty else "value") in figures
        for text in (card.figure, card.unit, card.empty or card.comparison):
            packed = "".join(text.split())
            assert packed in html and packed in shown_page, (card.label, text)
            assert packed in pdf or len(packed) > 20, (card.label, text)
    for block in report.sections:
        assert bool(block.rows) != bool(block.empty), block.title
        for number, row in enumerate(block.rows, 1):
            for name in block.names[1:]:
                if row[name] is not None:
                    assert (block.title, number, name) in figures
    for block in [block for block in report.topic.questions if block.kind == "table"]:
        for row in rows_as_text(block):
            for cell in ("".join(text.split()) for text in row):
                assert cell in html and cell in shown_page, (block.title, cell)
                # a hyphen may end a line, and is then another sign
                assert cell in pdf or len(cell) > 20, (block.title, cell)
    for block in report.topic.questions:
        sentence = "".join(block.answer.split())
        assert sentence in html and sentence in shown_page


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic != "customers"])
def test_the_workbook_holds_the_answers_of_the_page(
    topic: str, written: Path, sample_warehouse: Built
) -> None:
    report = report_of(sample_warehouse.warehouse, topic)
    book = openpyxl.load_workbook(written / f"{topic}.xlsx", read_only=True)
    sheet = book["Key figures"].iter_rows(min_row=2, max_col=6, values_only=True)
    for card, (label, value, unit, *bounds, said) in zip(report.topic.cards, sheet, strict=True):
        assert [label, unit or "", said or ""] == [
            card.label,
            card.unit,
            card.empty or card.comparison,
        ]
        for found, expected in zip(
            (value, *bounds), (card.value, card.lower, card.upper), strict=True
        ):
            assert is_in_a_cell(found, expected), (card.label, found, expected)
    for block in [block for block in report.topic.questions if block.rows]:
        sheet = book[block.title[:31].replace("?", " ").strip()]
        for row, cells in zip(
            block.rows, sheet.iter_rows(min_row=2, values_only=True), strict=True
        ):
            for expected, found in zip(row.values(), cells, strict=False):
                assert is_in_a_cell(found, expected), (block.title, found, expected)


def is_in_a_cell(found: object, expected: object) -> bool:
    """Whether a cell holds a value: a number to 15 digits, all else as it is."""
    if isinstance(expected, bool) or not isinstance(expected, int | float | Decimal):
        found = found.date() if type(expected) is date and found is not None else found
        return (found or None) == (expected or None)
    is_nothing = isinstance(expected, float) and math.isnan(expected)
    return found is None if is_nothing else float(found) == pytest.approx(float(expected))


@pytest.fixture(scope="module")
def within_a_month(build_warehouse: BuildWarehouse) -> Path:
    """The sample as of the tenth of a month."""
    built = build_warehouse(None, as_of="2024-12-10")
    assert built.exit_code == 0, built.output
    return built.warehouse


def test_a_month_that_is_not_over_is_shown_nowhere_as_one(
    within_a_month: Path, tmp_path: Path
) -> None:
    # ten days of December had 57 % on time in a report, beside November's 77 % on the page
    write_dashboards(within_a_month, questions=QUESTIONS, out=tmp_path)
    for topic in ("overview", "deliveries"):
        for kind in ("html", "pdf"):
            out = tmp_path / f"report_{topic}.{kind}"
            write_report(within_a_month, topic=topic, file_format=kind, out=out)
        page, html = (
            "".join("".join(read_page(tmp_path / name).text).split())
            for name in (f"{topic}.html", f"report_{topic}.html")
        )
        pdf = pdf_text(tmp_path / f"report_{topic}.pdf").replace(" ", "")
        cards = report_of(within_a_month, topic).topic.cards
        months = {month for card in cards for month in re.findall(r"\w+ 20\d\d", card.unit)}
        assert months == {"November 2024"}
        for card in cards:
            for text in (card.figure, card.unit, card.empty or card.comparison):
                packed = "".join(text.split())
                assert packed in page and packed in html, (topic, card.label, text)
                assert packed in pdf or len(packed) > 20, (topic, card.label, text)


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic != "about"])
def test_a_chart_says_its_unit_and_day_and_is_a_picture(topic: str, written: Path) -> None:
    source = (written / f"{topic}.html").read_text(encoding="utf-8")
    sections = [part for part in source.split("<section>") if "<svg" in part]
    assert sections
    for part in sections:
        assert re.search(r'<p class="soft">\S.* · as of 31 Dec 2024</p>', part), part[:300]
        root = ElementTree.fromstring(part[part.index("<svg") : part.index("</svg>") + 6])
        assert len(root.findall(".//{*}path")) > 2
        assert "var(--" not in part


def test_a_sheet_of_the_workbook_is_a_mart(workbook: Workbook, sample_warehouse: Built) -> None:
    marts = sample_warehouse.query(
        "select table_name, row_count from quality.meta "
        "where domain = 'deliveries' and table_schema = 'marts' and row_count > 0"
    )
    questions = report_of(sample_warehouse.warehouse, "deliveries").topic.questions
    sheets = {"Contents", "Key figures", "Notes"} | {
        block.title[:31].replace("?", " ").strip() for block in questions if block.rows
    }
    assert set(workbook.sheetnames) - sheets == {name for name, _ in marts}
    for block in questions:
        sheet = workbook[block.title[:31].replace("?", " ").strip()]
        assert sheet.max_row == len(block.rows) + 1
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
    ((orders,),) = sample_warehouse.query("select sum(affected_orders) from marts.incidents")
    sheet = workbook["incidents"]
    (column,) = [cell.column for cell in sheet[1] if cell.value == "affected_orders"]
    values = [sheet.cell(row, column).value for row in range(2, sheet.max_row + 1)]
    assert sum(values) == orders


def test_contents_lead_to_every_sheet_and_notes_say_how(workbook: Workbook) -> None:
    contents = workbook["Contents"]
    links = {cell.hyperlink.location for (cell,) in contents["A5:A60"] if cell.hyperlink}
    assert links == {f"'{name}'!A1" for name in workbook.sheetnames if name != "Contents"}
    notes = " ".join(
        str(value)
        for row in workbook["Notes"].iter_rows(values_only=True)
        for value in row
        if value
    )
    assert "31 Dec 2024" in notes
    assert "Share on time, 0 to 1." in notes
    assert "stock levels" in notes


def test_a_mart_with_too_many_rows_is_named_and_has_no_sheet(
    sample_warehouse: Built, tmp_path: Path
) -> None:
    out = tmp_path / "deliveries.xlsx"
    with open_catalog(sample_warehouse.warehouse) as catalog:
        report = read_report(catalog, "deliveries", questions=QUESTIONS)
        write_workbook(report, catalog, out, most_rows=1_000)
    book = openpyxl.load_workbook(out)
    assert "deliveries" not in book.sheetnames
    contents = [row for row in book["Contents"].iter_rows(values_only=True) if row[0]]
    (said,) = [row[2] for row in contents if row[0] == "deliveries"]
    ((count,),) = sample_warehouse.query("select count(*) from marts.deliveries")
    assert said.startswith(f"{count:,} rows are too many for a sheet: take deliveries.parquet")


def test_a_hostile_name_is_text_in_the_workbook(hostile: Path) -> None:
    found = 0
    for topic in ("customers", "deliveries"):
        book = openpyxl.load_workbook(hostile / f"{topic}.xlsx")
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", (sheet.title, cell.coordinate)
                    found += cell.value == HOSTILE
                    if sheet.title != "Contents":
                        assert cell.hyperlink is None
    assert found > 20


@pytest.mark.parametrize("topic", ["customers", "deliveries"])
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


@pytest.mark.parametrize("topic", ["customers", "deliveries"])
def test_a_hostile_name_is_text_in_the_pdf(topic: str, hostile: Path) -> None:
    text = pdf_text(hostile / f"{topic}.pdf").replace(" ", "")
    assert HOSTILE in text
    assert "#panic[no]$x$*b*@ref" in text
    for page in PdfReader(hostile / f"{topic}.pdf").pages:
        assert not [a for a in page.get("/Annots", []) if "/URI" in a.get_object().get("/A", {})]


@pytest.mark.parametrize("topic", ["customers", "deliveries"])
def test_a_hostile_name_is_text_in_the_csv(topic: str, hostile: Path) -> None:
    with (hostile / f"{topic}.csv").open(encoding="utf-8", newline="") as stream:
        cells = [(name, cell) for row in csv.DictReader(stream) for name, cell in row.items()]
    assert f"'{HOSTILE}" in [cell for _, cell in cells]
    assert [c for name, c in cells if name != "value" and re.match("[=+\\-@\t\r]", c)] == []


def test_forecasts_are_drawn_with_their_intervals(written: Path) -> None:
    source = (written / "overview.html").read_text(encoding="utf-8")
    (part,) = [one for one in source.split("<section>") if "How will revenue go on?" in one]
    assert 'stroke-dasharray="5,4"' in part
    assert "mark-area" in part


def test_where_nothing_can_be_known_nothing_is_ruled_out(
    sample_warehouse: Built, tmp_path: Path
) -> None:
    pairs = "Which channels work together?"
    unknown = """
        update marts.channel_synergies set
            verdict = 'unknown', status = 'insufficient_data', interaction = null,
            interaction_lower = null, interaction_upper = null
    """
    found = {}
    for folder, changes in (("some", f"{unknown} where channel_a = 'display'"), ("all", unknown)):
        (tmp_path / folder).mkdir()
        warehouse = copy_of(sample_warehouse, tmp_path / folder, changes)
        (found[folder],) = [
            block.empty
            for block in report_of(warehouse, "marketing").sections
            if block.title == pairs
        ]
    assert found["some"].startswith("No two channels win more or less often together")
    assert found["all"].startswith("Nothing to show yet: there is too little data. This needs ")


def test_what_is_missing_is_said_with_its_reason(sample_warehouse: Built, tmp_path: Path) -> None:
    folder = copy_of(
        sample_warehouse,
        tmp_path,
        """
        delete from marts.sentiment;
        delete from marts.incidents;
        delete from marts.churn_reasons;
        create or replace table marts.customer_360 as
        select * replace (null as value_at_stake) from marts.customer_360;
        delete from quality.input_summary where input_table = 'mentions';
        update quality.input_summary set rows_kept = 0 where input_table = 'incidents';
        update quality.input_summary set rows_kept = 0, rows_read = 0
        where input_table = 'cancellations';
        """,
    )
    empty = {b.title: b.empty for topic in TOPICS for b in report_of(folder, topic).sections}
    assert empty["How much do people say, and of what kind?"].startswith(
        "Nothing to show: no rows of mentions were given. This needs "
    )
    assert empty["Which kind of incident hits most orders?"].startswith(
        "Nothing to show: none of the 24 rows of incidents could be used. "
    )
    assert empty["Why do customers say they leave?"].startswith(
        "Nothing to show: no rows of cancellations were given. "
    )
    (card,) = [
        card
        for card in report_of(folder, "reputation").topic.cards
        if card.label == "Net sentiment"
    ]
    assert card.figure == "–" and card.empty.startswith("Nothing to show: no rows of mentions")
    out = tmp_path / "reputation.pdf"
    write_report(folder, topic="reputation", file_format="pdf", out=out, questions=QUESTIONS)
    assert "no rows of mentions were given" in pdf_text(out)


def test_a_table_the_file_does_not_have_is_named(sample_warehouse: Built, tmp_path: Path) -> None:
    folder = copy_of(
        sample_warehouse,
        tmp_path,
        "drop table marts.demand_classes; "
        "delete from quality.meta where table_name = 'demand_classes'",
    )
    with pytest.raises(CatalogError, match="another version; run make build first .*demand_clas"):
        report_of(folder, "inventory")


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
        out = tmp_path / f"overview.{kind}"
        write_report(sample_warehouse.warehouse, topic="overview", file_format=kind, out=out)
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
        tmp_path, "overview", tmp_path / "a.csv"
    )
    assert said(here, "weather", tmp_path / "a.csv") == (
        f"retail report: no topic 'weather'; there are: {', '.join(TOPICS)}"
    )
    assert "this is a folder; name a file" in said(here, "overview", tmp_path)
    (tmp_path / "retail.duckdb").write_bytes(b"no database" * 1000)
    assert "retail.duckdb: cannot be opened" in said(tmp_path, "overview", tmp_path / "a.csv")
    assert os.listdir(tmp_path) == ["retail.duckdb"]


def test_a_package_that_is_missing_is_named(
    sample_warehouse: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "retail_analytics.serving.reports.page_pdf", None)
    with pytest.raises(reports.ReportError, match="is missing: .*make report"):
        write_report(
            sample_warehouse.warehouse,
            topic="overview",
            file_format="pdf",
            out=tmp_path / "a.pdf",
        )
    assert os.listdir(tmp_path) == []
