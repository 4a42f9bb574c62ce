"""A report as an Excel workbook: contents, key figures, a sheet per question and mart, notes.

Cells are typed: numbers, dates and booleans as such, and text always as text, so that nothing of
the users' data runs as a formula or becomes a link. Rows are written as they are read: memory does
not grow with them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from retail_analytics.serving.catalog import Catalog, Table
from retail_analytics.serving.questions import Block
from retail_analytics.serving.reports.content import Report, words_below
from retail_analytics.serving.values import (
    excel_format,
    is_missing,
    is_number,
    shown,
    without_controls,
)

# a mart with more rows has no sheet: part of it would give wrong sums
MOST_ROWS = 100_000
MOST_TEXT = 32_767
MOST_SHEET_NAME = 31
# numbers beyond lose digits in Excel
LARGEST_WHOLE = 10**15
FIRST_DAY = date(1900, 3, 1)
FETCHED_ROWS = 5_000
SAMPLED_ROWS = 200
NARROWEST, WIDEST = 9, 60

# columns from 0 to 1, with the ends of their intervals; _pct runs to 100
IS_SHARE = re.compile(r"(^|_)(rate|share|probability)(_\d+_days)?(_lower|_upper)?$")

DAYS = {"date": "yyyy-mm-dd", "timestamp": "yyyy-mm-dd hh:mm:ss"}


def write(report: Report, catalog: Catalog, path: Path, *, most_rows: int = MOST_ROWS) -> None:
    """Writes the workbook of a report, with the whole marts of the topic's domains."""
    with xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": False,
        },
    ) as workbook:
        # the same file and day give the same workbook
        workbook.set_properties({"title": report.title, "created": report.topic.built_at})
        Writer(workbook, report, catalog, most_rows).write()


class Writer:
    """Writes the sheets of one workbook, in the order in which they stand."""

    def __init__(
        self, workbook: xlsxwriter.Workbook, report: Report, catalog: Catalog, most_rows: int
    ) -> None:
        self.workbook, self.report, self.catalog = workbook, report, catalog
        self.formats: dict[str, Format] = {}
        self.title = workbook.add_format({"bold": True, "font_size": 16, "font_color": "#143a56"})
        self.head = workbook.add_format(
            {"bold": True, "bg_color": "#e6ecf2", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self.text = workbook.add_format({"valign": "top"})
        self.wrapped = workbook.add_format({"valign": "top", "text_wrap": True})
        self.link = workbook.add_format({"font_color": "#1f5f8b", "underline": 1, "valign": "top"})
        self.too_large = [t for t in report.tables if t.row_count > most_rows]
        self.whole = [t for t in report.tables if 0 < t.row_count <= most_rows]
        self.questions = [block for block in report.topic.questions if block.rows]
        self.names: dict[str, str] = {}
        for name in ("Contents", "Key figures", "Notes"):
            self.names[name] = name
        for name in [b.title for b in self.questions] + [t.name for t in self.whole]:
            self.names[name] = self.sheet_name(name)

    def sheet_name(self, name: str) -> str:
        """A name that Excel takes, and that no other sheet has."""
        clean = re.sub(r"[\[\]:*?/\\]", " ", name).strip("' ")[:MOST_SHEET_NAME].rstrip("' ")
        taken = {other.lower() for other in self.names.values()}
        number = 2
        while clean.lower() in taken:
            clean = f"{clean[: MOST_SHEET_NAME - 4]} {number}"
            number += 1
        return clean

    def write(self) -> None:
        self.contents()
        self.key_figures()
        for block in self.questions:
            self.question(block)
        for table in self.whole:
            self.mart(table)
        self.notes()

    def contents(self) -> None:
        sheet = self.sheet("Contents")
        sheet.set_column(0, 0, 36)
        sheet.set_column(1, 1, 12)
        sheet.set_column(2, 2, 100)
        sheet.write_string(0, 0, self.report.title, self.title)
        sheet.write_string(1, 0, f"As of {self.report.as_of}", self.text)
        sheet.write_string(1, 2, self.subtitle(), self.text)
        self.header(sheet, 3, ["Sheet", "Rows", "What is in it"])
        entries = [("Key figures", len(self.report.topic.cards), "The figures to begin with.")]
        entries += [(one.title, len(one.rows), words_below(one)) for one in self.questions]
        entries += [(one.name, one.row_count, one.comment) for one in self.whole]
        entries.append(("Notes", None, "Method, what the models are worth, and the inputs."))
        row = 4
        for name, count, comment in entries:
            target = self.names[name].replace("'", "''")
            sheet.write_url(row, 0, f"internal:'{target}'!A1", self.link, clean(name))
            self.cell(sheet, row, 1, count, ",d")
            sheet.write_string(row, 2, clean(comment), self.wrapped)
            row += 1
        for name, why in self.left_out():
            sheet.write_string(row, 0, clean(name), self.text)
            self.cell(sheet, row, 1, None if "too many" in why else 0, ",d")
            sheet.write_string(row, 2, clean(why), self.wrapped)
            row += 1

    def subtitle(self) -> str:
        built = shown(self.report.topic.built_at)
        return f"Amounts in {self.report.currency} · built {built} · times are UTC"

    def left_out(self) -> Iterator[tuple[str, str]]:
        """What has no sheet, and why."""
        for block in self.report.topic.questions:
            if block.empty:
                yield block.title, block.empty
        for table in self.report.tables:
            if not table.row_count:
                yield table.name, f"No rows. {table.comment}"
        for table in self.too_large:
            yield (
                table.name,
                f"{table.row_count:,} rows are too many for a sheet: take {table.name}.parquet or "
                f"{table.name}.csv of make export. {table.comment}",
            )

    def key_figures(self) -> None:
        sheet = self.sheet("Key figures")
        cards = self.report.topic.cards
        labels = ["Figure", "Value", "Unit", "Lower (80%)", "Upper (80%)", "Comparison"]
        self.table_head(sheet, labels, [36, 14, 44, 14, 14, 90], len(cards))
        for row, card in enumerate(cards, 1):
            sheet.write_string(row, 0, clean(card.label), self.text)
            for column, value in zip((1, 3, 4), (card.value, card.lower, card.upper), strict=True):
                self.cell(sheet, row, column, value, card.form)
            sheet.write_string(row, 2, clean(card.unit), self.text)
            sheet.write_string(row, 5, clean(card.empty or card.comparison), self.text)

    def question(self, block: Block) -> None:
        sheet = self.sheet(block.title)
        forms = [column.form for column in block.columns]
        labels = [column.title for column in block.columns]
        rows = [tuple(row.values()) for row in block.rows]
        self.rows(sheet, labels, forms, rows, len(rows))

    def mart(self, table: Table) -> None:
        sheet = self.sheet(table.name)
        cursor = self.catalog.con.execute(table.select)
        rows = chain.from_iterable(iter(lambda: cursor.fetchmany(FETCHED_ROWS), []))
        forms = [form_of(column.name, column.type) for column in table.columns]
        self.rows(sheet, table.column_names, forms, rows, table.row_count)

    def notes(self) -> None:
        sheet = self.sheet("Notes")
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 12, 22)
        sheet.write_string(0, 0, "Notes", self.title)
        lines = [
            ("As of", self.report.as_of),
            ("Built", shown(self.report.topic.built_at)),
            ("Currency", self.report.currency),
            ("Build", self.catalog.invocation_id),
            ("Version", self.catalog.project_version),
        ]
        lines += [("Method", note) for note in self.report.topic.notes]
        row = 2
        for label, value in lines:
            sheet.write_string(row, 0, label, self.text)
            sheet.write_string(row, 1, clean(value), self.text)
            row += 1
        for block in self.report.appendix:
            row += 1
            sheet.write_string(row, 0, block.title, self.title)
            sheet.write_string(row + 1, 0, clean(block.empty or words_below(block)), self.text)
            row += 2
            if block.empty:
                continue
            self.header(sheet, row, [column.title for column in block.columns])
            for values in block.rows:
                row += 1
                for number, column in enumerate(block.columns):
                    self.cell(sheet, row, number, values[column.name], column.form)
            row += 1
        if self.whole:
            self.column_meanings(sheet, row + 1)

    def column_meanings(self, sheet: Worksheet, row: int) -> None:
        sheet.write_string(row, 0, "What the columns mean", self.title)
        self.header(sheet, row + 1, ["Table", "Column", "Meaning"])
        row += 2
        for table in self.whole:
            for column in table.columns:
                for number, text in enumerate((table.name, column.name, column.comment)):
                    sheet.write_string(row, number, clean(text), self.text)
                row += 1

    def sheet(self, name: str) -> Worksheet:
        sheet = self.workbook.add_worksheet(self.names[name])
        sheet.hide_gridlines(2)
        return sheet

    def rows(
        self,
        sheet: Worksheet,
        labels: Sequence[str],
        forms: Sequence[str],
        rows: Iterable[tuple],
        count: int,
    ) -> None:
        """A table from the first row: header, filter, typed cells, widths by the first rows."""
        rows = iter(rows)
        first = [row for _, row in zip(range(SAMPLED_ROWS), rows, strict=False)]
        widths = [
            max(
                [len(label) + 3, NARROWEST]
                + [len(shown(row[number], forms[number])) + 1 for row in first]
            )
            for number, label in enumerate(labels)
        ]
        self.table_head(sheet, labels, [min(width, WIDEST) for width in widths], count)
        for number, row in enumerate(chain(first, rows), 1):
            for column, value in enumerate(row):
                self.cell(sheet, number, column, value, forms[column])

    def table_head(
        self, sheet: Worksheet, labels: Sequence[str], widths: Sequence[float], count: int
    ) -> None:
        for number, width in enumerate(widths):
            sheet.set_column(number, number, width)
        self.header(sheet, 0, labels)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(count, 1), len(labels) - 1)

    def header(self, sheet: Worksheet, row: int, labels: Sequence[str]) -> None:
        for column, label in enumerate(labels):
            sheet.write_string(row, column, clean(label), self.head)

    def cell(self, sheet: Worksheet, row: int, column: int, value: object, form: str) -> None:
        """One cell of the value's own type; what Excel cannot hold becomes text."""
        if isinstance(value, str):
            sheet.write_string(row, column, clean(value), self.text)
        elif is_missing(value):
            return
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, self.text)
        elif is_number(value) and abs(value) < LARGEST_WHOLE:
            sheet.write_number(row, column, value, self.shaped(excel_format(form)))
        elif isinstance(value, datetime) and value.date() >= FIRST_DAY:
            sheet.write_datetime(row, column, value, self.shaped(DAYS["timestamp"]))
        elif isinstance(value, date) and not isinstance(value, datetime) and value >= FIRST_DAY:
            shape = excel_format(form) if "%" in form else DAYS["date"]
            sheet.write_datetime(row, column, value, self.shaped(shape))
        else:
            sheet.write_string(row, column, clean(str(value)), self.text)

    def shaped(self, number_format: str) -> Format:
        """The format of a cell with these digits, made once."""
        if number_format not in self.formats:
            self.formats[number_format] = self.workbook.add_format(
                {"num_format": number_format or "General", "valign": "top"}
            )
        return self.formats[number_format]


def form_of(name: str, data_type: str) -> str:
    """How to show a column of a mart: by the unit in its name, else by its type."""
    if data_type.startswith("DECIMAL"):
        return ",.2f"
    if data_type == "DOUBLE":
        return ".1%" if IS_SHARE.search(name) else ".2f"
    return ",d" if data_type.endswith("INT") or data_type == "INTEGER" else ""


def clean(text: str) -> str:
    """Text that a cell can hold."""
    text = without_controls(text)
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"
